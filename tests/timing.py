"""Where the time went: at the end of a run, the seconds of each folder and the slowest tests."""

from __future__ import annotations

from collections import Counter

import pytest

SLOWEST = 20
_seconds: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up a test's set-up, call and teardown."""
    _seconds[report.nodeid] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print both tables, for a run of more than one folder."""
    folders: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for nodeid, seconds in _seconds.items():
        folder = "/".join(nodeid.partition("::")[0].split("/")[:2])
        folders[folder] += seconds
        tests[folder] += 1
    if len(folders) < 2:
        return
    terminalreporter.section("time per folder")
    for folder, seconds in folders.most_common():
        terminalreporter.write_line(f"{seconds:7.1f}s  {folder} ({tests[folder]} tests)")
    terminalreporter.section(f"the {SLOWEST} slowest tests")
    for nodeid, seconds in _seconds.most_common(SLOWEST):
        terminalreporter.write_line(f"{seconds:7.1f}s  {nodeid}")
