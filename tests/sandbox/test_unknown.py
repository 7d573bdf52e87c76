"""What the sandbox does not have, and what nobody can read: a clear error, never a failure of ours.

The fuzz sends what it likes, signed, and holds the sandbox to one law: a status below 500 and a
body that an AWS client can read.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandboxes import ECR_TARGET, FORM, VERSIONS, A, Keys, Reply, Sandbox, allow, trust
from tests.soak import scaled
from xacct_helpers.sandbox import services
from xacct_helpers.sandbox.protocol.models import operation_model

JSON_TYPE = "application/x-amz-json-1.1"
WITHOUT_A_MESSAGE = {"ReportNotPresent"}  # recorded


def query(sandbox: Sandbox, service: str, form: Any, keys: Keys | None = None) -> Reply:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return sandbox.send(sandbox.signed(keys or sandbox.admins[A], service, body))


def ecr(sandbox: Sandbox, operation: str, body: bytes, target: str = ECR_TARGET) -> Reply:
    headers = {"X-Amz-Target": f"{target}.{operation}", "Content-Type": JSON_TYPE}
    return sandbox.send(sandbox.signed(sandbox.admins[A], "ecr", body, headers=headers))


def xml_error(reply: Reply) -> tuple[str, str]:
    """(code, message); the body must be well-formed XML of AWS's shape."""
    root = ElementTree.fromstring(reply.body)
    names = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
    assert names["Type"] in ("Sender", "Receiver")
    assert names["RequestId"] == reply.headers["x-amzn-requestid"]
    code, message = names["Code"], names.get("Message", "")
    assert message or code in WITHOUT_A_MESSAGE, code
    return code, message


def json_error(reply: Reply) -> tuple[str, str]:
    found = reply.json
    assert reply.headers["x-amzn-errortype"] == found["__type"]
    return found["__type"], found.get("message", found.get("Message"))


# -- services and operations -----------------------------------------------------------------

ELSEWHERE = [
    ("s3", "list_buckets", {}),
    ("ec2", "describe_instances", {}),
    ("lambda", "list_functions", {}),
    ("dynamodb", "list_tables", {}),
    ("sqs", "list_queues", {}),
    ("sns", "list_topics", {}),
    ("ssm", "describe_parameters", {}),
    ("kms", "list_keys", {}),
    ("cloudformation", "list_stacks", {}),
]


@pytest.mark.parametrize(("service", "operation", "params"), ELSEWHERE)
def test_a_service_that_is_not_here(
    sandbox: Sandbox, service: str, operation: str, params: dict[str, Any]
) -> None:
    client = sandbox.client(service, A)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**params)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    told = json.dumps(response["Error"])
    assert "This sandbox has" in told
    assert "ErrorResponse" not in told, "an answer in another protocol"
    for here in ("IAM", "STS", "ECR"):
        assert here in told


def test_operations_that_are_not_here(sandbox: Sandbox) -> None:
    for action, code in (
        ("iam:ResyncMFADevice", "InvalidAction"),
        ("sts:AssumeRoot", "InvalidAction"),
        ("sts:AssumeRoleWithSAML", "InvalidAction"),
        ("ecr:CreatePullThroughCacheRule", "UnknownOperationException"),
    ):
        answer = sandbox.call(A, action)
        assert (answer.code, answer.status) == (code, 400)
        assert answer.message.startswith(f"This sandbox does not have {action}. Of ")
        service = action.partition(":")[0]
        for operation in services.served(service):
            assert operation in answer.message


def test_operations_that_nobody_has(sandbox: Sandbox) -> None:
    code, told = xml_error(query(sandbox, "iam", {"Action": "Nope", "Version": VERSIONS["iam"]}))
    assert code == "InvalidAction"
    assert told.startswith("IAM has no operation Nope. Of IAM it has: ")
    code, told = json_error(ecr(sandbox, "Nope", b"{}"))
    assert code == "UnknownOperationException"
    assert told.startswith("ECR has no operation Nope.")


def test_a_request_without_an_action(sandbox: Sandbox) -> None:
    assert xml_error(query(sandbox, "sts", {}))[0] == "MissingAction"
    reply = sandbox.http("GET", "/")
    assert reply.status == 400
    assert xml_error(reply)[0] == "InvalidAction"
    reply = sandbox.http("GET", "/some/path?x=y")
    assert reply.status == 400


def test_unknown_operations_do_not_come_before_the_signature(sandbox: Sandbox) -> None:
    wrong = sandbox.admins[A]._replace(secret="x")
    reply = query(sandbox, "iam", {"Action": "Nope", "Version": VERSIONS["iam"]}, wrong)
    assert xml_error(reply)[0] == "SignatureDoesNotMatch"


# -- bodies ----------------------------------------------------------------------------------

GARBAGE: dict[str, bytes] = {
    "not JSON": b"{",
    "not UTF-8": b'{"repositoryName": "\xff"}',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "a number as name": b'{"repositoryName": 7}',
    "a list as name": b'{"repositoryName": ["x"]}',
    "half a surrogate": b'{"repositoryName": "\\ud800"}',
    "words for numbers": b'{"repositoryName": "my-app", "maxResults": "many"}',
    "true for a number": b'{"repositoryName": "my-app", "maxResults": true}',
    "a fraction": b'{"repositoryName": "my-app", "maxResults": 1.5}',
    "a huge number": b'{"repositoryName": "my-app", "maxResults": 1' + b"0" * 5000 + b"}",
    "deep": b'{"filter": ' + b'{"a":' * 5000 + b"1" + b"}" * 5005,
    "deeper": b"[" * 200_000,
    "an object as list": b'{"repositoryName": "my-app", "imageIds": {}}',
}


@pytest.mark.parametrize("name", GARBAGE)
def test_bodies_that_ecr_cannot_read(sandbox: Sandbox, name: str) -> None:
    reply = ecr(sandbox, "DescribeImages", GARBAGE[name])
    assert reply.status == 400
    code, told = json_error(reply)
    assert code in ("SerializationException", "InvalidParameterException")
    assert told


def test_wrong_base64(sandbox: Sandbox) -> None:
    body = {
        "repositoryName": "my-app",
        "uploadId": "0" * 8 + "-0000-0000-0000-" + "0" * 12,
        "partFirstByte": 0,
        "partLastByte": 0,
        "layerPartBlob": "***",
    }
    assert json_error(ecr(sandbox, "UploadLayerPart", json.dumps(body).encode()))[0] == (
        "SerializationException"
    )


TYPES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a word for yes or no": (
        "DeleteRepository",
        {"repositoryName": "my-app", "force": "yes"},
        "force must be true or false.",
    ),
    "a number for bytes": (
        "UploadLayerPart",
        {"repositoryName": "my-app", "layerPartBlob": 7},
        "layerPartBlob must be a base64 string.",
    ),
}


@pytest.mark.parametrize("name", TYPES)
def test_members_of_another_type(sandbox: Sandbox, name: str) -> None:
    operation, body, message = TYPES[name]
    reply = ecr(sandbox, operation, json.dumps(body).encode())
    assert (reply.status, *json_error(reply)) == (400, "SerializationException", message)


FORMS: dict[str, tuple[bytes, str]] = {
    "not UTF-8": (b"Action=ListRoles&Version=2010-05-08&PathPrefix=\xff", "MalformedInput"),
    "a word for a number": (b"Action=ListRoles&Version=2010-05-08&MaxItems=many", "MalformedInput"),
    "a word for yes or no": (
        b"Action=ListPolicies&Version=2010-05-08&OnlyAttached=maybe",
        "MalformedInput",
    ),
    "a control character": (
        b"Action=GetRole&Version=2010-05-08&RoleName=%00%01%1b",
        "ValidationError",
    ),
    "a marker of nobody's": (b"Action=ListRoles&Version=2010-05-08&Marker=:", "ValidationError"),
    "a surrogate": (b"Action=GetRole&Version=2010-05-08&RoleName=%ed%a0%80", "ValidationError"),
    "half a tag": (
        b"Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key=a",
        "ValidationError",
    ),
    "a list as a word": (b"Action=TagRole&Version=2010-05-08&RoleName=r&Tags=a", "ValidationError"),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_iam_cannot_read(sandbox: Sandbox, name: str) -> None:
    body, code = FORMS[name]
    reply = query(sandbox, "iam", body)
    assert reply.status == 400
    assert xml_error(reply)[0] == code


def test_a_body_that_is_too_long(sandbox: Sandbox) -> None:
    reply = sandbox.http("POST", "/", b"x" * (33 * 1024 * 1024), {"Content-Type": FORM})
    assert reply.status == 413


# -- the fuzz --------------------------------------------------------------------------------

WORDS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "r",
            "u",
            "my-app",
            "admin",
            "p",
            "/",
            "/x/",
            "v1",
            "AROA",
            A,
            "true",
            "0",
            "-1",
            f"arn:aws:iam::{A}:role/r",
            f"arn:aws:iam::{A}:policy/p",
            "arn:aws:iam::aws:policy/Nope",
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "sha256:" + "0" * 64,
            f"arn:aws:ecr:us-east-1:{A}:repository/my-app",
            "arn:aws:ecr:::repository/",
            "arn:",
            trust(A),
            allow("*"),
            "{}",
            "[]",
            '{"Statement": []}',
            '{"mediaType": "x"}',
            '{"mediaType": "x", "config": 1}',
            "\x00",
            "é",
            "\U0001f600",
            "00000000-0000-0000-0000-000000000000",
            "Active",
            "2010-05-08",
            "MA==",
            "a" * 300,
        ]
    ),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.integers(), WORDS, st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
LAW = settings(
    max_examples=scaled(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def members(service: str, operation: str) -> list[str]:
    shape = operation_model(service, operation).input_shape
    return list(shape.members) if shape is not None else []


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A query call: mostly a real operation with some of its parameters, sometimes odd ones."""
    service = draw(st.sampled_from(["iam", "sts"]))
    operation = draw(st.sampled_from(sorted(services.served(service))) | WORDS)
    form = {"Action": operation, "Version": draw(st.just(VERSIONS[service]) | WORDS)}
    known = members(service, operation) if operation in services.served(service) else []
    for name in draw(st.lists(st.sampled_from(known or ["X"]), unique=True)):
        suffix = draw(
            st.sampled_from(
                ["", "", ".member.1", ".member.1.Key", ".member.2.Value", ".member.1.arn", ".1"]
            )
        )
        form[name + suffix] = draw(WORDS)
    form.update(draw(st.dictionaries(WORDS, WORDS, max_size=2)))
    return service, form


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An ECR call: a real operation with its parameters, each of some type."""
    operation = draw(st.sampled_from(sorted(services.served("ecr"))))
    known = members("ecr", operation)
    body = {
        name: draw(VALUES) for name in draw(st.lists(st.sampled_from(known or ["x"]), unique=True))
    }
    if "repositoryName" in known and draw(st.booleans()):
        body["repositoryName"] = "my-app"
    return operation, body


def furnish(sandbox: Sandbox) -> None:
    """Something for the fuzz to meet."""
    sandbox.reset()
    sandbox.role(A, "r", trust(A), allow("*"))
    sandbox.do(A, "iam:CreateUser", UserName="u")
    sandbox.do(A, "iam:CreatePolicy", PolicyName="p", PolicyDocument=allow("*"))
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")


@pytest.fixture
def furnished(sandbox: Sandbox) -> Sandbox:
    furnish(sandbox)
    return sandbox


def is_fine(reply: Reply, told: str) -> None:
    assert reply.status < 500, f"{told}: {reply.body!r}"
    if reply.headers["content-type"].startswith("text/xml"):
        root = ElementTree.fromstring(reply.body)
        if reply.status >= 400:
            assert xml_error(reply)[0]
        else:
            assert root.tag.endswith("Response")
    elif reply.status >= 400:
        assert json_error(reply)[0]
    else:
        assert isinstance(reply.json, dict)


def alive(sandbox: Sandbox) -> None:
    """The administrator may have been deleted by the fuzz itself; then the accounts start again."""
    if not sandbox.call(A, "sts:GetCallerIdentity").ok or not sandbox.call(A, "iam:ListUsers").ok:
        furnish(sandbox)


@LAW
@given(call=forms())
def test_no_form_is_a_failure_of_ours(furnished: Sandbox, call: tuple[str, dict[str, str]]) -> None:
    service, form = call
    body = urlencode({k: v.encode("utf-8", "surrogatepass") for k, v in form.items()}).encode()
    is_fine(query(furnished, service, body), f"{service} {form}")
    alive(furnished)


@LAW
@given(call=documents())
def test_no_json_is_a_failure_of_ours(furnished: Sandbox, call: tuple[str, dict[str, Any]]) -> None:
    operation, body = call
    is_fine(ecr(furnished, operation, json.dumps(body).encode()), f"{operation} {body}")
    alive(furnished)


@LAW
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    path=st.sampled_from(
        [
            "/",
            "/v2/",
            "/v2/my-app/manifests/",
            "/_layers/",
            "/_lab/",
            "/_lab/trail/",
            "/_lab/decision/",
            "/v2/my-app/blobs/",
        ]
    ),
    rest=st.text(
        st.characters(codec="latin-1", exclude_characters="\r\n\x00 #", exclude_categories=["Cc"]),
        max_size=20,
    ),
    header=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40),
    body=st.binary(max_size=60),
)
def test_no_request_is_a_failure_of_ours(
    furnished: Sandbox, method: str, path: str, rest: str, header: str, body: bytes
) -> None:
    target = path + "".join(c if ord(c) < 127 else f"%{ord(c):02X}" for c in rest)
    for authorization in (
        header.strip(),
        f"Basic {header.strip()}",
        f"AWS4-HMAC-SHA256 {header.strip()}",
        f"Bearer {furnished.line['lab_token']}",
    ):
        if path == "/_lab/" and method == "POST" and rest.startswith(("reset", "clock")):
            continue
        reply = furnished.http(method, target, body, {"Authorization": authorization})
        assert reply.status < 500, (method, target, authorization, body, reply.body)
        if method == "HEAD":
            assert reply.body == b""


def test_the_fuzz_reaches_moto(furnished: Sandbox) -> None:
    """The fuzz above would be worth little if every call of it were stopped at the door."""
    reply = query(furnished, "iam", {"Action": "ListRoles", "Version": VERSIONS["iam"]})
    assert reply.status == 200
    assert re.search(rb"<RoleName>r</RoleName>", reply.body)
