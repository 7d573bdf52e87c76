"""The denial card as plain text, in the order in which it is read."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from .card_content import CardContent
from .statement_lines import Line


def card_text(card: CardContent) -> str:
    """All of the card. `▶` stands before the lines that decided, what they mean below them."""
    return "\n".join(_lines(card))


def _lines(card: CardContent) -> Iterator[str]:
    yield card.title
    yield f"  who asked  {card.who}"
    yield f"  for what   {card.action}"
    yield f"  on         {card.resource}"
    yield ""
    for side in card.sides:
        yield f"Account {side.account} ({side.whose}): {side.verdict}"
        if side.sentence:
            yield f"  {side.sentence}"
    yield from card.remarks
    yield ""
    yield "What the policies say"
    for layer in card.layers:
        of = f" of account {layer.account}" if layer.account else ""
        yield f"  {layer.layer}{of}: {layer.outcome}"
        for statement in layer.statements:
            yield f"    {statement.title}"
            yield from _json(statement.lines, "    ")
        if layer.more:
            yield f"    {layer.more}"
    if card.changes:
        yield ""
        yield "The smallest change that would allow it"
        for change in card.changes:
            yield f"  - {change.sentence}"
            yield from _json(change.lines, "  ")
    for call in card.calls:
        yield ""
        yield f"The call: {call.heading}"
        if call.note:
            yield f"  {call.note}"
        yield "  with boto3:"
        yield indent(call.boto3, "    ")
        yield "  with the AWS CLI:"
        yield indent(call.cli, "    ")
    if card.what_if:
        yield ""
        yield "What if"
        for sentence in card.what_if:
            yield f"  {sentence}"


def _json(lines: tuple[Line, ...], margin: str) -> Iterator[str]:
    for line in lines:
        if line.text:
            yield f"{margin}{'▶' if line.marked else ' '} {line.text}"
        if line.remark:
            yield f"{margin}    ↑ {line.remark}" if line.text else f"{margin}  {line.remark}"
