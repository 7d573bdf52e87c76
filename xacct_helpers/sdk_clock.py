"""This kernel's AWS SDK by the lab's clock: it assumes a role again when, in the lab, it is time.

The sandbox ends sessions by the lab's clock. botocore renews them by the computer's; unless it
follows, a lab whose clock was advanced refuses sessions that botocore still takes for good.
Signatures stay dated by real time, which is what the sandbox judges them by.
Source: botocore 1.44, botocore/credentials.py (`_local_now` and what has it as a default).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

_ahead = timedelta(0)


def _lab_now() -> datetime:
    return datetime.now().astimezone() + _ahead


def follow(seconds: float) -> None:
    """Let botocore's credentials in this process live `seconds` ahead of real time."""
    global _ahead
    _ahead = timedelta(seconds=seconds)
    from botocore import credentials  # 10 ms

    module: Any = credentials
    before = module._local_now
    if before is _lab_now:
        return
    module._local_now = _lab_now
    for made in (module.RefreshableCredentials, module.DeferredRefreshableCredentials):
        constructor = made.__init__
        constructor.__defaults__ = tuple(
            _lab_now if value is before else value for value in constructor.__defaults__
        )
