"""What `make fast` leaves out is held to, so that it stays quick."""

from __future__ import annotations

import sys

import pytest

from tests import marks

COMMANDS: list[tuple[list[str], list[set[str]]]] = [
    (["/usr/bin/chromium", "--headless"], [{"browser"}]),
    ([sys.executable, "-m", "ipykernel_launcher", "-f", "x.json"], [{"kernel"}]),
    ([sys.executable, "-m", "pytest", "--nbval", "x.ipynb"], [{"kernel"}]),
    (["setpriv", "--reuid=1", "podman", "run"], [{"tools"}]),
    (["npm", "ci"], [{"tools", "browser"}]),
    ([sys.executable, "-m", "xacct_helpers", "serve"], []),
    (["sh", "-c", "echo podman"], []),
]


@pytest.mark.parametrize(
    ("command", "needed"), COMMANDS, ids=[" ".join(command[-2:]) for command, _ in COMMANDS]
)
def test_what_a_command_asks_for(command: list[str], needed: list[set[str]]) -> None:
    assert marks.needed(command) == needed


def test_a_test_without_its_marker_fails(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["tests.marks"]')
    pytester.makeini("[pytest]\nmarkers = kernel: starts a kernel")
    pytester.makepyfile(
        """
        import subprocess, sys
        import pytest

        START = [sys.executable, "-c", "", "ipykernel_launcher"]

        def test_unmarked():
            subprocess.run(START, check=True)

        @pytest.mark.kernel
        def test_marked():
            subprocess.run(START, check=True)

        @pytest.fixture(scope="module")
        def kernel():
            subprocess.run(START, check=True)

        def test_by_its_fixture(kernel):
            pass

        def test_nothing_started(kernel):
            pass
        """
    )
    found = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert found.parseoutcomes() == {"passed": 2, "failed": 1, "errors": 1}
    found.stdout.fnmatch_lines(["*what this test starts asks for pytest.mark.kernel*"])
