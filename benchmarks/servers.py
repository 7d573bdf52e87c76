"""Start and stop the servers that are compared: the sandbox, and its peers."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from benchmarks.report import CannotRun

ROOT = Path(__file__).resolve().parent.parent
A, B = "111111111111", "222222222222"
DEADLINE = 60
"""Seconds that a server may take to answer."""
SECONDS = "x-benchmark-seconds"
"""The header in which a timed server (timed_xacct.py, timed_moto.py) says how long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """An access key of an account of the sandbox."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers. `keys`: administrator keys by account id; empty for the peers, as is
    the token of the control API."""

    name: str
    host: str
    port: int
    keys: dict[str, Keys]
    pid: int
    token: str = field(default="", repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"


@contextlib.contextmanager
def xacct(*more: str, program: str = "xacct_helpers") -> Iterator[Server]:
    """The sandbox of this checkout, from its command to the line that says it answers.

    more: further arguments of `xacct serve`; program: the module that is run.
    """
    command = [sys.executable, "-m", program, "serve", "--port", "0"]
    command += ["--accounts", f"{A},{B}", "--json", *more]
    with _running(command, "xacct serve") as (process, errors):
        assert process.stdout is not None
        watchdog = threading.Timer(DEADLINE, process.kill)
        watchdog.start()
        try:
            line = process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise _ended("xacct serve", process, errors)
        ready = json.loads(line)
        host, port = ready["endpoint"].removeprefix("http://").rstrip("/").split(":")
        keys = {
            account["id"]: Keys(
                access_key_id=account["access_key_id"],
                secret_access_key=account["secret_access_key"],
            )
            for account in ready["accounts"]
        }
        yield Server(
            name="xacct",
            host=host,
            port=int(port),
            keys=keys,
            pid=process.pid,
            token=ready["lab_token"],
        )


@contextlib.contextmanager
def plain_moto(module: str | None = None) -> Iterator[Server]:
    """moto_server as its documentation starts it, from its command to an open port.

    module: what is run in its place, with the same arguments.
    """
    port = _free_port()
    script = Path(sys.executable).parent / "moto_server"
    program = str(script) if script.is_file() else shutil.which("moto_server")
    if program is None:
        raise CannotRun("moto_server is not installed: pip install 'moto[server]'")
    command = [sys.executable, "-m", module] if module else [program]
    command += ["-H", "127.0.0.1", "-p", str(port)]
    with _running(command, "moto_server") as (process, log):
        _wait_for_port("moto_server", port, process, log)
        yield Server(name="moto", host="127.0.0.1", port=port, keys={}, pid=process.pid)


@contextlib.contextmanager
def docker_registry(folder: Path) -> Iterator[Server]:
    """Debian's docker-registry, its images in `folder`, without a login."""
    program = shutil.which("docker-registry")
    if program is None:
        raise CannotRun("docker-registry is not installed: apt install docker-registry")
    port = _free_port()
    config = folder / "config.json"  # JSON is YAML too
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    config.write_text(json.dumps(settings))
    with _running([program, "serve", str(config)], "docker-registry") as (process, log):
        _wait_for_port("docker-registry", port, process, log)
        yield Server(name="docker-registry", host="127.0.0.1", port=port, keys={}, pid=process.pid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def _running(command: list[str], name: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """(process, what it wrote to standard error); the process, and only it, is ended after."""
    with tempfile.TemporaryFile("w+") as errors:
        try:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        except OSError as error:
            raise CannotRun(f"{name} could not be started: {error}") from error
        try:
            yield process, errors
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def clean_environment() -> dict[str, str]:
    """The environment without what would change either server: AWS, moto and proxy settings; and
    without what `make bench` hands on, its ARGS too, to every make below it."""
    foreign = ("AWS_", "MOTO_", "XACCT_", "MAKE", "MFLAGS", "ARGS")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and not name.lower().endswith("_proxy")
    }


def ran(
    command: list[str], folder: Path, environment: dict[str, str], *, seconds: float | None = None
) -> None:
    """Run a command in a folder to its end; CannotRun, with its last words, when it fails."""
    told = " ".join(command[:3])
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"{told} did not end within {error.timeout:.0f} seconds") from error
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise CannotRun(f"{told} ended with {done.returncode}:\n{last}")


def _wait_for_port(name: str, port: int, process: subprocess.Popen[str], errors: IO[str]) -> None:
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise _ended(name, process, errors)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.connect()
            return
        except OSError:
            time.sleep(0.002)
        finally:
            connection.close()
    raise CannotRun(f"{name} did not answer within {DEADLINE} seconds")


def _ended(name: str, process: subprocess.Popen[str], errors: IO[str]) -> CannotRun:
    """What to raise when a server ends instead of answering."""
    status = process.wait()
    errors.seek(0)
    last = "\n".join(errors.read().strip().splitlines()[-3:])
    return CannotRun(f"{name} ended with status {status} before it answered:\n{last}")
