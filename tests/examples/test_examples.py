"""The examples for other projects work as they are, and notice what they are there to notice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.sanitizing import RULES_FILE
from tests.tools import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an example's folder, outside of this project."""
    return Path(shutil.copytree(EXAMPLES / request.param, tmp_path / request.param))


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """As its user would: with the programs of this environment, and a user's own AWS settings."""
    programs = str(Path(sys.executable).parent)
    return subprocess.run(
        command,
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if name != "XACCT_LAB"},
            "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
            "AWS_PROFILE": "mine",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
    )


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("example", ["pytest"], indirect=True)
def test_with_pytest(example: Path) -> None:
    done = run(example, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


@pytest.mark.parametrize("example", ["pytest"], indirect=True)
def test_a_failure_says_which_side_refused(example: Path) -> None:
    change(example / "infrastructure.py", "{owner}:role/puller", "{owner}:role/pulller")
    done = run(example, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert re.search(r"-+ which side refused -+", done.stdout)
    assert "Account 222222222222 (the caller's): ✗ does not allow it" in done.stdout
    assert "Account 111111111111 (the resource's): ✓ allows it" in done.stdout


@pytest.mark.parametrize("example", ["pytest"], indirect=True)
def test_too_much_is_noticed(example: Path) -> None:
    change(example / "infrastructure.py", '"arn:aws:iam::{consumer}:role/cluster"', '"*"')
    done = run(example, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 1, done.stdout


@pytest.mark.parametrize("example", ["nbval"], indirect=True)
def test_with_nbval(example: Path) -> None:
    done = run(example, "./run.sh", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


@pytest.mark.parametrize("example", ["nbval"], indirect=True)
def test_nbval_notices_a_refusal_that_is_gone(example: Path) -> None:
    notebook = example / "repository-policy.ipynb"
    change(notebook, "ecr_b.list_images(", "ecr_a.list_images(")
    done = run(example, "./run.sh", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 1, done.stdout


def test_its_sanitizing_rules_are_the_courses() -> None:
    def rules(path: Path) -> str:
        return re.sub(r"(?m)^#.*\n", "", path.read_text())

    assert rules(EXAMPLES / "nbval" / "sanitize.cfg") == rules(RULES_FILE)
