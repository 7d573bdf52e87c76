"""What if one statement were not there, or one more: the verdict, decided again each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..evaluation.decision import Decision, StatementResult, Verdict
from ..evaluation.evaluate import evaluate
from ..evaluation.layer_names import LAYER_NAMES
from ..evaluation.request import Policies, Request
from ..language.model import plain
from .edits import with_another, with_statement, without
from .suggest import Suggestion, suggest


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """One change by itself, and the verdict that it would lead to.

    account:   whose policy, or whose program, it is; "" when nobody's.
    policy:    the policy's name, or what kind of policy to write where one is missing.
    statement: the statement taken away, added or corrected; of "send" the condition key and its
               value.
    flips:     whether an allowed call would be refused, or a refused one allowed.
    sentence:  the change and its verdict in words.
    """

    change: Literal["remove", "add", "replace", "send"]
    account: str
    layer: str
    policy: str
    statement: Mapping[str, Any]
    verdict: Verdict
    flips: bool
    sentence: str


def counterfactuals(
    request: Request,
    policies: Policies,
    decision: Decision,
    suggestions: tuple[Suggestion, ...] | None = None,
) -> tuple[Counterfactual, ...]:
    """Which statement, taken away or added by itself, changes the verdict, and which does not.

    Of an allowed call each Allow that matched is taken away; of a refused one each Deny that
    matched, and each change that `suggest` has is made alone: where two accounts must agree,
    neither is enough.

    suggestions: what `suggest` has, where it was asked before.
    """
    effect = "Allow" if decision.allowed else "Deny"
    found = [
        _removed(request, policies, decision, layer.layer, layer.account, one)
        for layer in decision.layers
        for one in layer.statements
        if one.matched and one.effect == effect
    ]
    if suggestions is None:
        suggestions = suggest(request, policies, decision)
    for one in suggestions:
        if one.change != "remove":
            found.append(_added(request, policies, decision, one))
    return tuple(found)


def _removed(
    request: Request,
    policies: Policies,
    decision: Decision,
    layer: str,
    account: str,
    one: StatementResult,
) -> Counterfactual:
    after = evaluate(request, without(policies, layer, [one]))
    return Counterfactual(
        change="remove",
        account=account,
        layer=layer,
        policy=one.policy,
        statement=plain(one.raw),
        verdict=after.verdict,
        flips=after.allowed != decision.allowed,
        sentence=(
            f"Without statement {one.label} of {one.policy} it {_would_be(decision, after)}."
        ),
    )


def _added(
    request: Request, policies: Policies, decision: Decision, one: Suggestion
) -> Counterfactual:
    if one.change == "send":
        request = replace(request, context={**request.context, **one.statement})
        key, value = next(iter(one.statement.items()))
        change = f'With {key} "{value}" sent'
    elif one.replaces is not None:
        policies = with_another(policies, one.layer, one.policy, one.replaces, one.statement)
        change = f"With that correction in {one.policy}"
    else:
        policies = with_statement(policies, one.layer, one.level, one.statement)
        change = (
            f"With {LAYER_NAMES[one.layer].particular} of account {one.side_account} allowing it"
        )
    after = evaluate(request, policies)
    return Counterfactual(
        change=one.change,
        account=one.side_account,
        layer=one.layer,
        policy=one.policy,
        statement=plain(one.statement),
        verdict=after.verdict,
        flips=after.allowed,
        sentence=f"{change}, and nothing else changed, it {_would_be(decision, after)}.",
    )


def _would_be(before: Decision, after: Decision) -> str:
    still = "still " if before.allowed == after.allowed else ""
    if after.allowed:
        return f"would {still}be allowed"
    why = {
        ("explicitDeny", "explicitDeny"): ": another statement denies it",
        ("explicitDeny", "implicitDeny"): ": nothing denies it then, but an Allow is missing",
    }
    return f"would {still}be refused{why.get((before.verdict, after.verdict), '')}"
