"""Calls that are refused, as rows of tables, and the words that several tables share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class RefusedCall:
    """A call and AWS's answer to it. message: None when any text will do."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)
    code: str = "ValidationError"
    status: int = 400
    message: str | None
    source: str


def broken_constraint(parameter: str, value: Any, rule: str) -> str:
    """Return the message for one parameter that breaks its model."""
    return (
        f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy "
        f"constraint: Member must {rule}"
    )
