"""The course's prose as plain data: what stands where, its links, its glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xacct_helpers import course

GLOSSARY = course.pristine() / "glossary.md"
MAP = course.pristine() / "course-map.md"

_FENCE = re.compile(r"^```.*?^```", re.M | re.S)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\([^)\s]*\)")
_HEADING = re.compile(r"^#+ .*$", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A glossary entry. forms: the words that mean it; first: the notebook that uses it first."""

    name: str
    slug: str
    forms: tuple[str, ...]
    text: str
    first: str

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![\w-])(?:{'|'.join(self.forms)})(?![\w-])", re.I)


def terms() -> list[Term]:
    """The glossary's entries, in its order."""
    found = []
    for entry in GLOSSARY.read_text(encoding="utf-8").split("\n### ")[1:]:
        name, _, rest = entry.partition("\n")
        also = re.search(r"^\*Also: (.*)\.\*$", rest, re.M)
        named = [name, *(also[1].split(", ") if also else [])]
        first = re.search(r"First in \[(\d\d)\]\(\1-[^)]+\)\.$", rest.strip())
        found.append(
            Term(
                name=name,
                slug=slug(name),
                forms=tuple(form for one in named for form in _numbers(one)),
                text=re.sub(r"^\*Also: .*$", "", rest, flags=re.M).strip(),
                first=first[1] if first else "",
            )
        )
    return found


def _numbers(word: str) -> tuple[str, str]:
    """Singular and plural."""
    return (word, f"{word[:-1]}ies") if word.endswith("y") else (word, f"{word}s")


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading. JupyterLab keeps capitals: headings that are linked
    to have none."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """The anchors of a Markdown text."""
    return {slug(match[1]) for match in re.finditer(r"^#+ (.*)$", _FENCE.sub("", text), re.M)}


def links(text: str) -> Iterator[tuple[str, str]]:
    """The words and the target of each link and picture of a Markdown text."""
    bare = _CODE.sub("", _FENCE.sub("", text))
    yield from re.findall(r"!?\[([^\]]*)\]\(([^)\s]+)\)", bare)


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """The Markdown cells of a notebook, each with its place among the cells."""
    for number, cell in enumerate(course.cells(path)):
        if cell["cell_type"] == "markdown":
            yield number, course.source(cell)


def spoken(text: str) -> str:
    """The text with everything blanked that is no running prose; places stay as they are."""
    for pattern in (_FENCE, _HEADING, _CODE, _LINK):
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return text


def linked(text: str, term: Term) -> int | None:
    """Where a text links to a term, by one of its words; None when it does not."""
    for match in re.finditer(rf"\[([^\]]*)\]\(glossary\.md#{term.slug}\)", text):
        if term.pattern.search(match[1]):
            return match.start()
    return None
