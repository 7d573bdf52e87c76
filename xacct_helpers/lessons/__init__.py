"""Predicting, checking, hints, progress: how the learner learns."""

from .checks import check, skip
from .hints import hint
from .predictions import predict
from .progress_table import progress
from .summaries import summary

__all__ = ["check", "hint", "predict", "progress", "skip", "summary"]
