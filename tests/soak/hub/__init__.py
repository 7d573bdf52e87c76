"""A real JupyterHub with the real configurable-http-proxy, and learners who come to it."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import programs
from tests.environments import LOCK, build, install, make, plain
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


def environment(scratch: Path) -> Path:
    """An environment with the wheel and JupyterHub, as on a hub's machine; its folder.

    What does not change is kept in .cache.
    """
    wanted = (LOCK.read_bytes(), (HERE / "requirements.txt").read_bytes(), sys.version.encode())
    folder = ROOT / ".cache" / "hub" / hashlib.sha256(b"\0".join(wanted)).hexdigest()[:16]
    wheel = str(build(ROOT, "wheel", scratch))
    if not (folder / "made").exists():
        make(folder, sys.executable, wheel, "--requirement", str(HERE / "requirements.txt"))
        (folder / "made").touch()
    install(folder, "--reinstall-package", "xacct", wheel)
    return folder


def proxy() -> Path:
    """configurable-http-proxy's program."""
    made = npm_installed(HERE / "proxy", plain())
    return made / "node_modules" / ".bin" / "configurable-http-proxy"


@contextmanager
def running(folder: Path) -> Iterator[Hub]:
    """A hub whose learners have their homes in a folder; it and their servers end with it."""
    binaries = environment(folder / "wheel") / "bin"
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
