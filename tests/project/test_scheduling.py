"""How the tests are divided among the workers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.notebooks.cells import IDS
from tests.scheduling import LONGEST_FIRST, SHARED, group_of
from tests.tools import ROOT


def test_a_file_is_a_group() -> None:
    first, other = "tests/lab/test_open.py::test_a", "tests/lab/test_open.py::test_b[x]"
    assert group_of(first) == group_of(other)
    assert group_of(first) != group_of("tests/lab/test_secrets.py::test_a")


def test_what_shares_something_larger_is_a_group() -> None:
    for folder in SHARED:
        assert (ROOT / folder).is_dir()
        assert group_of(f"{folder}test_a.py::test") == group_of(f"{folder}test_b.py::test")


def test_whoever_looks_at_a_notebooks_run_shares_its_worker() -> None:
    looking = [
        "tests/notebooks/test_course.py::test_outputs_are_true",
        "tests/notebooks/test_predictions.py::test_the_answer_to_every_question_is_true",
        "tests/isolation/test_isolation.py::test_the_whole_course_runs_without_a_network",
    ]
    groups = {group_of(f"{test}[{name}]") for test in looking for name in IDS}
    assert len(groups) == len(IDS)


def test_what_begins_first_is_there() -> None:
    assert [place for place in LONGEST_FIRST if not (ROOT / place).exists()] == []


@pytest.mark.slow
def test_pytest_runs_without_its_plugins() -> None:
    """As make mutants runs it."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    done = subprocess.run(
        [*command, "-p", "_hypothesis_pytestplugin", "tests/policy/test_limits.py"],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
