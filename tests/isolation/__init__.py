"""Nothing gets in or out: the network taken away, and what a program opens and calls traced."""

from __future__ import annotations

import os
import subprocess

from tests.tools import ROOT, require


def without_network(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a network of its own in which there is nothing but loopback."""
    unshare, ip = require("unshare", "util-linux"), require("ip", "iproute2")
    inside = ["sh", "-c", f'{ip} link set lo up && exec "$@"', "sh", *command]
    return subprocess.run(
        [unshare, "--map-root-user", "--net", *inside],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
