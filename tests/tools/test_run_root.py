"""Where the lab has podman keep what lasts as long as a container runs.

tests/tools/test_pulls.py runs containers in a lab whose path is too long for podman.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from xacct_helpers import workspace

LONG = Path("/home/somebody-with-a-name/courses/cross-account/.xacct")
SHORT = Path("/home/somebody/.xacct")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's own folder among the temporary files, not there yet; podman is installed."""
    program = tmp_path / "podman"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield workspace.absolute(name) / f"xacct-{os.getuid()}"


def test_a_short_path_is_the_labs_own(own: Path) -> None:
    assert workspace._run_root(SHORT) == SHORT / "containers" / "run"
    assert not own.exists()


def test_for_a_long_path_it_is_a_folder_of_the_users_alone(own: Path) -> None:
    found = workspace._run_root(LONG)
    assert found.parent == own
    assert len(str(found)) <= 50
    assert own.stat().st_mode & 0o777 == 0o700
    assert workspace._run_root(LONG) == found, "the same for each kernel and terminal"
    assert workspace._run_root(LONG / "another") != found


def test_a_folder_that_others_can_look_into_is_not_used(own: Path, tmp_path: Path) -> None:
    with_the_lab = LONG / "containers" / "run"
    own.mkdir(mode=0o755)
    own.chmod(0o755)
    assert workspace._run_root(LONG) == with_the_lab
    own.rmdir()
    own.symlink_to(tmp_path)
    assert workspace._run_root(LONG) == with_the_lab


def test_without_podman_nothing_is_made(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert workspace._run_root(LONG) == LONG / "containers" / "run"
    assert not own.exists()
