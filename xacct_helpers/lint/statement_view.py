"""One statement as the warnings look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..policy import PolicyError, Statement, parse
from ..policy.language.model import VERSIONS
from .findings import Guess, statements_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One statement, and what a rule may want to know around it."""

    statement: Statement
    index: int
    version: str | None
    kind: Guess
    own: frozenset[str]

    @property
    def path(self) -> str:
        return f"Statement[{self.index}]"

    @property
    def raw(self) -> Mapping[str, Any]:
        return self.statement.raw

    @property
    def allows(self) -> bool:
        return self.statement.effect == "Allow"

    def values(self, *elements: str) -> Iterator[tuple[str, str]]:
        """(path, value) of each string in some elements, such as "Action" and "NotAction"."""
        for element in elements:
            yield from strings_in(self.raw.get(element), f"{self.path}.{element}")

    def conditions(self) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """(path, operator, key, values) of each condition."""
        for one in self.statement.conditions:
            path = f"{self.path}.Condition.{one.operator}.{one.key}"
            yield path, one.operator, one.key, one.values


def strings_in(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield f"{path}[{index}]", one
    elif value is not None:
        yield path, value


def looks_at(raw: Any, kind: Guess, own: frozenset[str]) -> Iterator[Look]:
    """The statements that can be read; what is wrong with the others is an error's to say."""
    version = raw.get("Version")
    version = version if version in VERSIONS else None
    for index, one in enumerate(statements_of(raw)):
        try:
            (statement,) = parse({"Statement": [one]}).statements
        except PolicyError:
            continue
        yield Look(statement=statement, index=index, version=version, kind=kind, own=own)
