"""python -m benchmarks.timed_moto …: `moto_server` that says how long each answer took.

The seconds from a request that has arrived whole to its answer are in a header of that answer.
Reading and writing HTTP is not in them. timed_xacct.py times the sandbox in the same way.
"""

from __future__ import annotations

import io
import time
from typing import Any

from moto import server

from benchmarks.servers import SECONDS


class TimedApp(server.DomainDispatcherApplication):
    """The WSGI application with a header more."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        head: list[Any] = []
        began = time.perf_counter()
        body = list(super().__call__(environ, lambda *given: head.extend(given)))
        taken = time.perf_counter() - began
        status, headers, *_ = head
        start_response(status, [*headers, (SECONDS, repr(taken))])
        return body


def main() -> None:
    """`moto_server` with these arguments, its answers timed."""
    server.DomainDispatcherApplication = TimedApp  # type: ignore[misc]
    server.main()


if __name__ == "__main__":
    main()
