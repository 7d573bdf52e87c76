"""Faults, load and noise: at a size that fits `make test`, and ten times that in `make soak`."""

import os


def scaled(size: int) -> int:
    """The size of a test: as given, times $XACCT_SOAK (`make soak` says 10)."""
    return size * int(os.environ.get("XACCT_SOAK", "1"))
