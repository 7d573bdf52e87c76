"""The wall time of all notebooks under nbval, in a lab of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import ROOT, clean_environment

LIMIT = 90.0
"""Seconds for all notebooks together."""

_PATIENCE = 15 * 60


def measure() -> list[Row]:
    """One row: the seconds that `pytest --nbval notebooks` takes; none while there is no notebook.

    The learner's lab is left alone: the notebooks get a temporary one.
    """
    folder = ROOT / "notebooks"
    count = len(list(folder.glob("*.ipynb")))
    if count == 0:
        say("there are no notebooks")
        return []
    with tempfile.TemporaryDirectory(prefix="xacct-bench-") as lab:
        environment = {**clean_environment(), "XACCT_LAB": lab}
        try:
            began = time.perf_counter()
            _run_notebooks(folder, environment)
            seconds = time.perf_counter() - began
        finally:
            subprocess.run(
                [sys.executable, "-m", "xacct_helpers", "stop"],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                check=False,
            )
    return [
        Row(
            what=f"{count} notebooks under nbval (wall time)",
            ours=f"{seconds:.1f} s",
            peer="-",
            value=seconds,
            limit=LIMIT,
            unit=" s",
        )
    ]


def _run_notebooks(folder: Path, environment: dict[str, str]) -> None:
    """Run them; CannotRun when a cell fails, as the time would then mean nothing."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", str(folder)]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its kernels can be ended with it
        )
        try:
            status = process.wait(_PATIENCE)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise CannotRun(f"the notebooks took more than {_PATIENCE} seconds") from error
            raise
        if status != 0:
            output.seek(0)
            last = "\n".join(output.read().strip().splitlines()[-5:])
            raise CannotRun(f"the notebooks do not pass under nbval:\n{last}")
