"""Calling the `xacct` command: in this process, or in one of its own as a shell does."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from xacct_helpers import cli

COMMAND = [sys.executable, "-m", "xacct_helpers"]
COMMANDS = (
    "lab",
    "serve",
    "status",
    "progress",
    "map",
    "trail",
    "stop",
    "reset",
    "env",
    "credential-process",
    "token",
    "decide",
    "lint",
)


Done = subprocess.CompletedProcess[str]


def xacct(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", **environment: str
) -> Done:
    """Run a command that ends by itself, in this process.

    What it sees is what a process of its own would see: standard streams that are no terminal, its
    folder and its environment. All of that is as before when it has ended.
    """
    streams = {name: _stream(stdin if name == "stdin" else b"") for name in _STREAMS}
    mask = os.umask(0o022)
    os.umask(mask)
    try:
        with (
            patch.multiple(sys, **streams),
            patch.dict(os.environ, environment),
            contextlib.chdir(cwd or "."),
            _signals_kept(),
        ):
            code = _ended_with([str(argument) for argument in arguments])
            said = [_told(streams[name]) for name in ("stdout", "stderr")]
    finally:
        os.umask(mask)
    return Done([*COMMAND, *arguments], code, *said)


_STREAMS = ("stdin", "stdout", "stderr")


def _stream(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", write_through=True)


def _told(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def _ended_with(arguments: list[str]) -> int:
    """The exit code, by the rules of the interpreter for SystemExit."""
    try:
        return cli.main(arguments)
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            return ending.code or 0
        print(ending.code, file=sys.stderr)
        return 1


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put back the handlers of the signals that `xacct serve` sets."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def xacct_process(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", **environment: str
) -> Done:
    """Run a command that ends by itself, in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        timeout=120,
    )
    return Done(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


Served = tuple[subprocess.Popen[str], dict[str, Any]]


@contextmanager
def serving(*arguments: str | Path, **environment: str) -> Iterator[Served]:
    """`xacct serve --json` with its line; it is ended, and its exit code seen, by SIGTERM."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=_mind_signals,
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _mind_signals() -> None:
    """What a shell starts with nohup or & ignores these two, and so does all that it starts."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
