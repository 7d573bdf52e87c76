"""How the tests are divided among pytest-xdist's workers.

Tests of one file run in one worker, so that what a module shares is made once. Files that share
something larger (a browser, a container store) form one group, for the same reason, and because two
of these at the same time would only wait for each other. The longest groups begin first.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

# Folders whose files share one group; the name is for people.
SHARED = {
    "tests/browser/": "the browser",
    "tests/tools/": "container tools",
    "tests/examples/": "the examples",
}
# The order in which groups begin, by the beginning of their test ids: the longest first, so that no
# worker is left alone with one at the end. What is not listed follows in pytest's own order.
LONGEST_FIRST = (
    "tests/browser/",
    "tests/notebooks/test_course.py",
    "tests/tools/",
    "tests/lessons/",
    "tests/soak/",
    "tests/cli/",
)
# Each notebook is run once, and these tests look at that run: those that have the same notebook as
# their parameter form a group.
_OF_A_NOTEBOOK = re.compile(
    r"tests/(?:notebooks/test_(?:course|predictions)|isolation/test_isolation)\.py::"
    r"\w+\[(?P<notebook>\d\d-[\w-]+)\]$"
)


def group_of(nodeid: str) -> str:
    """Name the group of a test: all tests of a group run in one worker."""
    for folder, group in SHARED.items():
        if nodeid.startswith(folder):
            return group
    of_a_notebook = _OF_A_NOTEBOOK.match(nodeid)
    return of_a_notebook["notebook"] if of_a_notebook else nodeid.partition("::")[0]


def _place(nodeid: str) -> int:
    for place, beginning in enumerate(LONGEST_FIRST):
        if nodeid.startswith(beginning):
            return place
    return len(LONGEST_FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest groups first."""
    items.sort(key=lambda item: _place(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # pytest may run without pytest-xdist, as in make mutants
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Divide the tests by `group_of`."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False  # in the order of the collection
    return ByGroup(config, log)
