"""The HTTPS front: a proxy on the loopback interface behind which AWS's host names are the sandbox.

A tool with HTTPS_PROXY pointing here asks to be connected to 111111111111.dkr.ecr.us-east-1.
amazonaws.com, gets a TLS connection that the lab's own authority vouches for, and speaks to the
sandbox as it would to AWS: login, push and pull included. Any other host is refused, so that no
tool wanders off to real AWS, or anywhere.
Source: RFC 9110, section 9.3.6 (CONNECT).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from ...aws.ecr_hosts import parse_ecr_host
from ...aws.services import SERVICES
from . import certificates

_REGION = r"[a-z]{2,4}(-[a-z]{2,16}){1,3}-\d{1,2}"
_API_HOSTS = re.compile(
    "|".join(
        rf"{re.escape(host)}(\.{_REGION}){'?' if service.global_endpoint else ''}\.amazonaws\.com"
        for service in SERVICES.values()
        for host in service.hosts
    )
)
# Printable characters only: the host is told in a log.
_REQUEST = re.compile(rb"CONNECT ([!-9;-~]{1,255}):(\d{1,5}) HTTP/1\.[01]\r\n")
_HEAD_LIMIT = 16 * 1024
_SECONDS = 20.0
_PORT_FILE = "front-port"
_log = logging.getLogger("xacct.sandbox")

Protocols = Callable[[], asyncio.Protocol]


def bind(folder: Path, lasting: bool) -> socket.socket:
    """A listening socket on the loopback interface.

    A lasting lab gets the port it had before, if that is free: terminals still point at it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    remembered = folder / _PORT_FILE
    try:
        listener.bind(("127.0.0.1", int(remembered.read_text()) if lasting else 0))
    except (OSError, ValueError, OverflowError):
        listener.bind(("127.0.0.1", 0))
    if lasting:
        remembered.write_text(str(listener.getsockname()[1]))
    listener.listen(128)
    listener.setblocking(False)
    return listener


async def serve(listener: socket.socket, folder: Path, protocols: Protocols) -> None:
    """Accept connections until cancelled.

    protocols: makes the HTTP server protocol that a connection is handed to once it speaks TLS.
    """
    loop = asyncio.get_running_loop()
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(_connect(connection, folder, protocols))
            running.add(task)
            task.add_done_callback(running.discard)
    finally:
        for task in running:
            task.cancel()
        listener.close()


async def _connect(connection: socket.socket, folder: Path, protocols: Protocols) -> None:
    """Answer one CONNECT and hand the connection on to the server, or close it."""
    context = None
    # A client that goes away, is too slow, or does not trust the lab's authority is not our matter:
    # it says so itself.
    with contextlib.suppress(OSError, TimeoutError):
        try:
            async with asyncio.timeout(_SECONDS):
                context = await _answer(connection, folder)
        finally:
            if context is None:
                connection.close()
        if context is not None:
            await asyncio.get_running_loop().connect_accepted_socket(
                protocols, connection, ssl=context, ssl_handshake_timeout=_SECONDS
            )


async def _answer(connection: socket.socket, folder: Path) -> ssl.SSLContext | None:
    """Tell the client whether it is connected; with what its host speaks TLS when it is."""
    loop = asyncio.get_running_loop()
    found = _REQUEST.match(await _head(connection))
    if found is None:
        await loop.sock_sendall(connection, _refusal(400, "this is a proxy for HTTPS"))
        return None
    host, port = found[1].decode("ascii", "replace").lower(), int(found[2])
    if port != 443 or not _is_of_the_lab(host):
        _log.warning("The HTTPS front refused a connection to %s:%d.", host, port)
        why = f"{host} is not part of this lab, and nothing else can be reached from it"
        await loop.sock_sendall(connection, _refusal(403, why))
        return None
    context = certificates.context(folder, host)
    await loop.sock_sendall(connection, b"HTTP/1.1 200 Connection established\r\n\r\n")
    return context


def _is_of_the_lab(host: str) -> bool:
    registry = parse_ecr_host(host)
    if registry is not None:
        return re.fullmatch(_REGION, registry.region) is not None
    return _API_HOSTS.fullmatch(host) is not None


async def _head(connection: socket.socket) -> bytes:
    """A request's first lines; what comes after them belongs to the client's next step."""
    loop = asyncio.get_running_loop()
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT:
        part = await loop.sock_recv(connection, 4096)
        if not part:
            break
        head += part
    return head


def _refusal(status: int, why: str) -> bytes:
    """An answer whose reason is in the status line, because that is what clients print."""
    printable = why.encode("ascii", "replace").decode()
    body = f"xacct: {printable}.\n".encode()
    lines = [
        f"HTTP/1.1 {status} {printable}",
        "content-type: text/plain; charset=utf-8",
        f"content-length: {len(body)}",
        "connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
