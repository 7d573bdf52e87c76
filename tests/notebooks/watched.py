"""Runs one notebook under nbval, and writes down what else is to be seen of that run.

A program of its own, so that it can be started where there is no network, or under strace.
tests/notebooks/runs.py starts it, in a lab that is already there.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.isolation import user
from tests.notebooks.execute import difference, nbval_options
from xacct_helpers import workspace
from xacct_helpers.course import progress

_KINDS = ("stream", "display_data", "execute_result", "error")


def main(notebook: Path, folder: Path) -> int:
    """Run a notebook; the folder holds the lab and the user's home, and gets seen.json."""
    with trap() as listener:
        port = listener.getsockname()[1]
        os.environ.update(user.settings(folder / "home", port))
        os.environ["XACCT_LAB"] = str(folder / "lab")
        os.environ["JPY_SESSION_NAME"] = notebook.name  # as JupyterLab tells a kernel
        os.environ["IPYTHONDIR"] = str(_ipython(folder))
        outputs = Outputs(notebook)
        try:
            # The other plugins that may be installed have nothing to do here.
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            plain = ["-c", os.devnull, "--rootdir", str(notebook.parent), "--noconftest"]
            plain += ["-p", "nbval.plugin", "-p", "no:cacheprovider"]
            code = pytest.main([*plain, *nbval_options(notebook)], plugins=[outputs])
            running = workspace.find(folder / "lab")
            fingerprint = running.get("fingerprint")["fingerprint"] if running else None
        finally:
            workspace.stop(folder / "lab")
        seen = {
            "different": outputs.different,
            "fingerprint": fingerprint,
            "predictions": [asdict(one) for one in progress.read(folder / "lab").predictions],
            "interfaces": [name for _, name in socket.if_nameindex()],
            "trap": port,
            "trapped": trapped(listener),
        }
    (folder / "seen.json").write_text(json.dumps(seen))
    return int(code)


@contextlib.contextmanager
def trap() -> Iterator[socket.socket]:
    """A server that nobody may call."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.setblocking(False)
        yield listener


def trapped(listener: socket.socket) -> bool:
    """Whether somebody has called it."""
    try:
        listener.accept()
    except BlockingIOError:
        return False
    return True


def _ipython(folder: Path) -> Path:
    """IPython's own folder, with what answers the questions."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("answering.py"), startup)
    return folder / "ipython"


class Outputs:
    """A plugin of pytest that compares the whole of the outputs that nbval gets.

    different: cell id to how its outputs differ from the committed ones, where they do.
    """

    def __init__(self, notebook: Path) -> None:
        cells = nbformat.read(notebook, as_version=4).cells
        self._committed = {cell["id"]: cell["outputs"] for cell in cells if "outputs" in cell}
        self._messages: list[Any] = []
        self.different = dict.fromkeys(self._committed, "it was not run")

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Listen in on each notebook: nbval itself keeps no order of its outputs."""
        for file in {item.parent for item in items}:
            file.get_kernel_message = self._heard(file.get_kernel_message)

    def _heard(self, get: Any) -> Any:
        def get_and_keep(**how: Any) -> Any:
            self._messages.append(get(**how))
            return self._messages[-1]

        return get_and_keep

    def pytest_runtest_teardown(self, item: Any) -> None:
        """Compare what one cell has sent: the last message that nbval has read is the cell's."""
        requests = [message["parent_header"].get("msg_id") for message in self._messages]
        made = [
            nbformat.v4.output_from_msg(message)
            for message, request in zip(self._messages, requests, strict=True)
            if request == requests[-1] and message["msg_type"] in _KINDS
        ]
        name = item.cell["id"]
        self.different[name] = difference(made, self._committed[name])
        if not self.different[name]:
            del self.different[name]
        self._messages.clear()


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
