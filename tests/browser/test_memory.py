"""What a learner takes of a machine's memory: Binder gives each no more than 1 or 2 GB.

JupyterLab as `xacct lab` starts it, with the last notebook open and run in full: the kernel has
then imported all that the course uses, and the sandbox holds the accounts of every game.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest

from tests.browser.jupyterlab import TOKEN, Opened
from tests.memory import family, proportional, resident
from tests.notebooks.cells import PATHS
from tests.servers import Server

AT_MOST = 700 * 2**20  # bytes of resident memory
LAST = PATHS[-1].name


def _program(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    known = ("jupyterlab", "ipykernel", "xacct_helpers")
    return next((name for name in known if any(name in word for word in words)), words[0])


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc, which Linux has")
def test_a_learner_fits_into_binder(jupyter: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    server = Server(address=jupyter.address, token=TOKEN)
    server.wait()
    notebook = nbformat.from_dict(server.ask("GET", f"api/contents/{LAST}")["content"])
    with server.opened(LAST) as kernel:
        kernel.run_all(notebook)
        sizes = {_program(pid): resident(pid) for pid in family(jupyter.pid)}
        shared = sum(map(proportional, family(jupyter.pid)))
    each = ", ".join(f"{name} {size >> 20}" for name, size in sizes.items())
    with capsys.disabled():
        print(f"\nMiB resident: {each}; together {sum(sizes.values()) >> 20} ({shared >> 20})")
    assert sorted(sizes) == ["ipykernel", "jupyterlab", "xacct_helpers"]
    meant = {c["id"] for c in notebook.cells if "raises-exception" in c["metadata"].get("tags", [])}
    failed = {c["id"] for c in notebook.cells for o in c.get("outputs", []) if "ename" in o}
    assert failed <= meant, "the notebook was not run as it is meant"
    assert sum(sizes.values()) < AT_MOST
