"""The sanitizing rules touch what varies and nothing that is taught."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .cells import IDS, PATHS, cells, texts
from .sanitizing import rules, sanitize

TAUGHT = {
    "ARN": r"arn:aws:[a-z]+:[a-z0-9-]*:\d{12}:[\w/.:+=,@-]+",
    "account id": r"\b\d{12}\b",
    "unique id": r"\b(?:AIDA|AROA)[A-Z0-9]{17}\b",
    "digest": r"sha256:[0-9a-f]{64}",
    "error code": r"\((?:[A-Z][a-z]+)+\)",
    "message": r"User: .* is not authorized to perform: .*",
}


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_what_is_taught_is_compared(path: Path) -> None:
    for cell in cells(path):
        for text in texts(cell):
            for name, pattern in TAUGHT.items():
                assert re.findall(pattern, text) == re.findall(pattern, sanitize(text)), name


def test_the_notebooks_hold_what_is_taught() -> None:
    """Else the test above would compare nothing with nothing."""
    everything = "\n".join(text for path in PATHS for cell in cells(path) for text in texts(cell))
    for name, pattern in TAUGHT.items():
        assert re.search(pattern, everything), name


VARIES = {
    "time": ("2026-11-24T02:41:45.132794+00:00", "2027-01-01 10:00:00Z"),
    "temporary-key": ("ASIARTXV5AHDQBFAUNQ2", "ASIATHPL2AOHLRRNCI66"),
    "port": ("http://127.0.0.1:39687/x", "http://127.0.0.1:40001/x"),
}


@pytest.mark.parametrize("name", list(rules()))
def test_each_rule_does_something(name: str) -> None:
    one, other = VARIES[name]
    assert sanitize(one) == sanitize(other)


NEVER = [
    "arn:aws:iam::111111111111:role/account-a-role-name",
    "arn:aws:sts::222222222222:assumed-role/some-role-name/account-b",
    "AccessDenied",
    "ExpiredToken",
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
    "chaining.",
    "AROATHPL2AOHNIPSNQ32G:account-b",
    "AKIARTXV5AHDQBFAUNQ2",
]


@pytest.mark.parametrize("text", NEVER)
def test_no_rule_touches(text: str) -> None:
    assert sanitize(text) == text
