"""A decision in words: AWS's own refusal, and sentences for somebody who learns from it.

Source: IAM User Guide, "Troubleshoot access denied error messages"; AWS Security Blog, "Enhanced
access denied error messages with policy ARNs" (read 2026-11-24).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..evaluation.decision import (
    REASONS,
    Decision,
    LayerResult,
    Mismatch,
    Outcome,
    StatementResult,
    near_misses,
)
from ..evaluation.evaluate import NOTE_NO_POLICY
from ..evaluation.layer_names import LAYER_NAMES
from ..evaluation.request import Request
from .suggest import Suggestion, suggest

__all__ = ["Side", "Suggestion", "refusal", "refusal_context", "sentences", "sides", "suggest"]

#: Notes that the sentences say in their own way, or that say nothing.
QUIET = ("", NOTE_NO_POLICY)
#: How many near misses of one layer are told, the nearest first.
_NEAR_MISSES = 4


def refusal_context(request: Request, decision: Decision) -> str:
    """AWS's clause on which policy refused; "" when the request is allowed.

    The policy's ARN follows an explicit deny when the policy has one and caller and resource are
    in the same account. An RCP has no documented implicit form; it is worded like the others.
    """
    layer = decision.decisive
    if layer is None:
        return ""
    words = LAYER_NAMES[layer.layer]
    if decision.verdict == "explicitDeny":
        statement = decision.decisive_statement
        arn = statement.policy_arn if statement else None
        suffix = f": {arn}" if arn and not decision.cross_account else ""
        return f"with an explicit deny in {words.denying} {words.name}{suffix}"
    return f"because no {words.name} allows the {request.action} action"


def refusal(request: Request, decision: Decision, *, bare: bool = False) -> str:
    """AWS's message for a refused request.

    bare: leave the clause of `refusal_context` off, as AWS does for AssumeRole across accounts.
    Without a resource the words "on resource" are left out.
    """
    who = "anonymous" if request.principal.kind == "anonymous" else request.principal.arn
    where = f" on resource: {request.resource}" if request.resource else ""
    context = "" if bare else refusal_context(request, decision)
    text = f"User: {who} is not authorized to perform: {request.action}{where}"
    return f"{text} {context}" if context else text


def sentences(request: Request, decision: Decision) -> tuple[str, ...]:
    """What happened and why, a sentence each, for a learner.

    First the verdict; across accounts then what each of the two said; then the statement that
    denies, or the statements that came near and the element in which they did not match.
    """
    texts = [_verdict(request, decision)]
    if decision.cross_account:
        texts += [_half(decision, caller=True), _half(decision, caller=False)]
    elif decision.decisive:
        texts.append(_silent(decision.decisive))
    if decision.decisive_statement:
        texts.append(_denying(decision.decisive_statement))
    elif not decision.allowed:
        for layer in decision.layers:
            if layer.outcome == "implicitDeny" and _concerns(layer, decision):
                texts += [_near_miss(one) for one in near_misses(layer)[:_NEAR_MISSES]]
    texts += [_sentence(layer.note) for layer in decision.layers if layer.note not in QUIET]
    return tuple(dict.fromkeys(texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one account said. whose: "both" when caller and resource are in this one account.

    outcome: "allow", "explicitDeny" or "implicitDeny"; sentence: why, in words.
    """

    account: str
    whose: Literal["caller", "resource", "both"]
    outcome: Outcome
    sentence: str


def sides(decision: Decision) -> tuple[Side, ...]:
    """Each account that had a say, the caller's first, and what it said.

    One where caller and resource are in the same account, and for a caller without an account.
    """
    if decision.cross_account:
        return (
            _side_of(decision, "caller", decision.caller_agrees),
            _side_of(decision, "resource", decision.resource_agrees),
        )
    whose: Literal["both", "resource"] = "both" if decision.caller_account else "resource"
    return (_side_of(decision, whose, decision.allowed),)


def _side_of(
    decision: Decision, whose: Literal["caller", "resource", "both"], agrees: bool
) -> Side:
    account = decision.caller_account if whose == "caller" else decision.resource_account
    mine = _all(decision) if whose == "both" else _side(decision, whose == "caller")
    if agrees:
        allowing = _first(mine, "allow")
        by = _allowing(allowing) if allowing else ""
        sentence = f"{_upper(by)}." if by else ""
        return Side(account=account, whose=whose, outcome="allow", sentence=sentence)
    if whose == "both":
        refusing = decision.decisive
    else:
        refusing = _first(mine, "explicitDeny") or _first(mine, "implicitDeny")
    assert refusing is not None  # who does not agree has a layer that says so
    return Side(account=account, whose=whose, outcome=refusing.outcome, sentence=_silent(refusing))


def _all(decision: Decision) -> tuple[LayerResult, ...]:
    """The layers, those first that grant."""
    grants = ("identity", "resource", "trust")
    return tuple(sorted(decision.layers, key=lambda one: one.layer not in grants))


def _first(layers: tuple[LayerResult, ...], outcome: Outcome) -> LayerResult | None:
    return next((one for one in layers if one.outcome == outcome), None)


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _verdict(request: Request, decision: Decision) -> str:
    caller = (
        "An anonymous caller" if request.principal.kind == "anonymous" else request.principal.arn
    )
    may = "may" if decision.allowed else "may not"
    return f"{caller} {may} perform {request.action} on {request.resource or 'no resource'}."


def _half(decision: Decision, *, caller: bool) -> str:
    """What one of the two accounts said."""
    side = sides(decision)[0 if caller else 1]
    who = f"Account {side.account} (the {side.whose}'s)"
    because = f"{side.sentence[:1].lower()}{side.sentence[1:]}"
    if side.outcome != "allow":
        return f"{who} does not: {because}"
    return f"{who} allows it: {because}" if because else f"{who} allows it."


def _side(decision: Decision, caller: bool) -> tuple[LayerResult, ...]:
    names = ("scp", "identity", "boundary", "session") if caller else ("rcp", "resource", "trust")
    ordered = sorted(
        (one for one in decision.layers if one.layer in names),
        key=lambda one: one.layer in ("scp", "rcp"),
    )
    return tuple(ordered)


def _allowing(layer: LayerResult) -> str:
    one = next((one for one in layer.statements if one.matched), None)
    if one is None:
        return layer.note
    return f"statement {one.label} of {one.policy} does"


def _silent(layer: LayerResult) -> str:
    """Why a layer says no."""
    name, article = LAYER_NAMES[layer.layer].name, LAYER_NAMES[layer.layer].denying
    of = f" of account {layer.account}" if layer.account else ""
    if layer.outcome == "explicitDeny":
        return f"{article.capitalize()} {name}{of} denies it."
    if not layer.statements:
        return f"There is no {name}{of} that could allow it."
    return f"No statement of {article} {name}{of} allows it."


def _denying(one: StatementResult) -> str:
    return (
        f"Statement {one.label} of {one.policy} denies it, "
        "and an explicit deny wins over every allow."
    )


def _concerns(layer: LayerResult, decision: Decision) -> bool:
    """Whether this layer's silence has to do with the refusal.

    Within one account an Allow in either of the two kinds of policy could have been enough, so
    both are told; a boundary, session policy, SCP or RCP only when it decided.
    """
    if decision.cross_account or layer is decision.decisive:
        return True
    decisive = decision.decisive.layer if decision.decisive else ""
    both = ("identity", "resource", "trust")
    return layer.layer in both and decisive in both


def _near_miss(one: StatementResult) -> str:
    if one.mismatch is None:
        return f"Statement {one.label} of {one.policy} matches."
    return f"Statement {one.label} of {one.policy} does not match: {_difference(one.mismatch)}."


def _difference(miss: Mismatch) -> str:
    why = REASONS.get(miss.reason, miss.reason)
    if miss.element == "Condition":
        wants = f"{miss.operator} asks {miss.key} for {miss.wanted or 'nothing'}"
        has = f"the request has {miss.found}" if miss.found else "the request has no such key"
        if miss.reason in ("key-missing", "value-different"):
            return f"its Condition {wants}, and {has}"
        return f"its Condition {wants}, and {why}"
    if not miss.wanted:
        return why
    return f"its {miss.element} is {miss.wanted}, the request has {miss.found}: {why}"


def _sentence(note: str) -> str:
    return f"{_upper(note)}."
