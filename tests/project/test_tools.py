"""What the tests of every part lean on."""

from pathlib import Path

import pytest

from tests.tools import ROOT, clean_copy, require, require_module

ABSENT = "surely-no-such-tool"


def test_require_gives_the_path_of_a_tool() -> None:
    assert Path(require("sh", "dash")).name == "sh"


def test_missing_tool_skips_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt install some-package"):
        require(ABSENT, "some-package")
    with pytest.raises(pytest.skip.Exception, match="pip install some-package"):
        require_module(ABSENT, "some-package")


def test_missing_tool_fails_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt install some-package"):
        require(ABSENT, "some-package")


def test_clean_copy_leaves_out_what_git_ignores(tmp_path: Path) -> None:
    copied = {path.name for path in clean_copy(tmp_path / "copy").iterdir()}
    assert copied >= {"pyproject.toml", ".gitignore", ".ci"}
    assert not copied & {".git", ".venv", ".cache", ".xacct", "my-course"}


def test_what_learner_and_make_leave_behind_is_ignored() -> None:
    lines = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/my-course/", ".xacct/", "/.venv/", "/.cache/"} <= set(lines)
