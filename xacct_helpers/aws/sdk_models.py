"""This process's AWS SDK reads its service models in the lab's home, never in the user's.

botocore looks for models in `~/.aws/models` whatever the environment says, so a user's own model of
STS would change what the course does. Source: botocore, botocore/loaders.py (CUSTOMER_DATA_PATH).
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

_FILES = 64  # a process that uses every service of the course reads about twenty


def folder(lab: Path) -> Path:
    """Return where a lab has service models of its own. lab: the lab's folder."""
    return lab / "home" / ".aws" / "models"


def keep_to(lab: Path) -> None:
    """Have sessions made from now on look there. lab: the lab's folder."""
    from botocore.loaders import Loader  # 90 ms

    Loader.CUSTOMER_DATA_PATH = str(folder(lab))


def parse_once() -> None:
    """Have all sessions of this process share what botocore finds in its data files.

    botocore looks again for each session: it parses the endpoints of every service of AWS, which
    takes some 80 ms, and looks into the folder of each of some 400 services, twice, which takes 10
    of the 18 ms that are left of `boto3.Session(...).client(...)`. Sharing is safe: the clients of
    one session share the same data. Source: botocore 1.44, botocore/loaders.py (JSONFileLoader, and
    Loader's instance_cache).
    """
    from botocore.loaders import JSONFileLoader, Loader  # 90 ms

    files: Any = JSONFileLoader
    if not hasattr(files.load_file, "cache_info"):
        files.load_file = _shared(files.load_file, JSONFileLoader())
        loader: Any = Loader
        loader.list_available_services = _listed_once(loader.list_available_services)


def _listed_once(usual: Any) -> Any:
    """List a kind of data files again only once a service's folder has come or gone."""
    listed: dict[Any, list[str]] = {}

    @functools.wraps(usual)
    def list_available_services(self: Any, type_name: str) -> list[str]:
        folders = tuple((path, os.stat(path).st_mtime_ns) for path in self._potential_locations())
        if (folders, type_name) not in listed:
            listed[folders, type_name] = usual(self, type_name)
        return list(listed[folders, type_name])

    return list_available_services


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
