"""A policy document while it is typed: its strings, and where each of them stands."""

from __future__ import annotations

from dataclasses import dataclass

from ..lint.json_text import Element, Path, read


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


def words(text: str) -> tuple[Word, ...]:
    """The strings of a document, in its order."""
    return tuple(_word(text, one) for one in read(text)[0] if one.token.startswith('"'))


def spot(text: str, position: int) -> Spot:
    """Where a position in the text is."""
    for word in words(text):
        if word.start <= position <= word.end:
            return Spot(path=word.path, is_name=word.is_name, word=word)
    opened = read(text, position)[1]
    if not opened:
        return Spot(path=(), is_name=False, word=None)
    return Spot(path=opened[-1].here, is_name=opened[-1].awaits_name, word=None)


def _word(text: str, element: Element) -> Word:
    closed = len(element.token) > 1 and element.token.endswith('"')
    start, end = element.start + 1, element.end - closed
    return Word(
        start=start, end=end, text=text[start:end], path=element.path, is_name=element.is_name
    )
