"""What the calls of checks and of the broken accounts come to, and what is found by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# The sandbox's trail knows a check's calls by this word in their user agent.
CHECK_AGENT = "xacct-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call came to. code and message are None when it was answered.

    request_id: by which the lab finds the decision behind a refusal.
    """

    value: Any = None
    code: str | None = None
    message: str | None = None
    request_id: str = ""

    @property
    def ok(self) -> bool:
        return self.code is None

    @property
    def denied(self) -> bool:
        """Refused by a policy, and not for another reason."""
        return self.code in ("AccessDenied", "AccessDeniedException")

    def __str__(self) -> str:
        return "it was answered" if self.ok else f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked for: what, what was found, and what to look at when it is not so.

    refusal: the request id of a call that a policy refused and should not have, else "".
    """

    right: bool
    goal: str
    found: str = ""
    next: str = ""
    wanted: str = ""
    refusal: str = ""
