"""The wall time of all notebooks under nbval, each in a lab of its own, as the tests run them."""

from __future__ import annotations

import time

from benchmarks.report import CannotRun, Row
from tests.notebooks.execute import fresh_lab, nbval
from xacct_helpers import course

LIMIT = 150.0
"""Seconds for all notebooks together."""


def measure() -> list[Row]:
    """One row: the seconds of all notebooks, one after the other, start of each lab included.

    The learner's lab is left alone. CannotRun when a notebook does not pass: its time would then
    mean nothing.
    """
    notebooks = course.notebooks()
    began = time.perf_counter()
    for path in notebooks:
        with fresh_lab():
            ran = nbval(path)
        if ran.returncode != 0:
            last = "\n".join(ran.stdout.strip().splitlines()[-5:])
            raise CannotRun(f"{path.name} does not pass under nbval:\n{last}")
    seconds = time.perf_counter() - began
    return [
        Row(
            what=f"{len(notebooks)} notebooks under nbval (wall time)",
            ours=f"{seconds:.1f} s",
            peer="-",
            value=seconds,
            limit=LIMIT,
            unit=" s",
        )
    ]
