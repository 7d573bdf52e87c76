"""The workflows: what they may do, what they take from others, and that what they call is there."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks import cloning
from tests.browser.conftest import SCREENSHOTS
from tests.tools import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return found


@each
def test_it_may_only_read(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}
    for name, job in jobs(path).items():
        assert "permissions" not in job, name
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


@each
def test_every_action_is_pinned_by_commit_and_says_its_release(path: Path) -> None:
    uses = [line.strip().removeprefix("- ") for line in path.read_text().splitlines()]
    uses = [line for line in uses if line.startswith("uses:")]
    assert uses
    assert [line for line in uses if not PINNED.fullmatch(line)] == []


@each
def test_every_job_has_a_time_limit(path: Path) -> None:
    for name, job in jobs(path).items():
        assert job["timeout-minutes"] <= 180, name


@each
def test_what_it_calls_is_there(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    called = set()
    for job in jobs(path).values():
        matrix = job.get("strategy", {}).get("matrix", {})
        for command in (step["run"] for step in job["steps"] if "run" in step):
            for target in re.findall(r"^make (\$\{\{ .*? \}\}|\S+)", command):
                names = matrix["target"] if "matrix.target" in target else [target]
                assert set(names) <= targets
                called.update(names)
            if command.startswith(".ci/"):
                assert (ROOT / command.split()[0]).exists()
                called.add(".ci/run")
    assert called


def test_a_failed_browser_test_leaves_its_screenshots() -> None:
    steps = jobs(FOLDER / "ci.yml")["browser"]["steps"]
    run = next(at for at, step in enumerate(steps) if step.get("run", "").startswith(".ci/run"))
    upload = next(at for at, s in enumerate(steps) if "/upload-artifact@" in s.get("uses", ""))
    assert upload > run
    assert steps[upload]["if"] == "always()"
    kept = steps[upload]["with"]
    assert kept["path"] == SCREENSHOTS.relative_to(ROOT).as_posix()
    assert kept["include-hidden-files"], "without it, nothing under .cache is kept"


def test_every_test_is_in_one_of_the_jobs() -> None:
    """A job waits at least as long as docs/benchmarks.md promises that all the tests take."""
    found = jobs(FOLDER / "ci.yml")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    runs = {name: [step.get("run") for step in job["steps"]] for name, job in found.items()}
    assert ".ci/run ARGS=\"-m 'not browser'\"" in runs["rest"]
    assert '.ci/run ARGS="-m browser"' in runs["browser"]
    for name in ("rest", "browser"):
        assert found[name]["timeout-minutes"] * 60 >= cloning.TESTS_LIMIT


def test_an_action_has_one_release_in_all_of_them() -> None:
    """So that an update is one search and replace."""
    text = "\n".join(path.read_text() for path in WORKFLOWS)
    pins = set(re.findall(r"uses: (\S+)@(\S+) # (\S+)", text))
    assert len({action for action, _, _ in pins}) == len(pins)


def test_the_first_job_is_the_quick_one() -> None:
    found = jobs(FOLDER / "ci.yml")
    assert [step["run"] for step in found["fast"]["steps"] if "run" in step] == [
        "make check",
        "make fast",
    ]
    assert all(job["needs"] == "fast" for name, job in found.items() if name != "fast")
