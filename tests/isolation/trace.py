"""Whom a program and all that it starts speaks to, and which files it opens: strace's answer."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.tools import require

_CALLS = "connect,sendto,sendmsg,open,openat,openat2"
_ADDRESS = re.compile(
    r"sin_port=htons\((?P<port>\d+)\), sin_addr=inet_addr\(\"(?P<four>[^\"]+)\"\)"
    r"|sin6_port=htons\((?P<port6>\d+)\).*?inet_pton\(AF_INET6, \"(?P<six>[^\"]+)\""
)
_OPENED = re.compile(r"^\d+ +open(?:at2?)?\((?:[^,\"]+, )?\"((?:[^\"\\]|\\.)*)\"", re.M)
_LOOPBACK = re.compile(r"127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """addresses: (IP address, port), of TCP and UDP. opened: paths, found or not."""

    addresses: frozenset[tuple[str, int]]
    opened: frozenset[str]

    @property
    def strangers(self) -> set[tuple[str, int]]:
        """Addresses that are not on this machine."""
        return {found for found in self.addresses if not _LOOPBACK.fullmatch(found[0])}


def trace(command: list[str], log: Path, environment: dict[str, str], cwd: Path) -> Trace:
    """Run a command under strace, which writes a log; it must exit with 0."""
    done = subprocess.run(
        [*tracing(require("strace", "strace"), log), *command],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return read(log)


def tracing(strace: str, log: Path) -> list[str]:
    """What stands before a command to have strace write a log."""
    return [
        *(strace, "-f", "--seccomp-bpf", "-qq", "-s", "4096"),
        *("-e", f"trace={_CALLS}", "-e", "signal=none", "-o", str(log)),
    ]


def read(log: Path) -> Trace:
    """What a log of strace holds."""
    text = log.read_text(errors="replace")
    addresses = {
        (found["four"] or found["six"], int(found["port"] or found["port6"]))
        for found in _ADDRESS.finditer(text)
    }
    return Trace(addresses=frozenset(addresses), opened=frozenset(_OPENED.findall(text)))
