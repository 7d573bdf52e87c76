"""Binder's builder, asked what it would build (it needs no container engine for that).

This does not show that the packages resolve on conda-forge; a launch does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.environments import interpreters, plain
from tests.notebooks.cells import PATHS
from tests.tools import ROOT, clean_copy, missing, require, require_module

pytestmark = pytest.mark.slow
NOBODY = 65534


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """repo2docker's answer: the Dockerfile on standard output, its choices on standard error."""
    module = require_module("repo2docker", "jupyter-repo2docker")
    project = clean_copy(tmp_path_factory.mktemp("binder") / "project")
    command = [sys.executable, "-m", module, "--no-build", "--debug", "."]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)


def test_repo2docker_understands_the_project(plan: subprocess.CompletedProcess[str]) -> None:
    assert plan.returncode == 0, plan.stderr
    assert "Building conda environment for python=3.12" in plan.stderr


@pytest.mark.parametrize(
    "line",
    [
        "/binder/environment.yml ${REPO_DIR}/binder/environment.yml",
        "RUN ./binder/postBuild",
        'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"',
    ],
)
def test_image_is_made_from_the_binder_folder(
    plan: subprocess.CompletedProcess[str], line: str
) -> None:
    assert line in plan.stdout


def test_post_build_runs_as_the_learner(plan: subprocess.CompletedProcess[str]) -> None:
    before, _ = plan.stdout.split("RUN ./binder/postBuild")
    users = [line for line in before.splitlines() if line.startswith("USER ")]
    assert users[-1] == "USER ${NB_USER}"


@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_script_is_executable_and_parses(script: str) -> None:
    path = ROOT / "binder" / script
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", path], check=True)


def test_start_hands_over_to_what_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "my-course").mkdir()
    command = [ROOT / "binder" / "start", "sh", "-c", 'echo "$0 $1"', "one", "two words"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "one two words\n"


def test_start_hands_over_even_where_the_course_cannot_be_copied(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "binder" / "start", "/bin/echo", "started"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "started\n"
    assert "could not be copied" in done.stderr


# -- postBuild, run --------------------------------------------------------------------------


@dataclass(frozen=True)
class Builder:
    """The user of an image that is built, without rights: a home, the project, an environment."""

    home: Path
    prefix: tuple[str, ...]

    def run(self, *command: str | Path) -> str:
        """Run a command in the project; what it printed. It has to end well."""
        path = f"{self.home / 'environment' / 'bin'}:/usr/bin:/bin"
        done = subprocess.run(
            [*self.prefix, *command],
            cwd=self.home / "project",
            env=plain(HOME=str(self.home), PATH=path),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _can_make_environments(prefix: tuple[str, ...], python: str) -> bool:
    code = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([*prefix, python, "-I", "-c", code], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    """Somebody who is not root, in a clean tree, with a fresh environment that is theirs."""
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        user = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs")
        # It looks for the program to start with root's rights still: let that be any.
        prefix = (require("setpriv", "util-linux"), *user, "/usr/bin/env")
    pythons = [*map(os.path.realpath, interpreters().values()), "/usr/bin/python3"]
    python = next((p for p in pythons if _can_make_environments(prefix, p)), None)
    if python is None:
        missing("no Python that everybody may run: apt install python3-venv")
    with tempfile.TemporaryDirectory(prefix="xacct-binder-") as name:
        home = Path(name)
        clean_copy(home / "project")
        if prefix:
            for path in (home, *home.rglob("*")):
                shutil.chown(path, NOBODY, NOBODY)
        builder = Builder(home, prefix)
        builder.run(python, "-m", "venv", home / "environment")
        yield builder


def test_post_build_makes_the_course_and_nothing_else(builder: Builder) -> None:
    project = builder.home / "project"
    before = {path.name for path in project.iterdir()}
    builder.run("./binder/postBuild")
    assert {path.name for path in project.iterdir()} - before == {"my-course"}
    copied = sorted(path.name for path in (project / "my-course").glob("*.ipynb"))
    assert copied == [path.name for path in PATHS]
    assert os.geteuid() != 0 or (project / "my-course").stat().st_uid == NOBODY
    settings = builder.home / "environment" / "share" / "jupyter" / "lab" / "settings"
    ours = ROOT / "xacct_helpers" / "lab_settings" / "overrides.json"
    assert (settings / "overrides.json").read_bytes() == ours.read_bytes()


def test_a_launch_finds_what_post_build_made(builder: Builder) -> None:
    where = "import os; os.chdir('/'); import xacct_helpers; print(xacct_helpers.__file__)"
    said = builder.run("./binder/start", "python", "-c", where)
    assert said.startswith(str(builder.home / "environment")), "not the project's folder"


def test_a_launch_copies_the_course_where_a_volume_hid_it(builder: Builder) -> None:
    copy = builder.home / "project" / "my-course"
    shutil.rmtree(copy)
    assert builder.run("./binder/start", "echo", "started") == "started\n"
    assert sorted(path.name for path in copy.glob("*.ipynb")) == [path.name for path in PATHS]
