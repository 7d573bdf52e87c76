"""What happened: one entry for each call, found again by its request id."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .gate import Asked

KEEP = 5000
CHECK_AGENT = "xacct-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call and what became of it.

    asked: for every permission the call needed, the question, the policies and the decision.
    error_code is None when the call succeeded.
    """

    number: int
    request_id: str
    time: datetime
    service: str
    operation: str
    caller: str | None
    account: str | None
    source_ip: str
    user_agent: str
    error_code: str | None
    error_message: str | None
    asked: tuple[Asked, ...]

    @property
    def check(self) -> bool:
        """Whether a checkpoint of the course made the call, to see what happens."""
        return CHECK_AGENT in self.user_agent

    @property
    def denied(self) -> bool:
        """Whether a policy refused the call."""
        return any(not asked.decision.allowed for asked in self.asked)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON of everything but the decisions' steps."""
        return {
            "number": self.number,
            "request_id": self.request_id,
            "time": self.time.isoformat(timespec="milliseconds"),
            "action": f"{self.service}:{self.operation}",
            "caller": self.caller,
            "account": self.account,
            "source_ip": self.source_ip,
            "error_code": self.error_code,
            "error_message": self.error_message,
            "denied": self.denied,
            "check": self.check,
            "resources": [asked.request.resource for asked in self.asked],
        }


class Trail:
    """The latest KEEP entries."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._count = 0

    def next_number(self) -> int:
        self._count += 1
        return self._count

    def add(self, entry: Entry) -> None:
        self._entries[entry.request_id] = entry
        while len(self._entries) > KEEP:
            self._entries.popitem(last=False)

    def find(self, request_id: str) -> Entry | None:
        return self._entries.get(request_id)

    def latest_refusal(self) -> Entry | None:
        """The newest call that a policy refused; a checkpoint's own calls do not count."""
        for entry in reversed(self._entries.values()):
            if entry.denied and not entry.check:
                return entry
        return None

    def latest(self, count: int) -> list[Entry]:
        """The newest entries, oldest of them first."""
        return list(self._entries.values())[-count:] if count > 0 else []
