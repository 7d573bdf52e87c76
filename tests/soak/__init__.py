"""Faults, load and noise: at a size that fits `make test`, and ten times that in `make soak`."""

import os


def scaled(size: int, *, reduced: int | None = None) -> int:
    """The size of a test: as given, times $XACCT_SOAK (`make soak` says 10).

    reduced: a smaller size that proves the point, too, for `make test`, which does not say it.
    """
    times = int(os.environ.get("XACCT_SOAK", "1"))
    return reduced if times == 1 and reduced is not None else size * times
