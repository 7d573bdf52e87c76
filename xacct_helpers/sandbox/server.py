"""The process: one event loop, one port on the loopback interface.

API calls take well under a millisecond and run inline on the loop, so they are serialised, moto
needs no lock and outcomes are deterministic. `answer_api` shows the order of the layers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
import signal
import socket
import sys
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import __version__
from . import actions, authority, control, front, gate, heads, identities, registry, signature, wire
from .actions import lifecycle
from .errors import ApiError
from .gate import Asked
from .identities import Caller
from .lean import without
from .registry.bodies import Body, Gone, TooLong
from .state import State
from .trail import GLOBAL_REGION, Entry, Who, kept_answer, kept_parameters, kept_text
from .wire import Call, FilePart, HttpRequest, HttpResponse

with without("uvicorn.main"):  # its command line
    from uvicorn.config import Config
    from uvicorn.server import Server

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
_AWS = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(:\d+)?")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
_CHUNK = 1024 * 1024
_log = logging.getLogger("xacct.sandbox")


def answer_api(state: State, request: HttpRequest, request_id: str) -> HttpResponse:
    """One AWS API call, through every layer in order."""
    protocol = "json" if wire.speaks_json(request) else "query"
    seen = _Seen()
    try:
        addressed = wire.address(request)
        protocol, seen.service, seen.operation = (
            addressed.protocol,
            addressed.service,
            addressed.operation,
        )
        service = actions.BY_SERVICE[addressed.service]
        seen.caller = _authenticate(state, request, addressed)
        call = wire.read(request, addressed, request_id=request_id, served=service.OPERATIONS)
        seen.call = call
        actions.check(call)
        service.prepare(state, call, seen.caller)
        _authorise(state, call, seen)
        response: HttpResponse = service.perform(state, call, seen.caller)
    except ApiError as failure:
        seen.failure = failure
        response = wire.error(failure, protocol, request_id, seen.service)
    except Exception:
        # A defect of ours: the caller gets the service's own failure, the log gets the rest.
        _log.exception("%s:%s failed", seen.service, seen.operation)
        seen.failure = ApiError(
            "ServerException" if protocol == "json" else "ServiceFailure",
            "The sandbox failed to answer this call; its log says why.",
            500,
        )
        response = wire.error(seen.failure, protocol, request_id, seen.service)
    _write_trail(state, request, request_id, seen, response)
    return response


class _Seen:
    """What the layers found out about one request, for the trail."""

    def __init__(self) -> None:
        self.service = ""
        self.operation = ""
        self.caller: Caller | None = None
        self.call: Call | None = None
        self.asked: list[Asked] = []
        self.failure: ApiError | None = None


def _authenticate(state: State, request: HttpRequest, addressed: wire.Addressed) -> Caller:
    protocol = addressed.protocol
    if addressed.operation in actions.unsigned(addressed.service):
        return identities.ANYONE
    signed = signature.parse(request, protocol)
    caller = identities.identify(state, signed.access_key_id, signed.token, protocol)
    signature.verify(
        request,
        signed,
        caller.secret,
        service=addressed.service,
        protocol=protocol,
        now=state.clock.real(),
        region_ok=lambda region: _REGION.fullmatch(region) is not None,
    )
    identities.check_expiry(state, caller, protocol)
    return caller


def _authorise(state: State, call: Call, seen: _Seen) -> None:
    assert seen.caller is not None
    for ask in actions.BY_SERVICE[call.service].asks(state, call, seen.caller):
        asked = gate.decide(state, seen.caller, ask, call)
        seen.asked.append(asked)
        if not asked.decision.allowed:
            raise actions.refused(call, asked)


def _write_trail(
    state: State, request: HttpRequest, request_id: str, seen: _Seen, response: HttpResponse
) -> None:
    call = seen.call
    answered = call is not None and seen.failure is None
    state.trail.add(
        Entry(
            number=state.trail.next_number(),
            request_id=request_id,
            time=state.clock.now(),
            service=seen.service,
            operation=kept_text(seen.operation),
            caller=seen.caller.arn if seen.caller else None,
            account=seen.caller.account if seen.caller else None,
            source_ip=request.client,
            user_agent=kept_text(request.headers.get("user-agent", "")),
            error_code=seen.failure.code if seen.failure else None,
            error_message=kept_text(seen.failure.message) if seen.failure else None,
            asked=tuple(seen.asked),
            who=Who.of(seen.caller) if seen.caller else None,
            region=call.region if call and call.service != "iam" else GLOBAL_REGION,
            parameters=kept_parameters(call.params) if call else None,
            answer=kept_answer(seen.operation, response.body) if answered else b"",
        )
    )


# -- HTTP ------------------------------------------------------------------------------------


class App:
    """The ASGI application."""

    def __init__(self, state: State, token: str) -> None:
        self.state = state
        self.token = token

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        lifecycle.apply_due(self.state)
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        refusal = _foreign(headers)
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
            body = await Body(receive).whole(wire.MAX_API_BODY)
        except Gone:
            return
        except TooLong:
            await _send(send, _too_large(request), request.method)
            return
        await _send(send, self.answer(replace(request, body=body)), scope["method"])

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Which room a request is for."""
        if request.path.startswith("/_lab/"):
            return control.answer(self.state, request, self.token)
        if request.path.startswith("/_layers/"):
            return registry.layer(self.state, request)
        with self.state.clock.held():
            return answer_api(self.state, request, str(uuid.uuid4()))


def _foreign(headers: dict[str, str]) -> HttpResponse | None:
    """A refusal for a request that did not mean this sandbox, or comes from a web page."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if not (_LOOPBACK.fullmatch(host) or _AWS.fullmatch(host)):
        return _plain(403, f"This sandbox does not answer for the host '{host[:100]}'.")
    if origin is not None and not _LOOPBACK.fullmatch(origin.partition("://")[2]):
        return _plain(403, "This sandbox does not answer requests from web pages.")
    return None


def _plain(status: int, text: str) -> HttpResponse:
    return HttpResponse(
        status=status, headers={"content-type": "text/plain"}, body=text.encode() + b"\n"
    )


def _too_large(request: HttpRequest) -> HttpResponse:
    """The answer to a body that is too long, in the words of the service it is for.

    Source: AWS's common error types, RequestEntityTooLargeException.
    """
    text = f"A request body may hold {wire.MAX_API_BODY} bytes at most."
    if request.path.startswith("/_lab/"):
        return control.failure(413, text)
    if request.path.startswith("/_layers/"):
        return registry.as_json(413, {"message": text})
    protocol = "json" if wire.speaks_json(request) else "query"
    failure = ApiError("RequestEntityTooLargeException", text, 413)
    return wire.error(failure, protocol, str(uuid.uuid4()), wire.service_of_head(request))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


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
            self._front = asyncio.create_task(front.serve(self._door, self._folder, self._protocol))
            # uvicorn minds SIGINT and SIGTERM. An exception raised by a handler can be lost inside
            # the event loop, so a closed terminal asks for the same orderly end.
            if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it
                signal.signal(signal.SIGHUP, lambda *_: self.handle_exit(signal.SIGTERM, None))
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._front is not None:
            self._front.cancel()
        await super().shutdown(sockets=sockets)


def run(state: State, listener: socket.socket, announce: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` gets the contract line once the port answers."""
    port = listener.getsockname()[1]
    state.endpoint = f"http://127.0.0.1:{port}"
    certificate = authority.ensure(state.folder)
    door = front.bind(state.folder, state.lasting)
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
        h11_max_incomplete_event_size=heads.MAX_HEAD,
    )
    config.load()
    config.http_protocol_class = heads.bounded(config.http_protocol_class)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    # A line for each request that is no HTTP would fill a log, or a pipe that nobody reads.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    content = line(state, port, token) | {"proxy": proxy, "ca_file": str(certificate)}
    _Server(config, door, state.folder, lambda: announce(content)).run(sockets=[listener])


def line(state: State, port: int, token: str) -> dict[str, Any]:
    """What `xacct serve --json` prints, the HTTPS front apart."""
    return {
        "endpoint": state.endpoint,
        "accounts": [
            {
                "id": account,
                "access_key_id": key.access_key_id,
                "secret_access_key": key.secret,
            }
            for account, key in state.administrators.items()
        ],
        "registries": {account: f"127.0.0.1:{port}/{account}" for account in state.accounts},
        "lab_token": token,
        "pid": os.getpid(),
        "version": __version__,
    }
