"""A real JupyterHub with the real configurable-http-proxy, and learners who come to it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import programs
from tests.environments import build, kept, plain
from tests.servers import Server, ask
from tests.tools import ROOT, npm_installed
from xacct_helpers import workspace

HERE = Path(__file__).parent
TOKEN = "the-token-of-the-teacher"


@dataclass(frozen=True)
class Hub:
    """A running hub: its address, and the folder that holds the learners' homes."""

    address: str
    folder: Path

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The hub's own API, as the teacher."""
        return ask(f"{self.address}/hub/api/{path}", TOKEN, method, body)

    def admit(self, name: str) -> Server:
        """A learner comes: their server, once it has started."""
        self.ask("POST", f"users/{name}")
        self.ask("POST", f"users/{name}/server", {})
        # The stream of events ends when the server has started, or cannot start.
        ended = ask(f"{self.address}/hub/api/users/{name}/server/progress", TOKEN, events=True)
        assert ended.get("ready"), ended
        token = self.ask("POST", f"users/{name}/tokens", {"note": "tests"})["token"]
        return Server(address=f"{self.address}/user/{name}", token=token)


def proxy() -> Path:
    """configurable-http-proxy's program."""
    made = npm_installed(HERE / "proxy", plain())
    return made / "node_modules" / ".bin" / "configurable-http-proxy"


@contextmanager
def running(folder: Path) -> Iterator[Hub]:
    """A hub whose learners have their homes in a folder; it and their servers end with it."""
    wheel = build(ROOT, "wheel", folder / "wheel")
    with kept(sys.executable, wheel, HERE / "requirements.txt") as environment:
        yield from _running_in(environment / "bin", folder)


def _running_in(binaries: Path, folder: Path) -> Iterator[Hub]:
    homes = folder / "homes"
    homes.mkdir()
    temporary = tempfile.TemporaryDirectory(dir="/tmp")  # a short name: sockets' have little room
    ports = programs.free_ports(3)
    variables = {
        "CLASS_TEMPORARY": temporary.name,
        "PATH": f"{binaries}:{plain()['PATH']}",
        "CLASS_FOLDER": str(homes),
        "CLASS_CONFIG": str(ROOT / "deploy" / "jupyterhub" / "xacct.py"),
        "CLASS_TOKEN": TOKEN,
        "CLASS_PROXY": str(proxy()),
        "CLASS_PORT": str(ports[0]),
        "CLASS_HUB_PORT": str(ports[1]),
        "CLASS_PROXY_PORT": str(ports[2]),
    }
    command = [binaries / "jupyterhub", "--config", HERE / "jupyterhub_config.py"]
    try:
        with programs.running(
            command, said="JupyterHub is now running", cwd=homes, env=plain(**variables)
        ) as hub:
            try:
                yield Hub(address=f"http://127.0.0.1:{ports[0]}", folder=homes)
            except BaseException:
                print("".join(hub.lines[-200:]))
                raise
    finally:
        for lab in homes.glob(f"*/{workspace.LAB_FOLDER}"):
            workspace.stop(workspace.absolute(lab))
        temporary.cleanup()
