"""The lab as a notebook opens it: with answers, errors and refusals shown plainly."""

from __future__ import annotations

from .. import lab as labs
from ..lab import Lab
from .kernel import show_plainly


def open_lab() -> Lab:
    """Start the workspace's sandbox or join the one that runs, and point this kernel at it.

    From here on boto3 and the AWS CLI of this kernel reach the lab, with the profiles `account-a`,
    `account-b-admin` and `account-b`, and nothing of the user's own AWS set-up.
    Raises LabError when the sandbox cannot start.
    """
    lab = labs.open_lab()
    show_plainly()
    return lab


def current() -> Lab:
    """The lab this kernel has opened; opened now if it has not."""
    return labs.opened() or open_lab()
