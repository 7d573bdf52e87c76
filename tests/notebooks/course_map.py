"""`notebooks/course-map.md` from the notebooks themselves, which say what each is about."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.notebooks.prose import MAP, prose
from xacct_helpers import course
from xacct_helpers.lessons.summaries import to_remember

_HEAD = (
    "# The map of the course\n\n"
    "Two accounts, one image, and one idea: both accounts must agree. Words that you do not know "
    "are in the [glossary](glossary.md). Every notebook catches up by itself: begin wherever you "
    "like.\n\n```mermaid\nflowchart LR\n"
)
# "**12 minutes** · needs 02 · leaves A's role trusting account B", or in sentences.
_LEAVES = re.compile(
    r" · leaves (.*)$|\bLeaves behind: (.*?)\. Lost, or the kernel restarted\?", re.M
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a notebook's first cell states. needs: the notebook before, None for the first."""

    name: str
    title: str
    minutes: int
    needs: str | None
    leaves: str


def opening(path: Path) -> Opening:
    """Read a notebook's first cell; ValueError says what is missing in it."""
    _, text = next(prose(path))
    found = {
        "title": re.search(r"\A# (.*)$", text, re.M),
        "minutes": re.search(r"\*\*(\d+) minutes\.?\*\*", text),
        "needs": re.search(r"\b[Nn]eeds (nothing|\d\d)\b", text),
        "leaves": _LEAVES.search(text),
    }
    if missing := [name for name, match in found.items() if match is None]:
        raise ValueError(f"{path.name} does not state: {', '.join(missing)}")
    said = {
        name: _plain(match[match.lastindex or 0])
        for name, match in found.items()
        if match is not None
    }
    return Opening(
        name=path.name[:2],
        title=said["title"],
        minutes=int(said["minutes"]),
        needs=None if said["needs"] == "nothing" else said["needs"],
        leaves=said["leaves"],
    )


def _plain(text: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?]\*\*) |(?<=[.!?]) ", _plain(text))[0]


def written() -> str:
    """The map's text, as it is committed."""
    paths = course.notebooks()
    openings = [opening(path) for path in paths]
    arrows = "".join(f"    {one.needs} --> {one.name}\n" for one in openings if one.needs)
    rows = "".join(
        f"| [{one.title}]({path.name}) | {one.minutes} | {one.needs or '-'} "
        f"| {_first_sentence(to_remember(path))} | {one.leaves} |\n"
        for one, path in zip(openings, paths, strict=True)
    )
    total = sum(one.minutes for one in openings)
    words = ", ".join(f"{one.name} needs {one.needs}" for one in openings if one.needs)
    return (
        f"{_HEAD}{arrows}```\n\n*In words: {words}.*\n\n"
        "| notebook | minutes | needs | to remember | leaves behind |\n"
        f"|---|---|---|---|---|\n{rows}\n"
        f"{total // 60} hours and {total % 60} minutes in all. At the end `summary()` writes what "
        "there is to remember on one page.\n"
    )


if __name__ == "__main__":
    MAP.write_text(written(), encoding="utf-8")
    print(f"{MAP.name} rewritten", file=sys.stderr)
