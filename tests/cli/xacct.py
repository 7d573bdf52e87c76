"""Calling the `xacct` command, as a shell does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def xacct(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        timeout=120,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


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
