"""python -m benchmarks: a table of how fast the kit is, each figure against a peer.

Figures are printed, not asserted: a busy machine is no fault of the code. The exit status is 1 only
when something could not run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks import (
    browsing,
    calls,
    cloning,
    deciding,
    editor,
    engine,
    fixture,
    gated,
    images,
    mapping,
    moves,
    notebooks,
    restarting,
    starting,
)
from benchmarks.report import CannotRun, Row, header, page, say, table

BENCHMARKS: dict[str, tuple[Callable[[], list[Row]], str]] = {
    "start": (starting.measure, "start of the server to its first answers, against plain moto"),
    "restart": (restarting.measure, "a lab of 10,000 changes started again, against plain moto"),
    "calls": (calls.measure, "one boto3 call and the server's part of it, against plain moto"),
    "engine": (
        engine.measure,
        "decisions a second, against iam-simulate; long policies; what asks and decide cost",
    ),
    "gate": (gated.measure, "what the gate adds to a call over HTTP, against 0.4 ms"),
    "moves": (moves.measure, "how often a request passes from one file to another"),
    "deciding": (deciding.measure, "a map of 200 by 200 roles, against 40,000 decisions"),
    "mapping": (mapping.measure, "the access map of 200 principals, against 300 ms"),
    "browsing": (browsing.measure, "the same map in JupyterLab until it answers, against 1 s"),
    "editor": (
        editor.measure,
        "a draft validated as it is typed, against the call that refuses it",
    ),
    "fixture": (
        fixture.measure,
        "fresh accounts for a test by the pytest fixture, against 50 ms and moto's mock_aws",
    ),
    "images": (images.measure, "an image of 512 MiB pushed and pulled, against docker-registry"),
    "notebooks": (notebooks.measure, "all notebooks under nbval, against 150 seconds"),
    "clone": (cloning.measure, "make lab and make test in a fresh clone, against venv and pip"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks; 0 when all of them ran, 1 otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="How fast the kit is. The table goes to standard output, progress to standard "
        "error. Figures are printed, not asserted.",
        epilog="benchmarks: "
        + "; ".join(f"{name}: {purpose}" for name, (_, purpose) in BENCHMARKS.items()),
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        choices=list(BENCHMARKS),
        help=f"run this one alone, one of {', '.join(BENCHMARKS)}; may be given again",
    )
    parser.add_argument(
        "--markdown",
        metavar="FILE",
        type=Path,
        help="write the page docs/benchmarks.md, with date and machine, to this file as well",
    )
    options = parser.parse_args(arguments)
    if options.markdown and options.only:
        parser.error("--markdown is for the figures of one whole run: leave --only out")
    chosen = options.only or list(BENCHMARKS)
    rows: list[Row] = []
    failures: list[str] = []
    for name in chosen:
        measure, purpose = BENCHMARKS[name]
        say(f"-- {name}: {purpose}")
        try:
            rows += measure()
        except CannotRun as error:
            failures.append(f"{name} could not run: {error}")
    print(header())
    if rows:
        print(f"\n{table(rows)}")
    if options.markdown:
        sections = _sections(options.markdown)
        options.markdown.write_text(page(rows, failures, date.today()) + sections)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _sections(written: Path) -> str:
    """What stands below the table in the page as it was: written by hand, and kept."""
    before = written.read_text() if written.exists() else ""
    _, heading, rest = before.partition("\n## ")
    return heading + rest


if __name__ == "__main__":
    sys.exit(main())
