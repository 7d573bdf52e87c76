"""A policy document while it is typed: its strings, and where each of them stands.

Half a document is no JSON yet, so nothing here is an error: a string ends with its line, a missing
comma or bracket is overlooked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Step = str | int
Path = tuple[Step, ...]

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"?|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_CLOSES = {"}": "{", "]": "["}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A string of the document.

    start, end: what is between its quotes. path: the names and indexes that lead to it; of a name,
    those of the object that has it. A lone statement has the path of a list of one.
    """

    start: int
    end: int
    text: str
    path: Path
    is_name: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where the cursor is. word: the string that it is in, if any."""

    path: Path
    is_name: bool
    word: Word | None


@dataclass(slots=True)
class _Open:
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


def words(text: str) -> tuple[Word, ...]:
    """The strings of a document, in its order."""
    return _read(text, len(text))[0]


def spot(text: str, position: int) -> Spot:
    """Where a position in the text is."""
    for word in words(text):
        if word.start <= position <= word.end:
            return Spot(path=word.path, is_name=word.is_name, word=word)
    opened = _read(text, position)[1]
    if not opened:
        return Spot(path=(), is_name=False, word=None)
    top = opened[-1]
    return Spot(path=top.here, is_name=top.bracket == "{" and top.key is None, word=None)


def _read(text: str, end: int) -> tuple[tuple[Word, ...], list[_Open]]:
    """The strings that begin before `end`, and what is open there, the innermost last."""
    found: list[Word] = []
    opened: list[_Open] = []
    for token in _TOKEN.finditer(text):
        if token.start() >= end:
            break
        mark, top = token[0], opened[-1] if opened else None
        if mark in "{[":
            path = top.here if top else ()
            lone = mark == "{" and path == ("Statement",)
            opened.append(_Open(mark, (*path, 0) if lone else path))
        elif mark in "}]":
            _close(opened, _CLOSES[mark])
        elif mark == ",":
            if top and top.bracket == "{":
                top.key = None
            elif top:
                top.index += 1
        elif mark[0] == '"' and top:
            word = _word(text, token, top)
            found.append(word)
            if word.is_name:
                top.key = word.text
    return tuple(found), opened


def _close(opened: list[_Open], bracket: str) -> None:
    """Close the innermost of its kind, and whatever in it was left open."""
    while any(one.bracket == bracket for one in opened) and opened.pop().bracket != bracket:
        pass


def _word(text: str, token: re.Match[str], top: _Open) -> Word:
    closed = len(token[0]) > 1 and token[0].endswith('"')
    start, end = token.start() + 1, token.end() - closed
    named = top.bracket == "{" and (
        top.key is None or text[token.end() :].lstrip()[:1] == ":"  # the comma before is missing
    )
    path = top.path if named else top.here
    return Word(start=start, end=end, text=text[start:end], path=path, is_name=named)
