"""How far a learner is: a small file in the lab's folder, for one notebook after the other.

It says which checks passed and when, which were skipped, what was predicted and what came, and
which notebook was open last. Snapshots and `catch_up` leave it alone, a reset empties it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import course, workspace

FILE = "progress.json"
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a learner committed to and what came.

    notebook: "03", "" where it is not known. cell: the id of the course's cell that asked, "" for a
    question of one's own. question: its choices in order. right: None where nobody can tell.
    """

    notebook: str
    cell: str
    question: tuple[str, ...]
    choice: str
    came: str
    right: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """passed: notebook to when (ISO 8601, real time). last: the notebook opened last, or None."""

    passed: dict[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    last: str | None = None

    def predicted(self, notebook: str) -> tuple[int, int]:
        """How many predictions of a notebook were right, and how many there are."""
        known = [p.right for p in self.predictions if p.notebook == notebook]
        return sum(map(bool, known)), len([right for right in known if right is not None])

    def state(self, notebook: str) -> str:
        """ "passed", "skipped" or "": what became of a notebook's check."""
        if notebook in self.passed:
            return "passed"
        return "skipped" if notebook in self.skipped else ""

    def next(self) -> str | None:
        """The notebook to go on with: the first from the last one on whose check is open, else the
        first at all; None when every check is passed or skipped."""
        names = course.checked()
        open_ones = [name for name in names if not self.state(name)]
        later = [name for name in open_ones if self.last is None or name >= self.last]
        return next(iter(later or open_ones), None)

    def begun(self) -> bool:
        return self != Progress()


# -- what happens to it ----------------------------------------------------------------------


def with_passed(progress: Progress, notebook: str, when: str) -> Progress:
    """The check has passed; the first time counts."""
    return replace(
        progress,
        passed={notebook: when} | progress.passed,
        skipped=tuple(name for name in progress.skipped if name != notebook),
        last=notebook,
    )


def with_skipped(progress: Progress, notebook: str) -> Progress:
    """The learner goes on without the check; one that has passed stays passed."""
    if progress.state(notebook):
        return replace(progress, last=notebook)
    return replace(progress, skipped=(*progress.skipped, notebook), last=notebook)


def with_prediction(progress: Progress, prediction: Prediction) -> Progress:
    """A question counts once, with what was said the first time."""
    asked = {(p.notebook, p.cell, p.question) for p in progress.predictions}
    if (prediction.notebook, prediction.cell, prediction.question) in asked:
        return progress
    return replace(progress, predictions=(*progress.predictions, prediction))


def with_last(progress: Progress, notebook: str) -> Progress:
    """The learner works on this notebook."""
    return replace(progress, last=notebook)


# -- the file --------------------------------------------------------------------------------


def read(folder: Path) -> Progress:
    """The progress kept with the lab in a folder; a new one at first.

    A file that cannot be read is put aside and said, on standard error.
    """
    path = folder / FILE
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Progress()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        aside = path.with_suffix(".unreadable.json")
        where = f"it is kept as {aside.name}"
        try:
            os.replace(path, aside)
        except OSError:
            where = "it stays where it is"
        reason = error.strerror if isinstance(error, OSError) else "it is not what xacct writes"
        print(
            f"Your progress in {path} cannot be read ({reason}); {where}, and a new one begins.",
            file=sys.stderr,
        )
        return Progress()


def _parsed(content: Any) -> Progress:
    if content["version"] != _VERSION:
        raise ValueError("another version")
    return Progress(
        passed={str(name): str(when) for name, when in content["passed"].items()},
        skipped=tuple(map(str, content["skipped"])),
        predictions=tuple(
            Prediction(
                notebook=str(one["notebook"]),
                cell=str(one["cell"]),
                question=tuple(map(str, one["question"])),
                choice=str(one["choice"]),
                came=str(one["came"]),
                right=None if one["right"] is None else bool(one["right"]),
            )
            for one in content["predictions"]
        ),
        last=None if content["last"] is None else str(content["last"]),
    )


def as_json(progress: Progress) -> dict[str, Any]:
    """As it is kept in the file, which `xacct status --json` prints too."""
    return {
        "version": _VERSION,
        "passed": dict(sorted(progress.passed.items())),
        "skipped": sorted(progress.skipped),
        "predictions": [
            {
                "notebook": one.notebook,
                "cell": one.cell,
                "question": list(one.question),
                "choice": one.choice,
                "came": one.came,
                "right": one.right,
            }
            for one in progress.predictions
        ],
        "last": progress.last,
    }


def record(folder: Path, change: Callable[[Progress], Progress]) -> None:
    """Change what is kept. Where it cannot be written that is said, and the lesson goes on."""
    try:
        with _held(folder):
            before = read(folder)
            after = change(before)
            if after != before:
                text = json.dumps(as_json(after), indent=1, ensure_ascii=False) + "\n"
                workspace.write(folder / FILE, text)
    except OSError as error:
        print(f"Your progress cannot be kept in {folder} ({error.strerror}).", file=sys.stderr)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    with workspace.locked(folder / "progress.lock"):
        yield


def empty(folder: Path) -> None:
    """Forget everything."""
    (folder / FILE).unlink(missing_ok=True)


def now() -> str:
    """Real time: a lab's clock may be far ahead."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def open_notebook() -> str | None:
    """The number of the notebook that this kernel belongs to, where the frontend tells."""
    found = re.match(r"(\d\d)-", os.path.basename(os.environ.get("JPY_SESSION_NAME", "")))
    return found[1] if found and found[1] in course.names() else None


# -- in words --------------------------------------------------------------------------------


def lines(progress: Progress) -> list[str]:
    """Progress in a few plain lines, without times."""
    if not progress.begun():
        first = course.titles()[course.names()[0]]
        return [f"Nothing is done yet. Begin with {first}."]
    total = len(course.checked())
    words = f"{len(progress.passed)} of {total} checks passed"
    if progress.skipped:
        words += f", {len(progress.skipped)} skipped"
    right = sum(progress.predicted(name)[0] for name in course.names())
    made = sum(progress.predicted(name)[1] for name in course.names())
    if made:
        words += f"; {right} of {made} predictions right"
    following = progress.next()
    if following is None:
        return [f"{words}.", "You have been through the whole course."]
    return [f"{words}.", f"Go on with {_ended(course.titles()[following])}"]


def _ended(title: str) -> str:
    return title if title.endswith("?") else f"{title}."
