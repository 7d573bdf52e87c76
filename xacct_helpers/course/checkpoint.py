"""Moving through the course: the accounts as they are after a notebook, and back again.

What is run are the cells tagged `build` of the pristine notebooks, as plain Python: the notebooks
are the only source, and what a learner typed into their copy cannot break it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import course, workspace
from ..progress_bar import progress_bar
from ..workspace import LabError, Running
from . import account_moves


def catch_up(running: Running, through: int) -> None:
    """Lab.catch_up, whose docstring says what it promises."""
    _check_number(through)
    with record_of(running.folder) as record:
        _undo_unfinished(running, record)
        before, late = running.fingerprint(), _ahead(running)
        words = f"Your accounts are as after notebook {through:02}."
        done = None if late else record.latest_as(before, through)
        if done == through:
            pass
        elif done is not None:
            with _undone_if_cut_short(running, record):
                _build(running, record, done + 1, through)
        else:
            with _undone_if_cut_short(running, record) as aside:
                rewind(running)
                first_day = running.fingerprint()
                _build(running, record, 0, through)
                after = running.fingerprint()
                if before not in (first_day, after):
                    record.kept = aside
                    words += " They were different before: lab.restore() brings that back."
                elif late:
                    words += f" The lab's clock was {late} ahead; it shows real time again."
                elif before == after:
                    # Made by hand and right: theirs stay, with their own dates and secrets.
                    rewind(running, to=aside)
    if done != through:
        account_moves.note(running.folder, f"they are as after notebook {through:02}")
    print(words)


def restore(running: Running) -> None:
    """Lab.restore, whose docstring says what it promises."""
    with record_of(running.folder) as record:
        _undo_unfinished(running, record)
        if record.kept is None:
            raise LabError("There is nothing to bring back: catch_up has put nothing aside.")
        with _undone_if_cut_short(running, record) as aside:
            rewind(running, to=record.kept)
            record.kept = aside
    account_moves.note(running.folder, "they are as they were before a catch_up")
    print("Your accounts are as they were before catch_up. lab.restore() again goes back.")


def rewind(running: Running, *, to: str | None = None) -> None:
    """Have the sandbox go to a snapshot, or to the first day; sessions cached before mean nothing
    then."""
    if to is None:
        running.reset()
    else:
        running.restore(to)
    workspace.forget_cached_credentials(running.folder)


def _check_number(through: int) -> None:
    numbers = [course.number(path) for path in course.notebooks()]
    try:
        known = not isinstance(through, bool) and operator.index(through) in numbers
    except TypeError:
        known = False
    if not known:
        listed = ", ".join(map(str, numbers))
        raise LabError(f"through is the number of a notebook ({listed}), not {through!r}.")


def _ahead(running: Running) -> str:
    """Say how far the lab's clock is ahead of real time; "" when it is not."""
    return workspace.ahead(running.status().clock_offset_seconds)


# -- putting aside and bringing back ---------------------------------------------------------


@contextlib.contextmanager
def _undone_if_cut_short(running: Running, record: Record) -> Iterator[str]:
    """Put the accounts aside under the name that this gives; an error inside brings them back."""
    aside = record.spare()
    running.save(aside)
    record.unfinished = aside
    record.write()
    try:
        yield aside
    except Exception as error:
        _undo_unfinished(running, record)
        raise LabError(f"{error} Your accounts are as they were before.") from error
    except BaseException:
        _undo_unfinished(running, record)
        print("Interrupted: your accounts are as they were before.")
        raise
    record.unfinished = None
    record.write()


def _undo_unfinished(running: Running, record: Record) -> None:
    if record.unfinished is None:
        return
    # A snapshot that is gone went with a reset, and so did what it was to undo.
    with contextlib.suppress(workspace.NotThere):
        rewind(running, to=record.unfinished)
    record.unfinished = None
    record.write()


class Record:
    """What is known of a lab's way through the course; a file kept with the lab.

    kept: the snapshot that `restore` brings back. unfinished: the one that undoes what was cut
    short. After which notebook the accounts look how is only good for the notebooks that made them
    so: a course whose notebooks changed starts afresh.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._course = _digest_of_course()
        self._after: dict[str, str] = {}
        self.kept: str | None = None
        self.unfinished: str | None = None
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            content = json.loads(path.read_text())
            self.kept, self.unfinished = content["kept"], content["unfinished"]
            if content["course"] == self._course:
                self._after = dict(content["after"])

    def latest_as(self, fingerprint: str, through: int) -> int | None:
        """The last notebook, `through` at most, after which the accounts look so."""
        numbers = range(through, -1, -1)
        return next((n for n in numbers if self._after.get(str(n)) == fingerprint), None)

    def learn(self, number: int, fingerprint: str) -> None:
        """What the accounts look like after a notebook."""
        self._after[str(number)] = fingerprint

    def spare(self) -> str:
        """A name for a snapshot that does not overwrite the one kept."""
        return "one" if self.kept != "one" else "other"

    def write(self) -> None:
        content = {
            "course": self._course,
            "after": self._after,
            "kept": self.kept,
            "unfinished": self.unfinished,
        }
        workspace.write(self._path, json.dumps(content))


@contextlib.contextmanager
def record_of(folder: Path) -> Iterator[Record]:
    """The record of the lab in a folder, for one at a time."""
    with workspace.locked(folder / "catch_up.lock"):
        yield Record(folder / workspace.RECORD)


def _digest_of_course() -> str:
    digest = hashlib.sha256()
    for path in course.notebooks():
        digest.update(path.read_bytes())
    return digest.hexdigest()


# -- the build cells -------------------------------------------------------------------------


def _build(running: Running, record: Record, first: int, last: int) -> None:
    paths = [path for path in course.notebooks() if first <= course.number(path) <= last]
    with progress_bar("Building", len(paths), lambda n: f"{n} of {len(paths)} notebooks") as done:
        for count, path in enumerate(paths):
            done(count)
            _run_build_cells(path)
            record.learn(course.number(path), running.fingerprint())


def _run_build_cells(path: Path) -> None:
    """Run a notebook's build cells in a namespace of their own, silently."""
    namespace: dict[str, Any] = {"__name__": f"course_{path.stem[:2]}"}
    for number, source in enumerate(course.tagged(path, "build"), 1):
        where = f"build cell {number} of {path.name}"
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, where, "exec"), namespace)
        except Exception as error:
            raise LabError(f"The {where} failed: {type(error).__name__}: {error}.") from error
