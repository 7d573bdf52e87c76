"""`xacct-singleuser`, which a JupyterHub calls.

tests/soak/test_class.py has it under a real one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.cells import PATHS
from xacct_helpers import learners_copy

THEIRS = ("--port=8123", "--ServerApp.token=two words")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Where a program of JupyterHub's name would be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder / "jupyterhub-singleuser"


def singleuser(program: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("xacct-singleuser"), *arguments],
        cwd=program.parent,
        env={**os.environ, "PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_copies_the_course_and_becomes_what_the_hub_wants(program: Path, tmp_path: Path) -> None:
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$PWD"\n')
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    done = singleuser(program, home, "--no-answers", *THEIRS)
    settings, *rest = done.stdout.splitlines()
    assert settings.startswith("--LabApp.app_settings_dir=/")
    assert rest == [*THEIRS, str(home.resolve())]
    assert len(list((home / "my-course").glob("*.ipynb"))) == len(PATHS)
    assert f"# {learners_copy.YOURS}" in (home / "my-course" / PATHS[5].name).read_text()


def test_where_the_course_cannot_be_copied_it_starts_all_the_same(
    program: Path, tmp_path: Path
) -> None:
    program.write_text("#!/bin/sh\necho started\n")
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    (home / "my-course").write_text("a file of the learner's")
    done = singleuser(program, home)
    assert (done.returncode, done.stdout) == (0, "started\n")
    assert "is a file; choose a folder for your copy of the course." in done.stderr


def test_without_jupyterhub_it_says_so(program: Path, tmp_path: Path) -> None:
    done = singleuser(program, tmp_path / "home")
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.count("\n") == 1
    assert "install jupyterhub beside xacct" in done.stderr
    assert not (tmp_path / "home" / "my-course").exists()


def test_without_a_home_it_says_so(program: Path, tmp_path: Path) -> None:
    program.write_text("#!/bin/sh\necho started\n")
    program.chmod(0o755)
    done = singleuser(program, tmp_path / "not there")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "xacct-singleuser: your home cannot be used (No such file or directory).\n"
    )
