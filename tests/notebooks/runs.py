"""Each notebook is run once, in a lab of its own, and all tests look at that run.

It runs under nbval, with no network where that can be taken away, with all that a user who works
with AWS may have set, and with every question answered. Notebook 05, which goes the whole way by
the AWS CLI and by boto3, runs under strace, too. tests/scheduling.py puts the tests that look at
the same run into one worker.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests import prepared
from tests.isolation import away_where_possible, user, works
from tests.isolation import trace as tracing
from tests.tools import ROOT
from xacct_helpers import course, workspace
from xacct_helpers.course.progress import Prediction

TRACED = "05"
# These begin in a new lab: the catch_up of the second builds all the notebooks before it.
FROM_NOTHING = ("00", "12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was to be seen of a run.

    failed: nbval found a difference, or the run went wrong. report: what it printed. different:
    cell id to what else is different in its outputs. fingerprint: of the accounts at the end.
    interfaces: the network's. trap: the port that the user's settings lead to; trapped: it was
    called. home: the user's. trace: None where strace was not asked, or does not work.
    """

    failed: bool
    report: str
    different: dict[str, str]
    fingerprint: str
    predictions: tuple[Prediction, ...]
    interfaces: tuple[str, ...]
    trap: int
    trapped: bool
    home: Path
    trace: tracing.Trace | None


@functools.cache
def of(path: Path) -> Run:
    """The run of a notebook of the course; most begin where the notebook before ends."""
    name = path.name[:2]
    after = None if name in FROM_NOTHING else course.number(path) - 1
    return run(path, after=after, traced=name == TRACED)


def run(path: Path, *, after: int | None, traced: bool = False) -> Run:
    """Run a notebook. after: the accounts are as after this one; None means a new lab."""
    with tempfile.TemporaryDirectory(prefix="xacct-notebook-") as name:
        folder = workspace.absolute(name)
        if after is not None:
            prepared.copy(folder / "lab", after)
        user.plant(folder / "home")
        command = [*away_where_possible()]
        traced = traced and _strace() is not None
        if traced:
            command += tracing.tracing(str(_strace()), folder / "strace")
        command += [sys.executable, "-m", "tests.notebooks.watched", str(path), str(folder)]
        try:
            done = subprocess.run(
                command,
                env={**os.environ, "HOME": str(folder / "home")},
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
        finally:
            workspace.stop(folder / "lab")  # where the program itself could not
        report = done.stdout + done.stderr
        assert (folder / "seen.json").exists(), report
        seen = json.loads((folder / "seen.json").read_text())
        return Run(
            failed=done.returncode != 0,
            report=report,
            different=seen["different"],
            fingerprint=seen["fingerprint"],
            predictions=tuple(Prediction(**one) for one in seen["predictions"]),
            interfaces=tuple(seen["interfaces"]),
            trap=seen["trap"],
            trapped=seen["trapped"],
            home=folder / "home",
            trace=tracing.read(folder / "strace") if traced else None,
        )


@functools.cache
def _strace() -> str | None:
    """strace, where it works: a container may forbid it."""
    found = shutil.which("strace")
    return found if found and works(found, "-o", os.devnull, "true") else None
