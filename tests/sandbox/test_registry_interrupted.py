"""Uploads and pulls broken off in the middle: by the client, and by a kill -9 of the sandbox.

Sources: OCI distribution specification 1.1, pushing a blob in chunks, and the status of an upload.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sandbox.images import Image, digest_of
from tests.sandbox.registries import Client, with_digest
from tests.sandboxes import A, Forked, Sandbox

NAMED = {"repositoryName": "my-app"}
DATA = random.Random(7).randbytes(6 * 1024 * 1024)
SENT = 2 * 1024 * 1024 + 123
BLOB = f"my-app/blobs/{digest_of(DATA)}"


@contextmanager
def half_sent(
    client: Client, method: str, path: str, *, chunked: bool = False, sent: int = SENT
) -> Iterator[None]:
    """A request of DATA of which `sent` bytes are on their way, and no more come; then it is
    cut."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(DATA)}"
    head = f"{method} {path} HTTP/1.1\r\nHost: {client.host}\r\n{length}\r\n"
    head += f"Authorization: Basic {client.basic}\r\n\r\n"
    part = DATA[:sent]
    with socket.create_connection(("127.0.0.1", client.sandbox.port)) as connection:
        connection.sendall(head.encode())
        connection.sendall(b"%x\r\n%b\r\n" % (sent, part) if chunked else part)
        yield


def received(client: Client, upload: str) -> int:
    """Bytes that an upload holds."""
    reply = client.send("GET", upload)
    assert reply.status == 204, reply.body
    last = int(reply.headers["range"].rpartition("-")[2])
    return last + 1 if last else 0


def wait_for(client: Client, upload: str, least: int) -> int:
    """The bytes that an upload holds, once it holds so many."""
    deadline = time.monotonic() + 20
    while (size := received(client, upload)) < least:
        assert time.monotonic() < deadline, f"{size} of {least} bytes"
        time.sleep(0.01)
    return size


def finish(client: Client, upload: str) -> None:
    """Send what an upload lacks of DATA, from where it says that it stands, and complete it."""
    assert client.send("HEAD", BLOB).status == 404, "nothing half-written is seen"
    at = received(client, upload)
    place = {"Content-Range": f"{at}-{len(DATA) - 1}"}
    assert client.send("PATCH", upload, DATA[at:], place).status == 202
    assert client.send("PUT", with_digest(upload, digest_of(DATA))).status == 201
    assert client.send("GET", BLOB).body == DATA


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    return Client.of(sandbox)


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in HTTP's chunks"])
def test_a_client_that_dies_goes_on_where_it_was(client: Client, chunked: bool) -> None:
    upload = client.begin()
    with half_sent(client, "PATCH", upload, chunked=chunked):
        wait_for(client, upload, 1024 * 1024)
    assert wait_for(client, upload, SENT) == SENT, "what arrived is kept"
    finish(client, upload)


def test_a_client_that_dies_before_the_first_byte(client: Client) -> None:
    upload = client.begin()
    with half_sent(client, "PATCH", upload, sent=0):
        pass
    finish(client, upload)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.slow
def test_a_sandbox_that_is_killed_goes_on_where_it_was(tmp_path: Path, method: str) -> None:
    with Forked("--state", str(tmp_path)) as sandbox:
        sandbox.do(A, "ecr:CreateRepository", **NAMED)
        client = Client.of(sandbox)
        upload = client.begin()
        path = upload if method == "PATCH" else with_digest(upload, digest_of(DATA))
        with half_sent(client, method, path):
            wait_for(client, upload, 1024 * 1024)
            sandbox.kill()
    with Forked("--state", str(tmp_path), accounts=()) as sandbox:
        client = Client.of(sandbox)
        assert received(client, upload) >= 1024 * 1024
        finish(client, upload)


@pytest.mark.parametrize("last", [9, 2**30], ids=["more", "fewer"])
def test_other_bytes_than_announced(client: Client, last: int) -> None:
    """How many there are is not known before they have come; then none of them is kept."""
    upload = client.begin()
    headers = {
        "Host": client.host,
        "Authorization": f"Basic {client.basic}",
        "Content-Range": f"0-{last}",
    }
    connection = http.client.HTTPConnection("127.0.0.1", client.sandbox.port, timeout=20)
    connection.request("PATCH", upload, body=iter([DATA[:SENT]]), headers=headers)
    reply = connection.getresponse()
    [error] = json.loads(reply.read())["errors"]
    connection.close()
    assert (reply.status, error["code"]) == (400, "SIZE_INVALID")
    assert error["message"] == (
        f"Content-Range announces bytes 0 to {last}, and the request has {SENT} bytes."
    )
    assert received(client, upload) == 0
    finish(client, upload)


def test_one_of_many_that_send_the_same_chunk_is_heard(client: Client) -> None:
    upload = client.begin()
    place = {"Content-Range": f"0-{SENT - 1}"}
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(client.send, "PATCH", upload, DATA[:SENT], place) for _ in range(8)]
    assert sorted(one.result().status for one in sent) == [202, *[416] * 7]
    finish(client, upload)


def test_sixteen_pulls_at_once(client: Client) -> None:
    image = Image(DATA)
    assert client.push(image).status == 201

    def pull(_: int) -> bool:
        manifest = client.send("GET", "my-app/manifests/v1").body.decode()
        return manifest == image.manifest and client.send("GET", BLOB).body == DATA

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(pull, range(16)))


def test_a_pull_cut_short_is_nobodys_trouble(client: Client) -> None:
    client.push(Image(DATA))
    head = f"GET /v2/{BLOB} HTTP/1.1\r\nHost: {client.host}\r\nAuthorization: Basic {client.basic}"
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", client.sandbox.port)) as connection:
            connection.sendall(f"{head}\r\n\r\n".encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert client.send("GET", BLOB).body == DATA
