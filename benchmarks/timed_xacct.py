"""python -m benchmarks.timed_xacct serve …: `xacct serve` that says how long each answer took.

The seconds from a request that has arrived whole to its answer are in a header of that answer.
Reading and writing HTTP is not in them. timed_moto.py times plain moto in the same way.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from benchmarks.servers import SECONDS
from xacct_helpers import cli
from xacct_helpers.sandbox.server import app


class TimedApp(app.App):
    """The ASGI application with a header more."""

    async def __call__(self, scope: dict[str, Any], receive: app.Receive, send: app.Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        arrived = [await receive()]
        while arrived[-1].get("more_body"):
            arrived.append(await receive())

        async def receive_again() -> dict[str, Any]:
            return arrived.pop(0) if arrived else await receive()

        async def send_with_seconds(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":  # the body is made by then
                taken = time.perf_counter() - began
                header = (SECONDS.encode(), repr(taken).encode())
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        began = time.perf_counter()
        await super().__call__(scope, receive_again, send_with_seconds)


def main() -> int:
    """`xacct` with these arguments, its answers timed."""
    app.App = TimedApp  # type: ignore[misc]
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
