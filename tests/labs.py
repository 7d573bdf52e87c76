"""A lab of a test's own, and this process's environment as it was before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.loaders import Loader

from xacct_helpers import workspace


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
