"""Predicting, checking, hints: how the learner learns."""

from .checks import check, hint
from .predictions import predict

__all__ = ["check", "hint", "predict"]
