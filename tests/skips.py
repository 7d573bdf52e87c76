"""With CI=true a skip is a failure: what a test needs, CI has. A pytest plugin; conftest.py has it.

Elsewhere a test skips where the machine lacks something, and says what to install.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from tests.tools import in_ci

# The reason of each skip that CI may have, and why it may.
ALLOWED = {
    "no IPv6 here": "a container often has none, and no package brings it",
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note a test that skips itself or that a mark skips, but none that is expected to fail."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself as a whole."""
    report = yield
    _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (in_ci() and report.skipped):
        return
    longrepr: Any = report.longrepr
    reason = str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)
    reason = reason.removeprefix("Skipped: ")
    if reason not in ALLOWED:
        report.outcome = "failed"
        report.longrepr = f"skipped, and with CI=true that is a failure: {reason}"
