"""Noise on every door: no 5xx, no hang, no traceback in an answer, and the next request is fine.

The noise is drawn from a seed that a failure prints. Valid requests are altered byte by byte, too:
what is nearly right goes deepest.
"""

from __future__ import annotations

import base64
import json
import random
import re
import socket
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.sandboxes import ECR_TARGET, FORM, A, B, Keys, Reply, Sandbox, allow, trust
from tests.soak import scaled

pytestmark = pytest.mark.slow

SECONDS = 20  # within which an answer has to come
AMZ_JSON = "application/x-amz-json-1.1"
TRACEBACK = b"Traceback (most recent call last)"
SECRETS_OF_THE_HOST = re.compile(rb"root:[^:]*:0:0:")
NASTY = [
    "",
    "\0",
    "\ud800",
    "..",
    "../..",
    "%2e%2e",
    "%00",
    "${x}",
    "*",
    "'",
    '"',
    "<a>",
    "\r\nX: y",
]
NASTY += ["9" * 400, "-1", "1e999", "NaN", "é" * 300, "arn:aws:iam::", "a" * 70_000, "[" * 5000]


@pytest.fixture
def chance() -> random.Random:
    """Chance, with its seed under a failure."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def furnished(sandbox: Sandbox) -> Sandbox:
    """Something to stumble over."""
    sandbox.role(A, "target", trust(B), allow("*"))
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    return sandbox


def sound(reply: Reply) -> None:
    """What no answer may be."""
    assert reply.status < 500, reply.body[:2000]
    assert TRACEBACK not in reply.body
    assert not SECRETS_OF_THE_HOST.search(reply.body)


def alive(sandbox: Sandbox) -> None:
    assert sandbox.whoami(A).endswith(":user/admin")


def altered(chance: random.Random, data: bytes) -> bytes:
    """The bytes with a few of them changed, taken out, doubled, or cut off."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        kind = chance.randrange(5)
        if kind == 0 and changed:
            changed[at % len(changed)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[at:at] = chance.randbytes(chance.randint(1, 8))
        elif kind == 2:
            del changed[at : at + chance.randint(1, 20)]
        elif kind == 3:
            changed[at:at] = changed[max(0, at - 30) : at]
        else:
            changed[at:at] = chance.choice(NASTY).encode("utf-8", "surrogatepass")
    return bytes(changed)


# -- bytes on the socket ---------------------------------------------------------------------


def exchange(sandbox: Sandbox, data: bytes, port: int | None = None) -> bytes:
    """Send bytes and close that half; all that comes back."""
    address = ("127.0.0.1", port or sandbox.port)
    with socket.create_connection(address, timeout=SECONDS) as connection:
        answer = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            raise  # no answer at all is no closed door
        except OSError:
            return answer  # it closed the door before it had heard everything
    return answer


def request_bytes(sandbox: Sandbox, keys: Keys, service: str, body: bytes, **headers: str) -> bytes:
    signed = sandbox.signed(keys, service, body, headers=headers)
    head = {**dict(signed.headers.items()), "Host": f"127.0.0.1:{sandbox.port}"}
    head |= {"Content-Length": str(len(body)), "Connection": "close"}
    lines = ["POST / HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in head.items())]
    return "".join(lines).encode() + b"\r\n" + body


def test_bytes_on_the_socket(furnished: Sandbox, chance: random.Random) -> None:
    admin = furnished.admins[A]
    good = [
        request_bytes(furnished, admin, "sts", b"Action=GetCallerIdentity&Version=2011-06-15"),
        request_bytes(
            furnished,
            admin,
            "ecr",
            b'{"repositoryNames": ["my-app"]}',
            **{"Content-Type": AMZ_JSON, "X-Amz-Target": f"{ECR_TARGET}.DescribeRepositories"},
        ),
        b"GET /v2/my-app/manifests/v1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    ]
    assert all(b" 200 OK" in exchange(furnished, data) for data in good[:2])
    for number in range(scaled(600)):
        data = altered(chance, good[number % 3]) if number % 6 else chance.randbytes(300)
        for answer in re.findall(rb"HTTP/1\.1 (\d{3})", exchange(furnished, data)[:20]):
            assert int(answer) < 500, data
    alive(furnished)


def test_noise_fills_no_log(chance: random.Random) -> None:
    """A line for each would stop a sandbox whose standard error nobody reads, after a while."""
    with Sandbox() as sandbox:
        for _ in range(50):
            exchange(sandbox, chance.randbytes(300))
        alive(sandbox)
        assert sandbox.stop() == ""


def test_bytes_on_the_https_front(chance: random.Random) -> None:
    host = f"{A}.dkr.ecr.us-east-1.amazonaws.com:443".encode()
    good = b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (host, host)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # as a TLS client begins
    answered = set()
    with Sandbox() as sandbox:
        port = int(sandbox.line["proxy"].rpartition(":")[2])
        for number in range(scaled(300)):
            kinds = (chance.randbytes(300), altered(chance, good), good + altered(chance, hello))
            answer = exchange(sandbox, kinds[number % 3], port)
            assert TRACEBACK not in answer
            answered |= set(re.findall(rb"^HTTP/1\.1 (\d{3})", answer))
        assert exchange(sandbox, good, port).startswith(b"HTTP/1.1 200 ")
        alive(sandbox)
        assert TRACEBACK.decode() not in sandbox.stop()
    assert {b"200", b"400"} <= answered <= {b"200", b"400", b"403"}


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"".join(b"X-%d: y\r\n" % n for n in range(5000)), id="many headers"),
        pytest.param(b"X: " + b"y" * 300_000, id="one long header"),
        pytest.param(b"X" * 300_000, id="one long name"),
    ],
)
def test_a_head_without_end(sandbox: Sandbox, head: bytes) -> None:
    answer = exchange(sandbox, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head)
    assert answer[:13] in (b"HTTP/1.1 431 ", b"")  # "" when it was closed on us in the middle
    answer = exchange(sandbox, b"GET /" + b"a" * 300_000)
    assert answer[:13] in (b"HTTP/1.1 431 ", b"")
    alive(sandbox)


# -- signed requests -------------------------------------------------------------------------


def value(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value, the strange ones often."""
    kind = chance.randrange(7 if depth < 3 else 5)
    if kind == 0:
        return chance.choice(NASTY)
    if kind == 1:
        return "".join(chance.choices(string.printable, k=chance.randint(0, 20)))
    if kind == 2:
        return chance.choice([0, -1, 2**70, 1.5, True, False, None])
    if kind in (3, 4):
        return chance.choice(["my-app", "target", f"arn:aws:iam::{A}:role/target", allow("*")])
    if kind == 5:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    names = ["registryId", "repositoryName", "imageIds", "Key", "Value", "member", "", "Statement"]
    return {chance.choice(names): value(chance, depth + 1) for _ in range(chance.randint(0, 3))}


def members(sandbox: Sandbox, service: str, operation: str) -> list[str]:
    model = sandbox.client(service, A).meta.service_model.operation_model(operation)
    return list(model.input_shape.members) if model.input_shape else []


def operations(sandbox: Sandbox, service: str) -> list[str]:
    return list(sandbox.client(service, A).meta.service_model.operation_names)


def json_noise(sandbox: Sandbox, service: str, target: str, chance: random.Random) -> Reply:
    operation = chance.choice(operations(sandbox, service))
    body = {name: value(chance) for name in members(sandbox, service, operation)}
    text = json.dumps(body).encode()
    if chance.random() < 0.2:
        text = altered(chance, text)
    headers = {"Content-Type": AMZ_JSON, "X-Amz-Target": f"{target}.{operation}"}
    return sandbox.send(sandbox.signed(sandbox.admins[A], service, text, headers=headers))


def query_noise(sandbox: Sandbox, service: str, version: str, chance: random.Random) -> Reply:
    operation = chance.choice(operations(sandbox, service))
    pairs = [("Action", operation), ("Version", version)]
    for name in members(sandbox, service, operation):
        ending = chance.choice(
            ["", "", ".member.1", ".member.1.Key", ".member.x", ".member.99999999"]
        )
        found = value(chance)
        pairs.append((name + ending, found if isinstance(found, str) else json.dumps(found)))
    text = "&".join(f"{quote(k)}={quote(v, errors='surrogatepass')}" for k, v in pairs)
    body = text.encode() if chance.random() < 0.8 else altered(chance, text.encode())
    return sandbox.send(
        sandbox.signed(sandbox.admins[A], service, body, headers={"Content-Type": FORM})
    )


SERVICES: dict[str, Callable[[Sandbox, random.Random], Reply]] = {
    "iam": lambda sandbox, chance: query_noise(sandbox, "iam", "2010-05-08", chance),
    "sts": lambda sandbox, chance: query_noise(sandbox, "sts", "2011-06-15", chance),
    "ecr": lambda sandbox, chance: json_noise(sandbox, "ecr", ECR_TARGET, chance),
    "cloudtrail": lambda sandbox, chance: json_noise(
        sandbox, "cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", chance
    ),
    "organizations": lambda sandbox, chance: json_noise(
        sandbox, "organizations", "AWSOrganizationsV20161128", chance
    ),
}


@pytest.mark.parametrize("service", SERVICES)
def test_calls_that_make_no_sense(furnished: Sandbox, chance: random.Random, service: str) -> None:
    statuses = set()
    for _ in range(scaled(300)):
        reply = SERVICES[service](furnished, chance)
        sound(reply)
        statuses.add(reply.status)
    assert statuses & {400, 403, 404}
    alive(furnished)


def test_documents_that_make_no_sense(furnished: Sandbox, chance: random.Random) -> None:
    """Each is refused as malformed, or taken and then decided by without a fault."""
    good = json.loads(
        allow(["ecr:*", "iam:Get*"], Condition={"StringLike": {"aws:PrincipalArn": "*"}})
    )
    for number in range(scaled(300)):
        if number % 2:
            text = altered(chance, json.dumps(good).encode()).decode(errors="replace")
        else:
            document = json.loads(json.dumps(good))
            where = chance.choice([document, document["Statement"][0]])
            where[chance.choice([*where, "Principal", "NotAction", "Sid"])] = value(chance)
            text = json.dumps(document)
        for action, named in (
            (
                "iam:PutRolePolicy",
                {"RoleName": "target", "PolicyName": "p", "PolicyDocument": text},
            ),
            ("iam:UpdateAssumeRolePolicy", {"RoleName": "target", "PolicyDocument": text}),
            ("ecr:SetRepositoryPolicy", {"repositoryName": "my-app", "policyText": text}),
        ):
            answer = furnished.call(A, action, **named)
            assert answer.status in (200, 400, 409), (action, text, answer)  # 409: it is too long
            if answer.ok:
                used = furnished.call(
                    B,
                    "sts:AssumeRole",
                    RoleArn=f"arn:aws:iam::{A}:role/target",
                    RoleSessionName="session",
                )
                assert used.status in (200, 403), (text, used)
    alive(furnished)


# -- the sandbox's own API -------------------------------------------------------------------

CONTROL = {  # each route of it, with the names that its body may hold
    "GET status": (),
    "GET decision": (),
    "GET trail": (),
    "GET fingerprint": (),
    "GET describe": (),
    "GET map": (),
    "GET changes": (),
    "POST why": ("source", "target", "relation"),
    "POST preview": ("account", "operation", "parameters"),
    "POST clock": ("advance_seconds",),
    "POST reset": (),
    "POST save": ("name",),
    "POST restore": ("name",),
    "POST service-account-token": ("service_account", "namespace", "audience", "expires_in"),
}


PREVIEWED = ["PutRolePolicy", "UpdateAssumeRolePolicy", "SetRepositoryPolicy", "Nothing"]
OF_PREVIEWED = ["RoleName", "PolicyName", "PolicyDocument", "repositoryName", "policyText"]


def test_the_control_api_has_no_other_route(sandbox: Sandbox) -> None:
    told = sandbox.control("GET", "nothing").json["error"]
    assert set(re.findall(r"[A-Z]+ /_lab/[a-z-]+", told)) == {
        route.replace(" ", " /_lab/") for route in CONTROL
    }


def test_control_requests_that_make_no_sense(furnished: Sandbox, chance: random.Random) -> None:
    for _ in range(scaled(300)):
        route = chance.choice(list(CONTROL))
        method, path = route.split()
        body: Any = {name: value(chance) for name in CONTROL[route] if chance.random() < 0.9}
        if route == "POST preview" and chance.random() < 0.8:
            parameters = {name: value(chance) for name in OF_PREVIEWED}
            operation = chance.choice(PREVIEWED)
            body = {"account": A, "operation": operation, "parameters": parameters}
        if chance.random() < 0.1:
            body = value(chance)
        if chance.random() < 0.5:
            path += "/" + quote(str(value(chance)), errors="surrogatepass", safe="")[:2000]
        sound(furnished.control(method, path, body))
    furnished.reset()
    alive(furnished)


# -- the registry ----------------------------------------------------------------------------


def test_paths_of_the_registry(furnished: Sandbox, chance: random.Random) -> None:
    given = furnished.do(A, "ecr:GetAuthorizationToken")["authorizationData"][0]
    login = {"Authorization": f"Basic {given['authorizationToken']}"}
    digest = "sha256:" + "0" * 64
    parts = ["my-app", "manifests", "blobs", "uploads", "tags", "list", "referrers", digest, "v1"]
    parts += ["..", ".", "%2e%2e", "%2f", "etc", "passwd", "", "%00", "%ff", "_catalog", "a" * 300]
    for _ in range(scaled(600)):
        path = "/v2/" + "/".join(chance.choices(parts, k=chance.randint(1, 7)))
        if chance.random() < 0.3:
            path += chance.choice(
                ["?n=-1", "?digest=", "?mount=x&from=..", "?n=1&last=%00", "?_state=" + "x" * 99]
            )
        method = chance.choice(["GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        headers = login | {"Range": chance.choice(["bytes=0-", "bytes=9-1", "x", "bytes=-5,3-"])}
        sound(
            furnished.http(method, path, chance.randbytes(20) if method[0] == "P" else b"", headers)
        )
    alive(furnished)


# -- credentials -----------------------------------------------------------------------------


def test_credentials_that_are_nobodys(furnished: Sandbox, chance: random.Random) -> None:
    """Thousands of keys, secrets and tokens that are nearly right: every one is refused."""
    session = furnished.assume(B, f"arn:aws:iam::{A}:role/target")
    assert session.token is not None
    alphabet = string.ascii_letters + string.digits + "+/"

    def nearly(text: str, letters: str = alphabet) -> str:
        at = chance.randrange(len(text))
        return text[:at] + chance.choice(letters.replace(text[at], "")) + text[at + 1 :]

    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    for number in range(scaled(1000)):
        one = session if number % 2 else furnished.admins[A]
        keys = one._replace(secret=nearly(one.secret))
        if number % 3 == 1:
            keys = one._replace(access_key_id=nearly(one.access_key_id, string.ascii_uppercase))
        elif number % 3 == 2 and one.token:
            keys = one._replace(token=nearly(one.token))
        reply = furnished.send(furnished.signed(keys, "sts", body))
        assert reply.status == 403, keys
    for _ in range(scaled(1000)):
        raw = base64.b64encode(b"AWS:" + chance.randbytes(200)).decode()
        reply = furnished.http("GET", "/v2/", b"", {"Authorization": f"Basic {raw}"})
        assert reply.status in (400, 401, 403), raw
    alive(furnished)
