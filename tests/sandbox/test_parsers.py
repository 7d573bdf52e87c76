"""What is read from strangers, for any text whatever: an error of the protocol or a sound result.

The parsers by themselves, so that thousands of texts cost nothing; tests/soak has the same through
the front door.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.serialize import create_serializer
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sandboxes import ECR_TARGET, FORM
from xacct_helpers.sandbox import sealed_tokens
from xacct_helpers.sandbox.auth import signature
from xacct_helpers.sandbox.protocol import messages, models, parse, serialize
from xacct_helpers.sandbox.protocol.errors import ApiError
from xacct_helpers.sandbox.protocol.messages import HttpRequest
from xacct_helpers.sandbox.registry import paths
from xacct_helpers.sandbox.registry.errors import RegistryError
from xacct_helpers.sandbox.services import BY_SERVICE

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LATIN = st.text(st.characters(max_codepoint=255))  # what a header can hold
PIECES = st.sampled_from(
    [
        "AWS4-HMAC-SHA256 ",
        "Credential=",
        "SignedHeaders=",
        "Signature=",
        "host;x-amz-date",
        ", ",
        "=",
        "/",
        ";",
        "é",
        "%00",
        "AKIA/20261125/us-east-1/sts/aws4_request",
        "20261125T000000Z",
    ]
)
HEADER = st.one_of(LATIN, st.lists(PIECES, max_size=10).map("".join))
QUERY = st.one_of(
    LATIN,
    st.lists(
        st.sampled_from(["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires"])
        .flatmap(lambda name: HEADER.map(lambda value: f"{name}={value}")),
        max_size=6,
    ).map("&".join),
)  # fmt: skip
SEGMENT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["..", ".", "%2e%2e", "my-app", "manifests", "blobs", "uploads", "tags"]),
    st.sampled_from(["list", "referrers", "_catalog", "v1", f"sha256:{'0' * 64}", "111111111111"]),
)
PATH = st.lists(SEGMENT, max_size=8).map(lambda parts: "/v2/" + "/".join(parts))


def request(
    headers: Mapping[str, str] | None = None, *, query: str = "", path: str = "/", body: bytes = b""
) -> HttpRequest:
    return HttpRequest(method="POST", path=path, query=query, headers=headers or {}, body=body)


# -- signatures ------------------------------------------------------------------------------


@given(header=HEADER, stamp=LATIN, token=LATIN, protocol=st.sampled_from(["query", "json"]))
@example(header="AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=;, Signature=é",
         stamp="20261125T000000Z", token="", protocol="query")  # fmt: skip
def test_an_authorization_header(header: str, stamp: str, token: str, protocol: str) -> None:
    made = request({"authorization": header, "x-amz-date": stamp, "x-amz-security-token": token})
    judged(made, protocol)


@given(query=QUERY, protocol=st.sampled_from(["query", "json"]))
def test_a_presigned_query(query: str, protocol: str) -> None:
    judged(request(query=query), protocol)


def verified(made: HttpRequest, protocol: str) -> None:
    found = signature.parse(made, protocol)
    assert all((found.access_key_id, found.date, found.region, found.service, found.signature))
    signature.verify(
        made,
        found,
        "the secret",
        service="sts",
        protocol=protocol,
        now=NOW,
    )


def judged(made: HttpRequest, protocol: str) -> None:
    """Refused as AWS refuses: nobody guesses a signature."""
    with pytest.raises(ApiError) as refused:
        verified(made, protocol)
    assert 400 <= refused.value.status < 500
    assert refused.value.code


WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


@given(WORD, st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8)), WORD, WORD)
def test_a_credential_is_read_as_it_was_written(
    key: str, date: str, region: str, service: str
) -> None:
    header = (
        f"AWS4-HMAC-SHA256 Credential={key}/{date}/{region}/{service}/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=abc"
    )
    found = signature.parse(request({"authorization": header, "x-amz-date": "now"}), "query")
    assert (found.access_key_id, found.date, found.region, found.service) == (
        key,
        date,
        region,
        service,
    )
    assert parse.scope(request({"authorization": header})) == (region, service)


@given(LATIN)
@example("A" * 100_000)
def test_a_token_that_nobody_sealed(text: str) -> None:
    with pytest.raises(sealed_tokens.SealError):
        sealed_tokens.unseal(b"k" * sealed_tokens.KEY_BYTES, "session", text)


@given(st.dictionaries(st.text(), st.text()), st.integers(0), st.integers(0, 7))
def test_a_token_with_one_bit_altered(content: dict[str, str], place: int, bit: int) -> None:
    key = b"k" * sealed_tokens.KEY_BYTES
    token = sealed_tokens.seal(key, "session", content)
    assert sealed_tokens.unseal(key, "session", token) == content
    at = place % len(token)
    other = token[:at] + chr(ord(token[at]) ^ 1 << bit) + token[at + 1 :]
    for text, purpose in ((other, "session"), (token, "registry")):
        with pytest.raises(sealed_tokens.SealError):
            sealed_tokens.unseal(key, purpose, text)


# -- calls -----------------------------------------------------------------------------------

TARGETS = ["", ".", ECR_TARGET, f"{ECR_TARGET}.PutImage", f"{ECR_TARGET}.TagResource", "x.y"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def read(made: HttpRequest) -> messages.Call | None:
    """The call, or None when it was refused in its protocol."""
    try:
        addressed = parse.address(made)
        served = BY_SERVICE[addressed.service].operations
        return parse.read(made, addressed, request_id="r", served=served)
    except ApiError as refused:
        kind = "json" if parse.speaks_json(made) else "query"
        answer = serialize.error(refused, kind, "r", parse.service_of_head(made))
        assert 400 <= answer.status < 500
        return None


@given(target=st.sampled_from(TARGETS) | LATIN, body=st.binary() | JSON.map(json.dumps))
def test_any_body_for_a_json_service(target: str, body: bytes | str) -> None:
    raw = body if isinstance(body, bytes) else body.encode()
    call = read(request({"x-amz-target": target}, body=raw))
    assert call is None or call.service in BY_SERVICE


@given(
    action=st.sampled_from(["CreateRole", "TagRole", "AssumeRole", "GetCallerIdentity", ""]),
    version=st.sampled_from(["2010-05-08", "2011-06-15"]),
    rest=st.binary() | st.text(),
)
def test_any_form_for_a_query_service(action: str, version: str, rest: bytes | str) -> None:
    raw = rest if isinstance(rest, bytes) else rest.encode()
    body = f"Action={action}&Version={version}&".encode() + raw
    call = read(request({"content-type": FORM}, body=body))
    assert call is None or call.service in ("iam", "sts")


XML_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
TAGS = st.lists(st.fixed_dictionaries({"Key": XML_TEXT, "Value": XML_TEXT}), max_size=4)
WRITTEN: dict[str, tuple[str, str, Any]] = {
    "a form": ("iam", "TagRole", st.fixed_dictionaries({"RoleName": XML_TEXT, "Tags": TAGS})),
    "a form with texts in it": (
        "sts",
        "AssumeRole",
        st.fixed_dictionaries(
            {
                "RoleArn": XML_TEXT,
                "RoleSessionName": XML_TEXT,
                "DurationSeconds": st.integers(0, 2**31),
            }
        ),
    ),
    "JSON": (
        "ecr",
        "TagResource",
        st.fixed_dictionaries({"resourceArn": XML_TEXT, "tags": TAGS}),
    ),
    "JSON with bytes in it": (
        "ecr",
        "UploadLayerPart",
        st.fixed_dictionaries({"repositoryName": XML_TEXT, "layerPartBlob": st.binary()}),
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
@given(data=st.data())
def test_what_an_sdk_writes_is_read_as_it_was_meant(name: str, data: st.DataObject) -> None:
    service, operation, strategy = WRITTEN[name]
    params = data.draw(strategy)
    model = models.operation_model(service, operation)
    protocol = "query" if service in ("iam", "sts") else "json"
    sent = create_serializer(protocol, include_validation=False).serialize_to_request(params, model)
    body = sent["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    headers = {key.lower(): value for key, value in sent["headers"].items()}
    call = read(request(headers, body=body))
    assert call is not None
    assert (call.service, call.operation) == (service, operation)
    assert {name: call.params.get(name, []) for name in params} == params


# -- the registry's paths --------------------------------------------------------------------


def refusal(parse: Callable[[str], object], text: str) -> RegistryError | None:
    """The error that a parser refuses a text with; None when it takes it."""
    try:
        parse(text)
    except RegistryError as error:
        return error
    return None


@given(path=st.one_of(PATH, st.text()), query=LATIN, host=LATIN)
@example(path="/v2/my-app/blobs/uploads/..", query="", host="")
def test_a_path_of_the_registry(path: str, query: str, host: str) -> None:
    """A repository's name within the grammar, and nothing that leads upwards; or a refusal."""
    registry = paths.addressed(request({"host": host}, query=query, path=path), "111111111111")
    assert len(registry.account) == 12
    assert registry.account.isdigit()
    refused = refusal(paths.found_at, registry.path)
    if refused is not None:
        assert 400 <= refused.status < 500
        return
    kind, name, rest = paths.found_at(registry.path)
    if kind != "catalog":
        assert paths.is_name(name)
        assert ".." not in name.split("/")
    assert "/" not in rest


@given(st.text() | SEGMENT)
def test_a_tag_or_a_digest(text: str) -> None:
    refused = refusal(paths.image_id, text)
    if refused is not None:
        assert refused.status == 400
        return
    assert list(paths.image_id(text).values()) == [text]
    assert not set(text) & set("/\\\0 \n")
