"""Everything a client can make grow has a bound: bodies, forms, uploads, the trail, snapshots."""

from __future__ import annotations

import json
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.sandbox.registries import Client, error_of
from tests.sandboxes import ECR_TARGET, FORM, A, B, Forked, Sandbox, trust
from xacct_helpers.sandbox.protocol.parse import MAX_API_BODY
from xacct_helpers.sandbox.server.head_limits import MAX_HEAD, MAX_HEADERS
from xacct_helpers.sandbox.store import blobs
from xacct_helpers.sandbox.store.trail import KEEP, KEEP_BYTES, Entry, Trail

NAMED = {"repositoryName": "my-app"}
TOO_LONG = b"x" * (MAX_API_BODY + 1)
OF_QUERY = b"<Code>RequestEntityTooLargeException</Code>"
OF_JSON = b'"__type": "RequestEntityTooLargeException"'
SCOPE = "AWS4-HMAC-SHA256 Credential=AKIA/20261125/us-east-1/{}/aws4_request"
BODIES: dict[str, tuple[str, dict[str, str], bytes]] = {
    "IAM": ("/", {"Content-Type": FORM, "Authorization": SCOPE.format("iam")}, OF_QUERY),
    "STS": ("/", {"Content-Type": FORM, "Authorization": SCOPE.format("sts")}, OF_QUERY),
    "ECR": ("/", {"X-Amz-Target": f"{ECR_TARGET}.PutImage"}, OF_JSON),
    "CloudTrail": (
        "/",
        {"X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"},
        OF_JSON,
    ),
    "Organizations": ("/", {"X-Amz-Target": "AWSOrganizationsV20161128.ListRoots"}, OF_JSON),
    "nobody's": ("/", {}, OF_QUERY),
    "the control API": ("/_lab/save", {}, b'{"error": "A request body may hold'),
    "a layer's URL": ("/_layers/x", {}, b'{"message": "A request body may hold'),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_too_long(sandbox: Sandbox, name: str) -> None:
    path, headers, told = BODIES[name]
    reply = sandbox.http("POST", path, TOO_LONG, headers)
    assert reply.status == 413
    assert told in reply.body
    assert f"{MAX_API_BODY} bytes at most".encode() in reply.body
    assert sandbox.whoami(A)


def test_the_longest_body_is_read(sandbox: Sandbox) -> None:
    admin = sandbox.admins[A]
    reply = sandbox.send(sandbox.signed(admin, "sts", TOO_LONG[1:]))
    assert reply.status == 400
    assert b"<Code>MissingAction</Code>" in reply.body


def test_a_form_of_too_many_fields(sandbox: Sandbox) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    many = body + b"&a=1" * 9_998
    assert sandbox.send(sandbox.signed(sandbox.admins[A], "sts", many)).status == 200
    reply = sandbox.send(sandbox.signed(sandbox.admins[A], "sts", many + b"&a=1"))
    assert reply.status == 400
    assert b"10000 fields at most" in reply.body


GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
HEADS: dict[str, tuple[bytes, bytes, bytes]] = {
    "too many headers": (
        GET + b"".join(b"X-%d: 1\r\n" % number for number in range(MAX_HEADERS)) + b"\r\n",
        b"HTTP/1.1 431 ",
        b"A request may have 200 headers at most.\n",
    ),
    "too many bytes": (
        (GET + b"X: ").ljust(MAX_HEAD + 1, b"x"),
        b"HTTP/1.1 431 ",
        b"A request's headers may hold 65536 bytes at most.\n",
    ),
    "no HTTP": (b"hello\r\n\r\n", b"HTTP/1.1 400 ", b"Invalid HTTP request received."),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_too_long_or_none(sandbox: Sandbox, name: str) -> None:
    """Every byte of it is read before the answer, so that the answer is not lost."""
    head, start, end = HEADS[name]
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=20) as connection:
        connection.sendall(head)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(start)
    assert answer.endswith(end)


# -- uploads ---------------------------------------------------------------------------------


def uploads_of(folder: Path, repository: str) -> Path:
    arn = f"arn:aws:ecr:us-east-1:{A}:repository/{repository}"
    return folder / "uploads" / quote(arn, safe="")


def open_many(folder: Path, repository: str, count: int) -> list[Path]:
    """Uploads that somebody began and left: their files."""
    place = uploads_of(folder, repository)
    place.mkdir(exist_ok=True)
    made = [place / f"00000000-0000-4000-8000-{number:012}" for number in range(count)]
    for path in made:
        path.touch(mode=0o600)
    return made


@pytest.mark.slow
def test_uploads_of_a_repository(tmp_path: Path) -> None:
    most = blobs.MAX_UPLOADS_OF_A_REPOSITORY
    with Forked("--state", str(tmp_path)) as sandbox:
        sandbox.do(A, "ecr:CreateRepository", **NAMED)
        sandbox.do(A, "ecr:CreateRepository", repositoryName="other")
    left = open_many(tmp_path, "my-app", most - 1)
    with Forked("--state", str(tmp_path)) as sandbox:
        begin = "ecr:InitiateLayerUpload"
        client = Client.of(sandbox)
        mine = client.begin()
        refused = sandbox.call(A, begin, **NAMED)
        assert (refused.code, refused.status) == ("LimitExceededException", 400)
        assert f"The repository has {most} open uploads" in refused.message
        status, code, message = error_of(client.send("POST", "my-app/blobs/uploads/"))
        assert (status, code, message) == (429, "TOOMANYREQUESTS", refused.message)
        assert sandbox.call(A, begin, repositoryName="other").ok
        # cancelled: one more may be begun
        assert client.send("DELETE", mine).status == 204
        assert sandbox.call(A, begin, **NAMED).ok
        assert not sandbox.call(A, begin, **NAMED).ok
        # one that nobody has added to for a day counts no more, and is gone
        day_ago = time.time() - blobs.UPLOAD_SECONDS - 1
        os.utime(left[7], (day_ago, day_ago))
        assert sandbox.call(A, begin, **NAMED).ok
        assert not left[7].exists()
        assert not sandbox.call(A, begin, **NAMED).ok
        sandbox.reset()
        assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []
        sandbox.do(A, "ecr:CreateRepository", **NAMED)
        assert sandbox.call(A, begin, **NAMED).ok


@pytest.mark.slow
def test_uploads_of_an_account(tmp_path: Path) -> None:
    most = blobs.MAX_UPLOADS_OF_AN_ACCOUNT
    with Forked("--state", str(tmp_path)) as sandbox:
        for account in (A, B):
            sandbox.do(account, "ecr:CreateRepository", **NAMED)
    for number in range(10):
        open_many(tmp_path, f"r{number}", most // 10)
    with Forked("--state", str(tmp_path)) as sandbox:
        refused = sandbox.call(A, "ecr:InitiateLayerUpload", **NAMED)
        assert f"The account has {most} open uploads" in refused.message
        assert sandbox.call(B, "ecr:InitiateLayerUpload", **NAMED).ok


def test_old_uploads_are_cleared_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
    kept = blobs.Blobs(tmp_path)
    old, new = kept.begin(arn), kept.begin(arn)
    day_ago = time.time() - blobs.UPLOAD_SECONDS - 1
    os.utime(uploads_of(tmp_path, "my-app") / old, (day_ago, day_ago))
    kept.begin(arn)
    assert kept.size(arn, old) == 0, "looked for now and then only"
    monkeypatch.setattr(blobs, "_SWEEP_SECONDS", 0)
    kept.begin(arn)
    assert kept.size(arn, old) is None
    assert kept.size(arn, new) == 0


def test_bytes_go_where_they_belong_or_nowhere(tmp_path: Path) -> None:
    """What two clients of one upload, or one that misjudges it, would otherwise mix up."""
    arn = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
    kept = blobs.Blobs(tmp_path)
    upload = kept.begin(arn)
    assert kept.append(arn, upload, b"first", 0) == 5
    with pytest.raises(blobs.Elsewhere) as refused:
        kept.append(arn, upload, b"other", 3)
    assert refused.value.size == 5
    digest = kept.digest(arn, upload)
    assert kept.append(arn, upload, b"second", 5) == 11
    with pytest.raises(blobs.Elsewhere) as refused:
        kept.complete(arn, upload, digest)
    assert refused.value.size == 11
    assert kept.path(digest) is None
    whole = kept.digest(arn, upload)
    assert kept.complete(arn, upload, whole) == 11
    path = kept.path(whole)
    assert path is not None
    assert path.read_bytes() == b"firstsecond"
    assert kept.path(f"sha256:../{path.name}") is None, "no digest, no place"


# -- the trail -------------------------------------------------------------------------------


def entry(number: int, answer: bytes) -> Entry:
    return Entry(
        number=number,
        request_id=str(number),
        time=datetime(2026, 11, 25, tzinfo=UTC),
        service="iam",
        operation="CreatePolicy",
        caller=None,
        account=A,
        source_ip="127.0.0.1",
        user_agent="",
        error_code=None,
        error_message=None,
        checked=(),
        answer=answer,
    )


@pytest.mark.parametrize(("size", "kept"), [(10, KEEP), (100_000, KEEP_BYTES // 100_000)])
def test_the_trail_keeps_the_newest_within_its_bounds(size: int, kept: int) -> None:
    trail = Trail()
    for number in range(KEEP + 10):
        trail.add(entry(number, b"x" * size))
    found = trail.latest(10**9)
    assert kept * 0.99 <= len(found) <= kept
    assert found[-1].number == KEEP + 9
    assert trail.find(str(KEEP + 9 - len(found))) is None


def test_the_trail_cuts_what_a_client_made_long(sandbox: Sandbox) -> None:
    headers = {"User-Agent": "u" * 30_000}
    named = b"Action=" + b"A" * 100_000 + b"&Version=2010-05-08"
    sandbox.send(sandbox.signed(sandbox.admins[A], "iam", named, headers=headers))
    role = b"Action=GetRole&RoleName=nope&Version=2010-05-08"
    sandbox.send(sandbox.signed(sandbox.admins[A], "iam", role, headers=headers))
    events = sandbox.do(A, "cloudtrail:LookupEvents")["Events"]
    agents = [json.loads(one["CloudTrailEvent"])["userAgent"] for one in events]
    assert "u" * 1023 + "…" in agents
    told = sandbox.control("GET", "trail").body
    assert len(told) < 10_000


# -- snapshots -------------------------------------------------------------------------------


@pytest.mark.parametrize("lasting", [True, False])
@pytest.mark.slow
def test_snapshots(tmp_path: Path, lasting: bool) -> None:
    with Forked(*(("--state", str(tmp_path)) if lasting else ())) as sandbox:
        for number in range(50):
            assert sandbox.control("POST", "save", {"name": f"s{number}"}).status == 200
        refused = sandbox.control("POST", "save", {"name": "more"})
        assert refused.status == 409
        assert refused.json["error"] == "A lab keeps 50 snapshots at most. Save over one."
        assert sandbox.control("POST", "save", {"name": "s0"}).status == 200
        assert sandbox.control("POST", "restore", {"name": "s49"}).status == 200


DAMAGED = {
    "another format": (b'"format":1', b'"format":99', "is a journal of format 99"),
    "a call that changes nothing": (
        b'"o":"CreateRole"',
        b'"o":"GetRole"',
        "iam:GetRole changes nothing",
    ),
    "half a record": (b'"o":"CreateRole"', b'"o":', "is damaged at line 2"),
    "a call that cannot be": (b'"o":"CreateRole"', b'"o":"DeleteRole"', "cannot be performed"),
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.slow
def test_a_damaged_snapshot_leaves_the_accounts_as_they_are(tmp_path: Path, name: str) -> None:
    whole, damaged, told = DAMAGED[name]
    with Forked("--state", str(tmp_path)) as sandbox:
        sandbox.role(A, "one", trust(A))
        sandbox.control("POST", "save", {"name": "s"})
        sandbox.role(A, "two", trust(A))
        before = sandbox.fingerprint()
        path = tmp_path / "snapshots" / "s.jsonl"
        path.write_bytes(path.read_bytes().replace(whole, damaged))
        refused = sandbox.control("POST", "restore", {"name": "s"})
        assert refused.status == 409
        assert told in refused.json["error"]
        assert "the accounts are as before" in refused.json["error"]
        assert sandbox.fingerprint() == before
    with Forked("--state", str(tmp_path)) as sandbox:
        assert sandbox.fingerprint() == before
