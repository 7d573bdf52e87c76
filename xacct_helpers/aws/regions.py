"""The regions that the lab's code names. Standard library only."""

from __future__ import annotations

DEFAULT_REGION = "us-east-1"
"""The region of the lab's profiles, and of a request that names none."""
GLOBAL_REGION = "us-east-1"
"""Where CloudTrail keeps the calls of services that have no region, such as IAM."""
