"""What checks and skips leave in the learner's progress."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import labs
from xacct_helpers import LabError, check, open_lab, skip
from xacct_helpers.course import progress
from xacct_helpers.lab import Lab

pytestmark = pytest.mark.slow


@pytest.fixture
def lab() -> Iterator[Lab]:
    with labs.fresh() as lab:
        yield lab


def test_a_check_that_passes_is_kept_and_one_that_fails_says_how_to_go_on(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    check("00")
    check(1)
    kept = progress.read(lab.folder)
    assert list(kept.passed) == ["00"]
    assert kept.last == "01"
    said = capsys.readouterr().out
    assert 'Stuck? hint("01"). Afresh? lab.catch_up(through=0), then run' in said
    assert 'On? skip("01")' in said
    skip("01")
    assert progress.read(lab.folder).skipped == ("01",)
    assert "lab.catch_up(through=1) puts your accounts" in capsys.readouterr().out
    assert progress.read(lab.folder).next() == "02"
    lab.catch_up(through=1)
    check("01")
    kept = progress.read(lab.folder)
    assert (list(kept.passed), kept.skipped) == (["00", "01"], ())
    lab.reset()
    assert progress.read(lab.folder) == kept, "lab.reset() is about the accounts"


def test_what_has_no_check_cannot_be_skipped(lab: Lab) -> None:
    with pytest.raises(LabError, match="There are checks for"):
        skip("99")
    assert not progress.read(lab.folder).begun()


def test_the_notebook_that_is_opened_is_the_last(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "my-course/07-who-can-be-a-principal.ipynb")
    open_lab()
    assert progress.read(lab.folder).last == "07"
