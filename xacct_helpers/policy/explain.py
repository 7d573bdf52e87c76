"""A decision in words: AWS's own refusal, and sentences for somebody who learns from it.

Source: IAM User Guide, "Troubleshoot access denied error messages"; AWS Security Blog, "Enhanced
access denied error messages with policy ARNs" (read 2026-11-24).
"""

from __future__ import annotations

from .decision import REASONS, Decision, LayerResult, Mismatch, StatementResult, near_misses
from .evaluate import NOTE_NO_POLICY
from .request import Request
from .suggest import Suggestion, suggest

__all__ = ["Suggestion", "refusal", "refusal_context", "sentences", "suggest"]

#: Layer -> (AWS's name for it, its article in an explicit deny).
_NAMES: dict[str, tuple[str, str]] = {
    "identity": ("identity-based policy", "an"),
    "resource": ("resource-based policy", "a"),
    "boundary": ("permissions boundary", "a"),
    "session": ("session policy", "a"),
    "scp": ("service control policy", "a"),
    "rcp": ("resource control policy", "a"),
    "trust": ("role trust policy", "the"),
}
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
    name, article = _NAMES[layer.layer]
    if decision.verdict == "explicitDeny":
        statement = decision.decisive_statement
        arn = statement.policy_arn if statement else None
        suffix = f": {arn}" if arn and not decision.cross_account else ""
        return f"with an explicit deny in {article} {name}{suffix}"
    return f"because no {name} allows the {request.action} action"


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
    told = [_verdict(request, decision)]
    if decision.cross_account:
        told += [_half(decision, caller=True), _half(decision, caller=False)]
    elif not decision.allowed and decision.decisive:
        told.append(_silent(decision.decisive))
    if decision.verdict == "explicitDeny" and decision.decisive_statement:
        told.append(_denying(decision.decisive_statement))
    elif not decision.allowed:
        for layer in decision.layers:
            if layer.outcome == "implicitDeny" and _concerns(layer, decision):
                told += [_near_miss(one) for one in near_misses(layer)[:_NEAR_MISSES]]
    told += [_sentence(layer.note) for layer in decision.layers if layer.note not in QUIET]
    return tuple(dict.fromkeys(told))


def _verdict(request: Request, decision: Decision) -> str:
    caller = (
        "An anonymous caller" if request.principal.kind == "anonymous" else request.principal.arn
    )
    may = "may" if decision.allowed else "may not"
    return f"{caller} {may} perform {request.action} on {request.resource or 'no resource'}."


def _half(decision: Decision, *, caller: bool) -> str:
    """What one of the two accounts said."""
    account = decision.caller_account if caller else decision.resource_account
    whose = "the caller's" if caller else "the resource's"
    agrees = decision.caller_agrees if caller else decision.resource_agrees
    mine = _side(decision, caller)
    if agrees:
        allowing = next((one for one in mine if one.outcome == "allow"), None)
        by = f": {_allowing(allowing)}" if allowing else ""
        return f"Account {account} ({whose}) allows it{by}."
    refusing = next((one for one in mine if one.outcome == "explicitDeny"), None)
    refusing = refusing or next((one for one in mine if one.outcome == "implicitDeny"), None)
    because = _silent(refusing) if refusing else ""
    return f"Account {account} ({whose}) does not: {because[:1].lower()}{because[1:]}"


def _side(decision: Decision, caller: bool) -> tuple[LayerResult, ...]:
    names = ("scp", "identity", "boundary", "session") if caller else ("rcp", "resource", "trust")
    ordered = sorted(
        (one for one in decision.layers if one.layer in names),
        key=lambda one: one.layer in ("scp", "rcp"),
    )
    return tuple(ordered)


def _allowing(layer: LayerResult) -> str:
    one = next((one for one in layer.statements if one.matched and one.effect == "Allow"), None)
    if one is None:
        return layer.note
    return f"statement {one.label} of {one.policy} does"


def _silent(layer: LayerResult) -> str:
    """Why a layer says no."""
    name, article = _NAMES[layer.layer]
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
    return f"{note[:1].upper()}{note[1:]}."
