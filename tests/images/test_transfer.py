"""Push and pull against the real sandbox with real boto3 clients; IAM decides there.

Only what a truthful registry never does (wrong bytes, wrong digests) is made up: boto3's own hooks
change one answer on its way to the client.
"""

from __future__ import annotations

import dataclasses
import http.server
import json
import platform
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.sandboxes import A, B, Sandbox
from xacct_helpers.images import (
    GREETING,
    LAYER_MEDIA_TYPE,
    Descriptor,
    Image,
    TransferError,
    build_image,
    pull_image,
    push_image,
    transfer,
)
from xacct_helpers.images.build import gzip_stored, sha256

IMAGE = build_image()
AMD64 = IMAGE.single_platform()

Clients = Callable[..., Any]


@pytest.fixture
def client(sandbox: Sandbox) -> Clients:
    """client(service, account, keys=None): a new boto3 client for the account's administrator."""

    def make(service: str, account: str, keys: dict[str, str] | None = None) -> Any:
        found = keys or {
            "aws_access_key_id": sandbox.admins[account].access_key_id,
            "aws_secret_access_key": sandbox.admins[account].secret,
        }
        return boto3.client(
            service,
            endpoint_url=sandbox.endpoint,
            region_name="us-east-1",
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
            **found,
        )

    return make


@pytest.fixture
def ecr(client: Clients) -> Any:
    """A client of account A's administrator, new for each test: tests hang hooks on it."""
    return client("ecr", A)


@pytest.fixture
def repository(ecr: Any, request: pytest.FixtureRequest) -> str:
    """A fresh repository in account A, named after the test."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    ecr.create_repository(repositoryName=name)
    return str(name)


@pytest.fixture
def limited(client: Clients, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """limited(*actions): an ECR client for a new user of account A who may do only these."""
    iam = client("iam", A)

    def make(*actions: str) -> Any:
        name = re.sub("[^A-Za-z0-9]+", "-", request.node.name).strip("-")[:60]
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="some", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return client(
            "ecr",
            A,
            {
                "aws_access_key_id": key["AccessKeyId"],
                "aws_secret_access_key": key["SecretAccessKey"],
            },
        )

    return make


def hook(ecr: Any, operation: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Let `change` alter each answer of an operation before the caller sees it."""

    def altered(parsed: dict[str, Any], **_: Any) -> None:
        change(parsed)

    ecr.meta.events.register(f"after-call.ecr.{operation}", altered)


def calls_of(ecr: Any) -> list[str]:
    """The operations that the client calls from now on, in order."""
    calls: list[str] = []

    def seen(model: Any, **_: Any) -> None:
        calls.append(model.name)

    ecr.meta.events.register("before-call.ecr", seen)
    return calls


def big_image(size: int) -> Image:
    """An image whose layer has more than `size` bytes."""
    content = gzip_stored(bytes(number % 251 for number in range(1000)) * (size // 1000 + 1))
    layer = Descriptor(media_type=LAYER_MEDIA_TYPE, digest=sha256(content), size=len(content))
    config = IMAGE.blobs[AMD64.config.digest]
    body = json.dumps(json.loads(AMD64.body) | {"layers": [layer.as_json()]}).encode()
    manifest = dataclasses.replace(AMD64, layers=(layer,), body=body, digest=sha256(body))
    blobs = {layer.digest: content, AMD64.config.digest: config}
    return dataclasses.replace(IMAGE, blobs=blobs, manifests=(manifest,))


# What works ---------------------------------------------------------------------------------------


def test_what_was_pushed_comes_back(ecr: Any, repository: str) -> None:
    digest = push_image(ecr, repository, "v1", IMAGE)
    assert digest == AMD64.digest
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert (detail["imageDigest"], detail["imageTags"]) == (digest, ["v1"])
    assert detail["imageManifestMediaType"] == AMD64.media_type

    pulled = pull_image(ecr, repository, "v1")
    assert pulled.digest == pulled.manifest_digest == digest
    assert pulled.tag == "v1"
    assert pulled.layers == ((AMD64.layers[0].digest, AMD64.layers[0].size),)
    assert pulled.config["config"] == {"Entrypoint": ["/hello"]}
    assert pulled.size == AMD64.layers[0].size + AMD64.config.size
    assert pulled.blobs == {blob.digest: IMAGE.blobs[blob.digest] for blob in AMD64.blobs}


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="needs Linux on x86-64 to run the image",
)
def test_the_pulled_image_runs(ecr: Any, repository: str) -> None:
    push_image(ecr, repository, "v1", IMAGE)
    assert pull_image(ecr, repository, "v1").run() == GREETING


def test_a_pulled_image_shows_as_a_few_plain_lines(ecr: Any, repository: str) -> None:
    push_image(ecr, repository, "v1", IMAGE)
    assert repr(pull_image(ecr, repository, "v1")).splitlines() == [
        f"image     {repository}:v1",
        f"digest    {AMD64.digest}",
        "platform  linux/amd64",
        f"layer     {AMD64.layers[0].digest} (2,071 bytes)",
        "total     2,373 bytes, every digest checked",
    ]


def test_a_digest_names_an_image_without_a_tag(ecr: Any, repository: str) -> None:
    digest = push_image(ecr, repository, "v1", IMAGE)
    pulled = pull_image(ecr, repository, digest=digest)
    assert (pulled.digest, pulled.tag) == (digest, None)


def test_push_and_pull_make_the_calls_that_aws_names(ecr: Any, repository: str) -> None:
    calls = calls_of(ecr)
    push_image(ecr, repository, "v1", IMAGE)
    upload = ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"]
    assert calls == ["BatchCheckLayerAvailability", *upload, *upload, "PutImage"]
    calls.clear()
    pull_image(ecr, repository, "v1")
    assert calls == ["BatchGetImage", "GetDownloadUrlForLayer", "GetDownloadUrlForLayer"]


def test_layers_that_are_there_are_not_sent_again(ecr: Any, repository: str) -> None:
    said: list[str] = []
    push_image(ecr, repository, "v1", IMAGE, progress=said.append)
    push_image(ecr, repository, "v2", IMAGE, progress=said.append)
    layer, config = AMD64.layers[0].digest[:19], AMD64.config.digest[:19]
    assert said == [
        f"{layer} uploaded, 2,071 bytes",
        f"{config} uploaded, 302 bytes",
        f"{repository}:v1 is {AMD64.digest}",
        f"{layer} is there already",
        f"{config} is there already",
        f"{repository}:v2 is {AMD64.digest}",
    ]


def test_all_platforms_tags_the_index(ecr: Any, repository: str) -> None:
    digest = push_image(ecr, repository, "v1", IMAGE, all_platforms=True)
    assert digest == IMAGE.index.digest
    for architecture in ("amd64", "arm64"):
        pulled = pull_image(ecr, repository, "v1", architecture=architecture)
        assert pulled.digest == IMAGE.index.digest
        assert pulled.manifest_digest == IMAGE.single_platform(architecture).digest
        assert pulled.platform == f"linux/{architecture}"
    assert push_image(ecr, repository, "v2", IMAGE, all_platforms=True) == digest


def test_a_platform_that_the_index_lacks_is_named(ecr: Any, repository: str) -> None:
    push_image(ecr, repository, "v1", IMAGE, all_platforms=True)
    with pytest.raises(TransferError, match="no manifest for linux/riscv64"):
        pull_image(ecr, repository, "v1", architecture="riscv64")


@pytest.mark.slow
def test_a_large_layer_travels_in_parts_of_the_size_ecr_names(ecr: Any, repository: str) -> None:
    sizes: list[int] = []
    hook(ecr, "InitiateLayerUpload", lambda answer: sizes.append(answer["partSize"]))
    calls = calls_of(ecr)
    image = big_image(25_000_000)
    push_image(ecr, repository, "v1", image)
    parts = sum(-(-len(blob) // sizes[0]) for blob in image.blobs.values())
    assert calls.count("UploadLayerPart") == parts > 2
    assert pull_image(ecr, repository, "v1").blobs == image.blobs


def test_no_proxy_is_used(ecr: Any, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    push_image(ecr, repository, "v1", IMAGE)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert pull_image(ecr, repository, "v1").digest == AMD64.digest


# What IAM and ECR refuse: boto3's own errors ------------------------------------------------------


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    """(error code, operation) of a ClientError."""
    return error.value.response["Error"]["Code"], error.value.operation_name


def test_another_account_is_refused(client: Clients, ecr: Any, repository: str) -> None:
    push_image(ecr, repository, "v1", IMAGE)
    stranger = client("ecr", B)
    with pytest.raises(ClientError) as pull:
        pull_image(stranger, repository, "v1", registry_id=A)
    assert refused(pull) == ("AccessDeniedException", "BatchGetImage")
    with pytest.raises(ClientError) as push:
        push_image(stranger, repository, "v2", IMAGE, registry_id=A)
    assert refused(push) == ("AccessDeniedException", "BatchCheckLayerAvailability")


def test_the_owner_may_name_its_own_registry(ecr: Any, repository: str) -> None:
    push_image(ecr, repository, "v1", IMAGE, registry_id=A)
    assert pull_image(ecr, repository, "v1", registry_id=A).digest == AMD64.digest


PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
]


def test_the_permissions_that_aws_lists_suffice(limited: Any, repository: str) -> None:
    user = limited(*PUSH, *PULL)
    push_image(user, repository, "v1", IMAGE)
    assert pull_image(user, repository, "v1").digest == AMD64.digest


@pytest.mark.parametrize("missing", PULL)
def test_each_pull_permission_is_needed(
    ecr: Any, limited: Any, repository: str, missing: str
) -> None:
    push_image(ecr, repository, "v1", IMAGE)
    with pytest.raises(ClientError) as error:
        pull_image(limited(*(set(PULL) - {missing})), repository, "v1")
    assert refused(error) == ("AccessDeniedException", missing.removeprefix("ecr:"))


@pytest.mark.parametrize("missing", PUSH)
def test_each_push_permission_is_needed(limited: Any, repository: str, missing: str) -> None:
    with pytest.raises(ClientError) as error:
        push_image(limited(*(set(PUSH) - {missing})), repository, "v1", IMAGE)
    assert refused(error) == ("AccessDeniedException", missing.removeprefix("ecr:"))


def test_the_same_image_under_the_same_tag_is_ecrs_own_error(ecr: Any, repository: str) -> None:
    push_image(ecr, repository, "v1", IMAGE)
    with pytest.raises(ClientError) as error:
        push_image(ecr, repository, "v1", IMAGE)
    assert refused(error) == ("ImageAlreadyExistsException", "PutImage")


def test_a_repository_that_does_not_exist_is_ecrs_own_error(ecr: Any) -> None:
    with pytest.raises(ClientError) as push:
        push_image(ecr, "no-such-repository", "v1", IMAGE)
    assert refused(push) == ("RepositoryNotFoundException", "BatchCheckLayerAvailability")
    with pytest.raises(ClientError) as pull:
        pull_image(ecr, "no-such-repository", "v1")
    assert refused(pull) == ("RepositoryNotFoundException", "BatchGetImage")


# What goes wrong without an AWS error -------------------------------------------------------------


def test_a_tag_that_does_not_exist_says_so(ecr: Any, repository: str) -> None:
    with pytest.raises(TransferError) as error:
        pull_image(ecr, repository, "v9")
    assert error.value.code == "ImageNotFound"
    assert str(error.value) == f"ImageNotFound: Requested image not found ({repository}:v9)"


def test_a_pull_needs_a_name(ecr: Any) -> None:
    with pytest.raises(ValueError, match="a tag or a digest"):
        pull_image(ecr, "any")


@pytest.fixture
def liar() -> Iterator[Callable[[int, bytes], str]]:
    """liar(status, body): the address of a server that answers so, whatever it is asked."""
    answer: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        # It looks for the end of a test in these intervals, of half a second by itself.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()

        def address(status: int, body: bytes) -> str:
            answer[:] = [status, body]
            return f"http://127.0.0.1:{server.server_port}/blob?secret=1"

        yield address
        server.shutdown()
        thread.join()


LAYER = IMAGE.blobs[AMD64.layers[0].digest]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        pytest.param(200, LAYER[:-1] + b"!", "DigestMismatch", id="another byte"),
        pytest.param(200, LAYER[:-1], "SizeMismatch", id="too short"),
        pytest.param(200, LAYER + bytes(1_000_000), "SizeMismatch", id="too long"),
        pytest.param(403, b"", "DownloadFailed", id="refused"),
        pytest.param(302, b"", "DownloadFailed", id="redirected"),
    ],
)
def test_a_download_that_is_not_the_layer_is_refused(
    ecr: Any, repository: str, liar: Any, status: int, body: bytes, code: str
) -> None:
    push_image(ecr, repository, "v1", IMAGE)
    address = liar(status, body)
    hook(ecr, "GetDownloadUrlForLayer", lambda answer: answer.update(downloadUrl=address))
    with pytest.raises(TransferError) as error:
        pull_image(ecr, repository, "v1")
    assert error.value.code == code
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_only_http_addresses_are_opened(ecr: Any, repository: str, url: str) -> None:
    push_image(ecr, repository, "v1", IMAGE)
    hook(ecr, "GetDownloadUrlForLayer", lambda answer: answer.update(downloadUrl=url))
    with pytest.raises(TransferError, match="unknown url type"):
        pull_image(ecr, repository, "v1")


def altered_manifest(**changes: Any) -> bytes:
    return json.dumps(json.loads(AMD64.body) | changes).encode()


HUGE = [AMD64.layers[0].as_json() | {"size": transfer.MAX_PULL}]
NEGATIVE = [AMD64.layers[0].as_json() | {"size": -1}]


@pytest.mark.parametrize(
    ("body", "digest", "words"),
    [
        pytest.param(AMD64.body + b" ", AMD64.digest, "DigestMismatch", id="not its digest"),
        pytest.param(b"[]", None, "is not a JSON object", id="a list"),
        pytest.param(b"{", None, "is not JSON", id="no JSON"),
        pytest.param(altered_manifest(layers=HUGE), None, "pull it with docker", id="huge"),
        pytest.param(altered_manifest(layers=NEGATIVE), None, "negative size", id="negative"),
        pytest.param(altered_manifest(layers=[{}]), None, "incomplete", id="empty descriptor"),
        pytest.param(altered_manifest(mediaType="x/y"), None, "media type 'x/y'", id="media type"),
    ],
)
def test_a_manifest_that_cannot_be_right_is_refused(
    ecr: Any, repository: str, body: bytes, digest: str | None, words: str
) -> None:
    push_image(ecr, repository, "v1", IMAGE)

    def change(answer: dict[str, Any]) -> None:
        answer["images"][0]["imageManifest"] = body.decode()
        answer["images"][0]["imageId"]["imageDigest"] = digest or sha256(body)

    hook(ecr, "BatchGetImage", change)
    with pytest.raises(TransferError, match=words):
        pull_image(ecr, repository, "v1")


def test_a_digest_that_ecr_calls_invalid_stops_the_push(ecr: Any, repository: str) -> None:
    broken = dataclasses.replace(AMD64.layers[0], digest="sha256:nonsense")
    image = dataclasses.replace(
        IMAGE, manifests=(dataclasses.replace(AMD64, layers=(broken,)),), blobs=IMAGE.blobs
    )
    with pytest.raises((TransferError, ClientError)) as error:
        push_image(ecr, repository, "v1", image)
    assert "nonsense" in str(error.value)
