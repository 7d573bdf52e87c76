"""`make conformance`: build the program, run it, and say where it differs from expected.toml."""

from __future__ import annotations

import argparse
import sys

from tests.conformance.expected import expected, surprises
from tests.conformance.program import COMMIT, SOURCE, NotBuilt, built, report
from tests.tools import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument(
        "--source", default=SOURCE, help=f"a clone or a URL to fetch {COMMIT[:12]} from"
    )
    options = parser.parse_args()
    results = ROOT / ".cache" / "conformance" / "results"
    (results / "junit.xml").unlink(missing_ok=True)
    try:
        found = surprises(report(built(options.source), results), wanted := expected())
    except NotBuilt as error:
        print(error, file=sys.stderr)
        return 2
    print(*found, sep="\n", end="\n" if found else "")
    failing = sum(entry.count for entry in wanted.entries if entry.status == "failure")
    if not found:
        print(f"As expected: {wanted.passed} checks pass, {failing} fail, each for a named reason.")
    print(f"The program's own report: {results / 'report.html'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
