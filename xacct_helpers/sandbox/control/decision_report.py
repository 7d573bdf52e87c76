"""One permission that was asked for, with everything that explains the answer, as a message.

What the denial card is drawn from, whether a call was made or only thought of.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ...lab_api import decisions
from ...lab_api.codec import from_json
from ...lab_api.decisions import CallReport, PermissionReport, TrailEntry
from ...policy import Counterfactual, Side, Suggestion, counterfactuals, sentences, sides, suggest
from .remedies import remedies

if TYPE_CHECKING:
    from ..permission_checks import CheckedPermission
    from ..store.state import State
    from ..store.trail import Entry


def trail_entry(entry: Entry) -> TrailEntry:
    """A call, without the steps of its decisions."""
    return TrailEntry(
        number=entry.number,
        request_id=entry.request_id,
        time=entry.time.isoformat(timespec="milliseconds"),
        action=f"{entry.service}:{entry.operation}",
        caller=entry.caller,
        account=entry.account,
        access_key_id=entry.who.access_key_id if entry.who else "",
        gave=entry.gave,
        source_ip=entry.source_ip,
        error_code=entry.error_code,
        error_message=entry.error_message,
        denied=entry.denied,
        check=entry.check,
        resources=tuple(entry.resources),
    )


def call_report(state: State, entry: Entry) -> CallReport:
    """A call with every permission that it needed."""
    asked = tuple(permission_report(state, checked) for checked in entry.checked)
    return CallReport(**asdict(trail_entry(entry)), asked=asked)


def permission_report(state: State, checked: CheckedPermission) -> PermissionReport:
    """The question, the decision with its steps, and what would change it."""
    request, policies, decision = checked.request, checked.policies, checked.decision
    # Nothing that a policy says helps against a name that leads nowhere.
    suggestions = () if checked.missing else suggest(request, policies, decision)
    what_if = () if checked.missing else counterfactuals(request, policies, decision, suggestions)
    missing = (checked.missing,) if checked.missing else ()
    return PermissionReport(
        action=request.action,
        resource=request.resource,
        principal=request.principal.arn,
        decision=from_json(decisions.Decision, decision.to_json()),
        sentences=(*sentences(request, decision), *missing),
        sides=tuple(map(_side, sides(decision))),
        missing=checked.missing,
        suggestions=tuple(map(_suggestion, suggestions)),
        calls=remedies(state, checked, suggestions),
        counterfactuals=tuple(map(_counterfactual, what_if)),
    )


def _side(side: Side) -> decisions.Side:
    return decisions.Side(
        account=side.account, whose=side.whose, outcome=side.outcome, sentence=side.sentence
    )


def _suggestion(one: Suggestion) -> decisions.Suggestion:
    return decisions.Suggestion(
        account=one.side_account,
        layer=one.layer,
        change=one.change,
        policy=one.policy,
        statement=one.statement,
        sentence=one.sentence,
    )


def _counterfactual(one: Counterfactual) -> decisions.Counterfactual:
    return decisions.Counterfactual(
        change=one.change,
        account=one.account,
        layer=one.layer,
        policy=one.policy,
        statement=one.statement,
        verdict=one.verdict,
        flips=one.flips,
        sentence=one.sentence,
    )
