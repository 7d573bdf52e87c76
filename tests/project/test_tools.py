"""What the tests of every part lean on."""

from pathlib import Path

import pytest

from tests.tools import ROOT, as_root, clean_copy, require, require_module

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


@pytest.mark.parametrize(
    ("user", "sudo", "expected"),
    [
        pytest.param(0, None, (), id="root needs nothing before it"),
        pytest.param(1000, "exit 0", ("sudo", "-n"), id="sudo asks nothing"),
        pytest.param(1000, "exit 1", None, id="sudo asks for a password"),
        pytest.param(1000, None, None, id="no sudo"),
    ],
)
def test_what_only_root_may_run(
    user: int,
    sudo: str | None,
    expected: tuple[str, ...] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if sudo is not None:
        (tmp_path / "sudo").write_text(f"#!/bin/sh\n{sudo}\n")
        (tmp_path / "sudo").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.delenv("CI", raising=False)
    if expected is None:
        with pytest.raises(pytest.skip.Exception, match="only root may run this"):
            as_root()
    else:
        assert tuple(Path(word).name for word in as_root()) == expected
