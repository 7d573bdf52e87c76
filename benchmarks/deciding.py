"""What a map of who can assume what costs, against one decision for each pair."""

from __future__ import annotations

import time

from benchmarks.report import CannotRun, Row
from tests.policy.test_who_can import accounts, one_by_one
from xacct_helpers.policy import who_can

SIZE = 200
LIMIT = 0.1


def measure(size: int = SIZE) -> list[Row]:
    """One row: size callers by size roles in another account, about 4 % of which may.

    CannotRun when the two do not say the same: the times would then mean nothing.
    """
    callers, roles = accounts(size)
    began = time.perf_counter()
    found = who_can("sts:AssumeRole", callers, roles)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    expected = one_by_one("sts:AssumeRole", callers, roles)
    peer = time.perf_counter() - began
    if found != expected:
        raise CannotRun("who_can and evaluate do not agree")
    return [
        Row(
            what=f"who_can for {size} by {size} roles, against evaluate for each pair",
            ours=f"{ours * 1000:.0f} ms",
            peer=f"{peer * 1000:.0f} ms",
            value=ours / peer,
            limit=LIMIT,
        )
    ]
