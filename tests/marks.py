"""Hold the tests to their markers: what starts a browser, a kernel or another tool has to say so.

`make fast` leaves the marked tests out. A pytest plugin; conftest.py has it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import PurePath
from typing import Any

import pytest

# The marker that a program asks for, by the name it is called by.
PROGRAMS = {
    "chromium": "browser",
    **dict.fromkeys(
        (
            "containerd",
            "ctr",
            "docker-credential-ecr-login",
            "node",
            "npm",
            "podman",
            "qemu-aarch64-static",
            "runc",
            "skopeo",
            "strace",
        ),
        "tools",
    ),
}
# The marker that an argument asks for.
ARGUMENTS = {"ipykernel_launcher": "kernel", "--nbval": "kernel"}
_needed: set[str] = set()


def needed(command: list[str]) -> set[str]:
    """The markers that a test has to have that starts this command."""
    found = {PROGRAMS[name] for name in map(_name, command) if name in PROGRAMS}
    return found | {ARGUMENTS[word] for word in command if word in ARGUMENTS}


def _name(word: str) -> str:
    return PurePath(word).name


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        words = arguments[1]
        command = [words] if isinstance(words, str | bytes) else list(words)
        _needed.update(needed([str(word) for word in command]))


sys.addaudithook(_note)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that started something that its markers do not name."""
    report = yield
    missing = {name for name in _needed if item.get_closest_marker(name) is None}
    _needed.clear()
    if missing and report.passed:
        report.outcome = "failed"
        marks = ", ".join(f"pytest.mark.{name}" for name in sorted(missing))
        report.longrepr = f"what this test starts asks for {marks}; see tests/marks.py"
    return report
