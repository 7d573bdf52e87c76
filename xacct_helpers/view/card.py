"""The denial card, as data: what is to be said of one decision, in the order in which it is read.

`card_text` and `card_html` say it; neither says what the other does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..lab_api.decisions import (
    Counterfactual,
    Decision,
    LayerResult,
    PermissionReport,
    Remedy,
    Side,
    StatementResult,
    Suggestion,
)
from ..policy import LAYER_NAMES
from ..workspace import profile_of
from .calls import ApiCall, boto3_text, cli_text
from .card_content import CallShown, CardContent, ChangeShown, LayerShown, SideShown, StatementShown
from .card_html import card_html
from .card_text import card_text
from .statement_lines import marked_lines, plain_lines, pretty

_OUTCOMES = {
    "allow": "✓ allows it",
    "explicitDeny": "✗ denies it explicitly",
    "implicitDeny": "✗ does not allow it",
}
_OUTCOMES_OF_MANY = {
    "allow": "✓ allow it",
    "explicitDeny": "✗ deny it explicitly",
    "implicitDeny": "✗ do not allow it",
}
_WHOSE = {
    "caller": "the caller's",
    "resource": "the resource's",
    "both": "the caller's and the resource's",
}
#: Of the statements of a kind of policy so many are shown, those first that decided.
_SHOWN = 4


class Card(CardContent):
    """Why a call was refused, or allowed. In a notebook it is drawn; `print` gives the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return card_text(self)

    def _repr_html_(self) -> str:
        return card_html(self)


def card(asked: PermissionReport, *, remark: str = "") -> Card:
    """The card of one permission that was asked for. remark: a sentence more to say."""
    allowed = asked.decision.allowed
    notes = [layer.note for layer in asked.decision.layers if _worth_saying(layer)]
    remarks = [f"{note[:1].upper()}{note[1:]}." for note in dict.fromkeys(notes)]
    return Card(
        title=f"{'✓ Allowed' if allowed else '✗ Refused'}: {asked.action}",
        who="an anonymous caller" if asked.principal == "*" else asked.principal,
        action=asked.action,
        resource=asked.resource or "no resource",
        sides=tuple(_side(side) for side in asked.sides),
        layers=tuple(_layers(asked.decision)),
        remarks=tuple(one for one in (*remarks, asked.missing, remark) if one),
        changes=tuple(_change(one) for one in asked.suggestions),
        calls=tuple(_call(one) for one in asked.calls),
        what_if=tuple(_what_if(one) for one in asked.counterfactuals),
    )


def _worth_saying(layer: LayerResult) -> bool:
    """Whether a layer's note says more than that there is no policy."""
    return bool(layer.note) and bool(layer.statements)


def _side(side: Side) -> SideShown:
    return SideShown(
        account=side.account,
        whose=_WHOSE[side.whose],
        agrees=side.outcome == "allow",
        verdict=_OUTCOMES[side.outcome],
        sentence=side.sentence,
    )


# -- what the policies say -------------------------------------------------------------------


def _layers(decision: Decision) -> Iterator[LayerShown]:
    for layer in decision.layers:
        if layer.outcome == "notApplicable":
            continue
        heading = LAYER_NAMES[layer.layer].heading
        many = heading.endswith("policies")
        statements = layer.statements
        spoke = _spoke(layer)
        shown = spoke[:_SHOWN]
        rest = len(statements) - len(shown)
        if not statements:
            more = "There is none."
        elif rest:
            verb = "match" if layer.outcome == "implicitDeny" else "change that"
            more = f"{rest} more {'does' if rest == 1 else 'do'} not {verb}."
        else:
            more = ""
        yield LayerShown(
            layer=heading,
            account=layer.account,
            outcome=(_OUTCOMES_OF_MANY if many else _OUTCOMES)[layer.outcome],
            statements=tuple(_statement(one) for one in shown),
            more=more,
        )


def _spoke(layer: LayerResult) -> list[StatementResult]:
    """The statements that made a layer's outcome; of a silent layer those that came nearest."""
    wanted = {"allow": "Allow", "explicitDeny": "Deny"}.get(layer.outcome)
    if wanted:
        return [one for one in layer.statements if one.matched and one.effect == wanted]
    order = ("Principal", "Action", "Resource", "Condition")
    misses = [
        (order.index(one.mismatch.element.removeprefix("Not")), one)
        for one in layer.statements
        if one.effect == "Allow" and one.mismatch
    ]
    return [one for _, one in sorted(misses, key=lambda miss: miss[0], reverse=True)]


def _statement(result: StatementResult) -> StatementShown:
    label = f"statement {result.index + 1}"
    if result.sid:
        label += f" {json.dumps(result.sid, ensure_ascii=False)}"
    if not result.matched:
        verdict = "does not match"
    else:
        verdict = "✓ allows it" if result.effect == "Allow" else "✗ denies it"
    return StatementShown(title=f"{result.policy}, {label}: {verdict}", lines=marked_lines(result))


# -- what would change it --------------------------------------------------------------------


def _change(suggestion: Suggestion) -> ChangeShown:
    lines = () if suggestion.change == "send" else plain_lines(suggestion.statement)
    return ChangeShown(sentence=suggestion.sentence, lines=lines)


def _call(remedy: Remedy) -> CallShown:
    by_caller = remedy.by == "caller"
    account = remedy.account
    call = ApiCall(
        service=remedy.service,
        operation=remedy.operation,
        parameters={name: _readable(value) for name, value in remedy.parameters.items()},
        profile=None if by_caller else profile_of(account),
    )
    who = "the caller" if by_caller else f"account {account}'s administrator"
    return CallShown(
        heading=f"{remedy.service}:{remedy.operation}, called by {who}",
        boto3=boto3_text(call).strip(),
        cli=cli_text(call).strip(),
        note=remedy.note,
    )


def _readable(value: Any) -> Any:
    """A policy document with line breaks; anything else as it is."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    return pretty(json.loads(value))


def _what_if(counterfactual: Counterfactual) -> str:
    after = counterfactual.verdict == "allowed"
    return f"{'✓' if after else '✗'} {counterfactual.sentence}"
