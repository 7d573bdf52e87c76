"""One-time codes of virtual MFA devices: RFC 6238 with HMAC-SHA-1, 30 seconds and six digits.

A code is good in its own half minute, the one before and the one after, and once. How far AWS lets
clocks differ is not documented; RFC 6238 recommends one step.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from collections.abc import Sequence
from datetime import datetime

PERIOD = 30
_SEED_BYTES = 40
_DRIFT = 1


def new_seed() -> str:
    """A fresh seed from the operating system: 64 letters of base 32, as AWS's are."""
    return base64.b32encode(secrets.token_bytes(_SEED_BYTES)).decode()


def step_at(moment: datetime) -> int:
    """The number of the half minute that a moment is in."""
    return int(moment.timestamp()) // PERIOD


def code(seed: str, step: int) -> str:
    """The six digits that a device of this seed shows in a step."""
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", step), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def accepted(seed: str, codes: Sequence[str], now: datetime, *, after: int) -> int | None:
    """The step of the last of some consecutive codes; None when they are not good.

    after: the last step of which a code was used. Its codes and older ones are spent.
    """
    current = step_at(now)
    for last in range(current - _DRIFT, current + _DRIFT + 1):
        first = last - len(codes) + 1
        right = (
            hmac.compare_digest(code(seed, first + place), one) for place, one in enumerate(codes)
        )
        if first > after and all(right):
            return last
    return None
