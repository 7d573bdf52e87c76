"""What a benchmark hands back, and the table made of it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path


class CannotRun(Exception):
    """A benchmark could not run; the message says what was missing or what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    ours, peer: the measured figures as text, unit included. value and limit: what is compared, a
    ratio ours/peer unless `unit` says otherwise; lower is better. A row without a limit is shown
    beside one that has it.
    """

    what: str
    ours: str
    peer: str
    value: float
    limit: float | None
    unit: str = ""

    @property
    def over(self) -> bool:
        return self.limit is not None and self.value > self.limit

    @property
    def figures(self) -> tuple[str, str]:
        """The value and the limit as text."""
        limit = "-" if self.limit is None else f"{self.limit:.2f}{self.unit}"
        return f"{self.value:.2f}{self.unit}", limit


def say(line: str) -> None:
    """Progress, on standard error: standard output holds the table alone."""
    print(line, file=sys.stderr, flush=True)


def header() -> str:
    """The machine and the versions that the figures belong to."""
    packages = ", ".join(f"{name} {_version(name)}" for name in ("moto", "boto3", "uvicorn"))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} CPUs, {platform.system()}\n{python}, {packages}"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def page(rows: Sequence[Row], failures: Sequence[str], day: date) -> str:
    """docs/benchmarks.md: the figures of one run, with its day and machine."""
    cells = []
    for row in rows:
        value, limit = row.figures
        cells.append((row.what, row.ours, row.peer, value + " (over)" * row.over, limit))
    lines = [
        "# How fast it is",
        "",
        "The figures of one run of `make bench`, which writes this page by "
        '`make bench ARGS="--markdown docs/benchmarks.md"`. Each is a ratio to a peer that was '
        "measured in the same run, on the same machine, in turns where that is possible, or, where "
        "no other program does the same, to what it may take. Lower is better, and what is over "
        "the limit that the project has set itself is marked. Your machine's figures differ; its "
        "ratios should not differ much.",
        "",
        f"Measured on {day.isoformat()}: {header().replace(chr(10), '; ')}.",
        "",
        "| what | xacct | peer | xacct/peer | limit |",
        "|---|--:|--:|--:|--:|",
        *("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in cells),
        *(f"\n{failure}" for failure in failures),
    ]
    return "\n".join(lines) + "\n"


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text, with whether each is within its limit."""
    cells = [("what", "xacct", "peer", "xacct/peer", "limit", "")]
    for row in rows:
        verdict = "" if row.limit is None else "OVER" if row.over else "within"
        cells.append((row.what, row.ours, row.peer, *row.figures, verdict))
    widths = [max(len(line[column]) for line in cells) for column in range(6)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column in (0, 5) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
