"""What is wrong with a request under /v2/ is said in the specification's terms; nothing is lost.

After each: no new tag is visible, and the next push is fine.
Sources: OCI distribution specification 1.1, error codes and pushing; what ECR says instead of the
specification's own where that is known (registry/errors.py).
"""

from __future__ import annotations

import json
import resource
from dataclasses import dataclass, field

import pytest

from tests.sandbox.images import INDEX_TYPE, MANIFEST_TYPE, Image, digest_of
from tests.sandbox.registries import Client, with_digest
from tests.sandboxes import A, Sandbox

IMAGE = Image(b"a layer of one image")
DATA = b"ten bytes!"
MISSING = digest_of(b"nobody has pushed this")
UPLOAD = "<upload>"  # stands for the path of an upload that holds DATA
BLOB = f"my-app/blobs/{digest_of(IMAGE.layer)}"


def _manifest(layer: str) -> bytes:
    manifest = json.loads(IMAGE.manifest)
    manifest["layers"][0]["digest"] = layer
    return json.dumps(manifest).encode()


@dataclass(frozen=True)
class Bad:
    """A request, and the status and code of its answer."""

    name: str
    method: str
    path: str
    status: int
    code: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


ONE = {"Content-Range": "0-9"}
GAP = {"Content-Range": "20-29"}
BAD = [
    Bad(
        "a digest that is not the content's",
        "PUT",
        with_digest(UPLOAD, MISSING),
        400,
        "DIGEST_INVALID",
    ),
    Bad("a digest cut short", "PUT", with_digest(UPLOAD, MISSING[:40]), 400, "DIGEST_INVALID"),
    Bad("no digest at all", "PUT", UPLOAD, 400, "DIGEST_INVALID"),
    Bad(
        "a chunk shorter than announced",
        "PATCH",
        UPLOAD,
        400,
        "SIZE_INVALID",
        DATA[:5],
        {"Content-Range": "10-19"},
    ),
    Bad("a chunk sent twice", "PATCH", UPLOAD, 416, "BLOB_UPLOAD_INVALID", DATA, ONE),
    Bad("a chunk after a gap", "PATCH", UPLOAD, 416, "BLOB_UPLOAD_INVALID", DATA, GAP),
    Bad(
        "what is no range",
        "PATCH",
        UPLOAD,
        400,
        "BLOB_UPLOAD_INVALID",
        DATA,
        {"Content-Range": "a-b"},
    ),
    Bad(
        "an upload that nobody began",
        "PATCH",
        "my-app/blobs/uploads/nope",
        404,
        "BLOB_UPLOAD_UNKNOWN",
        DATA,
    ),
    Bad("a blob that nobody pushed", "GET", f"my-app/blobs/{MISSING}", 404, "BLOB_UNKNOWN"),
    Bad("a blob by a digest cut short", "GET", "my-app/blobs/sha256:abc", 400, "DIGEST_INVALID"),
    Bad("a range past the end", "GET", BLOB, 416, "SIZE_INVALID", b"", {"Range": "bytes=9999-"}),
    Bad(
        "a layer that is missing",
        "PUT",
        "my-app/manifests/new",
        404,
        "MANIFEST_BLOB_UNKNOWN",
        _manifest(MISSING),
    ),
    Bad(
        "a manifest that is not JSON", "PUT", "my-app/manifests/new", 400, "MANIFEST_INVALID", b"{"
    ),
    Bad(
        "a manifest that is not text",
        "PUT",
        "my-app/manifests/new",
        400,
        "MANIFEST_INVALID",
        b"\xff\xfe",
    ),
    Bad(
        "a manifest nested too deep",
        "PUT",
        "my-app/manifests/new",
        400,
        "MANIFEST_INVALID",
        b"[" * 100_000,
    ),
    Bad(
        "a manifest over 4 MiB",
        "PUT",
        "my-app/manifests/new",
        413,
        "MANIFEST_INVALID",
        b" " * (4 * 1024 * 1024 + 1),
    ),
    Bad(
        "a manifest under another's digest",
        "PUT",
        f"my-app/manifests/{MISSING}",
        400,
        "MANIFEST_INVALID",
        _manifest(digest_of(IMAGE.layer)),
    ),
    Bad(
        "a manifest of another type than its Content-Type",
        "PUT",
        "my-app/manifests/new",
        400,
        "MANIFEST_INVALID",
        IMAGE.manifest.encode(),
        {"Content-Type": INDEX_TYPE},
    ),
    Bad(
        "a manifest that is a list",
        "PUT",
        "my-app/manifests/new",
        400,
        "MANIFEST_INVALID",
        b"[]",
        {"Content-Type": MANIFEST_TYPE},
    ),
    Bad("a manifest that nobody pushed", "GET", "my-app/manifests/nope", 404, "MANIFEST_UNKNOWN"),
    Bad("a name outside the grammar", "POST", "My-App/blobs/uploads/", 400, "NAME_INVALID"),
    Bad("a repository that is not there", "POST", "nope/blobs/uploads/", 404, "NAME_UNKNOWN"),
    Bad(
        "a path that leads upwards", "GET", "my-app/../../etc/manifests/passwd", 400, "NAME_INVALID"
    ),
    Bad(
        "a path that leads upwards, encoded",
        "GET",
        "my-app/%2e%2e/%2e%2e/etc/manifests/passwd",
        400,
        "NAME_INVALID",
    ),
    Bad(
        "a tag outside the grammar",
        "PUT",
        "my-app/manifests/.new",
        400,
        "TAG_INVALID",
        _manifest(digest_of(IMAGE.layer)),
    ),
    Bad(
        "what is no number of entries",
        "GET",
        "my-app/tags/list?n=many",
        400,
        "PAGINATION_NUMBER_INVALID",
    ),
    Bad("a method that nobody answers", "PATCH", "my-app/manifests/v1", 405, "UNSUPPORTED"),
]


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    client = Client.of(sandbox)
    assert client.push(IMAGE).status == 201
    return client


def _tags(client: Client) -> list[str]:
    tags: list[str] = json.loads(client.send("GET", "my-app/tags/list").body)["tags"]
    return tags


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_bad_input(client: Client, bad: Bad) -> None:
    path, upload = bad.path, ""
    if UPLOAD in path:
        upload = client.begin()
        assert client.send("PATCH", upload, DATA).status == 202
        path = path.replace(UPLOAD, upload)
    reply = client.send(bad.method, path, bad.body, bad.headers)
    [error] = json.loads(reply.body)["errors"]
    assert (reply.status, error["code"]) == (bad.status, bad.code), error
    assert error["message"]

    assert _tags(client) == ["v1"]
    assert client.push(Image(b"another"), "after").status == 201
    assert client.send("GET", BLOB).body == IMAGE.layer


def test_a_refused_chunk_leaves_the_upload_as_it_was(client: Client) -> None:
    upload = client.begin()
    assert client.send("PATCH", upload, DATA).status == 202
    assert client.send("PATCH", upload, DATA, GAP).status == 416
    assert client.send("PATCH", upload, DATA[:5], {"Content-Range": "10-19"}).status == 400
    assert client.send("GET", upload).headers["range"] == "0-9"
    whole = DATA + DATA
    done = client.send(
        "PUT", with_digest(upload, digest_of(whole)), DATA, {"Content-Range": "10-19"}
    )
    assert done.status == 201, done.body


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux limits another process's files")
def test_a_full_disk(client: Client) -> None:
    """A limit on the size of files stands for it: the kernel refuses the write all the same."""
    upload = client.begin()
    assert client.send("PATCH", upload, DATA).status == 202
    process = client.sandbox.process.pid
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (1024 * 1024, before[1]))
    try:
        reply = client.send("PATCH", upload, b"x" * (3 * 1024 * 1024))
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)
    [error] = json.loads(reply.body)["errors"]
    assert reply.status == 500
    assert "could not store" in error["message"]
    size = int(client.send("GET", upload).headers["range"].removeprefix("0-")) + 1
    rest = b"y" * 10
    assert client.send("PATCH", upload, rest, {"Content-Range": f"{size}-{size + 9}"}).status == 202
    assert _tags(client) == ["v1"]
    assert client.push(Image(b"another"), "after").status == 201
