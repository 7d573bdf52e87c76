"""Programs that run while a test does: free ports for them, and word that they are there."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class Ended(Exception):
    """A program ended before it had said that it is there; the message is all that it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that has said it is there. lines: all that it has said, and goes on saying."""

    process: subprocess.Popen[str]
    lines: list[str]


@contextmanager
def running(
    command: Sequence[str | Path], *, said: str, cwd: Path, env: Mapping[str, str]
) -> Iterator[Program]:
    """A program from the line that says it is there to the end of the block, which ends it.

    Raises Ended when it ends before it has said so.
    """
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if said in line:
                break
        else:
            raise Ended("".join(lines))
        drain = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
        drain.start()
        yield Program(process=process, lines=lines)
    finally:
        process.terminate()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody has, each another one."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
