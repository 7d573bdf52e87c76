"""explain(): why a call was refused, or allowed. What AWS's message leaves out.

The decision is the one the sandbox's gate made, found again by the request id of the error.
"""

from __future__ import annotations

from ..workspace import LabError
from .card import Card
from .opening import current
from .refusals import call_card, note_explained, request_id


def explain(error: Exception | None = None) -> Card:
    """Why a call was refused: which side said no, what each policy had to say, and what would help.

    error: the botocore ClientError; None explains the lab's latest refusal, whoever made the call
    (the AWS CLI, an image client).
    A call that failed for another reason (a malformed document) is said to have been allowed.
    Raises LabError when the lab knows no such call, or no policy had a part in it.
    """
    found = current().running.decision(request_id(error))
    if not found.asked:
        raise LabError(
            "No policy had a part in this. AWS's answer says it all: "
            f"{found.error_code}: {found.error_message}"
        )
    note_explained(found.request_id)
    return call_card(found)
