"""What a scenario is made of: calls, each with what it is to end with.

Strings in parameters may refer to earlier answers: "{role.Role.Arn}" is the Arn in the Role of the
answer that a step kept as "role".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.sandboxes import REGION


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One API call.

    case: what the call is about, unique in its scenario. code, says: the error that is expected
    and a part of its message; "" when the call is to succeed. by: an account, for its
    administrator, or the name of a kept answer that holds credentials. keep: the answer's name.
    denied: the action that a caller without permissions is refused; "" when anyone may call.
    """

    case: str
    action: str
    params: Mapping[str, Any]
    code: str = ""
    says: str = ""
    by: str
    region: str
    keep: str = ""
    denied: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A request to the sandbox's own API; it is to succeed, and its answer is not recorded."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    keep: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A parameter: what a virtual MFA device shows, so many half minutes from now."""

    seed: str
    later: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Calls in order, on accounts as on the first day."""

    name: str
    steps: tuple[Step | Control, ...]

    @property
    def calls(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if isinstance(step, Step))


def scenario(name: str, *steps: Step | Control) -> Scenario:
    return Scenario(name=name, steps=steps)


def ok(
    case: str,
    action: str,
    *,
    by: str = "A",
    region: str = REGION,
    keep: str = "",
    denied: str | None = None,
    **params: Any,
) -> Step:
    """A call that succeeds. denied: if that is another action than the call's own."""
    return Step(
        case=case,
        action=action,
        params=params,
        by=by,
        region=region,
        keep=keep,
        denied=action if denied is None else denied,
    )


def no(
    case: str,
    action: str,
    code: str,
    says: str,
    *,
    by: str = "A",
    region: str = REGION,
    **params: Any,
) -> Step:
    """A call that is refused with this code and, as a part of its message, these words."""
    return Step(case=case, action=action, params=params, code=code, says=says, by=by, region=region)


def later(seconds: int) -> Control:
    """Let the lab's time pass."""
    return Control(method="POST", path="clock", body={"advance_seconds": seconds})


def lab(method: str, path: str, *, keep: str, **body: Any) -> Control:
    return Control(method=method, path=path, body=body or None, keep=keep)
