"""What the layers' outcomes come to: the rules of AWS's policy evaluation logic, alone.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic"; STS API
Reference, "AssumeRole" (read 2026-11-24).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .decision import Outcome, Verdict
from .principals import Reach

#: The outcomes of scp, rcp, identity, boundary, session and resource, in this order.
Outcomes = tuple[Outcome, Outcome, Outcome, Outcome, Outcome, Outcome]
SCP, RCP, IDENTITY, BOUNDARY, SESSION, RESOURCE = range(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """The verdict. blocker: the place of the layer that AWS would name; None when allowed."""

    verdict: Verdict
    blocker: int | None
    caller_agrees: bool
    resource_agrees: bool


@lru_cache(maxsize=4096)
def combine(
    outcomes: Outcomes, far: Reach, in_account: bool, crossing: bool, must_agree: bool
) -> Combined:
    """The verdict that six outcomes come to.

    far:        how far the resource's best Allow reaches, Reach.NONE without one.
    in_account: the caller belongs to an account; crossing: to another one than the resource.
    must_agree: the resource's policy must allow even within one account.
    """
    blocker = _first(outcomes, range(6), "explicitDeny")
    verdict: Verdict = "explicitDeny"
    if blocker is None:
        blocker = _first(outcomes, (SCP, RCP), "implicitDeny")
        if blocker is None:
            needed = _needed(far, in_account, crossing, must_agree)
            blocker = _first(outcomes, needed, "implicitDeny")
        verdict = "allowed" if blocker is None else "implicitDeny"
    allowed = blocker is None
    return Combined(
        verdict=verdict,
        blocker=blocker,
        caller_agrees=_agree(outcomes, (SCP, IDENTITY, BOUNDARY, SESSION)) if crossing else allowed,
        resource_agrees=_agree(outcomes, (RCP, RESOURCE)) if crossing else allowed,
    )


def _needed(far: Reach, in_account: bool, crossing: bool, must_agree: bool) -> tuple[int, ...]:
    """The layers, besides SCPs and RCPs, that must allow.

    Within one account: the further the resource's best Allow reaches, the fewer.
    """
    if not in_account:
        return (RESOURCE,)
    if crossing:
        return (IDENTITY, BOUNDARY, SESSION, RESOURCE)
    if far is Reach.CALLER:
        return ()
    if far is Reach.ROLE:
        return (BOUNDARY, SESSION)
    if must_agree:
        return (IDENTITY, BOUNDARY, SESSION, RESOURCE)
    return (IDENTITY, BOUNDARY, SESSION)


def _first(outcomes: Outcomes, among: range | tuple[int, ...], outcome: Outcome) -> int | None:
    return next((at for at in among if outcomes[at] == outcome), None)


def _agree(outcomes: Outcomes, among: tuple[int, ...]) -> bool:
    return all(outcomes[at] in ("allow", "notApplicable") for at in among)
