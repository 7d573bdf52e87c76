"""A policy's statement in its own text, with the element that decided marked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..lab_api.decisions import Mismatch, StatementResult
from ..policy import REASONS

_WIDTH = 78
#: Of a long list so many values are shown; policies of AWS's own hold hundreds of actions.
_LONGEST = 8
_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of JSON. marked: it holds what decided; remark: what there is to say about it."""

    text: str
    marked: bool = False
    remark: str = ""


def plain_lines(statement: Mapping[str, Any]) -> tuple[Line, ...]:
    """A statement, or any object of JSON, without a mark."""
    return tuple(Line(text=text) for _, text in _lines(statement))


def marked_lines(result: StatementResult) -> tuple[Line, ...]:
    """A statement that the engine tried, with what decided marked and said in words."""
    mismatch = result.mismatch
    if mismatch is None:
        path: _Path = ("Effect",)
        remark = "this allows it" if result.effect == "Allow" else "this denies it"
    else:
        path = (mismatch.element,)
        if mismatch.key:
            path += (mismatch.operator, mismatch.key)
        remark = _difference(mismatch)
    lines = [
        (Line(text=text, marked=at[: len(path)] == path), at)
        for at, text in _lines(result.raw, path)
    ]
    last = max((n for n, (line, _) in enumerate(lines) if line.marked), default=None)
    if last is None:  # the element is missing: said at the end
        lines.append((Line(text="", remark=remark), ()))
    else:
        lines[last] = (replace(lines[last][0], remark=remark), ())
    return tuple(line for line, _ in lines)


def _difference(mismatch: Mismatch) -> str:
    why = REASONS.get(mismatch.reason, mismatch.reason)
    if not mismatch.found:
        return f"this does not match: {why}"
    has = f"this does not match: the call has {mismatch.found}"
    has_value = mismatch.reason in ("value-different", "action-different", "resource-different")
    return has if has_value or mismatch.reason == "principal-different" else f"{has}; {why}"


# -- JSON as people write policies -----------------------------------------------------------


def pretty(value: dict[str, Any]) -> str:
    """A document as text: what is short stands on one line."""
    return "\n".join(text for _, text in _lines(value, whole=True))


def _lines(
    value: Mapping[str, Any], along: _Path = (), *, whole: bool = False
) -> Iterator[tuple[_Path, str]]:
    """The lines of an object, each with the path of the element that it belongs to.

    along: the path to an element that gets a line of its own. whole: long lists are not cut.
    """

    def members(value: Mapping[str, Any], path: _Path, indent: str) -> Iterator[tuple[_Path, str]]:
        for number, (name, item) in enumerate(value.items(), 1):
            comma = "," if number < len(value) else ""
            start = f"{indent}{json.dumps(name, ensure_ascii=False)}: "
            yield from shown(item, (*path, name), start, comma, indent)

    def shown(
        value: Any, path: _Path, start: str, comma: str, indent: str
    ) -> Iterator[tuple[_Path, str]]:
        line = start + json.dumps(value, ensure_ascii=False) + comma
        broken = isinstance(value, dict | list) and bool(value)
        if broken and len(line) <= _WIDTH:
            broken = _nested(value) or _above(path, along)
        if not broken:
            yield path, line
        elif isinstance(value, dict):
            yield path, start + "{"
            yield from members(value, path, indent + "  ")
            yield path, f"{indent}}}{comma}"
        else:
            yield path, start + "["
            yield from items(value, path, indent + "  ")
            yield path, f"{indent}]{comma}"

    def items(values: list[Any], path: _Path, indent: str) -> Iterator[tuple[_Path, str]]:
        some = values if whole or len(values) <= _LONGEST + 1 else values[:_LONGEST]
        for number, item in enumerate(some, 1):
            comma = "," if number < len(values) else ""
            if isinstance(item, dict):
                yield path, indent + "{"
                yield from members(item, path, indent + "  ")
                yield path, f"{indent}}}{comma}"
            else:
                yield from shown(item, path, indent, comma, indent)
        if len(some) < len(values):
            yield path, f"{indent}… and {len(values) - len(some)} more"

    yield (), "{"
    yield from members(value, (), "  ")
    yield (), "}"


def _nested(value: Any) -> bool:
    """Whether an object holds objects, or a list does."""
    held = value.values() if isinstance(value, dict) else value
    return any(isinstance(one, dict) for one in held)


def _above(path: _Path, along: _Path) -> bool:
    return len(path) < len(along) and along[: len(path)] == path
