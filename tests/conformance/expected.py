"""What a report of the conformance program is to hold: expected.toml, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

EXPECTED = Path(__file__).with_name("expected.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Checks that do not pass.

    tests:  a regular expression; the first entry that matches a check's name is the check's own.
    status: "failure" or "skipped". count: how many there are.
    named:  the words of docs/fidelity.md that say why.
    """

    tests: str
    status: str
    count: int
    named: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    passed: int
    entries: tuple[Entry, ...]


def expected() -> Expected:
    """What stands in expected.toml."""
    content = tomllib.loads(EXPECTED.read_text())
    return Expected(
        passed=content["passed"], entries=tuple(Entry(**one) for one in content["entry"])
    )


def surprises(junit: str, wanted: Expected) -> list[str]:
    """Where a report differs, in one line each; none when all is as expected."""
    return list(_surprises(_checks(junit), wanted))


def _checks(junit: str) -> list[tuple[str, str, str]]:
    """The name without the program's own, the status and the message of each check."""
    return [
        (
            case.get("name", "").partition("/")[2],
            case.get("status", ""),
            " ".join((case.findtext("system-out") or "").split()),
        )
        for case in ElementTree.fromstring(junit).iter("testcase")
    ]


def _surprises(checks: Sequence[tuple[str, str, str]], wanted: Expected) -> Iterator[str]:
    found: Counter[Entry] = Counter()
    passed = 0
    for name, status, message in checks:
        if status == "passed":
            passed += 1
            continue
        same = (e for e in wanted.entries if e.status == status and re.search(e.tests, name))
        entry = next(same, None)
        if entry is None:
            yield f"{status}, not expected: {name}: {message[:300]}"
        else:
            found[entry] += 1
    if passed != wanted.passed:
        yield f"{passed} checks pass, expected: {wanted.passed}"
    for entry in wanted.entries:
        if found[entry] != entry.count:
            yield (
                f"{found[entry]} checks of {entry.tests!r} are {entry.status}, "
                f"expected: {entry.count}"
            )
