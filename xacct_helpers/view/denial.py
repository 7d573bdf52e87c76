"""explain(): why a call was refused, or allowed. What AWS's message leaves out.

The decision is the one the sandbox's gate made, found again by the request id of the error.
"""

from __future__ import annotations

from typing import Any

from .. import lab as labs
from ..workspace import LabError
from .card import Card, card
from .card_html import folded_html

_ONE_LINE = "Why was this refused? explain() tells more."
#: Request ids that this cell has asked about: their cards are not shown a second time.
explained: set[str] = set()


def explain(error: Exception | None = None) -> Card:
    """Why a call was refused: which side said no, what each policy had to say, and what would help.

    error: the botocore ClientError; None explains the lab's latest refusal, whoever made the call
    (the AWS CLI, an image client).
    A call that failed for another reason (a malformed document) is said to have been allowed.
    Raises LabError when the lab knows no such call, or no policy had a part in it.
    """
    found = labs.current().running.get(f"decision/{request_id(error)}")
    if not found["asked"]:
        raise LabError(
            "No policy had a part in this. AWS's answer says it all: "
            f"{found['error_code']}: {found['error_message']}"
        )
    explained.add(found["request_id"])
    return call_card(found)


def call_card(found: dict[str, Any]) -> Card:
    """The card of a call. found: the control API's answer to decision/…, with something asked."""
    # The last permission asked for is the one that was refused, or all were allowed.
    other = ""
    if not found["denied"] and found["error_code"] is not None:
        other = (
            "But the call failed for another reason: "
            f"{found['error_code']}: {found['error_message']}"
        )
    return card(found["asked"][-1], remark=other)


def is_refusal(error: object) -> bool:
    """Whether an exception is AWS's answer that something is not allowed."""
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return False
    return "AccessDenied" in error.response.get("Error", {}).get("Code", "")


def folded(found: dict[str, Any]) -> dict[str, str]:
    """The card of a call, folded: what a notebook displays, by MIME type. found: as call_card."""
    return {"text/plain": _ONE_LINE, "text/html": folded_html(call_card(found))}


def request_id(error: Exception | None) -> str:
    """The request id of an AWS call's error; "latest" without one.

    Raises LabError for an error of another kind.
    """
    if error is None:
        return "latest"
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        raise LabError(
            f"explain() takes an error that an AWS call raised, not {type(error).__name__}."
        )
    return str(response.get("ResponseMetadata", {}).get("RequestId", ""))
