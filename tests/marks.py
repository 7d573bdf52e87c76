"""Hold the tests to their markers: what starts a browser, a kernel or another tool has to say so.

`make fast` leaves the marked tests out. A pytest plugin; conftest.py has it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import PurePath
from typing import Any

import pytest

# The markers that a program asks for, by the name it is called by: one of them is enough.
PROGRAMS = {
    "chromium": {"browser"},
    # A browser test has axe-core from npm, and Playwright, which drives the browser, is in Node.
    "node": {"tools", "browser"},
    "npm": {"tools", "browser"},
    "containerd": {"tools"},
    "ctr": {"tools"},
    "docker-credential-ecr-login": {"tools"},
    "podman": {"tools"},
    "qemu-aarch64-static": {"tools"},
    "runc": {"tools"},
    "skopeo": {"tools"},
}
# The marker that an argument asks for.
ARGUMENTS = {"ipykernel_launcher": {"kernel"}, "--nbval": {"kernel"}}
_needed: list[set[str]] = []


def needed(command: list[str]) -> list[set[str]]:
    """The markers that a test has to have that starts this command: one of each set."""
    found = [PROGRAMS[name] for name in map(_name, command) if name in PROGRAMS]
    return found + [ARGUMENTS[word] for word in command if word in ARGUMENTS]


def _name(word: str) -> str:
    return PurePath(word).name


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        words = arguments[1]
        command = [words] if isinstance(words, str | bytes) else list(words)
        _needed.extend(needed([str(word) for word in command]))


sys.addaudithook(_note)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that started something that its markers do not name."""
    report = yield
    marks = {mark.name for mark in item.iter_markers()}
    missing = [one for one in _needed if not one & marks]
    _needed.clear()
    if missing and report.passed:
        report.outcome = "failed"
        words = {" or ".join(f"pytest.mark.{name}" for name in sorted(one)) for one in missing}
        told = ", ".join(sorted(words))
        report.longrepr = f"what this test starts asks for {told}; see tests/marks.py"
    return report
