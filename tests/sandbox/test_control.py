"""The sandbox's own API under /_lab/, and who may speak to the sandbox at all."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.test_organizations import make as make_organization
from tests.sandboxes import A, B, C, Forked, Keys, Sandbox, allow, deny, policy, statement, trust

ROUTES = [
    ("GET", "status"),
    ("GET", "decision/latest"),
    ("GET", "trail"),
    ("GET", "fingerprint"),
    ("GET", "describe"),
    ("GET", "map"),
    ("POST", "why"),
    ("POST", "preview"),
    ("GET", "changes/0"),
    ("POST", "clock"),
    ("POST", "reset"),
    ("POST", "save"),
    ("POST", "restore"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_the_token_is_needed(sandbox: Sandbox, method: str, path: str, token: str) -> None:
    sandbox.role(A, "r", trust(A))
    reply = sandbox.control(method, path, {"name": "x"}, token=token)
    assert reply.status == 403
    assert reply.json == {"error": "This needs the token of the lab's state file."}
    assert sandbox.do(A, "iam:ListRoles")["Roles"]


def test_nothing_is_told_without_the_bearers_word(sandbox: Sandbox) -> None:
    for authorization in (None, "Bearer", "Bearer ", f"Basic {sandbox.line['lab_token']}"):
        headers = {} if authorization is None else {"Authorization": authorization}
        assert sandbox.http("GET", "/_lab/status", b"", headers).status == 403


def test_an_unknown_route_names_the_known(sandbox: Sandbox) -> None:
    for method, path in (("GET", "nope"), ("POST", "status"), ("HEAD", "status")):
        reply = sandbox.control(method, path)
        assert reply.status == 404
        if method != "HEAD":
            assert "GET /_lab/status" in reply.json["error"]


def test_status(sandbox: Sandbox) -> None:
    found = sandbox.control("GET", "status").json
    assert found["accounts"] == [A, B, C]
    assert found["pid"] == sandbox.process.pid == sandbox.line["pid"]
    assert found["endpoint"] == sandbox.endpoint
    assert found["clock_offset_seconds"] == 0
    sandbox.advance(90.5)
    assert sandbox.control("GET", "status").json["clock_offset_seconds"] == 90.5


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"advance_seconds": "5"},
        {"advance_seconds": True},
        {"advance_seconds": -1},
        {"advance_seconds": float("nan")},
        {"advance_seconds": float("inf")},
        {"advance_seconds": 1e300},
        {"advance_seconds": 10**40},
        [],
        "x",
        5,
    ],
)
def test_clocks_that_cannot_be(sandbox: Sandbox, body: Any) -> None:
    reply = sandbox.control("POST", "clock", body)
    assert reply.status == 400
    assert reply.json["error"]
    assert sandbox.control("GET", "status").json["clock_offset_seconds"] == 0
    assert sandbox.call(A, "iam:ListRoles").ok


def test_the_clock_ends_before_the_calendar(sandbox: Sandbox) -> None:
    decade, steps = 10 * 366 * 86400, 0
    while sandbox.control("POST", "clock", {"advance_seconds": decade}).status == 200:
        steps += 1
        assert steps < 1000
    assert steps > 700
    sandbox.role(A, "r", trust(A))
    assert sandbox.assume(A, f"arn:aws:iam::{A}:role/r")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b"7"])
def test_bodies_that_cannot_be_read(sandbox: Sandbox, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {sandbox.line['lab_token']}"}
    reply = sandbox.http("POST", "/_lab/clock", body, headers)
    assert reply.status == 400


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 65, None, 7, "a b", "é"])
def test_names_of_snapshots(sandbox: Sandbox, name: Any) -> None:
    for verb in ("save", "restore"):
        assert sandbox.control("POST", verb, {"name": name}).status == 400


def test_a_decision_by_request_id_and_the_latest(sandbox: Sandbox) -> None:
    keys = sandbox.user(B, "ann", allow("sts:AssumeRole"))
    sandbox.role(A, "target", trust(C))
    target = f"arn:aws:iam::{A}:role/target"
    refused = sandbox.call(keys, "sts:AssumeRole", RoleArn=target, RoleSessionName="session")
    good = sandbox.call(A, "iam:ListRoles")
    found = sandbox.decision(refused.request_id)
    assert found == sandbox.decision("latest")
    assert (found["action"], found["caller"], found["account"]) == (
        "sts:AssumeRole",
        f"arn:aws:iam::{B}:user/ann",
        B,
    )
    assert (found["error_code"], found["error_message"]) == (refused.code, refused.message)
    [asked] = found["asked"]
    assert asked["resource"] == target
    assert asked["decision"]["verdict"] == "implicitDeny"
    told = " ".join(asked["sentences"])
    assert f"Account {B} (the caller's) allows it" in told
    assert f"Account {A} (the resource's) does not" in told
    assert asked["suggestions"]
    allowed = sandbox.decision(good.request_id)
    assert allowed["denied"] is False
    assert allowed["asked"][0]["decision"]["verdict"] == "allowed"
    assert sandbox.control("GET", "decision/nope").status == 404


@pytest.mark.slow
def test_no_decision_before_the_first_refusal() -> None:
    with Forked() as new:
        assert new.call(A, "iam:ListRoles").ok
        reply = new.control("GET", "decision/latest")
        assert (reply.status, reply.json) == (
            404,
            {"error": "No policy has refused anything yet."},
        )


def test_a_suggestion_is_right(sandbox: Sandbox) -> None:
    """Doing what is suggested, side by side, ends the refusal."""
    keys = sandbox.user(B, "ann")
    sandbox.role(A, "target", trust(C))
    target = f"arn:aws:iam::{A}:role/target"
    for _ in range(3):
        answer = sandbox.call(keys, "sts:AssumeRole", RoleArn=target, RoleSessionName="session")
        if answer.ok:
            return
        for one in sandbox.decision(answer.request_id)["asked"][0]["suggestions"]:
            text = json.dumps({"Version": "2012-10-17", "Statement": [one["statement"]]})
            if one["layer"] == "identity":
                assert one["account"] == B
                sandbox.put(B, "user", "ann", text, "suggested")
            else:
                assert (one["layer"], one["account"]) == ("trust", A)
                sandbox.do(A, "iam:UpdateAssumeRolePolicy", RoleName="target", PolicyDocument=text)
    pytest.fail("the suggestions did not help")


# -- the calls that would mend it ------------------------------------------------------------


def _a_managed_policy(sandbox: Sandbox) -> tuple[Keys, str]:
    keys = sandbox.user(A, "ann", allow("iam:*"))
    made = sandbox.do(A, "iam:CreatePolicy", PolicyName="no", PolicyDocument=deny("iam:ListRoles"))
    sandbox.do(A, "iam:AttachUserPolicy", UserName="ann", PolicyArn=made["Policy"]["Arn"])
    return keys, "iam:ListRoles"


def _a_policy_of_aws(sandbox: Sandbox) -> tuple[Keys, str]:
    boundary = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
    return sandbox.user(A, "ann", allow("iam:*"), PermissionsBoundary=boundary), "iam:ListRoles"


def _a_registry_policy(sandbox: Sandbox) -> tuple[Keys, str]:
    repositories = f"arn:aws:ecr:us-east-1:{A}:repository/*"
    text = policy(
        statement("Allow", "ecr:ReplicateImage", repositories, Principal={"AWS": B}),
        statement("Deny", "ecr:DescribeRepositories", repositories, Principal="*"),
    )
    sandbox.do(A, "ecr:PutRegistryPolicy", policyText=text)
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    return sandbox.admins[A], "ecr:DescribeRepositories"


def _an_scp_that_denies_more(sandbox: Sandbox) -> tuple[Keys, str]:
    org = make_organization(sandbox)
    text = policy(statement("Deny", "iam:*", "*"), statement("Deny", "s3:*", "*"))
    org.attach("NoIam", text, A)
    return sandbox.admins[A], "iam:ListRoles"


def _an_scp_that_is_missing(sandbox: Sandbox) -> tuple[Keys, str]:
    org = make_organization(sandbox)
    org.attach("OnlyEcr", allow("ecr:*"), A)
    org.do("DetachPolicy", PolicyId="p-FullAWSAccess", TargetId=A)
    return sandbox.admins[A], "iam:ListRoles"


def _a_federated_user(sandbox: Sandbox) -> tuple[Keys, str]:
    keys = sandbox.user(A, "ann", allow("sts:GetFederationToken"))
    given = {"Name": "guest", "Policy": allow("ecr:*")}
    found = sandbox.do(keys, "sts:GetFederationToken", **given)["Credentials"]
    return Keys.of(found), "ecr:DescribeRepositories"


# what refuses a call, the calls that end the refusal (none: nobody can with one call)
MENDED: list[tuple[Callable[[Sandbox], tuple[Keys, str]], list[tuple[str, str]]]] = [
    (_a_managed_policy, [(A, "DetachUserPolicy")]),
    (_a_policy_of_aws, []),
    (_a_registry_policy, [(A, "PutRegistryPolicy")]),
    (_an_scp_that_denies_more, [(C, "UpdatePolicy")]),
    (_an_scp_that_is_missing, [(C, "UpdatePolicy")]),
    (_a_federated_user, [(A, "PutUserPolicy")]),
]


@pytest.mark.parametrize(
    ("broken", "wanted"), MENDED, ids=[one.__name__.strip("_") for one, _ in MENDED]
)
def test_the_calls_that_end_a_refusal(
    sandbox: Sandbox, broken: Callable[[Sandbox], tuple[Keys, str]], wanted: list[tuple[str, str]]
) -> None:
    keys, action = broken(sandbox)
    refused = sandbox.call(keys, action)
    assert refused.code in ("AccessDenied", "AccessDeniedException")
    [asked] = sandbox.decision(refused.request_id)["asked"]
    assert asked["suggestions"]
    assert [(one["account"], one["operation"]) for one in asked["calls"]] == wanted
    for one in asked["calls"]:
        action_of = f"{one['service']}:{one['operation']}"
        sandbox.do(one["account"], action_of, **one["parameters"])
    assert sandbox.call(keys, action).ok is bool(wanted)


def test_what_is_not_the_arn_of_a_role(sandbox: Sandbox) -> None:
    """AWS refuses it like any other; the lab says what is wrong with it."""
    arn = f"arn:aws:iam::{A}:user/admin"
    refused = sandbox.call(A, "sts:AssumeRole", RoleArn=arn, RoleSessionName="session")
    assert refused.error == (
        "AccessDenied",
        403,
        f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
    )
    [asked] = sandbox.decision(refused.request_id)["asked"]
    assert asked["missing"] == f"{arn} is not the ARN of a role."
    assert (asked["suggestions"], asked["calls"]) == ([], [])


def test_the_trail(sandbox: Sandbox) -> None:
    sandbox.call(A, "iam:ListRoles")
    sandbox.call(B, "iam:GetRole", RoleName="nope")
    entries = sandbox.control("GET", "trail").json["entries"]
    assert [(e["action"], e["account"], e["error_code"]) for e in entries] == [
        ("iam:ListRoles", A, None),
        ("iam:GetRole", B, "NoSuchEntity"),
    ]
    assert [e["number"] for e in entries] == [1, 2]
    assert len(sandbox.control("GET", "trail/1").json["entries"]) == 1
    assert sandbox.control("GET", "trail/x").status == 400
    assert sandbox.control("GET", "trail/-1").json["entries"] == []


def test_the_trail_tells_whose_session_a_call_was_made_with(sandbox: Sandbox) -> None:
    """By the access key id, which is no secret; the secrets themselves are nowhere in it."""
    role = sandbox.role(A, "r", trust(A))
    keys = sandbox.assume(A, role["Arn"])
    sandbox.whoami(keys)
    assumed, asked = sandbox.control("GET", "trail/2").json["entries"]
    assert (assumed["gave"], asked["access_key_id"]) == (keys.access_key_id, keys.access_key_id)
    assert asked["gave"] is None
    sandbox.do(A, "iam:CreateUser", UserName="u")
    sandbox.do(A, "iam:CreateAccessKey", UserName="u")
    text = json.dumps(sandbox.control("GET", "trail").json)
    assert keys.secret not in text
    assert str(keys.token) not in text
    assert sandbox.control("GET", "trail/1").json["entries"][0]["gave"] is None, "STS's only"


def test_the_changes_since(sandbox: Sandbox) -> None:
    """Only what changed something, without secrets; and whether these accounts come of those."""
    sandbox.role(A, "r", trust(A))
    before = sandbox.control("GET", "changes/0").json
    assert [one["action"] for one in before["changes"]] == ["iam:CreateRole"]
    since = before["count"]
    mark = sandbox.control("GET", f"changes/{since}").json
    assert mark["changes"] == []
    sandbox.advance(60)
    sandbox.do(A, "iam:ListRoles")
    sandbox.call(A, "iam:DeleteRole", RoleName="not-there")
    sandbox.do(B, "iam:CreateUser", UserName="u")
    sandbox.do(B, "iam:CreateLoginProfile", UserName="u", Password="Secret-123456")
    later = sandbox.control("GET", f"changes/{since}").json
    assert [(one["account"], one["action"]) for one in later["changes"]] == [
        (B, "iam:CreateUser"),
        (B, "iam:CreateLoginProfile"),
    ]
    assert later["changes"][0]["parameters"]["UserName"] == "u"
    assert "Secret-123456" not in json.dumps(later)
    assert later["upto"] == mark["upto"]
    sandbox.reset()
    sandbox.role(A, "another", trust(A))
    assert sandbox.control("GET", f"changes/{since}").json["upto"] != mark["upto"]
    for wrong in ("-1", "some"):
        assert sandbox.control("GET", f"changes/{wrong}").status == 400


def test_reset_ends_everything(sandbox: Sandbox) -> None:
    fresh = sandbox.fingerprint()
    made = sandbox.role(A, "r", trust(A))
    keys = sandbox.assume(A, made["Arn"])
    user = sandbox.user(A, "ann")
    sandbox.advance(100)
    assert sandbox.fingerprint() != fresh
    sandbox.reset()
    assert sandbox.fingerprint() == fresh
    assert sandbox.do(A, "iam:ListRoles")["Roles"] == []
    for gone in (keys, user):
        assert sandbox.call(gone, "sts:GetCallerIdentity").code == "InvalidClientTokenId"
    assert len(sandbox.control("GET", "trail").json["entries"]) == 3
    assert sandbox.control("GET", "status").json["clock_offset_seconds"] == 0


def test_the_fingerprint_sees_what_matters(sandbox: Sandbox) -> None:
    seen = {sandbox.fingerprint()}

    def changed(what: str) -> None:
        now = sandbox.fingerprint()
        assert now not in seen, what
        seen.add(now)

    sandbox.role(A, "r", trust(A))
    changed("a role")
    sandbox.put(A, "role", "r", allow("iam:*"))
    changed("its policy")
    sandbox.do(A, "iam:UpdateAssumeRolePolicy", RoleName="r", PolicyDocument=trust([A, B]))
    changed("its trust")
    sandbox.do(A, "iam:UpdateRole", RoleName="r", MaxSessionDuration=7200)
    changed("its longest session")
    sandbox.do(A, "iam:TagRole", RoleName="r", Tags=[{"Key": "k", "Value": "v"}])
    changed("its tags")
    keys = sandbox.user(B, "ann")
    changed("a user with a key")
    sandbox.do(
        B, "iam:UpdateAccessKey", UserName="ann", AccessKeyId=keys.access_key_id, Status="Inactive"
    )
    changed("the key's status")
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    changed("a repository")
    sandbox.assume(A, f"arn:aws:iam::{A}:role/r")
    sandbox.advance(10)
    assert sandbox.fingerprint() in seen, "sessions and time do not count"


# -- who may speak to it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "ok"),
    [
        ("127.0.0.1:{port}", True),
        ("localhost:{port}", True),
        ("[::1]:{port}", True),
        ("sts.amazonaws.com", True),
        ("111111111111.dkr.ecr.us-east-1.amazonaws.com", True),
        ("evil.example", False),
        ("evil.example:{port}", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("amazonaws.com.evil.example", False),
        ("", False),
        ("127.0.0.2", False),
        ("0.0.0.0:{port}", False),
        ("127.0.0.1:{port}@evil.example", False),
    ],
)
def test_foreign_hosts_are_refused(sandbox: Sandbox, host: str, ok: bool) -> None:
    """A page of another site that was pointed at 127.0.0.1 sends its own name."""
    for path in ("/_lab/status", "/", "/v2/"):
        reply = sandbox.http("GET", path, b"", {"Host": host.format(port=sandbox.port)})
        refused = b"does not answer for the host" in reply.body
        assert refused is not ok
        if refused:
            assert reply.status == 403


@pytest.mark.parametrize(
    ("origin", "ok"),
    [
        ("http://localhost:8888", True),
        ("http://127.0.0.1:8888", True),
        (None, True),
        ("https://evil.example", False),
        ("null", False),
        ("http://localhost.evil.example", False),
        ("", False),
    ],
)
def test_foreign_pages_are_refused(sandbox: Sandbox, origin: str | None, ok: bool) -> None:
    headers = {"Authorization": f"Bearer {sandbox.line['lab_token']}"}
    if origin is not None:
        headers["Origin"] = origin
    reply = sandbox.http("GET", "/_lab/status", b"", headers)
    assert reply.status == (200 if ok else 403)


def at_the_front(sandbox: Sandbox, sent: bytes) -> bytes:
    """What the HTTPS front answers to these bytes and the end of the client's half."""
    port = int(sandbox.line["proxy"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


FRONT = {
    "no CONNECT": (b"GET http://example.com/ HTTP/1.1\r\n\r\n", 400, "this is a proxy for HTTPS"),
    "half a request": (b"CONNECT sts.amazonaws.com:443 HT", 400, "this is a proxy for HTTPS"),
    "nothing": (b"", 400, "this is a proxy for HTTPS"),
    "another host": (
        b"CONNECT example.com:443 HTTP/1.1\r\n\r\n",
        403,
        "example.com is not part of this lab, and nothing else can be reached from it",
    ),
    "another port": (
        b"CONNECT sts.amazonaws.com:80 HTTP/1.1\r\n\r\n",
        403,
        "sts.amazonaws.com is not part of this lab, and nothing else can be reached from it",
    ),
}


@pytest.mark.parametrize("name", FRONT)
def test_what_the_https_front_refuses(sandbox: Sandbox, name: str) -> None:
    sent, status, why = FRONT[name]
    answer = at_the_front(sandbox, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert why.encode() in answer


@pytest.mark.slow
def test_a_client_that_waits_at_the_front_does_not_hold_up_the_end() -> None:
    with Forked() as ending:
        port = int(ending.line["proxy"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"CONNECT sts.amazonaws.com:443 ")
            assert ending.whoami(A)
            assert ending.stop() == ""
            assert connection.recv(1) == b""


@pytest.mark.parametrize("path", ["/", "/_lab/status", "/v2/", "/_layers/x", "/nope"])
def test_heads_have_no_body(sandbox: Sandbox, path: str) -> None:
    for host in (f"127.0.0.1:{sandbox.port}", "evil.example"):
        reply = sandbox.http("HEAD", path, b"", {"Host": host})
        assert reply.body == b""
        assert reply.status >= 400


def test_it_listens_on_the_loopback_interface_only(sandbox: Sandbox) -> None:
    assert sandbox.endpoint.startswith("http://127.0.0.1:")
    with open("/proc/net/tcp") as table:
        rows = [row.split() for row in table.readlines()[1:]]
    listening = {row[1] for row in rows if row[3] == "0A"}
    wanted = f":{sandbox.port:04X}"
    assert {one.partition(":")[0] for one in listening if one.endswith(wanted)} == {"0100007F"}
