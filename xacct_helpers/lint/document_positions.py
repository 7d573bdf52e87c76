"""Where each element of a document stands in its text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass


@dataclass(slots=True)
class _Open:
    """An object or list whose end is yet to come. index is None in an object."""

    path: str
    index: int | None
    key: str | None
    seen: set[str]


class Places:
    """Where each element of a JSON text begins: a member at its name, an item at itself.

    A lone statement has the paths of a list of one, as in `policy`.
    """

    TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.S)

    def __init__(self, text: str) -> None:
        self._offsets: dict[str, int] = {}
        #: The first element that is given twice, and where.
        self.twice: tuple[str, int] | None = None
        opened: list[_Open] = []
        for token in self.TOKEN.finditer(text):
            self._step(opened, token[0], token.start())

    def at(self, path: str) -> int:
        """Where an element begins; for one that is missing, what it is missing from."""
        while path and path not in self._offsets:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._offsets.get(path, 0)

    def _step(self, opened: list[_Open], mark: str, offset: int) -> None:
        top = opened[-1] if opened else None
        if mark in ("}", "]"):
            opened.pop()
        elif top and mark == ",":
            top.key = None
            top.index = None if top.index is None else top.index + 1
        elif top and top.index is None and top.key is None:
            self._name(top, json.loads(mark), offset)
        elif mark != ":":
            path = "" if top is None else _joined(top)
            self._offsets.setdefault(path, offset)
            if mark == "{" and path == "Statement":
                path = "Statement[0]"
                self._offsets.setdefault(path, offset)
            if mark in ("{", "["):
                opened.append(_Open(path, 0 if mark == "[" else None, None, set()))

    def _name(self, top: _Open, name: str, offset: int) -> None:
        top.key = name
        path = _joined(top)
        if name in top.seen:
            self.twice = self.twice or (path, offset)
        top.seen.add(name)
        self._offsets.setdefault(path, offset)


def _joined(top: _Open) -> str:
    if top.index is not None:
        return f"{top.path}[{top.index}]"
    return f"{top.path}.{top.key}" if top.path else str(top.key)
