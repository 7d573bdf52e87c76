"""A Jupyter server's own API: a notebook opened with a kernel of its own, and run cell by cell.

It is what JupyterLab does in the browser; the server is reached as a browser reaches it, through
a hub's proxy for instance.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import nbformat
import websocket

CELL_SECONDS = 600  # thirty learners share the processors
Output = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Jupyter server: its address, with the base path, and a token that it takes."""

    address: str
    token: str

    def wait(self) -> None:
        """Return once it answers: Jupyter says that it runs before its port is open."""
        deadline = time.monotonic() + 60
        while True:
            try:
                self.ask("GET", "api")
                return
            except urllib.error.URLError as error:
                refused = isinstance(error.reason, ConnectionRefusedError)
                if not refused or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call its API; the JSON of the answer, None for an empty one."""
        return ask(f"{self.address}/{path}", self.token, method, body)

    @contextmanager
    def opened(self, notebook: str) -> Iterator[Kernel]:
        """A kernel for a notebook (a path from the server's root), ended afterwards."""
        session = self.ask(
            "POST",
            "api/sessions",
            {"path": notebook, "name": "", "type": "notebook", "kernel": {"name": "python3"}},
        )
        kernel = session["kernel"]["id"]
        try:
            socket = self._channels(kernel, session["id"])
            try:
                yield Kernel(socket=socket, session=session["id"])
            finally:
                socket.close()
        finally:
            self.ask("DELETE", f"api/sessions/{session['id']}")

    def _channels(self, kernel: str, session: str) -> websocket.WebSocket:
        address = f"{self.address.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
        return websocket.create_connection(
            f"{address}?session_id={session}",
            header=[f"Authorization: token {self.token}"],
            timeout=CELL_SECONDS,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A running kernel's channels."""

    socket: websocket.WebSocket
    session: str

    def run(self, code: str) -> list[Output]:
        """Run a cell; its outputs, as a notebook keeps them."""
        request = self._send("execute_request", code=code, silent=False, stop_on_error=False)
        outputs: list[Output] = []
        while True:
            message = json.loads(self.socket.recv())
            if message["parent_header"].get("msg_id") != request:
                continue
            kind = message["header"]["msg_type"]
            if kind == "status" and message["content"]["execution_state"] == "idle":
                return outputs
            if kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append(nbformat.v4.output_from_msg(message))

    def run_all(self, notebook: Any) -> None:
        """Run a notebook's code cells; the outputs are left in it, errors among them."""
        for cell in notebook.cells:
            if cell["cell_type"] == "code":
                cell["outputs"] = self.run(cell["source"])

    def _send(self, kind: str, **content: Any) -> str:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": self.session,
            "username": "",
            "version": "5.4",
        }
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.socket.send(json.dumps(message | {"channel": "shell", "buffers": []}))
        return str(header["msg_id"])


def ask(
    url: str, token: str, method: str = "GET", body: Any = None, *, events: bool = False
) -> Any:
    """An HTTP request with a token; the JSON of the answer, None for an empty one.

    events: the answer is a stream of events, and its last one counts. Raises urllib's HTTPError.
    """
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=CELL_SECONDS) as answer:
        content = answer.read().decode()
    if events:
        content = [line for line in content.splitlines() if line.startswith("data:")][-1][5:]
    return json.loads(content) if content else None
