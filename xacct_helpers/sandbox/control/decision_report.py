"""One permission that was asked for, with everything that explains the answer, as plain JSON.

What the denial card is drawn from, whether a call was made or only thought of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...policy import counterfactuals, sentences, sides, suggest
from .remedies import remedies

if TYPE_CHECKING:
    from ..permission_checks import CheckedPermission
    from ..store.state import State

Body = dict[str, Any]


def permission_report(state: State, checked: CheckedPermission) -> Body:
    """The question, the decision with its steps, and what would change it.

    Out: "action", "resource", "principal", "decision" (Decision.to_json), "sentences",
    "sides" (each account's verdict), "missing" (a sentence when the resource is not there, or ""),
    "suggestions", "calls" (the API calls that make them), "counterfactuals".
    """
    request, policies, decision = checked.request, checked.policies, checked.decision
    # Nothing that a policy says helps against a name that leads nowhere.
    suggestions = () if checked.missing else suggest(request, policies, decision)
    what_if = () if checked.missing else counterfactuals(request, policies, decision, suggestions)
    told = [*sentences(request, decision), *([checked.missing] if checked.missing else [])]
    return {
        "action": request.action,
        "resource": request.resource,
        "principal": request.principal.arn,
        "decision": decision.to_json(),
        "sentences": told,
        "sides": [
            {
                "account": side.account,
                "whose": side.whose,
                "outcome": side.outcome,
                "sentence": side.sentence,
            }
            for side in sides(decision)
        ],
        "missing": checked.missing,
        "suggestions": [
            {
                "account": one.side_account,
                "layer": one.layer,
                "change": one.change,
                "policy": one.policy,
                "statement": dict(one.statement),
                "sentence": one.sentence,
            }
            for one in suggestions
        ],
        "calls": [one.to_json() for one in remedies(state, checked, suggestions)],
        "counterfactuals": [
            {
                "change": one.change,
                "account": one.account,
                "layer": one.layer,
                "policy": one.policy,
                "statement": dict(one.statement),
                "verdict": one.verdict,
                "flips": one.flips,
                "sentence": one.sentence,
            }
            for one in what_if
        ],
    }
