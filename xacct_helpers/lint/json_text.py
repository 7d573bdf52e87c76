"""The text of a policy document: its names and values, and where each of them stands.

Half a document is no JSON yet, so nothing here is an error: a string ends with its line, a missing
comma or bracket is overlooked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

Step = str | int
Path = tuple[Step, ...]

TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"?|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_COLON = re.compile(r"\s*:")
_CLOSES = {"}": "{", "]": "["}


class Element(NamedTuple):
    """A name or a value: text[start:end]; of an object or a list only its opening bracket.

    path: the names and indexes that lead to it; of a name, those of the object that has it. What a
    lone statement holds has the path of a list of one.
    """

    token: str
    start: int
    end: int
    path: Path
    is_name: bool

    @property
    def name(self) -> str:
        """The name as JSON means it."""
        raw = self.token.removeprefix('"').removesuffix('"')
        if "\\" not in raw:
            return raw
        try:
            return str(json.loads(self.token))
        except ValueError:
            return raw


@dataclass(slots=True)
class Open:
    """An object or a list whose end is yet to come."""

    bracket: str
    path: Path
    index: int = 0
    key: str | None = None

    @property
    def here(self) -> Path:
        """The path of what comes next; of an object's next name, the object's."""
        if self.bracket == "[":
            return (*self.path, self.index)
        return self.path if self.key is None else (*self.path, self.key)

    @property
    def awaits_name(self) -> bool:
        return self.bracket == "{" and self.key is None


def read(text: str, end: int | None = None) -> tuple[list[Element], list[Open]]:
    """Return what begins before `end`, and what is open there, the innermost last."""
    found: list[Element] = []
    opened: list[Open] = []
    for token in TOKEN.finditer(text):
        if end is not None and token.start() >= end:
            break
        mark, top = token[0], opened[-1] if opened else None
        if mark in "}]":
            _close(opened, _CLOSES[mark])
        elif mark == ",":
            _go_on(top)
        elif mark != ":" and (top or mark in "{["):
            element = _element(text, token, top)
            found.append(element)
            if element.is_name and top:
                top.key = element.name
            if mark in "{[":
                lone = mark == "{" and element.path == ("Statement",)
                opened.append(Open(mark, (*element.path, 0) if lone else element.path))
    return found, opened


def _go_on(top: Open | None) -> None:
    """Pass a comma: the next item of a list, or the next name of an object."""
    if top and top.bracket == "{":
        top.key = None
    elif top:
        top.index += 1


def _close(opened: list[Open], bracket: str) -> None:
    """Close the innermost of its kind, and whatever in it was left open."""
    while any(one.bracket == bracket for one in opened) and opened.pop().bracket != bracket:
        pass


def _element(text: str, token: re.Match[str], top: Open | None) -> Element:
    is_name = bool(
        top is not None
        and top.bracket == "{"
        and token[0][0] == '"'
        # where it has a key already, the comma before the name is missing
        and (top.key is None or _COLON.match(text, token.end()))
    )
    path = () if top is None else top.path if is_name else top.here
    return Element(token=token[0], start=token.start(), end=token.end(), path=path, is_name=is_name)
