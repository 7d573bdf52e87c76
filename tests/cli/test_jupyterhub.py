"""`xacct-singleuser`, which a JupyterHub calls.

tests/soak/test_class.py has it under a real one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebooks.cells import PATHS
from xacct_helpers import course

pytestmark = pytest.mark.slow

THEIRS = ("--port=8123", "--ServerApp.token=two words")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Where a program of JupyterHub's name would be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder / "jupyterhub-singleuser"


def singleuser(
    program: Path, home: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    usual = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    ours = {"PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(home)}
    return subprocess.run(
        [Path(sys.executable).with_name("xacct-singleuser"), *arguments],
        cwd=program.parent,
        env={**usual, **ours, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_copies_the_course_and_becomes_what_the_hub_wants(program: Path, tmp_path: Path) -> None:
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$PWD"\n')
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    done = singleuser(program, home, *THEIRS)
    settings, *rest = done.stdout.splitlines()
    assert settings.startswith("--LabApp.app_settings_dir=/")
    assert rest[-3:] == [*THEIRS, str(home.resolve())]
    assert len(list((home / "my-course").glob("*.ipynb"))) == len(PATHS)
    assert f"# {course.YOURS}" in (home / "my-course" / PATHS[5].name).read_text()


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for that of a socket; pytest's own do not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


def test_its_kernels_have_sockets_in_a_folder_of_the_learners_own(
    program: Path, tmp_path: Path, short: Path
) -> None:
    """A port could be that of another learner's kernel, started at the same moment."""
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$2" "$JUPYTER_RUNTIME_DIR"\n')
    program.chmod(0o755)
    sockets = "--KernelManager.transport=ipc"
    chosen, named = short / f"jupyter-{os.getuid()}", short / "named"
    long = str(tmp_path / "a-name-that-leaves-no-room-for-a-socket")
    (short / "theirs").mkdir(mode=0o755)
    (short / "link").symlink_to(tmp_path)
    for variables, seen in (
        ({"TMPDIR": str(short)}, [sockets, str(chosen)]),
        ({"JUPYTER_RUNTIME_DIR": str(named)}, [sockets, str(named)]),
        ({"JUPYTER_RUNTIME_DIR": long}, ["", long]),
        ({"JUPYTER_RUNTIME_DIR": str(short / "theirs")}, ["", str(short / "theirs")]),
        ({"JUPYTER_RUNTIME_DIR": str(short / "link")}, ["", str(short / "link")]),
        ({"JUPYTER_RUNTIME_DIR": "/dev/null/none"}, ["", "/dev/null/none"]),
    ):
        assert singleuser(program, tmp_path, **variables).stdout.splitlines() == seen, variables
    assert chosen.stat().st_mode & 0o777 == named.stat().st_mode & 0o777 == 0o700


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
