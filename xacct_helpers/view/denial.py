"""explain(): why a call was refused, or allowed. What AWS's message leaves out.

The decision is the one the sandbox's gate made, found again by the request id of the error.
"""

from __future__ import annotations

import contextlib

from ..lab_api.decisions import CallReport
from ..workspace import LabError, NotThere
from .card import Card
from .opening import current
from .refusals import call_card, note_explained, request_id

_failed_check = ""


def note_failed_check(request_id: str) -> None:
    """Have explain() explain the call for which a check has just failed; "" after one that passed.

    A checkpoint's own calls are no latest refusal otherwise: nobody else knows of them.
    """
    global _failed_check
    _failed_check = request_id


def explain(error: Exception | None = None) -> Card:
    """Why a call was refused: which side said no, what each policy had to say, and what would help.

    error: the botocore ClientError; None explains the lab's latest refusal, whoever made the call
    (the AWS CLI, an image client, or the check that has just failed).
    A call that failed for another reason (a malformed document) is said to have been allowed.
    Raises LabError when the lab knows no such call, or no policy had a part in it.
    """
    found = _latest() if error is None else current().running.decision(request_id(error))
    if not found.asked:
        raise LabError(
            "No policy had a part in this. AWS's answer says it all: "
            f"{found.error_code}: {found.error_message}"
        )
    note_explained(found.request_id)
    return call_card(found)


def _latest() -> CallReport:
    """The latest refusal, a failed check's included."""
    lab = current().running
    checked = None
    if _failed_check:
        with contextlib.suppress(NotThere):  # it went with the sandbox that had it
            checked = lab.decision(_failed_check)
    try:
        latest = lab.decision("latest")
    except NotThere:
        if checked is None:
            raise
        return checked
    return checked if checked is not None and checked.number > latest.number else latest
