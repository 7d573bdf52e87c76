"""Statements that would allow a request if one value in them were not mistyped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..evaluation.decision import LayerResult, StatementResult, near_misses
from ..evaluation.request import Request
from ..language.model import plain
from .typos import corrected_account, corrected_action, corrected_arn, corrected_text

_TEXT_OPERATORS = ("StringEquals", "StringLike", "StringEqualsIgnoreCase")
_ARN_OPERATORS = ("ArnEquals", "ArnLike")
# What the caller sends is not for the policy to follow.
_SENT = ("sts:externalid", "sts:rolesessionname")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A statement and what it becomes: one value of one element, written and meant."""

    result: StatementResult
    element: str
    written: str
    meant: str
    statement: dict[str, Any]


def corrections(request: Request, layer: LayerResult) -> Iterator[Correction]:
    """The statements of a silent layer with the value corrected that does not match.

    Whether another element does not match either is for the one who asks to find out. Policies of
    AWS's own are left out: nobody can change them.
    """
    for one in near_misses(layer):
        if ":iam::aws:policy/" in (one.policy_arn or "") or one.mismatch is None:
            continue
        found = one.mismatch
        if found.element == "Action":
            yield from _each(one, ("Action",), partial(corrected_action, meant=request.action))
        elif found.element == "Resource":
            yield from _each(one, ("Resource",), partial(corrected_arn, meant=request.resource))
        elif found.element == "Principal":
            # AWS looks principals up when it saves a policy. A name that is there is no typo; an
            # account one digit off is a stranger's.
            correct = partial(corrected_account, meant=request.principal.account)
            yield from _each(one, ("Principal", "AWS"), correct)
        elif found.element == "Condition" and found.key.lower() not in _SENT:
            yield from _conditions(one, found.operator, found.key, found.found)


def _conditions(one: StatementResult, operator: str, key: str, meant: str) -> Iterator[Correction]:
    plainly = operator.removesuffix("IfExists")
    if plainly in _ARN_OPERATORS or (plainly in _TEXT_OPERATORS and meant.startswith("arn:")):
        correct = partial(corrected_arn, meant=meant)
    elif plainly in _TEXT_OPERATORS:
        correct = partial(corrected_text, meant=meant)
    else:
        return
    yield from _each(one, ("Condition", operator, key), correct)


def _each(
    one: StatementResult, path: tuple[str, ...], correct: Callable[[str], str | None]
) -> Iterator[Correction]:
    """The statement with each value at a path corrected that can be, one at a time."""
    found = plain(one.raw)
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return
        found = found[name]
    for at, value in enumerate(found if isinstance(found, list) else [found]):
        meant = correct(value) if isinstance(value, str) else None
        if meant is None:
            continue
        statement = plain(one.raw)
        holder = statement
        for name in path[:-1]:
            holder = holder[name]
        if isinstance(found, list):
            holder[path[-1]][at] = meant
        else:
            holder[path[-1]] = meant
        element = path[-1] if path[0] == "Condition" else path[0]
        yield Correction(
            result=one, element=element, written=value, meant=meant, statement=statement
        )
