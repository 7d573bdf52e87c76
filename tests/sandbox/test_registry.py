"""The registry under /v2/: the challenge, the token, reading as the caller.

Sources: shared facts 5.1 to 5.3; OCI distribution specification 1.1.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.sandbox.images import MANIFEST_TYPE, Image, digest_of, push, upload
from tests.sandboxes import A, B, Keys, Reply, Sandbox, allow, deny, grant, trust

IMAGE = Image(b"layer of one")
HOST = f"{A}.dkr.ecr.us-east-1.amazonaws.com"
ARN = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
TOKEN = "ecr:GetAuthorizationToken"
MANIFEST, BLOB = "/v2/my-app/manifests/v1", f"/v2/my-app/blobs/{digest_of(IMAGE.layer)}"


@pytest.fixture
def image(sandbox: Sandbox) -> Sandbox:
    """The sandbox with my-app:v1 in account A."""
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    push(sandbox, A, IMAGE, repositoryName="my-app")
    return sandbox


def token(sandbox: Sandbox, keys: Keys | str, region: str = "us-east-1") -> str:
    data = sandbox.do(keys, TOKEN, region=region)["authorizationData"]
    return str(data[0]["authorizationToken"])


def get(
    sandbox: Sandbox,
    path: str,
    basic: str | None,
    *,
    method: str = "GET",
    host: str = HOST,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    more = {"Authorization": f"Basic {basic}"} if basic is not None else {}
    return sandbox.http(method, path, b"", {"Host": host, **more, **(headers or {})})


def error_of(reply: Reply) -> tuple[int, str, str]:
    [error] = reply.json["errors"]
    return reply.status, error["code"], error["message"]


# -- tokens ----------------------------------------------------------------------------------


def test_the_token_as_ecr_hands_it_out(sandbox: Sandbox) -> None:
    [data] = sandbox.do(A, TOKEN)["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert len(password) > 100
    assert data["proxyEndpoint"] == f"https://{HOST}"
    now = sandbox.control("GET", "status").json["now"]
    hours = (data["expiresAt"].timestamp() - _seconds(now)) / 3600
    assert 11.9 < hours < 12.1
    two = sandbox.do(A, TOKEN, registryIds=[A, B])["authorizationData"]
    assert [one["proxyEndpoint"][8:20] for one in two] == [A, B]


def _seconds(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp()


BAD_TOKENS: dict[str, str | None] = {
    "none": None,
    "not base64": "!!!",
    "another user": base64.b64encode(b"bob:secret").decode(),
    "no password": base64.b64encode(b"AWS").decode(),
    "garbage": base64.b64encode(b"AWS:" + b"A" * 200).decode(),
    "not text": base64.b64encode(b"AWS:\xff\xfe").decode(),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
@pytest.mark.parametrize("path", ["/v2/", MANIFEST, BLOB, "/v2/nope/manifests/v1"])
def test_the_challenge(image: Sandbox, name: str, path: str) -> None:
    for method in ("GET", "HEAD"):
        reply = get(image, path, BAD_TOKENS[name], method=method)
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == (
            f'Basic realm="https://{HOST}/",service="ecr.amazonaws.com"'
        )
        assert reply.headers["docker-distribution-api-version"] == "registry/2.0"
        assert reply.body == (b"Not Authorized\n" if method == "GET" else b"")


def test_an_altered_token(image: Sandbox) -> None:
    good = token(image, A)
    assert get(image, "/v2/", good).status == 200
    raw = base64.b64decode(good)
    for place in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[place] ^= 1
        reply = get(image, "/v2/", base64.b64encode(bytes(changed)).decode())
        assert reply.status == 401, f"byte {place}"


def test_a_session_token_is_no_password(image: Sandbox) -> None:
    made = image.role(A, "r", trust(A), allow("*"))
    keys = image.assume(A, made["Arn"])
    mixed = base64.b64encode(f"AWS:{keys.token}".encode()).decode()
    assert get(image, "/v2/", mixed).status == 401
    # nor the other way round
    password = base64.b64decode(token(image, keys)).decode().partition(":")[2]
    answer = image.call(keys._replace(token=password), "sts:GetCallerIdentity")
    assert answer.code == "InvalidClientTokenId"


def test_a_token_lives_twelve_hours(image: Sandbox) -> None:
    basic = token(image, A)
    image.advance(12 * 3600 - 10)
    assert get(image, MANIFEST, basic).status == 200
    image.advance(11)
    assert error_of(get(image, MANIFEST, basic)) == (
        403,
        "DENIED",
        "Your authorization token has expired. Reauthenticate and try again.",
    )
    assert get(image, MANIFEST, token(image, A)).status == 200


def test_a_token_outlives_the_session_that_asked(image: Sandbox) -> None:
    """Not settled by AWS's documents (facts 5.1); docs/fidelity.md says what is done here."""
    made = image.role(A, "r", trust(A), allow("*"))
    keys = image.assume(A, made["Arn"], DurationSeconds=900)
    basic = token(image, keys)
    image.advance(1000)
    assert image.call(keys, "sts:GetCallerIdentity").code == "ExpiredToken"
    assert get(image, MANIFEST, basic).status == 200
    image.do(A, "iam:DeleteRolePolicy", RoleName="r", PolicyName="p0")
    image.do(A, "iam:DeleteRole", RoleName="r")
    assert get(image, MANIFEST, basic).status == 401


def test_a_token_is_of_its_region(image: Sandbox) -> None:
    """Source: facts 5.1: the wrong region is told as an expired token."""
    abroad = token(image, A, region="eu-west-1")
    assert error_of(get(image, MANIFEST, abroad))[:2] == (403, "DENIED")
    host = HOST.replace("us-east-1", "eu-west-1")
    assert get(image, "/v2/", abroad, host=host).status == 200


# -- reading ---------------------------------------------------------------------------------


def test_manifests_and_blobs(image: Sandbox) -> None:
    basic = token(image, A)
    for reference in ("v1", IMAGE.digest):
        got = get(image, f"/v2/my-app/manifests/{reference}", basic)
        assert (got.status, got.body) == (200, IMAGE.manifest.encode())
        assert got.headers["content-type"] == MANIFEST_TYPE
        assert got.headers["docker-content-digest"] == IMAGE.digest
    got = get(image, BLOB, basic)
    assert (got.status, got.body) == (200, IMAGE.layer)
    assert got.headers["docker-content-digest"] == digest_of(IMAGE.layer)


@pytest.mark.parametrize(
    ("path", "size"), [(MANIFEST, len(IMAGE.manifest)), (BLOB, len(IMAGE.layer))]
)
def test_heads_have_a_length_and_no_body(image: Sandbox, path: str, size: int) -> None:
    head = get(image, path, token(image, A), method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(size)
    assert head.headers["docker-content-digest"].startswith("sha256:")
    refused = get(image, path.replace("my-app", "other"), token(image, A), method="HEAD")
    assert (refused.status, refused.body) == (404, b"")


ERRORS: dict[str, tuple[str, str, tuple[int, str, str]]] = {
    "unknown repository": (
        "GET",
        "/v2/nope/manifests/v1",
        (
            404,
            "NAME_UNKNOWN",
            f"The repository with name 'nope' does not exist in the registry with id '{A}'",
        ),
    ),
    "unknown tag": (
        "GET",
        "/v2/my-app/manifests/v9",
        (404, "MANIFEST_UNKNOWN", "Requested image not found"),
    ),
    "unknown digest": (
        "GET",
        f"/v2/my-app/manifests/{digest_of(b'x')}",
        (404, "MANIFEST_UNKNOWN", "Requested image not found"),
    ),
    "unknown blob": (
        "GET",
        f"/v2/my-app/blobs/{digest_of(b'x')}",
        (404, "BLOB_UNKNOWN", "blob unknown to registry"),
    ),
    "no such thing": (
        "GET",
        "/v2/my-app/nothing",
        (404, "UNSUPPORTED", "The registry has nothing at /v2/my-app/nothing."),
    ),
    "out of the folder": (
        "GET",
        "/v2/my-app/blobs/sha256:../../journal.jsonl",
        (
            404,
            "UNSUPPORTED",
            "The registry has nothing at /v2/my-app/blobs/sha256:../../journal.jsonl.",
        ),
    ),
    "deleting a blob": (
        "DELETE",
        BLOB,
        (405, "UNSUPPORTED", "The registry does not answer DELETE for a path of this kind."),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_is_not_there(image: Sandbox, name: str) -> None:
    method, path, told = ERRORS[name]
    assert error_of(get(image, path, token(image, A), method=method)) == told


def test_a_layer_of_another_repository(image: Sandbox) -> None:
    image.do(A, "ecr:CreateRepository", repositoryName="secret")
    upload(image, A, b"secret", repositoryName="secret")
    reply = get(image, f"/v2/my-app/blobs/{digest_of(b'secret')}", token(image, A))
    assert error_of(reply)[:2] == (404, "BLOB_UNKNOWN")


LAST = len(IMAGE.layer) - 1
# what is asked for, and the status, the content and the range of the answer
RANGES: list[tuple[str, int, bytes, str]] = [
    ("bytes=0-4", 206, IMAGE.layer[:5], f"bytes 0-4/{LAST + 1}"),
    ("bytes=6-", 206, IMAGE.layer[6:], f"bytes 6-{LAST}/{LAST + 1}"),
    ("bytes=6-9999", 206, IMAGE.layer[6:], f"bytes 6-{LAST}/{LAST + 1}"),
    ("bytes=-3", 206, IMAGE.layer[-3:], f"bytes {LAST - 2}-{LAST}/{LAST + 1}"),
    ("bytes=-9999", 206, IMAGE.layer, f"bytes 0-{LAST}/{LAST + 1}"),
    ("bytes=0-1,3-4", 200, IMAGE.layer, ""),
    ("layers=0-4", 200, IMAGE.layer, ""),
]


@pytest.mark.parametrize(("asked", "status", "content", "given"), RANGES)
def test_a_part_of_a_blob(
    image: Sandbox, asked: str, status: int, content: bytes, given: str
) -> None:
    """Source: RFC 9110, 14.2: several ranges, or another unit, may be answered with the whole."""
    got = get(image, BLOB, token(image, A), headers={"Range": asked})
    assert (got.status, got.body) == (status, content)
    assert got.headers.get("content-range", "") == given
    assert got.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("asked", [f"bytes={LAST + 1}-", "bytes=-0"])
def test_a_part_that_a_blob_does_not_have(image: Sandbox, asked: str) -> None:
    got = get(image, BLOB, token(image, A), headers={"Range": asked})
    assert error_of(got)[:2] == (416, "SIZE_INVALID")
    assert got.headers["content-range"] == f"bytes */{LAST + 1}"


def test_a_download_url_is_for_reading(image: Sandbox) -> None:
    layer = digest_of(IMAGE.layer)
    named = {"repositoryName": "my-app", "layerDigest": layer}
    url = str(image.do(A, "ecr:GetDownloadUrlForLayer", **named)["downloadUrl"])
    target = url.removeprefix(image.endpoint)
    assert image.http("GET", target).body == IMAGE.layer
    refused = image.http("DELETE", target)
    assert (refused.status, refused.json) == (404, {"message": "There is no such layer."})
    changed = image.http("GET", target.replace(layer, digest_of(IMAGE.config)))
    assert changed.status == 403


# -- listings --------------------------------------------------------------------------------


def test_tags_by_pages(image: Sandbox) -> None:
    """Source: OCI distribution specification 1.1, listing tags: n, last and Link."""
    for tag in ("v2", "v3"):
        manifest = {"repositoryName": "my-app", "imageManifest": IMAGE.manifest}
        image.do(A, "ecr:PutImage", imageTag=tag, **manifest)
    basic = token(image, A)
    first = get(image, "/v2/my-app/tags/list?n=2", basic)
    assert first.json == {"name": "my-app", "tags": ["v1", "v2"]}
    link, _, relation = first.headers["link"].partition(">; ")
    assert relation == 'rel="next"'
    rest = get(image, link.removeprefix("<"), basic)
    assert rest.json == {"name": "my-app", "tags": ["v3"]}
    assert "link" not in rest.headers
    none = get(image, "/v2/my-app/tags/list?n=0", basic)
    assert none.json == {"name": "my-app", "tags": []}
    assert "link" not in none.headers
    assert get(image, "/v2/my-app/tags/list?last=v2", basic).json["tags"] == ["v3"]


def test_what_refers_to_an_image(image: Sandbox) -> None:
    """Source: OCI distribution specification 1.1, pushing with a subject and listing referrers."""
    basic, kind = token(image, A), "application/vnd.example.signature.v1"
    subject = {"mediaType": MANIFEST_TYPE, "digest": IMAGE.digest, "size": len(IMAGE.manifest)}
    about = json.dumps({**json.loads(IMAGE.manifest), "artifactType": kind, "subject": subject})
    headers = {
        "Host": HOST,
        "Authorization": f"Basic {basic}",
        "Content-Type": MANIFEST_TYPE,
    }
    pushed = image.http("PUT", "/v2/my-app/manifests/signed", about.encode(), headers)
    assert (pushed.status, pushed.headers["oci-subject"]) == (201, IMAGE.digest)
    described = {
        "mediaType": MANIFEST_TYPE,
        "digest": digest_of(about.encode()),
        "size": len(about),
        "artifactType": kind,
    }
    path = f"/v2/my-app/referrers/{IMAGE.digest}"
    for wanted, shown in (("", [described]), (kind, [described]), ("application/x", [])):
        got = get(image, f"{path}?artifactType={wanted}" if wanted else path, basic)
        assert got.json["manifests"] == shown
        assert got.headers.get("oci-filters-applied", "") == ("artifactType" if wanted else "")


# -- as the caller that asked for the token --------------------------------------------------


def test_the_lessons_pull(image: Sandbox) -> None:
    target = image.role(A, "puller", trust(B), allow(TOKEN), allow(PULL, ARN))["Arn"]
    worker = image.role(B, "worker", trust(B), allow("sts:AssumeRole", target))["Arn"]
    basic = token(image, image.assume(image.assume(B, worker), target))
    assert get(image, MANIFEST, basic).body == IMAGE.manifest.encode()
    assert get(image, BLOB, basic).body == IMAGE.layer


def test_every_read_is_judged_at_its_moment(image: Sandbox) -> None:
    role = image.role(A, "puller", trust(A), allow([TOKEN, *PULL]))
    basic = token(image, image.assume(A, role["Arn"]))
    assert get(image, MANIFEST, basic).status == 200
    image.put(A, "role", "puller", deny(PULL, ARN), "stop")
    who = f"arn:aws:sts::{A}:assumed-role/puller/session"
    for path, action in ((MANIFEST, PULL[0]), (BLOB, PULL[1])):
        assert error_of(get(image, path, basic)) == (
            403,
            "DENIED",
            f"User: {who} is not authorized to perform: {action} on resource: {ARN} with an "
            "explicit deny in an identity-based policy",
        )
        head = get(image, path, basic, method="HEAD")
        assert head.status == 403
        assert head.body == b""
    image.do(A, "iam:DeleteRolePolicy", RoleName="puller", PolicyName="stop")
    assert get(image, MANIFEST, basic).status == 200


def test_another_accounts_token_is_good_and_judged_as_that_account(image: Sandbox) -> None:
    """Source: facts 5.1: account B's own token works against A's host."""
    basic = token(image, B)
    assert get(image, "/v2/", basic).status == 200
    refused = error_of(get(image, MANIFEST, basic))
    assert refused == (
        403,
        "DENIED",
        f"User: arn:aws:iam::{B}:user/admin is not authorized to perform: ecr:BatchGetImage on "
        f"resource: {ARN} because no resource-based policy allows the ecr:BatchGetImage action",
    )
    image.do(A, "ecr:SetRepositoryPolicy", repositoryName="my-app", policyText=grant(B, PULL))
    assert get(image, MANIFEST, basic).status == 200
    assert get(image, BLOB, basic).body == IMAGE.layer


def test_the_catalogue_is_asked_for_on_everything(image: Sandbox) -> None:
    """Source: facts 5.2, a 403 of ECR's recorded in the tests of Docker::Registry."""
    one = image.user(A, "one", allow(TOKEN), allow("ecr:*", ARN))
    assert error_of(get(image, "/v2/_catalog", token(image, one))) == (
        403,
        "DENIED",
        f"User: arn:aws:iam::{A}:user/one is not authorized to perform: ecr:DescribeRepositories "
        "on resource: * because no identity-based policy allows the ecr:DescribeRepositories "
        "action",
    )
    every = image.user(A, "every", allow(TOKEN), allow("ecr:DescribeRepositories"))
    assert get(image, "/v2/_catalog", token(image, every)).json == {"repositories": ["my-app"]}


def test_a_refused_head_is_in_the_trail(image: Sandbox) -> None:
    """A HEAD has no body, so a client hides the reason: the trail must not."""
    basic = token(image, B)
    assert get(image, MANIFEST, basic, method="HEAD").status == 403
    found = image.decision("latest")
    assert found["action"] == "ecr:BatchGetImage"
    assert found["caller"] == f"arn:aws:iam::{B}:user/admin"
    assert found["account"] == B
    assert "no resource-based policy" in found["error_message"]


@pytest.mark.parametrize(
    ("action", "get_status", "head_status"),
    [
        ("ecr:GetDownloadUrlForLayer", 200, 200),
        ("ecr:BatchCheckLayerAvailability", 403, 200),
        ("ecr:BatchGetImage", 403, 403),
    ],
)
def test_heads_of_blobs_are_for_pullers_and_pushers(
    image: Sandbox, action: str, get_status: int, head_status: int
) -> None:
    """Source: facts 5.2: which of the two AWS asks is not settled, so either will do."""
    basic = token(image, image.user(A, "ann", allow([TOKEN, action])))
    assert get(image, BLOB, basic).status == get_status
    assert get(image, BLOB, basic, method="HEAD").status == head_status


def test_a_deleted_users_token_is_no_good(image: Sandbox) -> None:
    keys = image.user(A, "ann", allow("*"))
    basic = token(image, keys)
    assert get(image, "/v2/", basic).status == 200
    image.do(A, "iam:DeleteAccessKey", UserName="ann", AccessKeyId=keys.access_key_id)
    image.do(A, "iam:DeleteUserPolicy", UserName="ann", PolicyName="p0")
    image.do(A, "iam:DeleteUser", UserName="ann")
    image.user(A, "ann", allow("*"))
    assert get(image, "/v2/", basic).status == 401


# -- whose registry --------------------------------------------------------------------------


def test_the_ways_to_name_an_account(image: Sandbox) -> None:
    image.do(B, "ecr:CreateRepository", repositoryName="my-app")
    push(image, B, Image(b"of B"), repositoryName="my-app")
    local = f"127.0.0.1:{image.port}"
    of_b, host_b = token(image, B), HOST.replace(A, B)
    wanted = Image(b"of B").manifest.encode()
    assert get(image, MANIFEST, of_b, host=host_b).body == wanted
    assert get(image, f"{MANIFEST}?ns={host_b}", of_b, host=local).body == wanted
    by_path = f"/v2/{B}/my-app/manifests/v1"
    assert get(image, by_path, of_b, host=local).body == wanted
    assert image.line["registries"][B] == f"{local}/{B}"
    # the first account otherwise
    assert get(image, MANIFEST, token(image, A), host=local).body == IMAGE.manifest.encode()


def test_the_challenge_names_the_registry_that_was_asked(image: Sandbox) -> None:
    reply: Any = get(image, f"/v2/{B}/my-app/manifests/v1", None, host=f"127.0.0.1:{image.port}")
    assert HOST.replace(A, B) in reply.headers["www-authenticate"]
