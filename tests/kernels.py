"""Run cells in a kernel that starts in no time: a fork, as tests.forking tells.

Each run has a kernel of its own, which has imported what the course imports, and nothing else has
happened in it. The tests that start notebooks as learners do have kernels that start plainly.
"""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path
from typing import Any

import nbclient
import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from tests import labs
from tests.forking import Fork
from tests.notebooks.execute import joined_streams
from tests.tools import ROOT

CELL_SECONDS = 60


def outputs(*sources: str) -> list[list[Any]]:
    """Run cells in a lab on its first day; each cell's outputs. A cell may end in an error."""
    with labs.fresh():
        return run(*sources)


def run(*sources: str, folder: Path = ROOT / "notebooks") -> list[list[Any]]:
    """Run cells in the lab that is open, in a folder; each cell's outputs."""
    notebook = nbformat.v4.new_notebook()
    for source in sources:
        cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]})
        notebook.cells.append(cell)
    execute(notebook, folder)
    return [joined_streams(cell["outputs"]) for cell in notebook.cells]


def execute(notebook: Any, folder: Path) -> None:
    """Run a notebook's cells in the lab that is open; outputs are left in the notebook."""
    client(notebook, folder).execute()


def client(notebook: Any, folder: Path) -> nbclient.NotebookClient:
    """What runs a notebook's cells in the lab that is open, in a folder."""
    return nbclient.NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        # nbclient waits four seconds for what a cell has shown, and then goes on without it.
        iopub_timeout=CELL_SECONDS,
        raise_on_iopub_timeout=True,
        kernel_name="python3",
        kernel_manager_class=_Manager,
        resources={"metadata": {"path": str(folder)}},
    )


class _Manager(AsyncKernelManager):
    """Jupyter's manager of a kernel, with a fork for its process."""

    async def _async_pre_start_kernel(self, **more: Any) -> Any:
        self.kernel_id = str(uuid.uuid4())
        self.provisioner = _Provisioner(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
        )
        return await super()._async_pre_start_kernel(**more)


class _Provisioner(LocalProvisioner):
    async def launch_kernel(self, cmd: list[str], **more: Any) -> Any:
        assert cmd[1:3] == ["-m", "ipykernel_launcher"]
        environment = dict(more.get("env") or os.environ)
        # As Popen would announce it: tests.marks asks for the marker `kernel`.
        sys.audit("subprocess.Popen", cmd[0], cmd, more["cwd"], environment)
        with os.fdopen(os.dup(2), "w") as errors:
            self.process = Fork(
                cmd[3:], environment, errors, module=cmd[2], folder=str(more["cwd"])
            )
        self.pid = self.pgid = self.process.pid
        self.cwd = more["cwd"]
        return self.connection_info
