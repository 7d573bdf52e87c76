"""A request's body, read as it comes in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

PIECE = 1024 * 1024


class Gone(Exception):
    """The client went away before its request was whole."""


class TooLong(Exception):
    """The body is longer than what was asked for may be."""


class Body:
    """The body behind ASGI's `receive`."""

    def __init__(self, receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self._receive = receive

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes, about PIECE of them at a time, however small the packets were.

        Raises Gone when the client goes away, after what arrived of it was handed out.
        """
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                if parts:
                    yield b"".join(parts)
                raise Gone
            part = message.get("body", b"")
            if part:
                parts.append(part)
                size += len(part)
            if not message.get("more_body"):
                break
            if size >= PIECE:
                yield b"".join(parts)
                parts, size = [], 0
        if parts:
            yield b"".join(parts)

    async def whole(self, limit: int) -> bytes:
        """All of it; TooLong when there is more than the limit, Gone when the client goes away."""
        found = bytearray()
        async for piece in self.pieces():
            found += piece
            if len(found) > limit:
                raise TooLong
        return bytes(found)
