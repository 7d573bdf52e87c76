"""Processes that need no time to start: forks of one that has imported what they import.

Of the second that a sandbox, a kernel or the AWS CLI takes to start, most goes by before its first
line. A test that starts sandboxes to see what a lab keeps, and not how a process begins, takes
forks: each is a process of its own with its own standard output, environment and exit code, and
does from there on what `python -m xacct_helpers` does, `python -m ipykernel_launcher` for a kernel,
or `python -m awscli`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).parents[1]
_LENGTH = 4
_ONE_AT_A_TIME = threading.Lock()


class Fork:
    """What a test asks of a subprocess.Popen, of a fork."""

    stdin = stderr = None

    def __init__(
        self,
        arguments: list[str],
        environment: dict[str, str],
        errors: IO[Any],
        *,
        module: str = "xacct_helpers",
        folder: str | None = None,
    ) -> None:
        """Run `python -m module` in a folder; this process's own unless one is given."""
        reading, writing = os.pipe()
        self._ended, ended = os.pipe()
        with tempfile.TemporaryFile("w+") as request:
            json.dump([arguments, environment, folder or os.getcwd()], request)
            request.flush()
            request.seek(0)
            passed = [request.fileno(), writing, errors.fileno(), ended]
            with _ONE_AT_A_TIME:
                socket.send_fds(_server(module)[0], [b"+"], passed)
        os.close(writing)
        os.close(ended)
        self.stdout: IO[str] | None = os.fdopen(reading)
        self.pid = int.from_bytes(os.read(self._ended, _LENGTH), "big")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, or the number of the signal that ended it, negative."""
        code = self._wait(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout or 0)
        return code

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
            told = os.read(self._ended, _LENGTH)
            self.returncode = os.waitstatus_to_exitcode(int.from_bytes(told, "big"))
            os.close(self._ended)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """What it still said on standard output; it has ended."""
        self.wait(timeout)
        if self.stdout is None or self.stdout.closed:
            return "", None
        with self.stdout:
            return self.stdout.read(), None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def _server(module: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The process that forks for a module, and the way to it.

    It starts for the first fork, and ends with us.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking", str(theirs.fileno()), module],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd=_ROOT,
        )
    return ours, process


_imported: dict[str, str] = {}
"""What the imports have set in the environment, as awscli does."""

# -- in the process that forks ---------------------------------------------------------------


def main() -> None:
    """Fork for each request, until nobody can send one any more."""
    door, module = socket.socket(fileno=int(sys.argv[1])), sys.argv[2]
    before = dict(os.environ)
    _IMPORTS[module]()
    _imported.update(os.environ.items() - before.items())
    gc.collect()
    gc.freeze()  # so that a fork's collector does not copy every page
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the tests, which end then
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a guardian
    while True:
        told, descriptors, _, _ = socket.recv_fds(door, 1, 4)
        if not told:
            return
        if os.fork() == 0:
            door.close()
            _guard(module, *descriptors)
        for one in descriptors:
            os.close(one)


def _import_for_sandboxes() -> None:
    """Import what a sandbox does, and read the models that it reads each time."""
    import_module("xacct_helpers.cli")
    import_module("xacct_helpers.sandbox.server.app")
    import_module("uvicorn.protocols.http.auto")
    import_module("trustme")
    models = import_module("xacct_helpers.sandbox.protocol.models")
    for service in import_module("xacct_helpers.aws.services").SERVICES:
        models.service_model(service)


def _import_for_kernels() -> None:
    """Import what a kernel does, and what the course's cells do."""
    for name in (
        *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "ipykernel.zmqshell"),
        "psutil",
        *("boto3", "botocore.session", "anywidget", "pandas"),
    ):
        import_module(name)
    package = import_module("xacct_helpers")
    for name in package.__all__:  # each is imported when it is asked for
        getattr(package, name)


def _import_for_the_cli() -> None:
    """Import what the AWS CLI does for a call."""
    for name in ("clidriver", "handlers", "formatter"):
        import_module(f"awscli.{name}")
    for name in (
        "args",
        "client",
        "credentials",
        "endpoint",
        "handlers",
        "httpsession",
        "paginate",
    ):
        import_module(f"botocore.{name}")


_IMPORTS = {
    "xacct_helpers": _import_for_sandboxes,
    "ipykernel_launcher": _import_for_kernels,
    "awscli": _import_for_the_cli,
}


def _guard(module: str, request: int, output: int, errors: int, ended: int) -> None:
    """Fork the command, tell its process id, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(ended)
        _become(module, request, output, errors)
    for one in (request, output, errors):
        os.close(one)
    with contextlib.suppress(OSError):  # the tests may be gone
        os.write(ended, child.to_bytes(_LENGTH, "big"))
        os.write(ended, os.waitpid(child, 0)[1].to_bytes(_LENGTH, "big"))
    os._exit(0)


def _become(module: str, request: int, output: int, errors: int) -> None:
    """Be `python -m module` with the arguments of the request; SystemExit at its end."""
    if module == "ipykernel_launcher":
        os.setsid()  # Jupyter sends signals to the kernel and all that it has started
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with os.fdopen(request) as text:
        arguments, environment, folder = json.load(text)
    for target, one in ((1, output), (2, errors)):
        os.dup2(one, target)
        os.close(one)
    os.environ.clear()
    os.environ.update(environment | _imported)
    os.chdir(folder)
    sys.path[0] = os.getcwd()
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
