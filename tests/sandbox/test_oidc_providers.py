"""IAM's OpenID Connect providers through boto3: what is kept, what is refused, in whose words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandboxes import A, Forked, Sandbox

URL = "https://oidc.example.org/id/1"
ARN = f"arn:aws:iam::{A}:oidc-provider/oidc.example.org/id/1"
GONE = f"arn:aws:iam::{A}:oidc-provider/oidc.example.org/gone"


@dataclass(frozen=True)
class Case:
    name: str
    operation: str
    parameters: Mapping[str, Any]
    code: str
    status: int
    message: str


NOT_FOUND = ("NoSuchEntity", 404, f"OpenIDConnect Provider not found for arn {GONE}")
CASES = [
    Case("a URL that is there", "CreateOpenIDConnectProvider", {"Url": URL},
         "EntityAlreadyExists", 409, f"Provider with url {URL} already exists."),
    Case("no scheme", "CreateOpenIDConnectProvider", {"Url": "example.org"},
         "ValidationError", 400, "Invalid Open ID Connect Provider URL"),
    Case("http", "CreateOpenIDConnectProvider", {"Url": "http://example.org"}, "InvalidInput",
         400, "Invalid Open ID Connect Provider URL. The URL must begin with https://."),
    Case("six thumbprints", "CreateOpenIDConnectProvider",
         {"Url": "https://a.example.org", "ThumbprintList": [f"{n:040d}" for n in range(6)]},
         "InvalidInput", 400, "Thumbprint list must contain fewer than 5 entries."),
    Case("101 clients", "CreateOpenIDConnectProvider",
         {"Url": "https://a.example.org", "ClientIDList": [str(n) for n in range(101)]},
         "LimitExceeded", 409, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"),
    Case("tags of one key", "CreateOpenIDConnectProvider",
         {"Url": "https://a.example.org",
          "Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]},
         "InvalidInput", 400,
         "Duplicate tag keys found. Please note that Tag keys are case insensitive."),
    Case("get", "GetOpenIDConnectProvider", {}, *NOT_FOUND),
    Case("add", "AddClientIDToOpenIDConnectProvider", {"ClientID": "x"}, *NOT_FOUND),
    Case("remove", "RemoveClientIDFromOpenIDConnectProvider", {"ClientID": "x"}, *NOT_FOUND),
    Case("thumbprint", "UpdateOpenIDConnectProviderThumbprint", {"ThumbprintList": ["0" * 40]},
         *NOT_FOUND),
    Case("tag", "TagOpenIDConnectProvider", {"Tags": [{"Key": "k", "Value": "v"}]}, *NOT_FOUND),
    Case("untag", "UntagOpenIDConnectProvider", {"TagKeys": ["k"]}, *NOT_FOUND),
    Case("tags", "ListOpenIDConnectProviderTags", {}, *NOT_FOUND),
]  # fmt: skip


def create(sandbox: Sandbox, **more: Any) -> None:
    parameters = {"Url": URL, "ClientIDList": ["sts.amazonaws.com"], **more}
    assert sandbox.do(A, "iam:CreateOpenIDConnectProvider", **parameters) == {
        "OpenIDConnectProviderArn": ARN
    }


def get(sandbox: Sandbox) -> Mapping[str, Any]:
    return sandbox.do(A, "iam:GetOpenIDConnectProvider", OpenIDConnectProviderArn=ARN)


ARN_FAULTS = [f"arn:aws:iam::{A}:saml-provider/oidc", f"arn:aws:iam::{A}:oidc-provider/"]


@pytest.mark.parametrize("arn", ARN_FAULTS)
def test_an_arn_of_something_else(arn: str, sandbox: Sandbox) -> None:
    answer = sandbox.call(A, "iam:GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    assert answer.error == ("ValidationError", 400, f"Invalid ARN: {arn}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case: Case, sandbox: Sandbox) -> None:
    create(sandbox)
    about = {} if case.operation.startswith("Create") else {"OpenIDConnectProviderArn": GONE}
    answer = sandbox.call(A, f"iam:{case.operation}", **about, **case.parameters)
    assert answer.error == (case.code, case.status, case.message)
    assert get(sandbox)["ClientIDList"] == ["sts.amazonaws.com"], "the one there is untouched"


def test_its_life(sandbox: Sandbox) -> None:
    create(sandbox, ThumbprintList=["a" * 40], Tags=[{"Key": "team", "Value": "blue"}])
    on = {"OpenIDConnectProviderArn": ARN}
    for client in ("other", "other"):
        sandbox.do(A, "iam:AddClientIDToOpenIDConnectProvider", ClientID=client, **on)
    sandbox.do(A, "iam:UpdateOpenIDConnectProviderThumbprint", ThumbprintList=["b" * 40], **on)
    sandbox.do(A, "iam:TagOpenIDConnectProvider", Tags=[{"Key": "env", "Value": "test"}], **on)
    sandbox.do(A, "iam:UntagOpenIDConnectProvider", TagKeys=["team"], **on)
    found = get(sandbox)
    assert found["Url"] == URL.removeprefix("https://")
    assert found["ClientIDList"] == ["sts.amazonaws.com", "other"], "named twice, there once"
    assert found["ThumbprintList"] == ["b" * 40]
    assert found["Tags"] == [{"Key": "env", "Value": "test"}]
    sandbox.do(A, "iam:RemoveClientIDFromOpenIDConnectProvider", ClientID="sts.amazonaws.com", **on)
    assert get(sandbox)["ClientIDList"] == ["other"]
    listed = sandbox.do(A, "iam:ListOpenIDConnectProviders")["OpenIDConnectProviderList"]
    assert listed == [{"Arn": ARN}]
    for _ in range(2):  # deleting what is gone is no error
        sandbox.do(A, "iam:DeleteOpenIDConnectProvider", **on)
    assert sandbox.do(A, "iam:ListOpenIDConnectProviders")["OpenIDConnectProviderList"] == []


def test_a_hundred_clients_at_most(sandbox: Sandbox) -> None:
    """Source: IAM quotas; a client that is there already takes no place."""
    create(sandbox, ClientIDList=[str(number) for number in range(100)])
    add = "iam:AddClientIDToOpenIDConnectProvider"
    assert sandbox.call(A, add, OpenIDConnectProviderArn=ARN, ClientID="7").ok
    answer = sandbox.call(A, add, OpenIDConnectProviderArn=ARN, ClientID="100")
    assert answer.error == (
        "LimitExceeded",
        409,
        "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100",
    )
    assert len(get(sandbox)["ClientIDList"]) == 100


@pytest.mark.parametrize(
    ("operation", "parameters", "resource"),
    [
        ("CreateOpenIDConnectProvider", {"Url": URL}, ARN),
        ("ListOpenIDConnectProviders", {}, f"arn:aws:iam::{A}:oidc-provider/*"),
        ("GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": ARN}, ARN),
        ("DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": ARN}, ARN),
    ],
    ids=lambda value: value if isinstance(value, str) and "arn" not in value else "",
)
def test_authorised_on(
    operation: str, parameters: Mapping[str, Any], resource: str, sandbox: Sandbox
) -> None:
    keys = sandbox.user(A, "nobody")
    answer = sandbox.call(keys, f"iam:{operation}", **parameters)
    assert answer.code == "AccessDenied"
    assert f"iam:{operation} on resource: {resource} because" in answer.message


@pytest.mark.slow
def test_it_outlives_a_restart(tmp_path: Path) -> None:
    with Forked("--state", str(tmp_path / "lab")) as before:
        create(before)
        client = {"ClientID": "x", "OpenIDConnectProviderArn": ARN}
        before.do(A, "iam:AddClientIDToOpenIDConnectProvider", **client)
        found, fingerprint = get(before), before.fingerprint()
    with Forked("--state", str(tmp_path / "lab")) as after:
        assert get(after) == found
        assert after.fingerprint() == fingerprint
