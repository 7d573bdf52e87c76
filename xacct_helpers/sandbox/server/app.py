"""The process: one event loop, one port on the loopback interface.

API calls take well under a millisecond and run inline on the loop, so they are serialised, moto
needs no lock and outcomes are deterministic. What happens to a request is in pipeline.py.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..._version import __version__
from ...lab_api.lab_state import Administrator, Announcement
from .. import registry
from ..import_stubs import without
from ..protocol import parse
from ..protocol.messages import FilePart, HttpRequest, HttpResponse
from ..registry.bodies import Body, Gone, TooLong
from ..services.ecr.beyond_the_course import lifecycle
from ..store.state import State
from . import certificates, head_limits, https_front, pipeline

with without("uvicorn.main"):  # its command line
    from uvicorn.config import Config
    from uvicorn.server import Server

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_CHUNK = 1024 * 1024


# -- HTTP ------------------------------------------------------------------------------------


class App:
    """The ASGI application. Its scopes are all of HTTP: see the configuration in `run`."""

    def __init__(self, state: State, token: str) -> None:
        self.state = state
        self.token = token

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        lifecycle.apply_due(self.state)
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        refusal = pipeline.foreign(headers)
        if refusal is not None:
            await _send(send, refusal, scope["method"])
            return
        request = HttpRequest(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            client=scope["client"][0] if scope.get("client") else "127.0.0.1",
        )
        if request.path == "/v2" or request.path.startswith("/v2/"):
            # Layers are too large to be read whole.
            response = await registry.answer(self.state, request, Body(receive))
            if response is not None:
                await _send(send, response, request.method)
            return
        try:
            body = await Body(receive).whole(parse.MAX_API_BODY)
        except Gone:
            return
        except TooLong:
            await _send(send, pipeline.too_large(request), request.method)
            return
        response = pipeline.answer(self.state, replace(request, body=body), self.token)
        await _send(send, response, scope["method"])


async def _send(send: Send, response: HttpResponse, method: str) -> None:
    body = response.body
    headers = {"server": "xacct", **response.headers}
    if "content-length" not in headers:
        headers["content-length"] = str(len(body) if isinstance(body, bytes) else body.length)
    pairs = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    if method == "HEAD":
        await send({"type": "http.response.body", "body": b""})
    elif isinstance(body, bytes):
        await send({"type": "http.response.body", "body": body})
    else:
        await _send_file(send, body)


async def _send_file(send: Send, part: FilePart) -> None:
    with part.path.open("rb", buffering=0) as file:
        file.seek(part.start)
        left = part.length
        while left and (chunk := await asyncio.to_thread(file.read, min(left, _CHUNK))):
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


# -- the process -----------------------------------------------------------------------------


def bind(port: int) -> socket.socket:
    """A listening socket on the loopback interface; OSError when the port is taken."""
    # With the protocol named, asyncio sets TCP_NODELAY on what the listener accepts. Without it an
    # answer's body waits 40 ms for the client to acknowledge the headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    return listener


class _Server(Server):
    """uvicorn's server with the HTTPS front beside it, telling when both answer."""

    def __init__(
        self, config: Config, door: socket.socket, folder: Path, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._door, self._folder, self._ready = door, folder, ready
        self._front: asyncio.Task[None] | None = None

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._front = asyncio.create_task(
                https_front.serve(self._door, self._folder, self._protocol)
            )
            # uvicorn minds SIGINT and SIGTERM. An exception raised by a handler can be lost inside
            # the event loop, so a closed terminal asks for the same orderly end.
            if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it
                signal.signal(signal.SIGHUP, lambda *_: self.handle_exit(signal.SIGTERM, None))
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._front is not None:
            self._front.cancel()
        await super().shutdown(sockets=sockets)


def run(state: State, listener: socket.socket, announce: Callable[[Announcement], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` gets the contract line once the port answers."""
    port = listener.getsockname()[1]
    state.endpoint = f"http://127.0.0.1:{port}"
    certificate = certificates.ensure(state.folder)
    door = https_front.bind(state.folder, state.lasting)
    proxy = f"http://127.0.0.1:{door.getsockname()[1]}"
    token = secrets.token_urlsafe(32)
    config = Config(
        App(state, token),
        interface="asgi3",
        ws="none",
        lifespan="off",
        proxy_headers=False,  # X-Forwarded-For would let a caller choose its aws:SourceIp
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=head_limits.MAX_HEAD,
    )
    config.load()
    config.http_protocol_class = head_limits.bounded(config.http_protocol_class)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    # A line for each request that is no HTTP would fill a log, or a pipe that nobody reads.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    content = Announcement(
        endpoint=state.endpoint,
        accounts=tuple(
            Administrator(id=account, access_key_id=key.access_key_id, secret_access_key=key.secret)
            for account, key in state.administrators.items()
        ),
        registries={account: f"127.0.0.1:{port}/{account}" for account in state.accounts},
        lab_token=token,
        pid=os.getpid(),
        version=__version__,
        proxy=proxy,
        ca_file=str(certificate),
    )
    _Server(config, door, state.folder, lambda: announce(content)).run(sockets=[listener])
