"""README names Binder for each notebook, and has one place that says where this repository is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project import badges
from tests.tools import ROOT
from xacct_helpers import course

README = badges.README.read_text(encoding="utf-8")


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_text(README, encoding="utf-8")
    return path


def test_every_notebook_has_its_badge_in_its_row() -> None:
    badge = r"\[!\[Notebook (\d\d) on Binder\]\[badge\]\]\[binder-(\d\d)\]"
    rows = re.findall(rf"(?m)^\| (\d\d) \|.* {badge} \|$", README)
    assert rows == [(name, name, name) for name in course.names()]
    assert README.splitlines()[2].endswith("][binder-00]"), "the badge for the start"


def test_the_lines_are_as_make_badges_writes_them(readme: Path) -> None:
    assert badges.main([], readme) == 0
    assert readme.read_text(encoding="utf-8") == README


def test_the_address_stands_in_these_lines_alone() -> None:
    owner, repository = badges.stated(README) or badges.NOWHERE
    elsewhere = README.replace(badges.lines(owner, repository), "")
    assert "mybinder.org/v2" not in elsewhere
    others = [*ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md"), ROOT / "pyproject.toml"]
    assert [str(path) for path in others if "mybinder.org/v2" in path.read_text()] == []


def test_a_fork_writes_its_own_and_can_change_its_mind(readme: Path) -> None:
    assert badges.main(["octocat", "cross.account-course"], readme) == 0
    written = readme.read_text(encoding="utf-8")
    assert "OWNER" not in re.sub(r"OWNER=", "", written)
    assert written.endswith(
        "[binder-13]: https://mybinder.org/v2/gh/octocat/cross.account-course/HEAD"
        "?urlpath=lab%2Ftree%2Fmy-course%2F13-the-broken-accounts.ipynb\n"
    )
    assert badges.main([], readme) == 0
    assert readme.read_text(encoding="utf-8") == written
    assert badges.main(list(badges.NOWHERE), readme) == 0
    assert readme.read_text(encoding="utf-8") == README


@pytest.mark.parametrize("given", [["octocat"], ["octo/cat", "x"], ["octocat", "x y"]])
def test_half_an_address_changes_nothing(
    readme: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert badges.main(given, readme) == 2
    assert "make badges OWNER=octocat REPOSITORY=xacct" in capsys.readouterr().err
    assert readme.read_text(encoding="utf-8") == README
