"""Who signed it: SigV4 as AWS judges it, in both families of services.

Source of codes, statuses and texts: shared facts 2.4 (IAM and STS against ECR and CloudTrail), and
github.com/aws/aws-sdk-php/issues/2469 for the Host header.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from tests.sandboxes import ECR_TARGET, A, B, Keys, Reply, Sandbox, allow, policy, trust

IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details."
)
INVALID = "The security token included in the request is invalid."
EXPIRED = "The security token included in the request is expired"


@dataclass(frozen=True)
class Family:
    """A service of each protocol, and a harmless call that its administrator may make."""

    service: str
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> bool:
        return "X-Amz-Target" in self.headers

    def error(self, reply: Reply) -> tuple[str, int, str]:
        """(code, status, message) of a refusal, read from the wire."""
        if self.json:
            found = reply.json
            text = found.get("Message", found.get("message"))
            return found["__type"], reply.status, text
        text = reply.body.decode()
        assert "<Type>Sender</Type>" in text, text
        code, message = (
            re.search(rf"<{tag}>(.*?)</{tag}>", text, re.S) for tag in ("Code", "Message")
        )
        assert code
        assert message
        plain = message[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        return code[1], reply.status, plain


STS = Family("sts", IDENTITY, {})
IAM = Family("iam", b"Action=ListRoles&Version=2010-05-08", {})
ECR = Family(
    "ecr",
    b"{}",
    {
        "X-Amz-Target": f"{ECR_TARGET}.DescribeRegistry",
        "Content-Type": "application/x-amz-json-1.1",
    },
)
CLOUDTRAIL = Family(
    "cloudtrail",
    b"{}",
    {
        "X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
        "Content-Type": "application/x-amz-json-1.1",
    },
)
FAMILIES = [STS, IAM, ECR, CLOUDTRAIL]

# The same failure in the query services and in the JSON services.
NAMES: dict[str, tuple[tuple[str, int], tuple[str, int]]] = {
    "invalid": (("InvalidClientTokenId", 403), ("UnrecognizedClientException", 400)),
    "expired": (("ExpiredToken", 403), ("ExpiredTokenException", 400)),
    "mismatch": (("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 400)),
    "missing": (("MissingAuthenticationToken", 403), ("MissingAuthenticationTokenException", 400)),
    "incomplete": (("IncompleteSignature", 400), ("IncompleteSignatureException", 400)),
}


def expect(family: Family, kind: str, message: str, reply: Reply) -> None:
    code, status = NAMES[kind][family.json]
    assert family.error(reply) == (code, status, message)


def signed(sandbox: Sandbox, family: Family, keys: Keys, **more: Any) -> AWSRequest:
    return sandbox.signed(keys, family.service, family.body, headers=family.headers, **more)


def ask(sandbox: Sandbox, family: Family, keys: Keys) -> Reply:
    return sandbox.send(signed(sandbox, family, keys))


@pytest.fixture(params=FAMILIES, ids=lambda family: family.service)
def family(request: pytest.FixtureRequest) -> Family:
    found: Family = request.param
    return found


@pytest.fixture
def session(sandbox: Sandbox) -> Keys:
    """A role session of account A that may do everything there."""
    made = sandbox.role(A, "guest", trust(A), allow("*"))
    return sandbox.assume(A, made["Arn"])


def test_a_good_signature_is_let_in(sandbox: Sandbox, family: Family, session: Keys) -> None:
    assert ask(sandbox, family, sandbox.admins[A]).status == 200
    assert ask(sandbox, family, session).status == 200


# -- keys and tokens -------------------------------------------------------------------------


def test_wrong_secret(sandbox: Sandbox, family: Family) -> None:
    keys = sandbox.admins[A]._replace(secret=sandbox.admins[B].secret)
    expect(family, "mismatch", MISMATCH, ask(sandbox, family, keys))


def test_unknown_key(sandbox: Sandbox, family: Family) -> None:
    expect(family, "invalid", INVALID, ask(sandbox, family, Keys("AKIAIOSFODNN7EXAMPLE", "x")))


def test_inactive_key_is_unknown_until_it_is_active_again(sandbox: Sandbox, family: Family) -> None:
    keys = sandbox.user(A, "ann", allow("*"))

    def set_to(status: str) -> None:
        sandbox.do(
            A,
            "iam:UpdateAccessKey",
            UserName="ann",
            AccessKeyId=keys.access_key_id,
            Status=status,
        )

    set_to("Inactive")
    expect(family, "invalid", INVALID, ask(sandbox, family, keys))
    set_to("Active")
    assert ask(sandbox, family, keys).status == 200


def test_key_of_a_deleted_user(sandbox: Sandbox, family: Family) -> None:
    keys = sandbox.user(A, "ann")
    sandbox.do(A, "iam:DeleteAccessKey", UserName="ann", AccessKeyId=keys.access_key_id)
    sandbox.do(A, "iam:DeleteUser", UserName="ann")
    expect(family, "invalid", INVALID, ask(sandbox, family, keys))


def test_temporary_key_without_its_token(sandbox: Sandbox, family: Family, session: Keys) -> None:
    expect(family, "invalid", INVALID, ask(sandbox, family, session._replace(token=None)))


def test_token_with_another_sessions_key(sandbox: Sandbox, family: Family, session: Keys) -> None:
    other = sandbox.assume(A, f"arn:aws:iam::{A}:role/guest", "other")
    mixed = session._replace(token=other.token)
    expect(family, "invalid", INVALID, ask(sandbox, family, mixed))


def test_token_with_a_long_term_key(sandbox: Sandbox, family: Family, session: Keys) -> None:
    mixed = sandbox.admins[A]._replace(token=session.token)
    expect(family, "invalid", INVALID, ask(sandbox, family, mixed))


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda token: "", id="empty"),
        pytest.param(lambda token: token[:-1], id="last letter gone"),
        pytest.param(lambda token: token[:-4], id="last four gone"),
        pytest.param(lambda token: token + "A", id="a letter more"),
        pytest.param(lambda token: token + "====", id="padding more"),
        pytest.param(lambda token: token.rstrip("=") + "=" * 3, id="other padding"),
        pytest.param(lambda token: token.swapcase(), id="other case"),
        pytest.param(lambda token: "é" * 40, id="not ASCII"),
        pytest.param(lambda token: token + " x", id="two words"),
        pytest.param(lambda token: "A" * 30_000, id="very long"),
        pytest.param(lambda token: token * 2, id="twice"),
    ],
)
def test_altered_token(
    sandbox: Sandbox, family: Family, session: Keys, alter: Callable[[str], str]
) -> None:
    request = signed(sandbox, family, session)
    assert session.token
    del request.headers["X-Amz-Security-Token"]
    altered = alter(session.token).encode("utf-8").decode("latin-1")
    request.headers["X-Amz-Security-Token"] = altered
    expect(family, "invalid", INVALID, sandbox.send(request))


def test_no_bit_of_a_token_can_be_changed(sandbox: Sandbox, session: Keys) -> None:
    assert session.token
    raw = base64.urlsafe_b64decode(session.token)
    bits = range(len(raw) * 8)
    drawn = sorted(random.Random(session.access_key_id).sample(bits, min(400, len(bits))))
    edges = [*range(16), *range(len(raw) * 8 - 16, len(raw) * 8)]
    for bit in {*drawn, *edges}:
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        token = base64.urlsafe_b64encode(bytes(changed)).decode()
        reply = ask(sandbox, STS, session._replace(token=token))
        assert STS.error(reply)[:2] == ("InvalidClientTokenId", 403), f"bit {bit}"


def test_every_letter_of_a_token_counts(sandbox: Sandbox, session: Keys) -> None:
    """Letters rather than bits: base64 has spellings that decode to the same bytes."""
    assert session.token
    for place in range(0, len(session.token), max(1, len(session.token) // 60)):
        letter = session.token[place]
        other = "A" if letter != "A" else "B"
        token = session.token[:place] + other + session.token[place + 1 :]
        reply = ask(sandbox, STS, session._replace(token=token))
        assert STS.error(reply)[0] == "InvalidClientTokenId", f"letter {place}"


def test_token_of_another_lab(sandbox: Sandbox, family: Family, session: Keys) -> None:
    sandbox.reset()  # makes a new sealing key; ids are the same as before
    sandbox.role(A, "guest", trust(A), allow("*"))
    expect(family, "invalid", INVALID, ask(sandbox, family, session))


def test_expired_session(sandbox: Sandbox, family: Family) -> None:
    made = sandbox.role(A, "guest", trust(A), allow("*"))
    keys = sandbox.assume(A, made["Arn"], DurationSeconds=900)
    sandbox.advance(890)
    assert ask(sandbox, family, keys).status == 200
    sandbox.advance(11)
    expect(family, "expired", EXPIRED, ask(sandbox, family, keys))


def test_a_wrong_secret_is_told_before_expiry(sandbox: Sandbox, session: Keys) -> None:
    sandbox.advance(4000)
    reply = ask(sandbox, STS, session._replace(secret="x"))
    expect(STS, "mismatch", MISMATCH, reply)


# -- the request itself ----------------------------------------------------------------------


def test_unsigned(sandbox: Sandbox, family: Family) -> None:
    told = (
        "Missing Authentication Token"
        if family.json
        else ("Request is missing Authentication Token")
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded", **family.headers}
    expect(family, "missing", told, sandbox.http("POST", "/", family.body, headers))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        pytest.param("Basic QVdTOng=", "Unsupported AWS 'algorithm': 'Basic'.", id="Basic"),
        pytest.param(
            "AWS4-HMAC-SHA512 Credential=x",
            "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.",
            id="another algorithm",
        ),
        pytest.param(
            "AWS4-HMAC-SHA256 nonsense",
            "'nonsense' not a valid key=value pair (missing equal-sign) in Authorization header: "
            "'AWS4-HMAC-SHA256 nonsense'.",
            id="no equal sign",
        ),
        pytest.param(
            "AWS4-HMAC-SHA256 Credential=x, Signature=y",
            "Authorization header requires 'SignedHeaders' parameter. "
            "Authorization=AWS4-HMAC-SHA256 Credential=x, Signature=y",
            id="no SignedHeaders",
        ),
        pytest.param(
            "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host",
            "Authorization header requires 'Signature' parameter. "
            "Authorization=AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host",
            id="no Signature",
        ),
        pytest.param(
            "AWS4-HMAC-SHA256 Credential=x/y, SignedHeaders=host, Signature=z",
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/term, got 'x/y'",
            id="short Credential",
        ),
    ],
)
def test_malformed_authorization(sandbox: Sandbox, family: Family, header: str, told: str) -> None:
    request = signed(sandbox, family, sandbox.admins[A])
    request.headers.replace_header("Authorization", header)
    expect(family, "incomplete", told, sandbox.send(request))


def test_no_date(sandbox: Sandbox, family: Family) -> None:
    request = signed(sandbox, family, sandbox.admins[A])
    del request.headers["X-Amz-Date"]
    code, status, told = family.error(sandbox.send(request))
    assert (code, status) == NAMES["incomplete"][family.json]
    assert "'X-Amz-Date'" in told


def test_wrong_service_in_scope(sandbox: Sandbox, family: Family) -> None:
    request = signed(sandbox, family, sandbox.admins[A], scope="s3")
    told = f"Credential should be scoped to correct service: '{family.service}'."
    expect(family, "mismatch", told, sandbox.send(request))


def test_wrong_region_in_scope(sandbox: Sandbox, family: Family) -> None:
    request = signed(sandbox, family, sandbox.admins[A], region="mars")
    told = "Credential should be scoped to a valid region"
    told += "." if family.json else ", not 'mars'."
    expect(family, "mismatch", told, sandbox.send(request))


def test_host_must_be_signed(sandbox: Sandbox, family: Family) -> None:
    request = signed(sandbox, family, sandbox.admins[A])
    header = request.headers["Authorization"]
    assert "SignedHeaders=content-type;host;" in header
    request.headers.replace_header("Authorization", header.replace("host;", "", 1))
    told = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    expect(family, "mismatch", told, sandbox.send(request))


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda r: setattr(r, "data", r.body.replace(b"2011", b"2012")), id="body"),
        pytest.param(lambda r: r.headers.replace_header("Host", "sts.amazonaws.com"), id="host"),
        pytest.param(
            lambda r: r.headers.replace_header(
                "Authorization", re.sub("Signature=.", "Signature=g", r.headers["Authorization"])
            ),
            id="signature",
        ),
        pytest.param(
            lambda r: r.headers.replace_header("Authorization", r.headers["Authorization"][:-1]),
            id="signature cut short",
        ),
        pytest.param(
            lambda r: r.headers.replace_header("Content-Type", "application/x-www-form-urlencoded"),
            id="signed header",
        ),
    ],
)
def test_what_is_signed_cannot_be_changed(
    sandbox: Sandbox, alter: Callable[[AWSRequest], Any]
) -> None:
    request = signed(sandbox, STS, sandbox.admins[A])
    request.headers["Host"] = f"127.0.0.1:{sandbox.port}"
    assert sandbox.send(request).status == 200
    alter(request)
    expect(STS, "mismatch", MISMATCH, sandbox.send(request))


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (-4, None),
        (4, None),
        (
            -6,
            r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z "
            r"\(\d{8}T\d{6}Z - 5 min\.\)",
        ),
        (
            6,
            r"Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z "
            r"\(\d{8}T\d{6}Z \+ 5 min\.\)",
        ),
    ],
)
def test_clock_skew(
    sandbox: Sandbox,
    family: Family,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    told: str | None,
) -> None:
    stamp(monkeypatch, datetime.now(UTC) + timedelta(minutes=minutes))
    reply = ask(sandbox, family, sandbox.admins[A])
    if told is None:
        assert reply.status == 200
        return
    code, status, message = family.error(reply)
    assert (code, status) == NAMES["mismatch"][family.json]
    assert re.fullmatch(told, message), message


def stamp(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Make botocore sign as if it were that moment."""
    plain = moment.replace(tzinfo=None)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: plain)


def test_skew_is_judged_by_real_time_not_by_the_labs(sandbox: Sandbox, family: Family) -> None:
    sandbox.advance(86400)
    assert ask(sandbox, family, sandbox.admins[A]).status == 200


def test_scope_date_must_be_the_requests(sandbox: Sandbox) -> None:
    request = signed(sandbox, STS, sandbox.admins[A])
    header = re.sub(r"/\d{8}/", "/20200101/", request.headers["Authorization"])
    request.headers.replace_header("Authorization", header)
    code, status, told = STS.error(sandbox.send(request))
    assert (code, status) == ("SignatureDoesNotMatch", 403)
    assert told.startswith("Date in Credential scope does not match YYYYMMDD from ISO-8601 version")


def test_many_regions_are_good(sandbox: Sandbox, family: Family) -> None:
    for region in ("eu-west-1", "ap-southeast-2"):
        request = signed(sandbox, family, sandbox.admins[A], region=region)
        assert sandbox.send(request).status == 200


def test_a_region_in_which_ecr_is_not(sandbox: Sandbox) -> None:
    answer = sandbox.call(A, "ecr:DescribeRepositories", region="xx-nowhere-1")
    assert answer.error == (
        "InvalidSignatureException",
        400,
        "Credential should be scoped to a valid region.",
    )


# -- presigned -------------------------------------------------------------------------------


def test_presigned_identity(sandbox: Sandbox, session: Keys) -> None:
    for keys, name in ((sandbox.admins[A], "user/admin"), (session, "assumed-role/guest/session")):
        reply = sandbox.http("GET", sandbox.presigned(keys, expires=60))
        assert reply.status == 200
        assert name in reply.body.decode()


def test_presigned_expires(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(monkeypatch, datetime.now(UTC) - timedelta(seconds=70))
    good = sandbox.presigned(sandbox.admins[A], expires=600)
    late = sandbox.presigned(sandbox.admins[A], expires=60)
    assert sandbox.http("GET", good).status == 200
    told = STS.error(sandbox.http("GET", late))
    assert told == ("RequestExpired", 400, "Request has expired.")


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(days=365 * 7000)])
def test_presigned_ahead_of_time(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    stamp(monkeypatch, datetime.now(UTC) + ahead)
    reply = sandbox.http("GET", sandbox.presigned(sandbox.admins[A], expires=900_000))
    code, status, told = STS.error(reply)
    assert (code, status) == ("SignatureDoesNotMatch", 403)
    assert told.startswith("Signature not yet current: ")


@pytest.mark.parametrize("expires", ["soon", "-1", "", "9999999"])
def test_presigned_with_a_strange_life(sandbox: Sandbox, expires: str) -> None:
    target = sandbox.presigned(sandbox.admins[A], expires=60)
    reply = sandbox.http("GET", target.replace("X-Amz-Expires=60", f"X-Amz-Expires={expires}"))
    assert STS.error(reply)[:2] == ("IncompleteSignature", 400)


def test_presigned_cannot_be_changed(sandbox: Sandbox) -> None:
    target = sandbox.presigned(sandbox.admins[A], expires=60)
    for other in (
        target.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        target + "&more=1",
        target.replace("GetCallerIdentity", "GetSessionToken"),
    ):
        expect(STS, "mismatch", MISMATCH, sandbox.http("GET", other))
    other = target.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")
    error = STS.error(sandbox.http("GET", other))
    assert error == ("IncompleteSignature", 400, "Unsupported AWS 'algorithm' in the query string.")
    lacking = re.sub(r"X-Amz-Date=\w+&", "", target)
    assert STS.error(sandbox.http("GET", lacking))[0] == "IncompleteSignature"


def test_no_permission_is_asked_of_who_am_i(sandbox: Sandbox) -> None:
    """Source: STS API Reference, GetCallerIdentity; not even an explicit deny stops it."""
    keys = sandbox.user(A, "ann", policy({"Effect": "Deny", "Action": "*", "Resource": "*"}))
    assert sandbox.whoami(keys) == f"arn:aws:iam::{A}:user/ann"


def test_refusals_carry_a_request_id_that_the_trail_knows(sandbox: Sandbox) -> None:
    reply = ask(sandbox, ECR, sandbox.admins[A]._replace(secret="x"))
    found = sandbox.decision(reply.headers["x-amzn-requestid"])
    assert found["error_code"] == "InvalidSignatureException"
    assert json.loads(reply.body)["__type"] == reply.headers["x-amzn-errortype"]
