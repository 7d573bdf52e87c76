"""Refusals: which errors are one, and the denial card of the decision behind one."""

from __future__ import annotations

from ..lab_api.decisions import CallReport
from ..workspace import LabError
from .card import Card, card
from .card_html import folded_html

_ONE_LINE = "Why was this refused? explain() tells more."
_explained: set[str] = set()


def note_explained(request_id: str) -> None:
    """Remember that this cell has shown a call's card: it is not shown a second time."""
    _explained.add(request_id)


def take_explained() -> set[str]:
    """Return the request ids that were noted since this was last called, and forget them."""
    taken = set(_explained)
    _explained.clear()
    return taken


def call_card(found: CallReport) -> Card:
    """The card of a call for which some permission was asked."""
    # The last permission asked for is the one that was refused, or all were allowed.
    other = ""
    if not found.denied and found.error_code is not None:
        other = f"But the call failed for another reason: {found.error_code}: {found.error_message}"
    return card(found.asked[-1], remark=other)


def is_refusal(error: object) -> bool:
    """Whether an exception is AWS's answer that something is not allowed."""
    from botocore.exceptions import ClientError  # 10 ms

    if not isinstance(error, ClientError):
        return False
    return "AccessDenied" in error.response.get("Error", {}).get("Code", "")


def folded(found: CallReport) -> dict[str, str]:
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
