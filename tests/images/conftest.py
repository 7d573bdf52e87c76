"""A sandbox of its own for the transfer tests: the real server in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

ACCOUNTS = "111111111111,222222222222"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[dict[str, Any]]:
    """What `xacct serve --json` printed: "endpoint" and "accounts" with their keys."""
    command = [sys.executable, "-m", "xacct_helpers", "serve", "--port", "0"]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [*command, "--accounts", ACCOUNTS, "--json"], stdout=subprocess.PIPE, env=ours, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the sandbox ended with status {process.wait(10)} before it answered"
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(10)
