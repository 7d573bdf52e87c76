"""Where a learner stands, notebook by notebook: a table in a notebook and in a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from .. import course, workspace
from ..course import progress as kept_progress
from ..course.progress import Progress
from ..view.opening import current

_LEFT = 'style="text-align: left"'
_MARKS = {"passed": "✓ passed", "skipped": "– skipped", "": "○ open"}


@dataclass(frozen=True, slots=True)
class Overview:
    """A learner's progress. Its text form and its HTML form say the same, without times."""

    progress: Progress

    def __repr__(self) -> str:
        lines = kept_progress.lines(self.progress)
        if not self.progress.begun():
            return "\n".join(lines)
        width = max(len(title) for _, title in _rows())
        for name, title in _rows():
            start = f"{title:{width}}  {_mark(self.progress, name):9}  "
            lines.append((start + _predicted(self.progress, name)).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        words, *rest = kept_progress.lines(self.progress)
        following = self.progress.next()
        if following is not None:
            begin = "Go on with" if self.progress.begun() else "Begin with"
            words = words if self.progress.begun() else "Nothing is done yet."
            end = "" if course.titles()[following].endswith("?") else "."
            # Amid other words a link is told by more than its colour.
            link = _link(following, ' style="text-decoration: underline"')
            rest = [f"{begin} {link}{end}"]
        else:
            rest = [escape(one) for one in rest]
        head = f"<p>{escape(words)} {' '.join(rest)}</p>"
        return head + (_table(self.progress) if self.progress.begun() else "")


def progress() -> Overview:
    """How far you are: the checks passed and skipped, the predictions, and where to go on.

    It is kept with the lab; `xacct status` shows it, too, and `xacct reset` empties it.
    """
    return Overview(kept_progress.read(current().folder))


def _rows() -> list[tuple[str, str]]:
    """The notebooks that have a check, each with its heading."""
    titles = course.titles()
    return [(name, titles[name]) for name in course.checked()]


def _mark(progress: Progress, name: str) -> str:
    return _MARKS[progress.state(name)]


def _predicted(progress: Progress, name: str) -> str:
    right, made = progress.predicted(name)
    return f"{right} of {made} right" if made else ""


def _link(name: str, look: str = "") -> str:
    path = next(path for path in course.notebooks() if path.name.startswith(f"{name}-"))
    return f'<a href="{escape(path.name)}"{look}>{escape(course.titles()[name])}</a>'


def _table(progress: Progress) -> str:
    titles = ("notebook", "check", "predictions")
    head = "".join(f'<th scope="col" {_LEFT}>{title}</th>' for title in titles)
    body = "".join(
        f'<tr><th scope="row" {_LEFT}>{_link(name)}</th>'
        f"<td {_LEFT}>{_mark(progress, name)}</td>"
        f"<td {_LEFT}>{_predicted(progress, name)}</td></tr>"
        for name, _ in _rows()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


# -- a class ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """One learner of a class: whose folder, and the progress in it; None where there is no lab."""

    name: str
    progress: Progress | None

    def as_json(self) -> dict[str, Any]:
        kept = None if self.progress is None else kept_progress.as_json(self.progress)
        return {"learner": self.name, "progress": kept}


def class_table(learners: list[Learner]) -> str:
    """One line a learner, one column a notebook: ✓ passed, – skipped, · open."""
    names = course.checked()
    width = max(len("learner"), *(len(one.name) for one in learners))
    lines = [f"{'learner':{width}}  {' '.join(names)}  predictions  next"]
    for one in learners:
        if one.progress is None:
            lines.append(f"{one.name:{width}}  no lab here")
            continue
        marks = {"passed": "✓", "skipped": "–", "": "·"}
        cells = " ".join(f"{marks[one.progress.state(name)]:2}" for name in names)
        counts = [one.progress.predicted(name) for name in names]
        right, made = (sum(column) for column in zip(*counts, strict=True))
        score = f"{right} of {made}" if made else "-"
        lines.append(
            f"{one.name:{width}}  {cells}  {score:11}  {one.progress.next() or 'finished'}"
        )
    return "\n".join(lines)


def learner(folder: Path) -> Learner:
    """The learner whose lab is this folder, the `.xacct` in it, or the one beside this course."""
    beside = folder.parent if (folder / workspace.FIRST_NOTEBOOK).exists() else folder
    found = [at / workspace.LAB_FOLDER for at in (folder, beside)]
    lab = next((one for one in found if one.is_dir()), folder)
    known = any((lab / name).exists() for name in ("journal.jsonl", kept_progress.FILE))
    return Learner(name=str(folder), progress=kept_progress.read(lab) if known else None)
