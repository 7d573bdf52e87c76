"""Nothing gets in or out: the network taken away, and what a program opens and calls traced."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

from tests.tools import ROOT, require


def without_network(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a network of its own in which there is nothing but loopback."""
    return subprocess.run(
        [*away(require("unshare", "util-linux"), require("ip", "iproute2")), *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def away(unshare: str, ip: str) -> list[str]:
    """What stands before a command to take the network away from it."""
    inside = ["sh", "-c", f'{ip} link set lo up && exec "$@"', "sh"]
    return [unshare, "--map-root-user", "--net", *inside]


@functools.cache
def away_where_possible() -> tuple[str, ...]:
    """The same, and nothing at all on a machine that cannot do it."""
    unshare, ip = shutil.which("unshare"), shutil.which("ip")
    if unshare is None or ip is None:
        return ()
    before = away(unshare, ip)
    return tuple(before) if works(*before, "true") else ()


def works(*command: str) -> bool:
    """Whether a command ends well."""
    return subprocess.run(command, capture_output=True).returncode == 0
