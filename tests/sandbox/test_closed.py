"""Nothing comes in that did not mean this lab, and no file of the host goes out.

By the plain port and by the HTTPS front, under AWS's own names, and on the registry's paths.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests.sandbox.images import Image
from tests.sandbox.registries import HOST, Client
from tests.sandboxes import A, Forked, Reply, Sandbox

Ask = Callable[..., Reply]
DOORS = ("plain", "front")
REFUSED_HOST = b"does not answer for the host"
REFUSED_PAGE = b"does not answer requests from web pages"


def by_front(sandbox: Sandbox, method: str, path: str, headers: dict[str, str]) -> Reply:
    """A request through the HTTPS front, which is asked for the registry's name."""
    context = ssl.create_default_context(cafile=sandbox.line["ca_file"])
    port = int(sandbox.line["proxy"].rpartition(":")[2])
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    connection.set_tunnel(HOST, 443)
    try:
        connection.request(method, path, headers={"Host": HOST, **headers})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, answer.read())
    finally:
        connection.close()


@pytest.fixture(params=DOORS)
def ask(sandbox: Sandbox, request: pytest.FixtureRequest) -> Ask:
    """ask(method, path, headers) by one of the two doors."""
    if request.param == "plain":
        return lambda method, path, headers: sandbox.http(method, path, b"", headers)
    return lambda method, path, headers: by_front(sandbox, method, path, headers)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "amazonaws.com.evil.example", "127.0.0.1.evil.example", "169.254.169.254"],
)
@pytest.mark.parametrize("path", ["/v2/", "/_lab/status", "/"])
def test_a_foreign_host(ask: Ask, host: str, path: str) -> None:
    """Also a page that was pointed at 127.0.0.1: it sends its own name."""
    reply = ask("GET", path, {"Host": host})
    assert reply.status == 403
    assert REFUSED_HOST in reply.body


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"https://{HOST}", "file://"])
def test_a_foreign_page(ask: Ask, sandbox: Sandbox, origin: str, method: str) -> None:
    """With everything that it could know, and before a cross-site request is even judged."""
    secrets = {"Authorization": f"Bearer {sandbox.line['lab_token']}"}
    login = {"Authorization": f"Basic {Client.of(sandbox).basic}"}
    for path, known in (("/_lab/status", secrets), ("/v2/", login), ("/", {})):
        reply = ask(method, path, {"Origin": origin, **known})
        assert reply.status == 403, path
        assert REFUSED_PAGE in reply.body
        assert not any(name.startswith("access-control") for name in reply.headers)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "localhost", "169.254.169.254", "s3.amazonaws.com"]
)
def test_the_front_connects_to_nobody_else(sandbox: Sandbox, host: str) -> None:
    port = int(sandbox.line["proxy"].rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.set_tunnel(host, 443)
    with pytest.raises(OSError, match=r"403 .* is not part of this lab"):
        connection.connect()
    connection.close()


def test_the_front_is_on_the_loopback_interface_only(sandbox: Sandbox) -> None:
    port = int(sandbox.line["proxy"].rpartition(":")[2])
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
    assert listening == {f"0100007F:{port:04X}"}


# -- paths of the host -----------------------------------------------------------------------

UP = ["..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e", "..%5c..", ".%00./..", "%252e%252e"]
TARGETS = ["etc/passwd", "journal.jsonl", "sandbox.json", "ca-key.pem"]
METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE"]
PLACES = [
    "/v2/{}",
    "/v2/my-app/manifests/{}",
    "/v2/my-app/blobs/{}",
    "/v2/my-app/blobs/sha256:{}",
    "/v2/my-app/blobs/uploads/{}",
    "/v2/{}/tags/list",
    "/v2/{}/manifests/v1",
    "/v2/{}/blobs/uploads/",
    "/v2/my-app/referrers/{}",
    "/v2/my-app/blobs/uploads/?mount=sha256:{}&from={}",
    "/_layers/{}",
    "/_layers/sha256:{}",
    "/{}",
]


@dataclass(frozen=True)
class Host:
    """A sandbox with files to be found, and what of them must not be told."""

    folder: Path
    client: Client
    hidden: tuple[bytes, ...]

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("lab")
    with Forked("--state", str(folder)) as sandbox:
        sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
        client = Client.of(sandbox)
        assert client.push(Image(b"layer")).status == 201
        secret = sandbox.admins[A].secret.encode()
        yield Host(folder, client, (secret, b"PRIVATE KEY", b"root:"))


@pytest.mark.parametrize("place", PLACES)
def test_no_path_leads_to_a_file_of_the_host(host: Host, place: str) -> None:
    before = host.files()
    for up, target, deep, method in product(UP, TARGETS, (1, 6), METHODS):
        path = place.replace("{}", "/".join([up] * deep + [target]))
        reply = host.client.send(method, path, b"x" if method[0] == "P" else b"")
        assert 400 <= reply.status < 500 or "mount=" in path, (method, path)
        assert not any(one in reply.body for one in host.hidden), (method, path)
    after = host.files()
    assert {path: after[path] for path in before} == before, "nor is one written"
    made = {path.relative_to(host.folder).parts[0] for path in after.keys() - before.keys()}
    assert made <= {"uploads"}, "by their ids"
