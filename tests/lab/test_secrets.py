"""Where secrets may stand, and that they stand nowhere else.

A lab is kept busy until it has handed out every kind of secret; then all that it keeps and tells is
searched for them: its files, its log, the trail, CloudTrail's events, its control API.
"""

from __future__ import annotations

import ast
import base64
import http.client
import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.labs import named
from tests.tools import ROOT
from xacct_helpers.lab import Lab, open_lab
from xacct_helpers.sandbox.auth import one_time_codes
from xacct_helpers.workspace import ACCOUNTS

KEPT = {"journal.jsonl", "snapshots/one.jsonl"}
"""What a restart needs: the journal, and copies of it."""
# Where a kind of secret is meant to be; kinds that are not here are kept nowhere.
ALLOWED = {
    "an administrator's key": KEPT | {"sandbox.json", "aws/credentials"},
    "a user's key": KEPT,
    "the sealing key": KEPT,
    "an MFA seed": KEPT,
    "the lab's token": {"sandbox.json"},
    "a session's key, kept by the AWS CLI": {"home/.aws/cli/cache/*"},
    "a session's token, kept by the AWS CLI": {"home/.aws/cli/cache/*"},
    "a registry login": {"containers/config.json"},
}
PASSWORDS = {
    "a password": "Correct-Horse-7",
    "a changed password": "Battery-Staple-8",
    "a refused password": "Never-Taken-9",
    "a password that is too long": "Too-Long-" * 20,
}


@dataclass(frozen=True)
class Secret:
    """One secret: its kind, and the forms in which it would give itself away."""

    kind: str
    forms: tuple[bytes, ...]

    @classmethod
    def of(cls, kind: str, text: str) -> Secret:
        raw = text.encode()
        return cls(kind, (raw, json.dumps(text)[1:-1].encode(), base64.b64encode(raw)))

    def within(self, content: bytes) -> bool:
        """Whether the content tells it. Digits count only when they stand alone."""
        if self.forms[0].isdigit():
            return re.search(rb"(?<![\w.])%s(?!\w)" % self.forms[0], content) is not None
        return any(form in content for form in self.forms)


def client(service: str, profile: str = "account-a") -> Any:
    return boto3.Session(profile_name=profile).client(service)


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def session(kind: str, credentials: dict[str, Any]) -> Iterator[Secret]:
    yield Secret.of(f"{kind}'s key", credentials["SecretAccessKey"])
    yield Secret.of(f"{kind}'s token", credentials["SessionToken"])


def users(lab: Lab) -> Iterator[Secret]:
    """Access keys, passwords, an MFA device and service-specific credentials."""
    iam = client("iam")
    iam.create_user(UserName="ann")
    iam.put_user_policy(
        UserName="ann", PolicyName="all", PolicyDocument=document(Action="*", Resource="*")
    )
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    yield Secret.of("a user's key", key["SecretAccessKey"])
    for kind, password in PASSWORDS.items():
        yield Secret.of(kind, password)
    good, changed, *refused = PASSWORDS.values()
    iam.create_login_profile(UserName="ann", Password=good)
    iam.update_login_profile(UserName="ann", Password=changed)
    for one in refused:
        with pytest.raises(ClientError):
            iam.create_login_profile(UserName="nobody", Password=one)
    made = iam.create_service_specific_credential(
        UserName="ann", ServiceName="codecommit.amazonaws.com"
    )["ServiceSpecificCredential"]
    yield Secret.of("a service-specific password", made["ServicePassword"])
    again = iam.reset_service_specific_credential(
        UserName="ann", ServiceSpecificCredentialId=made["ServiceSpecificCredentialId"]
    )["ServiceSpecificCredential"]
    yield Secret.of("a service-specific password", again["ServicePassword"])
    yield from mfa(lab, key)


def mfa(lab: Lab, key: dict[str, Any]) -> Iterator[Secret]:
    iam = client("iam")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed = device["Base32StringSeed"].decode()
    yield Secret.of("an MFA seed", seed)
    yield Secret.of("an MFA seed's picture", base64.b64encode(device["QRCodePNG"]).decode())
    step = one_time_codes.step_at(now(lab))
    codes = [one_time_codes.code(seed, step - 1), one_time_codes.code(seed, step)]
    iam.enable_mfa_device(
        UserName="ann",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=codes[0],
        AuthenticationCode2=codes[1],
    )
    lab.clock.advance(minutes=2)
    codes.append(one_time_codes.code(seed, one_time_codes.step_at(now(lab))))
    ann = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"]).client(
        "sts", endpoint_url=lab.running.endpoint, region_name="us-east-1"
    )
    shown = {"SerialNumber": device["SerialNumber"], "TokenCode": codes[2]}
    yield from session("a session by MFA", ann.get_session_token(**shown)["Credentials"])
    with pytest.raises(ClientError, match="AccessDenied"):  # spent
        ann.get_session_token(**shown)
    yield from session(
        "a federated user",
        ann.get_federation_token(Name="fred", DurationSeconds=900)["Credentials"],
    )
    yield from (Secret.of("an MFA code", code) for code in codes)


def now(lab: Lab) -> datetime:
    """The lab's time."""
    return datetime.fromisoformat(lab.running.get("status")["now"])


def sessions(lab: Lab) -> Iterator[Secret]:
    """Sessions of roles: by the SDK, by the CLI, which keeps them, and by a service account."""
    iam = client("iam", "account-b-admin")
    arn = iam.create_role(
        RoleName="some-role-name",
        AssumeRolePolicyDocument=document(Action="sts:AssumeRole", Principal={"AWS": "*"}),
    )["Role"]["Arn"]
    sts = client("sts", "account-b-admin")
    assumed = sts.assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    yield from session("a role's session", assumed)
    subprocess.run(
        ["aws", "--profile", "account-b", "sts", "get-caller-identity"],
        check=True,
        capture_output=True,
    )
    [cached] = (lab.folder / "home" / ".aws" / "cli" / "cache").iterdir()
    kept = json.loads(cached.read_text())["Credentials"]
    yield Secret.of("a session's key, kept by the AWS CLI", kept["SecretAccessKey"])
    yield Secret.of("a session's token, kept by the AWS CLI", kept["SessionToken"])
    yield from web_identity(lab, iam)
    # refused: with the wrong secret, and with a token that is nearly right
    key, _ = lab.running.accounts[ACCOUNTS[0]]
    for token in (None, assumed["SessionToken"][:-2]):
        wrong = boto3.Session(key, "not-the-secret-of-anybody", token)
        with pytest.raises(ClientError):
            wrong.client("sts", region_name="us-east-1").get_caller_identity()
    yield Secret.of("a wrong secret", "not-the-secret-of-anybody")


def web_identity(lab: Lab, iam: Any) -> Iterator[Secret]:
    issuer = lab.oidc_issuer.removeprefix("https://")
    provider = iam.create_open_id_connect_provider(
        Url=lab.oidc_issuer, ClientIDList=["sts.amazonaws.com"]
    )["OpenIDConnectProviderArn"]
    claims = {f"{issuer}:sub": "system:serviceaccount:default:puller"}
    trust = document(
        Action="sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": provider},
        Condition={"StringEquals": claims},
    )
    arn = iam.create_role(RoleName="puller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for name in ("puller", "another"):
        token = lab.service_account_token(name)
        yield Secret.of("a service account's token", token)
        asked = {"RoleArn": arn, "RoleSessionName": "pod", "WebIdentityToken": token}
        sts = client("sts", "account-b-admin")
        if name == "puller":
            given = sts.assume_role_with_web_identity(**asked)["Credentials"]
            yield from session("a pod's session", given)
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                sts.assume_role_with_web_identity(**asked)


def registry(lab: Lab) -> Iterator[Secret]:
    """A registry token that is used, one that a tool keeps, and a layer's signed URL."""
    ecr = client("ecr")
    ecr.create_repository(repositoryName="my-app")
    tokens = [
        ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        for _ in range(2)
    ]
    login = lab.folder / "containers" / "config.json"
    login.write_text(json.dumps({"auths": {"127.0.0.1": {"auth": tokens[1]}}}))
    for kind, token in zip(("a registry token", "a registry login"), tokens, strict=True):
        yield Secret(kind, (token.encode(), base64.b64decode(token).split(b":", 1)[1]))
        connection = http.client.HTTPConnection(lab.running.endpoint.removeprefix("http://"))
        connection.request(
            "GET", "/v2/my-app/tags/list", headers={"Authorization": f"Basic {token}"}
        )
        assert connection.getresponse().status == 200
        connection.close()


def own(lab: Lab) -> Iterator[Secret]:
    """What a lab is born with."""
    for account, (_, secret) in lab.running.accounts.items():
        assert account in ACCOUNTS
        yield Secret.of("an administrator's key", secret)
    yield Secret.of("the lab's token", lab.running.token)
    with (lab.folder / "journal.jsonl").open() as journal:
        yield Secret.of("the sealing key", json.loads(journal.readline())["key"])


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, list[Secret]]]:
    """A busy lab and its secrets. Files that somebody makes are open to everybody by default."""
    with named(tmp_path_factory.mktemp("busy") / "lab"):
        before = os.umask(0o022)
        try:
            lab = open_lab()
            found = [*own(lab), *users(lab), *sessions(lab), *registry(lab)]
            lab.running.post("save", name="one")
        finally:
            os.umask(before)
        assert len({secret.kind for secret in found}) > 20
        yield lab, found


Busy = tuple[Lab, list[Secret]]


@pytest.mark.slow
def test_secrets_stand_where_they_are_meant_to(busy: Busy) -> None:
    lab, told = busy
    files = {path: path.read_bytes() for path in lab.folder.rglob("*") if path.is_file()}
    assert {"sandbox.log", "journal.jsonl", "issuer-key", "ca-key.pem"} <= {p.name for p in files}
    for path, content in files.items():
        name = path.relative_to(lab.folder)
        for secret in told:
            if secret.within(content):
                allowed = ALLOWED.get(secret.kind, set())
                assert any(name.match(pattern) for pattern in allowed), (
                    f"{secret.kind} is in {name}"
                )
        # The authority's key is a file of its own; the issuer's is sealed.
        assert (b"PRIVATE KEY" in content) == (path.name == "ca-key.pem"), name
        assert b'"kty"' not in content, name
    for kind, places in ALLOWED.items():  # and the search finds what is there
        some = [secret for secret in told if secret.kind == kind]
        for place in places:
            there = b"".join(files[path] for path in lab.folder.glob(place))
            assert some, kind
            assert all(secret.within(there) for secret in some), f"{kind} is not in {place}"


@pytest.mark.slow
def test_files_are_their_owners_only(busy: Busy) -> None:
    lab, _ = busy
    open_to_others = {
        str(path.relative_to(lab.folder)): oct(path.stat().st_mode)
        for path in [lab.folder, *lab.folder.rglob("*")]
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    }
    assert open_to_others == {}
    assert stat.S_IMODE(lab.folder.stat().st_mode) == 0o700


@pytest.mark.slow
def test_nothing_that_the_lab_tells_holds_a_secret(busy: Busy) -> None:
    lab, told = busy
    said = {"lab.trail()": lab.trail(10_000).to_csv(), "the lab's repr": repr(lab)}
    entries = lab.running.get("trail/10000")["entries"]
    assert len(entries) > 20
    for entry in entries:
        number, request = entry["number"], entry["request_id"]
        said[f"decision {number}"] = json.dumps(lab.running.get(f"decision/{request}"))
    for path in ("status", "trail/10000", "changes/0", "describe", "map"):
        said[path] = json.dumps(lab.running.get(path))
    for profile in ("account-a", "account-b-admin", "stranger", "management"):
        pages = client("cloudtrail", profile).get_paginator("lookup_events").paginate()
        events = [event for page in pages for event in page["Events"]]
        said[f"CloudTrail of {profile}"] = json.dumps(events, default=str)
    assert "CreateLoginProfile" in said["CloudTrail of account-a"]
    assert "AssumeRoleWithWebIdentity" in said["CloudTrail of account-b-admin"]
    for where, text in said.items():
        for secret in told:
            assert not secret.within(text.encode()), f"{secret.kind} is in {where}"


# -- the committed notebooks -----------------------------------------------------------------

GIVEAWAYS = {
    "a secret access key": re.compile(
        r"(?<![\w/+])(?=\S*[A-Z])(?=\S*[a-z])[A-Za-z0-9/+]{40}(?![\w/+=])"
    ),
    "a JSON Web Token": re.compile(r"eyJ[\w-]{10,}\."),
    "a sealed token": re.compile(r"[A-Za-z0-9_/+-]{100,}"),
    "a private key": re.compile("PRIVATE KEY"),
}


def shown(cell: dict[str, Any]) -> Iterator[str]:
    """The texts of a cell's outputs; pictures apart."""
    for output in cell.get("outputs", ()):
        yield "".join(output.get("text", ""))
        yield "\n".join([*output.get("traceback", ()), output.get("evalue", "")])
        for kind, data in output.get("data", {}).items():
            if not kind.startswith("image/"):
                yield data if isinstance(data, str) else "".join(map(str, data))


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_notebooks_output_holds_a_secret(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    for cell in cells:
        for text in shown(cell):
            for kind, pattern in GIVEAWAYS.items():
                assert not pattern.search(text), f"{kind} in {cell['id']}"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a secret access key", '"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"'),
        ("a JSON Web Token", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"),
        ("a sealed token", "A1b2-_" * 20),
        ("a private key", "-----BEGIN RSA PRIVATE KEY-----"),
    ],
)
def test_a_secret_in_an_output_would_be_found(kind: str, text: str) -> None:
    assert GIVEAWAYS[kind].search(text)


# -- comparing -------------------------------------------------------------------------------

_SECRET = re.compile(
    r"(.*_)?(secrets?|tokens?|passwords?|signatures?|tickets?|codes?|seed|digest|key)"
)
# What has such a name and is no secret.
PUBLIC = {
    # an error's code, a copy's; of the model
    "code",
    # of images and layers
    "digest",
    "get_image_digest",
    # the keys of JSON, tags and conditions
    "key",
}


def operand(node: ast.expr) -> str:
    """What an operand is called: the name, the attribute, the function, the text it is found by."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Call(func=ast.Attribute(attr=name)):
            return name
        case ast.Call(func=ast.Name(id=name)) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def compared(source: str) -> Iterator[tuple[int, str]]:
    """(line, operand): every secret, by its name, that is compared with == or !=."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            for side in (node.left, *node.comparators):
                name = operand(side)
                if _SECRET.fullmatch(name) and name not in PUBLIC:
                    yield node.lineno, name


def test_secrets_are_compared_in_constant_time() -> None:
    """hmac.compare_digest, and nothing else."""
    folder = ROOT / "xacct_helpers" / "sandbox"
    found = {
        f"{path.relative_to(folder)}:{line} compares {name}"
        for path in folder.rglob("*.py")
        for line, name in compared(path.read_text())
    }
    assert found == set()


@pytest.mark.parametrize(
    "source",
    ["if token == given: ...", "ok = caller.secret != x", "a == sign(x).hexdigest() == signature"],
)
def test_a_comparison_that_tells_by_its_time_would_be_found(source: str) -> None:
    assert list(compared(source))
