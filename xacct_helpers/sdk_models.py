"""This process's AWS SDK reads its service models in the lab's home, never in the user's.

botocore looks for models in `~/.aws/models` whatever the environment says, so a user's own model of
STS would change what the course does. Source: botocore, botocore/loaders.py (CUSTOMER_DATA_PATH).
"""

from __future__ import annotations

from pathlib import Path


def keep_to(lab: Path) -> None:
    """Have sessions made from now on look there. lab: the lab's folder."""
    from botocore.loaders import Loader

    Loader.CUSTOMER_DATA_PATH = str(lab / "home" / ".aws" / "models")
