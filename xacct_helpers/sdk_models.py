"""This process's AWS SDK reads its service models in the lab's home, never in the user's.

botocore looks for models in `~/.aws/models` whatever the environment says, so a user's own model of
STS would change what the course does. Source: botocore, botocore/loaders.py (CUSTOMER_DATA_PATH).
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

_FILES = 64  # a process that uses every service of the course reads about twenty


def keep_to(lab: Path) -> None:
    """Have sessions made from now on look there. lab: the lab's folder."""
    from botocore.loaders import Loader

    Loader.CUSTOMER_DATA_PATH = str(lab / "home" / ".aws" / "models")


def parse_once() -> None:
    """Have all sessions of this process share what botocore parses from its data files.

    botocore parses them anew for each session, the endpoints of every service of AWS among them,
    which takes some 80 ms: most of what `boto3.Session(...).client(...)` costs. Sharing is safe:
    the clients of one session share the same data. Source: botocore 1.44, botocore/loaders.py
    (JSONFileLoader, and Loader's instance_cache).
    """
    from botocore.loaders import JSONFileLoader

    loader: Any = JSONFileLoader
    if not hasattr(loader.load_file, "cache_info"):
        loader.load_file = _shared(loader.load_file, JSONFileLoader())


def _shared(load: Any, reader: Any) -> Any:
    @functools.lru_cache(maxsize=_FILES)
    def parsed(file_path: str) -> Any:
        data = load(reader, file_path)
        if data is None:
            raise FileNotFoundError(file_path)  # not remembered: it may be there the next time
        return data

    @functools.wraps(load)
    def load_file(self: Any, file_path: str) -> Any:
        try:
            return parsed(file_path)
        except FileNotFoundError:
            return None

    load_file.cache_info = parsed.cache_info  # type: ignore[attr-defined]
    return load_file
