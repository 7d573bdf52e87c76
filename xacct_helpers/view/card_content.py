"""What a denial card says, as plain values.

`card` makes them, `card_text` and `card_html` say them.
"""

from __future__ import annotations

from dataclasses import dataclass

from .statement_lines import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class SideShown:
    """An account and its verdict. agrees: for the eye; verdict says it with a sign and in words."""

    account: str
    whose: str
    agrees: bool
    verdict: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementShown:
    """A statement that spoke: which one, and its text."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShown:
    """One kind of policy of one account, and what it had to say. more: what is not shown."""

    layer: str
    account: str
    outcome: str
    statements: tuple[StatementShown, ...]
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeShown:
    """A change that would help: in words, and the statement."""

    sentence: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShown:
    """The call that makes a change, to paste. heading: who makes it; note: what else it does."""

    heading: str
    boto3: str
    cli: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardContent:
    """Why a call was refused, or allowed, in the order in which it is read."""

    title: str
    who: str
    action: str
    resource: str
    sides: tuple[SideShown, ...]
    layers: tuple[LayerShown, ...]
    remarks: tuple[str, ...]
    changes: tuple[ChangeShown, ...]
    calls: tuple[CallShown, ...]
    what_if: tuple[str, ...]
