"""The host names of ECR's registries: 111111111111.dkr.ecr.us-east-1.amazonaws.com.

Source: Amazon ECR User Guide, private registries. Standard library only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HOST = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com")


class EcrHost(NamedTuple):
    """Whose registry a host name means, and in which region."""

    account: str
    region: str


def ecr_host(account: str, region: str) -> str:
    """Return the host name of an account's registry in a region."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com"


def parse_ecr_host(host: str) -> EcrHost | None:
    """Return what a registry's host name means; None for any other host, or one with a port."""
    found = _HOST.fullmatch(host)
    return EcrHost(found[1], found[2]) if found else None
