"""Binder's builder, asked what it would build (it needs no container engine for that).

This does not show that the packages resolve on conda-forge; a launch does.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import ROOT, clean_copy, require_module


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
