"""Predicting, checking, hints, progress: how the learner learns."""

from .checks import check, skip
from .hints import hint
from .overview import progress
from .predictions import predict
from .remember import summary

__all__ = ["check", "hint", "predict", "progress", "skip", "summary"]
