"""A lab of a test's own, and this process's environment as it was before."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.loaders import Loader

from tests.forking import Fork
from xacct_helpers import workspace
from xacct_helpers.lab import Lab, open_lab


@contextmanager
def named(folder: Path) -> Iterator[Path]:
    """A lab that is not there yet, named by XACCT_LAB.

    Its sandbox ends with the block, and the environment is put back.
    """
    folder = workspace.absolute(folder)
    with pointed_at(folder):
        try:
            yield folder
        finally:
            workspace.stop(folder)


@contextmanager
def pointed_at(folder: Path) -> Iterator[None]:
    """Name a lab by XACCT_LAB, and put this process's environment back after the block."""
    before, models = dict(os.environ), Loader.CUSTOMER_DATA_PATH
    os.environ["XACCT_LAB"] = str(folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        Loader.CUSTOMER_DATA_PATH = models
        boto3.DEFAULT_SESSION = None


@contextmanager
def fresh() -> Iterator[Lab]:
    """A lab of a test's own on its first day, which this process and its kernels use.

    Its sandbox ends with it, and the process's environment is put back.
    """
    with (
        tempfile.TemporaryDirectory(prefix="xacct-lab-") as name,
        named(Path(name) / "lab") as folder,
    ):
        start(folder)
        yield open_lab()


def start(folder: Path) -> None:
    """Start a lab's sandbox as `open_lab` does, but by a fork; `open_lab` joins it then."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    arguments = ["serve", "--json", "--state", str(folder), "--port", "0"]
    if not (folder / "journal.jsonl").exists():
        arguments += ["--accounts", ",".join(workspace.ACCOUNTS)]
    with workspace._private(folder / "sandbox.log", "ab") as log:
        process = Fork(arguments, workspace.without_foreign(os.environ), log, folder=str(folder))
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
    assert line, (folder / "sandbox.log").read_text()
    # A sandbox that is started again takes this port, which others still point at.
    workspace.write(folder / "port", str(urlsplit(json.loads(line)["endpoint"]).port))
