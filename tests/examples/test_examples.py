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
Run = subprocess.CompletedProcess[str]
# What pytest is to leave out: it would only cost time.
WITHOUT = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")


def run(folder: Path, *command: str) -> Run:
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


def example(name: str, tmp_path: Path) -> Path:
    """A copy of an example's folder, outside of this project."""
    return Path(shutil.copytree(EXAMPLES / name, tmp_path / name))


@pytest.mark.slow
def test_with_pytest(tmp_path: Path) -> None:
    done = run(example("pytest", tmp_path), "pytest", "-q", *WITHOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


@pytest.fixture(scope="module")
def slips(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the example with two slips: account B allows too little, account A too much."""
    folder = example("pytest", tmp_path_factory.mktemp("slips"))
    code = folder / "infrastructure.py"
    change(code, "{owner}:role/puller", "{owner}:role/pulller")
    change(code, '"arn:aws:iam::{consumer}:role/cluster"', '"*"')
    done = run(folder, "pytest", "-q", *WITHOUT, "-p", "no:nbval")
    assert done.returncode == 1
    return done


@pytest.mark.slow
def test_a_failure_says_which_side_refused(slips: Run) -> None:
    assert "\nFAILED test_infrastructure.py::test_the_cluster_pulls_through" in slips.stdout
    assert re.search(r"-+ which side refused -+", slips.stdout)
    assert "Account 222222222222 (the caller's): ✗ does not allow it" in slips.stdout
    assert "Account 111111111111 (the resource's): ✓ allows it" in slips.stdout


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["account-b-admin", "stranger"])
def test_too_much_is_noticed(slips: Run, profile: str) -> None:
    name = f"test_nobody_else_becomes_the_puller[{profile}]"
    assert f"\nFAILED test_infrastructure.py::{name}" in slips.stdout


@pytest.mark.kernel
def test_with_nbval(tmp_path: Path) -> None:
    done = run(example("nbval", tmp_path), "./run.sh", "-q", *WITHOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


@pytest.mark.kernel
def test_nbval_notices_a_refusal_that_is_gone(tmp_path: Path) -> None:
    folder = example("nbval", tmp_path)
    change(folder / "repository-policy.ipynb", "ecr_b.list_images(", "ecr_a.list_images(")
    done = run(folder, "./run.sh", "-q", *WITHOUT)
    assert done.returncode == 1, done.stdout


def test_its_sanitizing_rules_are_the_courses() -> None:
    def rules(path: Path) -> str:
        return re.sub(r"(?m)^#.*\n", "", path.read_text())

    assert rules(EXAMPLES / "nbval" / "sanitize.cfg") == rules(RULES_FILE)
