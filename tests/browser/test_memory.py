"""What a learner takes of a machine's memory: Binder gives each no more than 1 or 2 GB.

JupyterLab as `xacct lab` starts it, with the last notebook open and run in full: the kernel has
then imported all that the course uses, and the sandbox holds the accounts of every game.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.visits import Visit
from tests.notebooks.cells import PATHS, cells, tags

pytestmark = pytest.mark.browser
AT_MOST = 700 * 2**20  # bytes of resident memory


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc, which Linux has")
def test_a_learner_fits_into_binder(
    visited: Callable[[Path], Visit], capsys: pytest.CaptureFixture[str]
) -> None:
    """JupyterLab may have been in use before: that takes more."""
    visit = visited(PATHS[-1])
    together = sum(one.resident for one in visit.processes)
    shared = sum(one.proportional for one in visit.processes)
    each = ", ".join(f"{one.program} {one.resident >> 20}" for one in visit.processes)
    with capsys.disabled():
        print(f"\nMiB resident: {each}; together {together >> 20} ({shared >> 20})")
    programs = sorted(one.program for one in visit.processes)
    assert programs == ["ipykernel", "jupyterlab", "xacct_helpers"]
    ran = cells(visit.saved)
    meant = {cell["id"] for cell in ran if "raises-exception" in tags(cell)}
    failed = {cell["id"] for cell in ran for output in cell["outputs"] if "ename" in output}
    assert failed <= meant, "the notebook was not run as it is meant"
    assert together < AT_MOST
