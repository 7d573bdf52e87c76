"""Predicting, checking, hints, progress: how the learner learns."""

from .checks import check, skip
from .diagnoses import diagnose
from .hints import hint
from .predictions import predict
from .progress_table import progress
from .recall_questions import recall
from .summaries import summary

__all__ = ["check", "diagnose", "hint", "predict", "progress", "recall", "skip", "summary"]
