"""The list of what the conformance program finds is held against its report, and told apart."""

from __future__ import annotations

import pytest

from tests.conformance.expected import Entry, Expected, expected, surprises
from tests.tools import ROOT

WANTED = Expected(
    passed=1,
    entries=(
        Entry(tests="^sha512/", status="failure", count=1, named="one"),
        Entry(tests="/blob-delete$", status="skipped", count=2, named="two"),
    ),
)
PASSED = ("sha256/pull", "passed")
LISTED = [
    PASSED,
    ("sha512/push", "failure"),
    ("image/blob-delete", "skipped"),
    ("index/blob-delete", "skipped"),
]
REPORTS = [
    ("as listed", LISTED, []),
    ("in another order", LISTED[::-1], []),
    (
        "another failure",
        [*LISTED, ("image/head", "failure")],
        ["failure, not expected: image/head: because"],
    ),
    (
        "a listed check ends in another way",
        [*LISTED[:3], ("index/blob-delete", "failure")],
        [
            "failure, not expected: index/blob-delete: because",
            "1 checks of '/blob-delete$' are skipped, expected: 2",
        ],
    ),
    (
        "a listed failure passes",
        [PASSED, PASSED, *LISTED[2:]],
        [
            "2 checks pass, expected: 1",
            "0 checks of '^sha512/' are failure, expected: 1",
        ],
    ),
    (
        "a check is gone",
        LISTED[1:],
        ["0 checks pass, expected: 1"],
    ),
    (
        "the program's own fault",
        [*LISTED, ("image/head", "error")],
        ["error, not expected: image/head: because"],
    ),
]


def junit(checks: list[tuple[str, str]]) -> str:
    cases = "".join(
        f'<testcase name="OCI Conformance Test/{name}" status="{status}">'
        "<system-out>because</system-out></testcase>"
        for name, status in checks
    )
    return f"<testsuites><testsuite>{cases}</testsuite></testsuites>"


@pytest.mark.parametrize(("name", "checks", "said"), REPORTS, ids=[row[0] for row in REPORTS])
def test_a_report_is_held_against_the_list(
    name: str, checks: list[tuple[str, str]], said: list[str]
) -> None:
    assert surprises(junit(checks), WANTED) == said


def test_every_entry_is_named_in_the_fidelity_notes() -> None:
    notes = " ".join((ROOT / "docs" / "fidelity.md").read_text().split())
    assert [entry.named for entry in expected().entries if entry.named not in notes] == []


def test_the_fidelity_notes_have_the_lists_figures() -> None:
    notes = " ".join((ROOT / "docs" / "fidelity.md").read_text().split())
    wanted = expected()
    failing = sum(entry.count for entry in wanted.entries if entry.status == "failure")
    skipped = sum(entry.count for entry in wanted.entries if entry.status == "skipped")
    told = (
        f"of {wanted.passed + failing + skipped} checks {wanted.passed} pass, {skipped} are skipped"
    )
    assert told in notes
    assert f"{failing} fail." in notes
