"""How long a request's head may be: first line and headers, on every connection.

uvicorn bounds it with its Python parser, not with httptools', which would keep on collecting.
"""

from __future__ import annotations

from typing import Any

MAX_HEAD = 64 * 1024
MAX_HEADERS = 200
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n%s"
)


def bounded(protocol: Any) -> Any:
    """uvicorn's protocol class, refusing a head that is too long and closing the connection."""
    if not hasattr(protocol, "on_headers_complete"):  # the Python parser: see h11_max_… in server
        return protocol

    class Bounded(protocol):  # type: ignore[misc]
        _head: int | None = 0  # bytes that came while one is read; None between heads

        def on_message_begin(self) -> None:
            self._head = 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            if len(self.headers) > MAX_HEADERS:
                self._refuse(f"A request may have {MAX_HEADERS} headers at most.")
                raise ValueError("too many headers")  # has httptools stop
            self._head = None
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            within = self._head is not None
            super().data_received(data)
            if within and self._head is not None and not self.transport.is_closing():
                self._head += len(data)
                if self._head > MAX_HEAD:
                    self._refuse(f"A request's headers may hold {MAX_HEAD} bytes at most.")

        def send_400_response(self, msg: str) -> None:
            if not self.transport.is_closing():
                super().send_400_response(msg)

        def _refuse(self, why: str) -> None:
            body = why.encode() + b"\n"
            self.transport.write(_TOO_LARGE % (len(body), body))
            self.transport.close()

    return Bounded
