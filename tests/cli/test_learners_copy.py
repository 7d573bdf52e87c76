"""A later version of the course and a copy that a learner has worked in."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.cli.xacct import COMMAND, xacct
from tests.notebooks.cells import ASKS, PATHS, cells, source
from tests.tools import ROOT
from xacct_helpers import course, workspace
from xacct_helpers.course import learners_copy
from xacct_helpers.view.gaps import gap

CHANGED = ("03-the-trust-policy.ipynb", "05-assume-and-pull.ipynb", "kubernetes/pod.yaml")
TOUCHED, PLAIN = CHANGED[1], (CHANGED[0], CHANGED[2])


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of a later version, in which three files of the course are other ones."""
    project = tmp_path_factory.mktemp("later")
    for part in ("xacct_helpers", "notebooks"):
        # Python writes its caches while others run tests of this checkout.
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / part, project / part, ignore=ignored)
    for name in CHANGED:
        path = project / "notebooks" / name
        path.write_text(path.read_text().replace("account", "Account") + "\n")
    return project


@dataclass(frozen=True)
class Learner:
    """Somebody with a copy of today's course, and the later version at hand."""

    home: Path
    later: Path

    @property
    def copy(self) -> Path:
        return self.home / "my-course"

    def lab(self, *arguments: str, later: bool = False) -> str:
        """`xacct lab --prepare-only`, by this version or the later one; what it printed."""
        project = self.later if later else ROOT
        with patch.object(course, "_HERE", project / "xacct_helpers" / "course"):
            done = xacct("lab", "--prepare-only", *arguments, cwd=self.home, XACCT_LAB="")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.copy).as_posix(): path.read_bytes()
            for path in sorted(self.copy.rglob("*"))
            if path.is_file() and path.name != learners_copy.RECORD
        }


def course_of(project: Path) -> dict[str, bytes]:
    """The course's files in a checkout."""
    folder = project / "notebooks"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not re.search(r"/[._]", f"/{path.relative_to(folder)}")
    }


@pytest.fixture
def learner(tmp_path: Path, later: Path) -> Learner:
    """A learner who has changed one notebook."""
    learner = Learner(workspace.absolute(tmp_path), later)
    learner.lab("--with-answers")
    assert learner.files() == course_of(ROOT)
    (learner.copy / TOUCHED).write_text("mine")
    return learner


def test_a_later_version_offers_and_changes_nothing_by_itself(learner: Learner) -> None:
    before = learner.files()
    said = learner.lab(later=True)
    assert f"has these files anew, and you have not changed yours: {', '.join(PLAIN)}.\n" in said
    assert "`xacct lab --update` brings them up to date." in said
    assert f"Changed by you, and kept although xacct 0.1.0 has them anew: {TOUCHED}." in said
    assert learner.files() == before
    assert "anew" not in learner.lab(), "by the version that made it there is nothing to say"


def test_update_replaces_what_is_untouched_and_nothing_else(learner: Learner) -> None:
    assert "Updated: 2 files.\n" in learner.lab("--update", later=True)
    new = course_of(learner.later)
    assert new != course_of(ROOT)
    assert learner.files() == new | {TOUCHED: b"mine"}
    again = learner.lab("--update", later=True)
    assert "you have not changed yours" not in again
    assert f"kept although xacct 0.1.0 has them anew: {TOUCHED}." in again


def test_a_renamed_notebook_gets_the_new_one_beside_it(learner: Learner) -> None:
    (learner.copy / TOUCHED).rename(learner.copy / "mine.ipynb")
    assert "(1 new files, yours to change)" in learner.lab("--update", later=True)
    assert learner.files() == course_of(learner.later) | {"mine.ipynb": b"mine"}


def test_an_updated_file_can_become_the_learners_and_can_go_back(learner: Learner) -> None:
    learner.lab("--update", later=True)
    (learner.copy / CHANGED[0]).write_text("mine, too")
    learner.lab("--update")
    assert learner.files() == course_of(ROOT) | {TOUCHED: b"mine", CHANGED[0]: b"mine, too"}


@pytest.mark.parametrize("record", [None, "", "[]", '{"form": 99}', '{"form": 1, "files": []}'])
def test_without_a_record_every_file_that_differs_is_the_learners(
    learner: Learner, record: str | None
) -> None:
    path = learner.copy / learners_copy.RECORD
    if record is None:
        path.unlink()
    else:
        path.write_text(record)
    before = learner.files()
    learner.lab("--with-answers", "--update", later=True)
    assert learner.files() == before
    # What was the same as the course when it was looked at is known from then on.
    path.unlink()
    learner.lab("--with-answers")
    learner.lab("--update", later=True)
    assert learner.files() == course_of(learner.later) | {TOUCHED: b"mine"}


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal's two ends: the person's and the program's."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "updated"), [(b"\n", True), (b"y\n", True), (b"n\n", False), (b"\x04", False)]
)
def test_a_person_is_asked(
    learner: Learner, terminal: tuple[int, int], answer: bytes, updated: bool
) -> None:
    ours, theirs = terminal
    process = subprocess.Popen(
        [*COMMAND, "lab", "--prepare-only"],
        cwd=learner.home,
        env={**os.environ, "XACCT_LAB": "", "PYTHONPATH": str(learner.later)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.write(ours, answer)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Update them? [Y/n]" in said
    expected = course_of(learner.later) if updated else course_of(ROOT)
    assert learner.files() == expected | {TOUCHED: b"mine"}


# -- answers ---------------------------------------------------------------------------------


def test_a_copy_holds_no_outputs_and_no_answers(tmp_path: Path, later: Path) -> None:
    learner = Learner(workspace.absolute(tmp_path), later)
    learner.lab()
    for path in PATHS:
        copied = learner.copy / path.name
        for now, before in zip(cells(copied), cells(path), strict=True):
            assert (now["outputs"], now["execution_count"]) == ([], None)
            assert "xacct" not in now["metadata"], "it says what is right"
            if course.task(before) is None:
                assert source(now) == source(before)
                continue
            left = gap(source(now)) or ASKS.match(course.given(before) or "")
            assert left, f"{path.name}, {before['id']}: nothing is left to write"
            assert source(now).startswith("%%") == source(before).startswith("%%")
            assert "jupyter" not in now["metadata"], "a folded cell would not be found"
            said = [line[2:] for line in source(now).splitlines() if line.startswith("# ")]
            assert " ".join(said).startswith(f"{course.YOURS} {course.task(before)}")
        assert cells(copied, "markdown") == cells(path, "markdown")


def test_a_copy_stays_as_it_was_made(tmp_path: Path, later: Path) -> None:
    """When asked again, in a file that was deleted, in a later version."""
    learner = Learner(workspace.absolute(tmp_path), later)
    learner.lab()
    before = learner.files()
    (learner.copy / TOUCHED).unlink()
    learner.lab()
    assert learner.files() == before
    learner.lab("--with-answers", "--update")
    assert learner.files() == course_of(ROOT)
    learner.lab("--update", later=True)
    assert learner.files() == course_of(learner.later)
    learner.lab("--no-answers", "--update")
    assert learner.files() == before
