"""Pushing through /v2/: every way to send a blob, manifests, and who may do what.

Sources: OCI distribution specification 1.1; shared facts 5.2 and 5.3; ECR's answers in public logs
that the code names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.images import INDEX_TYPE, MANIFEST_TYPE, Image, digest_of
from tests.sandbox.registries import Client, error_of, with_digest
from tests.sandboxes import A, B, Forked, Sandbox, allow, deny, grant

NAMED = {"repositoryName": "my-app"}
ARN = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
IMAGE = Image(b"layer of one")
DATA = b"0123456789" * 100
DIGEST = digest_of(DATA)
TOKEN = "ecr:GetAuthorizationToken"
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
]


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    """A's administrator at A's registry, with an empty repository my-app."""
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    return Client.of(sandbox)


# -- blobs -----------------------------------------------------------------------------------


def _one_post(client: Client) -> Any:
    return client.send("POST", f"my-app/blobs/uploads/?digest={DIGEST}", DATA)


def _post_and_put(client: Client) -> Any:
    return client.send("PUT", with_digest(client.begin(), DIGEST), DATA)


def _stream(client: Client) -> Any:
    sent = client.send("PATCH", client.begin(), DATA)
    assert (sent.status, sent.headers["range"]) == (202, "0-999")
    return client.send("PUT", with_digest(sent.headers["location"], DIGEST))


def _chunks(client: Client) -> Any:
    location = client.begin()
    for first in (0, 400):
        headers = {"Content-Range": f"{first}-{first + 399}"}
        sent = client.send("PATCH", location, DATA[first : first + 400], headers)
        assert (sent.status, sent.headers["range"]) == (202, f"0-{first + 399}")
        location = sent.headers["location"]
    headers = {"Content-Range": "800-999"}
    return client.send("PUT", with_digest(location, DIGEST), DATA[800:], headers)


WAYS: dict[str, Callable[[Client], Any]] = {
    "in one POST": _one_post,
    "POST and PUT": _post_and_put,
    "one PATCH of unsaid length": _stream,
    "chunks, the last one with the PUT": _chunks,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prefix", ["", f"/{A}"])
def test_ways_to_push_a_blob(client: Client, way: str, prefix: str) -> None:
    if prefix:
        local = f"127.0.0.1:{client.sandbox.port}"
        client = Client(client.sandbox, client.basic, host=local, prefix=prefix)
    done = WAYS[way](client)
    assert (done.status, done.body) == (201, b"")
    assert done.headers["docker-content-digest"] == DIGEST
    assert done.headers["location"] == f"/v2{prefix}/my-app/blobs/{DIGEST}"
    assert client.send("GET", done.headers["location"]).body == DATA
    checked = client.sandbox.do(
        A, "ecr:BatchCheckLayerAvailability", **NAMED, layerDigests=[DIGEST]
    )
    assert [(one["layerAvailability"], one["layerSize"]) for one in checked["layers"]] == [
        ("AVAILABLE", 1000)
    ]
    # and again, as a client that did not look first does
    assert WAYS[way](client).status == 201


def test_containerds_way_to_name_the_registry(client: Client) -> None:
    """A hosts.toml mirror gets `?ns=` with the registry's name; what it is sent on to keeps it."""
    local = Client(client.sandbox, client.basic, host=f"127.0.0.1:{client.sandbox.port}")
    name = f"{A}.dkr.ecr.us-east-1.amazonaws.com"
    begun = local.send("POST", f"my-app/blobs/uploads/?ns={name}")
    assert begun.headers["location"].endswith(f"?ns={name}")
    assert local.send("PUT", with_digest(begun.headers["location"], DIGEST), DATA).status == 201


def test_the_status_of_an_upload(client: Client) -> None:
    location = client.begin()
    assert client.send("GET", location).headers["range"] == "0-0"
    client.send("PATCH", location, DATA)
    status = client.send("GET", location)
    assert (status.status, status.body) == (204, b"")
    assert (status.headers["range"], status.headers["location"]) == ("0-999", location)


def test_an_upload_cancelled(client: Client) -> None:
    location = client.begin()
    client.send("PATCH", location, DATA)
    assert client.send("DELETE", location).status == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert error_of(client.send(method, location))[:2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_push_through_both_apis(client: Client) -> None:
    """One home for uploads: begun in one API, ended in the other."""
    begun = client.sandbox.do(A, "ecr:InitiateLayerUpload", **NAMED)["uploadId"]
    sent = client.send("PATCH", f"my-app/blobs/uploads/{begun}", DATA[:600])
    assert sent.status == 202
    client.sandbox.do(
        A,
        "ecr:UploadLayerPart",
        **NAMED,
        uploadId=begun,
        partFirstByte=600,
        partLastByte=999,
        layerPartBlob=DATA[600:],
    )
    done = client.send("PUT", with_digest(f"my-app/blobs/uploads/{begun}", DIGEST))
    assert done.status == 201


# -- mounting --------------------------------------------------------------------------------


def test_a_blob_mounted_from_another_repository(client: Client) -> None:
    client.sandbox.do(A, "ecr:CreateRepository", repositoryName="other")
    client.blob(DATA, "other")
    done = client.send("POST", f"my-app/blobs/uploads/?mount={DIGEST}&from=other")
    assert done.status == 201
    assert done.headers["location"] == f"/v2/my-app/blobs/{DIGEST}"
    assert client.send("GET", done.headers["location"]).body == DATA
    again = client.send("POST", f"my-app/blobs/uploads/?mount={DIGEST}&from=other")
    assert (again.status, again.headers["location"]) == (201, done.headers["location"])


NOT_MOUNTED = {
    "no such blob": f"mount={digest_of(b'x')}&from=other",
    "no such repository": f"mount={DIGEST}&from=nowhere",
    "from nowhere in particular": f"mount={DIGEST}",
    "from outside": f"mount={DIGEST}&from=../../other",
    "no digest": "mount=sha256:..&from=other",
}


@pytest.mark.parametrize("name", NOT_MOUNTED)
def test_what_cannot_be_mounted_is_uploaded(client: Client, name: str) -> None:
    client.sandbox.do(A, "ecr:CreateRepository", repositoryName="other")
    client.blob(DATA, "other")
    begun = client.send("POST", f"my-app/blobs/uploads/?{NOT_MOUNTED[name]}")
    assert begun.status == 202
    assert client.send("PUT", with_digest(begun.headers["location"], DIGEST), DATA).status == 201


def test_who_may_not_read_a_blob_cannot_mount_it(client: Client) -> None:
    """Source: ECR User Guide, blob mounting: ecr:GetDownloadUrlForLayer on the source."""
    client.sandbox.do(A, "ecr:CreateRepository", repositoryName="secret")
    client.blob(DATA, "secret")
    pusher = client.sandbox.user(A, "pusher", allow(TOKEN), allow(PUSH, ARN))
    mount = f"my-app/blobs/uploads/?mount={DIGEST}&from=secret"
    begun = Client.of(client.sandbox, pusher).send("POST", mount)
    assert begun.status == 202
    assert client.send("HEAD", f"my-app/blobs/{DIGEST}").status == 404


# -- manifests -------------------------------------------------------------------------------


def test_an_image_pushed_by_tag(client: Client) -> None:
    done = client.push(IMAGE)
    assert (done.status, done.body) == (201, b"")
    assert done.headers["location"] == f"/v2/my-app/manifests/{IMAGE.digest}"
    assert done.headers["docker-content-digest"] == IMAGE.digest
    for reference in ("v1", IMAGE.digest):
        got = client.send("GET", f"my-app/manifests/{reference}")
        assert (got.body, got.headers["content-type"]) == (IMAGE.manifest.encode(), MANIFEST_TYPE)
    [shown] = client.sandbox.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"]
    assert (shown["imageDigest"], shown["imageTags"]) == (IMAGE.digest, ["v1"])
    # the same again is no error
    assert client.push(IMAGE).status == 201
    assert client.manifest(IMAGE.manifest, "v2").status == 201


def test_an_image_pushed_by_digest(client: Client) -> None:
    assert client.push(IMAGE, IMAGE.digest).status == 201
    [shown] = client.sandbox.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"]
    assert "imageTags" not in shown
    wrong = client.manifest(IMAGE.manifest + " ", IMAGE.digest)
    assert error_of(wrong) == (
        400,
        "MANIFEST_INVALID",
        f"The image with digest '{IMAGE.digest}' in repository 'my-app' and registry ID '{A}' "
        "does not match the image digest that Amazon ECR has calculated.",
    )


def test_docker_schema_2(client: Client) -> None:
    client.push(IMAGE)
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    text = IMAGE.manifest.replace(MANIFEST_TYPE, kind)
    assert client.manifest(text, "docker", kind=kind).status == 201
    assert client.send("GET", "my-app/manifests/docker").headers["content-type"] == kind


def index_of(*digests: str, kind: str = INDEX_TYPE) -> str:
    parts = [{"mediaType": MANIFEST_TYPE, "digest": one, "size": 9} for one in digests]
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": parts})


@pytest.mark.parametrize(
    "kind", [INDEX_TYPE, "application/vnd.docker.distribution.manifest.list.v2+json"]
)
def test_an_index(client: Client, kind: str) -> None:
    text = index_of(IMAGE.digest, kind=kind)
    missing = client.manifest(text, "all", kind=kind)
    assert error_of(missing) == (
        404,
        "MANIFEST_BLOB_UNKNOWN",
        f"Images with digests '[{IMAGE.digest}]' required for pushing image into repository with "
        f"name 'my-app' in the registry with id '{A}' do not exist",
    )
    client.push(IMAGE)
    assert client.manifest(text, "all", kind=kind).status == 201
    got = client.send("GET", "my-app/manifests/all")
    assert (got.headers["content-type"], got.body) == (kind, text.encode())


def test_layers_that_stay_with_their_maker(client: Client) -> None:
    """Windows' layers: named, with a URL, and never pushed."""
    client.push(IMAGE)
    manifest = json.loads(IMAGE.manifest)
    kind = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    foreign = {"mediaType": kind, "digest": digest_of(b"theirs"), "size": 6, "urls": ["https://x"]}
    manifest["layers"].append(foreign)
    assert client.manifest(json.dumps(manifest), "windows").status == 201


def test_an_immutable_tag(client: Client) -> None:
    client.sandbox.do(A, "ecr:PutImageTagMutability", **NAMED, imageTagMutability="IMMUTABLE")
    assert client.push(IMAGE).status == 201
    assert error_of(client.push(Image(b"another"))) == (
        400,
        "TAG_INVALID",
        "The image tag 'v1' already exists in the 'my-app' repository and cannot be overwritten "
        "because the repository is immutable.",
    )
    assert client.send("GET", "my-app/manifests/v1").body == IMAGE.manifest.encode()
    assert client.push(IMAGE).status == 201


def test_a_tag_that_moves(client: Client) -> None:
    client.push(IMAGE)
    assert client.push(Image(b"another")).status == 201
    assert client.send("GET", "my-app/manifests/v1").body == Image(b"another").manifest.encode()
    assert client.send("GET", f"my-app/manifests/{IMAGE.digest}").status == 200


# -- deleting --------------------------------------------------------------------------------


def test_manifests_deleted_by_tag_and_by_digest(client: Client) -> None:
    client.push(IMAGE)
    client.manifest(IMAGE.manifest, "v2")
    path = "my-app/manifests"
    assert client.send("DELETE", f"{path}/v1").status == 202
    assert error_of(client.send("DELETE", f"{path}/v1"))[:2] == (404, "MANIFEST_UNKNOWN")
    assert client.send("GET", f"{path}/v2").status == 200
    assert client.send("DELETE", f"{path}/{IMAGE.digest}").status == 202
    assert client.send("GET", f"{path}/v2").status == 404
    # one that never had a tag
    client.manifest(IMAGE.manifest, IMAGE.digest)
    assert client.send("DELETE", f"{path}/{IMAGE.digest}").status == 202


def test_an_image_that_an_index_names_stays(client: Client) -> None:
    client.push(IMAGE)
    index = index_of(IMAGE.digest)
    client.manifest(index, "all", kind=INDEX_TYPE)
    refused = error_of(client.send("DELETE", f"my-app/manifests/{IMAGE.digest}"))
    assert refused[:2] == (400, "UNSUPPORTED")
    assert refused[2].startswith("Requested image referenced by manifest list: [sha256:")
    assert client.send("DELETE", "my-app/manifests/all").status == 202
    assert client.send("DELETE", f"my-app/manifests/{IMAGE.digest}").status == 202


# -- who may ---------------------------------------------------------------------------------

STEPS: dict[str, tuple[str, Callable[[Client, str], Any]]] = {
    "begin": ("InitiateLayerUpload", lambda c, _: c.send("POST", "my-app/blobs/uploads/")),
    "send": ("UploadLayerPart", lambda c, at: c.send("PATCH", at, DATA)),
    "ask": ("UploadLayerPart", lambda c, at: c.send("GET", at)),
    "cancel": ("UploadLayerPart", lambda c, at: c.send("DELETE", at)),
    "complete": ("CompleteLayerUpload", lambda c, at: c.send("PUT", with_digest(at, DIGEST))),
    "put": ("PutImage", lambda c, _: c.manifest(IMAGE.manifest)),
    "delete": ("BatchDeleteImage", lambda c, _: c.send("DELETE", "my-app/manifests/v1")),
    "tags": ("ListImages", lambda c, _: c.send("GET", "my-app/tags/list")),
    "referrers": ("BatchGetImage", lambda c, _: c.send("GET", f"my-app/referrers/{DIGEST}")),
}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_judged_at_its_moment(client: Client, step: str) -> None:
    action, make = STEPS[step]
    sandbox = client.sandbox
    ann = Client.of(sandbox, sandbox.user(A, "ann", allow("ecr:*")))
    client.push(IMAGE)
    location = client.begin()
    client.send("PATCH", location, DATA)
    sandbox.put(A, "user", "ann", deny(f"ecr:{action}", ARN), "stop")
    refused = make(ann, location)
    assert error_of(refused) == (
        403,
        "DENIED",
        f"User: arn:aws:iam::{A}:user/ann is not authorized to perform: ecr:{action} on resource: "
        f"{ARN} with an explicit deny in an identity-based policy",
    )
    found = sandbox.decision("latest")
    assert (found["action"], found["caller"]) == (f"ecr:{action}", f"arn:aws:iam::{A}:user/ann")
    sandbox.do(A, "iam:DeleteUserPolicy", UserName="ann", PolicyName="stop")
    assert make(ann, location).status < 300


def test_what_a_push_needs(client: Client) -> None:
    """The set of the ECR User Guide's push policy, and nothing else."""
    pusher = client.sandbox.user(A, "pusher", allow(TOKEN), allow(PUSH, ARN))
    pushing = Client.of(client.sandbox, pusher)
    assert pushing.send("HEAD", f"my-app/blobs/{DIGEST}").status == 404
    assert pushing.push(IMAGE).status == 201
    assert pushing.send("GET", "my-app/manifests/v1").status == 403


def test_a_push_across_accounts(client: Client) -> None:
    of_b = Client.of(client.sandbox, B)
    refused = error_of(of_b.send("POST", "my-app/blobs/uploads/"))
    assert refused[:2] == (403, "DENIED")
    assert "because no resource-based policy allows the ecr:InitiateLayerUpload" in refused[2]
    client.sandbox.do(A, "ecr:SetRepositoryPolicy", **NAMED, policyText=grant(B, PUSH))
    assert of_b.push(IMAGE).status == 201


def test_a_push_is_in_cloudtrail(client: Client) -> None:
    """Under the names of the ECR calls it stands for, with the key that asked for the token."""
    client.push(IMAGE)
    client.send("GET", "my-app/manifests/v1")
    found = client.sandbox.do(A, "cloudtrail:LookupEvents")["Events"]
    events = [json.loads(one["CloudTrailEvent"]) for one in reversed(found)]
    pushed = [e for e in events if e["eventName"] in {p.partition(":")[2] for p in PUSH}]
    assert [event["eventName"] for event in pushed] == [
        *("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload") * 2,
        "PutImage",
    ]
    key = client.sandbox.admins[A].access_key_id
    assert {event["userIdentity"]["accessKeyId"] for event in pushed} == {key}
    assert {event["awsRegion"] for event in pushed} == {"us-east-1"}
    part, put = pushed[1]["requestParameters"], pushed[-1]
    assert (part["repositoryName"], part["partFirstByte"], part["partLastByte"]) == (
        "my-app",
        0,
        len(IMAGE.layer) - 1,
    )
    assert put["requestParameters"]["imageTag"] == "v1"
    assert put["responseElements"]["image"]["imageId"]["imageDigest"] == IMAGE.digest
    pull = next(event for event in events if event["eventName"] == "BatchGetImage")
    assert pull["requestParameters"]["imageIds"] == [{"imageTag": "v1"}]


# -- what lasts ------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_was_pushed_lasts(tmp_path: Path) -> None:
    with Forked("--state", str(tmp_path)) as sandbox:
        sandbox.do(A, "ecr:CreateRepository", **NAMED)
        sandbox.do(A, "ecr:CreateRepository", repositoryName="other")
        client = Client.of(sandbox)
        client.push(IMAGE)
        mount = f"other/blobs/uploads/?mount={digest_of(IMAGE.layer)}&from=my-app"
        assert client.send("POST", mount).status == 201
        client.manifest(IMAGE.manifest, "v2")
        client.send("DELETE", "my-app/manifests/v1")
        broken_off = client.begin()
        client.send("PATCH", broken_off, DATA[:500])
        before = sandbox.fingerprint()
        sandbox.kill()
    with Forked("--state", str(tmp_path), accounts=()) as sandbox:
        assert sandbox.fingerprint() == before
        again = Client.of(sandbox)
        assert again.send("GET", "my-app/manifests/v2").body == IMAGE.manifest.encode()
        for name in ("my-app", "other"):
            got = again.send("GET", f"{name}/blobs/{digest_of(IMAGE.layer)}")
            assert got.body == IMAGE.layer
        # an upload broken off goes on where it was
        assert again.send("GET", broken_off).headers["range"] == "0-499"
        assert again.send("PATCH", broken_off, DATA[500:]).status == 202
        assert again.send("PUT", with_digest(broken_off, DIGEST)).status == 201
