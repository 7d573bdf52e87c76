"""Progress: a file in the lab's folder that survives everything but a reset."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xacct_helpers import course
from xacct_helpers.course import progress
from xacct_helpers.course.progress import Prediction, Progress

QUESTION = ("allowed", "denied")


def predicted(choice: str, right: bool | None, notebook: str = "03") -> Prediction:
    return Prediction(
        notebook=notebook,
        cell="ask",
        question=QUESTION,
        choice=choice,
        came="it was refused",
        right=right,
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert progress.read(tmp_path) == Progress()
    progress.record(tmp_path, lambda p: progress.with_passed(p, "00", "2026-11-25T10:00:00+00:00"))
    progress.record(tmp_path, lambda p: progress.with_skipped(p, "02"))
    progress.record(tmp_path, lambda p: progress.with_prediction(p, predicted("denied", True)))
    kept = progress.read(tmp_path)
    assert kept.state("00") == "passed"
    assert kept.state("02") == "skipped"
    assert kept.state("01") == ""
    assert kept.predicted("03") == (1, 1)
    assert kept.last == "02"
    assert oct((tmp_path / progress.FILE).stat().st_mode & 0o777) == "0o600"


def test_a_skipped_check_that_passes_is_passed_and_stays_so() -> None:
    passed = progress.with_passed(progress.with_skipped(Progress(), "03"), "03", "first")
    assert (passed.passed, passed.skipped) == ({"03": "first"}, ())
    assert progress.with_passed(passed, "03", "second").passed == {"03": "first"}
    assert progress.with_skipped(passed, "03").state("03") == "passed"


def test_a_question_counts_once_with_the_first_answer() -> None:
    first = progress.with_prediction(Progress(), predicted("allowed", False))
    again = progress.with_prediction(first, predicted("denied", True))
    assert again.predicted("03") == (0, 1)
    other = progress.with_prediction(again, predicted("denied", None, notebook="04"))
    assert other.predicted("04") == (0, 0), "nobody can tell"


@pytest.mark.parametrize(
    ("passed", "skipped", "last", "following"),
    [
        ((), (), None, "00"),
        (("00", "01"), (), "01", "02"),
        (("00", "01"), (), "05", "05"),
        (("00", "05"), (), "05", "06"),
        (("00",), ("01", "02"), "02", "03"),
        ((*course.checked()[1:],), (), course.checked()[-1], "00"),
        ((*course.checked(),), (), "00", None),
    ],
)
def test_where_to_go_on(
    passed: tuple[str, ...], skipped: tuple[str, ...], last: str | None, following: str | None
) -> None:
    found = Progress(passed=dict.fromkeys(passed, ""), skipped=skipped, last=last)
    assert found.next() == following


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"version": 2}',
        b'{"version": 1}',
        b'{"version": 1, "passed": [], "skipped": [], "predictions": [], "last": null}',
        b'{"version": 1, "passed": {}, "skipped": [], "predictions": [{}], "last": null}',
    ],
)
def test_an_unreadable_file_is_said_and_put_aside(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / progress.FILE).write_bytes(content)
    progress.record(tmp_path, lambda p: progress.with_last(p, "03"))
    assert (tmp_path / "progress.unreadable.json").read_bytes() == content
    assert progress.read(tmp_path).last == "03"
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot be read" in said
    assert "kept as progress.unreadable.json" in said


def test_a_folder_that_cannot_be_written_stops_no_lesson(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "file"
    folder.touch()
    progress.record(folder, lambda p: progress.with_last(p, "03"))
    assert "Your progress cannot be kept in" in capsys.readouterr().err


def test_two_notebooks_at_once_lose_nothing(tmp_path: Path) -> None:
    def add(number: int) -> None:
        progress.record(tmp_path, lambda p: progress.with_passed(p, f"{number:02}", "now"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert len(progress.read(tmp_path).passed) == 40


def test_the_open_notebook_is_known_where_the_frontend_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for session, found in (
        ("/home/me/my-course/03-the-trust-policy.ipynb", "03"),
        ("my-course/99-other.ipynb", None),
        ("untitled.ipynb", None),
        ("", None),
    ):
        monkeypatch.setenv("JPY_SESSION_NAME", session)
        assert progress.open_notebook() == found


def test_the_words_hold_no_times(tmp_path: Path) -> None:
    assert progress.lines(Progress()) == [
        "Nothing is done yet. Begin with 00 · Start here: two accounts, both yours."
    ]
    some = progress.with_skipped(progress.with_passed(Progress(), "00", "2026"), "01")
    some = progress.with_prediction(some, predicted("denied", True, notebook="00"))
    total = len(course.checked())
    assert progress.lines(some) == [
        f"1 of {total} checks passed, 1 skipped; 1 of 1 predictions right.",
        "Go on with 02 · What may this role do?",
    ]
    assert "2026" in json.dumps(progress.as_json(some))
