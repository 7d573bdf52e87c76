"""AssumeRoleWithWebIdentity: which tokens are good, whom a trust policy lets in, and the chain on.

Tokens come from the lab's own issuer; those that Kubernetes would not make are signed here with
its key, which lies sealed in the lab's folder. Sources in the rows: "facts" is
shared/aws-facts.md, "guide" the IAM User Guide; a number is that of a public issue.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.sandbox.images import Image, push
from tests.sandbox.test_unknown import xml_error
from tests.sandboxes import (
    FORM,
    REGION,
    A,
    B,
    C,
    Forked,
    Keys,
    Sandbox,
    allow,
    deny,
    policy,
    statement,
)
from tests.sandboxes import trust as trusting
from xacct_helpers.sandbox.sealed_tokens import unseal

WEB = "sts:AssumeRoleWithWebIdentity"
AUDIENCE = "sts.amazonaws.com"
SUBJECT = "system:serviceaccount:prod:puller"
ROLE = f"arn:aws:iam::{B}:role/irsa"
JWT = (
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference "
    "AssumeRoleWithWebIdentity documentation for requirements"
)
NOT_AUTHORIZED = f"Not authorized to perform {WEB}"
THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
TAGS = "https://aws.amazon.com/tags"
FOREIGN_KEY = RSAKey.generate_key(2048)
Claims = dict[str, Any]


class Lab:
    """A sandbox that keeps its lab in a folder, and that folder."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self._client = boto3.client(
            "sts",
            endpoint_url=sandbox.endpoint,
            region_name=REGION,
            config=Config(
                signature_version=UNSIGNED,
                proxies={},
                parameter_validation=False,
                retries={"total_max_attempts": 1},
            ),
        )

    @property
    def issuer(self) -> str:
        return str(self.sandbox.control("GET", "status").json["oidc_issuer"])

    @property
    def host(self) -> str:
        """The issuer as condition keys begin."""
        return self.issuer.removeprefix("https://")

    @property
    def arn(self) -> str:
        """The provider in B for the lab's issuer."""
        return f"arn:aws:iam::{B}:oidc-provider/{self.host}"

    @property
    def now(self) -> int:
        told = self.sandbox.control("GET", "status").json["now"]
        return int(datetime.fromisoformat(told).timestamp())

    def provider(self, account: str = B, url: str = "", audiences: Any = (AUDIENCE,)) -> str:
        """A new OIDC provider of IAM's; its ARN."""
        made = self.sandbox.do(
            account,
            "iam:CreateOpenIDConnectProvider",
            Url=url or self.issuer,
            ClientIDList=list(audiences),
            ThumbprintList=[THUMBPRINT],
        )
        return str(made["OpenIDConnectProviderArn"])

    def token(self, namespace: str = "prod", name: str = "puller", **more: Any) -> str:
        """A token as the cluster would project it."""
        body = {"namespace": namespace, "service_account": name, **more}
        reply = self.sandbox.control("POST", "service-account-token", body)
        assert reply.status == 200, reply.body
        return str(reply.json["token"])

    def claims(self, **changed: Any) -> Claims:
        """Good claims, changed; those changed to None are left out."""
        now = self.now
        found = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": AUDIENCE,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            **changed,
        }
        return {name: value for name, value in found.items() if value is not None}

    def signed(
        self,
        claims: Mapping[str, Any],
        key: RSAKey | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """A token with these claims; signed by the issuer's own key unless another is given."""
        own = self._key()
        told = {"alg": "RS256", "kid": own.thumbprint(), **(header or {})}
        return jwt.encode(told, dict(claims), key or own)

    def _key(self) -> RSAKey:
        self.token()  # the first token makes the key
        with (self.folder / "journal.jsonl").open() as journal:
            lab_key = base64.b64decode(json.loads(journal.readline())["key"])
        content = unseal(lab_key, "issuer", (self.folder / "issuer-key").read_text())
        return RSAKey.import_key(content["pem"])

    def assume(self, token: str, **more: Any) -> tuple[tuple[str, int, str] | None, dict[str, Any]]:
        """(the error or None, the answer), by a client that has no credentials at all."""
        params = {"RoleArn": ROLE, "RoleSessionName": "pod", "WebIdentityToken": token, **more}
        try:
            value = self._client._make_api_call(
                "AssumeRoleWithWebIdentity", {k: v for k, v in params.items() if v is not None}
            )
        except ClientError as error:
            told, meta = error.response["Error"], error.response["ResponseMetadata"]
            return (told["Code"], meta["HTTPStatusCode"], told["Message"]), error.response
        return None, value

    def keys(self, token: str, **more: Any) -> Keys:
        """The keys of a new session."""
        error, value = self.assume(token, **more)
        assert error is None, error
        return Keys.of(value["Credentials"])

    def trust(
        self, action: Any = WEB, condition: Mapping[str, Any] | None = None, **more: Any
    ) -> str:
        """A trust policy for the provider in B."""
        if condition is not None:
            more["Condition"] = {
                operator: {f"{self.host}:{key}": value for key, value in keys.items()}
                for operator, keys in condition.items()
            }
        return trusting({"Federated": self.arn}, action, **more)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with Forked("--state", str(folder)) as running:
        yield Lab(running, folder)


@pytest.fixture
def lab(kept: Lab) -> Lab:
    """A lab as on the first day, but that B knows the lab's issuer."""
    kept.sandbox.reset()
    kept.provider()
    return kept


def irsa(lab: Lab, *documents: str, condition: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """The role in B; its trust asks for the service account unless told otherwise."""
    asked = {"StringEquals": {"sub": SUBJECT, "aud": AUDIENCE}} if condition is None else condition
    return lab.sandbox.role(B, "irsa", lab.trust(condition=asked), *documents, **more)


# -- tokens that are not good ----------------------------------------------------------------


def flipped(token: str, part: int) -> str:
    """The token with one bit of its header, claims or signature another."""
    parts = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(parts[part] + "==="))
    at = raw.index(b"puller") if part == 1 else len(raw) // 2
    raw[at] ^= 1
    parts[part] = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return ".".join(parts)


@dataclass(frozen=True, kw_only=True)
class Bad:
    """Claims that make a token bad, and the error. claims: changes; None leaves one out."""

    name: str
    claims: Claims = field(default_factory=dict)
    code: str = "InvalidIdentityToken"
    message: str
    source: str


BAD = [
    *(
        Bad(
            name=f"no {claim}",
            claims={claim: None},
            message=f"Missing a required claim: {claim}",
            source="configure-aws-credentials#502, aws-sdk-ruby#2698",
        )
        for claim in ("iss", "sub", "aud", "exp", "iat")
    ),
    Bad(
        name="an empty audience",
        claims={"aud": []},
        message="Missing a required claim: aud",
        source="unsettled",
    ),
    *(
        Bad(
            name=f"{claim} of the wrong type",
            claims={claim: value},
            message=JWT,
            source="unsettled",
        )
        for claim, value in {
            "iss": 7,
            "sub": ["x"],
            "aud": [7],
            "exp": "soon",
            "iat": True,
            "nbf": {},
            "azp": 1,
        }.items()
    ),
    Bad(
        name="another audience",
        claims={"aud": "https://kubernetes.default.svc"},
        message="Incorrect token audience",
        source="configure-aws-credentials#775",
    ),
    Bad(
        name="azp takes the place of aud",
        claims={"azp": "other-app"},
        message="Incorrect token audience",
        source="guide, keys for OIDC federation",
    ),
    Bad(
        name="an issuer that the account does not know",
        claims={"iss": "https://example.org"},
        message="No OpenIDConnect provider found in your account for https://example.org",
        source="configure-aws-credentials#721",
    ),
    Bad(
        name="an issuer without https",
        claims={"iss": "http://example.org"},
        message="No OpenIDConnect provider found in your account for http://example.org",
        source="unsettled",
    ),
    *(
        Bad(
            name=f"session tags that are none: {json.dumps(value)}",
            claims={TAGS: value},
            message=f"Invalid claim: {TAGS}",
            source="unsettled",
        )
        for value in (
            "team",
            {"principal_tags": ["team"]},
            {"principal_tags": {"team": ["red", "blue"]}},
            {"principal_tags": {"team": 7}},
            {"transitive_tag_keys": [{}]},
            {"transitive_tag_keys": 7},
        )
    ),
    *(
        Bad(name=f"exp is {value}", claims={"exp": value}, message=JWT, source="unsettled")
        for value in (float("nan"), float("inf"), 10**400)
    ),
    Bad(
        name="a transitive key that is no tag",
        claims={TAGS: {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["floor"]}},
        message=f"Invalid claim: {TAGS}",
        source="unsettled",
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_claims_that_are_refused(lab: Lab, bad: Bad) -> None:
    irsa(lab)
    error, _ = lab.assume(lab.signed(lab.claims(**bad.claims)))
    assert error == (bad.code, 400, bad.message), bad.source


@pytest.mark.parametrize(
    "text",
    [
        "abcd",
        "a.bc",
        "a.b.c",
        "....",
        "e30.e30.",
        "W10.W10.x",
        "W10.W10.eA",
        "e30.W10.eA",
        "e30=.e30.eA",
        "{}.{}.x",
        "bm8.bm8.bm8",
        "é.é.é",
    ],
)
def test_text_that_is_no_token(lab: Lab, text: str) -> None:
    """Source: the answer to an access token, in many public logs."""
    irsa(lab)
    error, _ = lab.assume(text)
    expected = "Missing a required claim: iss" if text == "e30.e30." else JWT
    assert error == ("InvalidIdentityToken", 400, expected)


@pytest.mark.parametrize(
    ("part", "messages"),
    [
        (0, {JWT, NO_KEY}),
        (1, {"Token signature invalid"}),
        (2, {"Token signature invalid"}),
    ],
    ids=["header", "claims", "signature"],
)
def test_one_bit_altered(lab: Lab, part: int, messages: set[str]) -> None:
    irsa(lab, condition={})
    good = lab.token()
    assert lab.assume(good)[0] is None
    error, _ = lab.assume(flipped(good, part))
    assert error is not None
    assert (error[0], error[1]) == ("InvalidIdentityToken", 400)
    assert error[2] in messages


def test_every_end_of_the_signature_counts(lab: Lab) -> None:
    irsa(lab)
    good = lab.token()
    for cut in (good[:-4], good + "AAAA", good.rpartition(".")[0] + "."):
        error, _ = lab.assume(cut)
        assert error == ("InvalidIdentityToken", 400, "Token signature invalid")


def test_another_key(lab: Lab) -> None:
    irsa(lab)
    claims = lab.claims()
    own_name = lab.signed(claims, FOREIGN_KEY)
    assert lab.assume(own_name)[0] == ("InvalidIdentityToken", 400, "Token signature invalid")
    for header in ({"kid": FOREIGN_KEY.thumbprint()}, {"kid": 7}, {"kid": None}):
        error, _ = lab.assume(_with_header(lab.signed(claims, FOREIGN_KEY), header))
        assert error == ("InvalidIdentityToken", 400, NO_KEY)


def test_no_algorithm_but_the_issuers(lab: Lab) -> None:
    """A token must not choose how it is checked: no "none", and no HMAC with the public key."""
    irsa(lab)
    good = lab.signed(lab.claims())
    for algorithm in ("none", "HS256", "RS384", "PS256", "", None, 7):
        token = _with_header(good, {"alg": algorithm})
        for text in (token, token.rpartition(".")[0] + "."):
            error, _ = lab.assume(text)
            assert error == ("InvalidIdentityToken", 400, NO_KEY), algorithm


def _with_header(token: str, changed: Mapping[str, Any]) -> str:
    head, _, rest = token.partition(".")
    header = {**json.loads(base64.urlsafe_b64decode(head + "===")), **changed}
    header = {name: value for name, value in header.items() if value is not None}
    return base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=") + "." + rest


def test_an_issuer_whose_keys_nobody_has(lab: Lab) -> None:
    """Source: aws-sdk-rust#827. The sandbox contacts no issuer, whoever it is."""
    url = "https://token.actions.githubusercontent.com"
    lab.provider(url=url)
    irsa(lab)
    error, _ = lab.assume(lab.signed(lab.claims(iss=url)))
    assert error == ("InvalidIdentityToken", 400, NO_KEY)


def test_the_lab_tells_the_time(lab: Lab) -> None:
    """Source: aws-sdk-java-v2#5709 for the words."""
    irsa(lab)
    token = lab.token()
    expires = int(_claims(token)["exp"])
    assert lab.assume(token)[0] is None
    lab.sandbox.advance(3590)
    assert lab.assume(token)[0] is None
    lab.sandbox.advance(11)
    error, _ = lab.assume(token)
    assert error is not None
    assert error[:2] == ("ExpiredTokenException", 400)
    found = re.fullmatch(
        r"Token expired: current date/time (\d+) must be before the expiration date/time (\d+)",
        error[2],
    )
    assert found
    assert int(found[2]) == expires <= int(found[1]) <= expires + 60
    assert lab.assume(lab.token())[0] is None  # the issuer's clock is the lab's


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_from_the_future(lab: Lab, claim: str) -> None:
    irsa(lab)
    for ahead, message in ((200, None), (1000, "Token is not valid yet")):
        error, _ = lab.assume(lab.signed(lab.claims(**{claim: lab.now + ahead})))
        assert (error and error[2]) == message


def test_an_oauth_access_token(lab: Lab) -> None:
    irsa(lab)
    error, _ = lab.assume("Atza|token", ProviderId="www.amazon.com")
    assert error is not None
    assert error[:2] == ("IDPCommunicationError", 400)


def test_parameters(lab: Lab) -> None:
    irsa(lab)
    token = lab.token()
    detected = "1 validation error detected: Value"
    for params, code, message in (
        (
            {"RoleArn": "dummy-arn"},
            "ValidationError",
            f"{detected} 'dummy-arn' at 'roleArn' failed to satisfy constraint: Member must have "
            "length greater than or equal to 20",
        ),
        ({"RoleArn": "a" * 24}, "ValidationError", f"{'a' * 24} is invalid"),
        (
            {"RoleSessionName": "a:b"},
            "ValidationError",
            f"{detected} 'a:b' at 'roleSessionName' failed to satisfy constraint: Member must "
            r"satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            {"WebIdentityToken": None},
            "ValidationError",
            f"{detected} null at 'webIdentityToken' failed to satisfy constraint: Member must not "
            "be null",
        ),
        (
            {"DurationSeconds": 43201},
            "ValidationError",
            f"{detected} '43201' at 'durationSeconds' failed to satisfy constraint: Member must "
            "have value less than or equal to 43200",
        ),
        (
            {"DurationSeconds": 3601},
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        (
            {"Policy": "{"},
            "MalformedPolicyDocument",
            "The policy is not in the valid JSON format.",
        ),
    ):
        assert lab.assume(token, **params)[0] == (code, 400, message)


def _claims(token: str) -> Claims:
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "===")))


# -- whom the trust policy lets in -----------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Door:
    """A trust policy and whether puller in prod comes in. condition: keys without the issuer."""

    name: str
    condition: Mapping[str, Any]
    opens: bool


DOORS = [
    Door(name="no condition at all", condition={}, opens=True),
    Door(
        name="subject and audience",
        condition={"StringEquals": {"sub": SUBJECT, "aud": AUDIENCE}},
        opens=True,
    ),
    Door(
        name="another service account",
        condition={"StringEquals": {"sub": "system:serviceaccount:prod:pusher"}},
        opens=False,
    ),
    Door(
        name="another namespace",
        condition={"StringEquals": {"sub": "system:serviceaccount:dev:puller"}},
        opens=False,
    ),
    Door(
        name="every account of the namespace",
        condition={"StringLike": {"sub": "system:serviceaccount:prod:*"}},
        opens=True,
    ),
    Door(
        name="a wildcard under StringEquals",
        condition={"StringEquals": {"sub": "system:serviceaccount:prod:*"}},
        opens=False,
    ),
    Door(
        name="one of two subjects",
        condition={"StringEquals": {"sub": ["other", SUBJECT]}},
        opens=True,
    ),
    Door(name="another audience", condition={"StringEquals": {"aud": "other"}}, opens=False),
    Door(
        name="a claim that AWS makes no key of",
        condition={"StringLike": {"kubernetes.io": "*"}},
        opens=False,
    ),
]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_conditions(lab: Lab, door: Door) -> None:
    irsa(lab, condition=door.condition)
    error, _ = lab.assume(lab.token())
    assert error == (None if door.opens else ("AccessDenied", 403, NOT_AUTHORIZED))


def test_who_is_named(lab: Lab) -> None:
    """Source: facts 1.2 on what AWS says: nothing of why."""
    other = lab.provider(url="https://example.org")
    in_a = lab.provider(account=A)
    lab.sandbox.user(B, "ann")
    for number, (principal, action, opens) in enumerate(
        (
            ({"Federated": lab.arn}, WEB, True),
            ({"Federated": [other, lab.arn]}, WEB, True),
            ("*", WEB, True),
            ({"Federated": other}, WEB, False),
            ({"Federated": in_a}, WEB, False),
            ({"Federated": lab.arn}, "sts:AssumeRoleWithSAML", False),
            ({"Federated": lab.arn}, "sts:AssumeRole", False),
            ({"AWS": B}, WEB, False),
            ({"AWS": f"arn:aws:iam::{B}:user/ann"}, WEB, False),
            ({"Service": "eks.amazonaws.com"}, WEB, False),
        )
    ):
        made = lab.sandbox.role(B, f"r{number}", trusting(principal, action), allow("*"))
        error, _ = lab.assume(lab.token(), RoleArn=made["Arn"])
        expected = None if opens else ("AccessDenied", 403, NOT_AUTHORIZED)
        assert error == expected, principal


def test_a_deny_in_the_trust_policy(lab: Lab) -> None:
    text = policy(
        json.loads(lab.trust())["Statement"][0],
        statement(
            "Deny", WEB, Principal="*", Condition={"StringEquals": {f"{lab.host}:sub": SUBJECT}}
        ),
    )
    lab.sandbox.role(B, "irsa", text)
    assert lab.assume(lab.token())[0] == ("AccessDenied", 403, NOT_AUTHORIZED)
    assert lab.assume(lab.token(name="other"))[0] is None


def test_roles_that_are_not_there(lab: Lab) -> None:
    """No telling a role that is not there from one that refuses."""
    for role in (f"arn:aws:iam::{B}:role/nope", f"arn:aws:iam::{B}:user/admin"):
        error, _ = lab.assume(lab.token(), RoleArn=role)
        assert error in (
            ("AccessDenied", 403, NOT_AUTHORIZED),
            ("InvalidIdentityToken", 400, _no_provider(lab)),
        )
    for account in (A, "999999999999"):  # the provider must be in the role's own account
        error, _ = lab.assume(lab.token(), RoleArn=f"arn:aws:iam::{account}:role/irsa")
        assert error == ("InvalidIdentityToken", 400, _no_provider(lab))


def _no_provider(lab: Lab) -> str:
    return f"No OpenIDConnect provider found in your account for {lab.issuer}"


def test_a_provider_that_is_gone(lab: Lab) -> None:
    irsa(lab)
    session = lab.keys(lab.token())
    lab.sandbox.do(B, "iam:DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=lab.arn)
    assert lab.assume(lab.token())[0] == ("InvalidIdentityToken", 400, _no_provider(lab))
    assert lab.sandbox.whoami(session).endswith("/irsa/pod")  # sessions are not called back
    answer = lab.sandbox.call(
        B, "iam:CreateRole", RoleName="late", AssumeRolePolicyDocument=lab.trust()
    )
    assert answer.error == (
        "MalformedPolicyDocument",
        400,
        f'Invalid principal in policy: "FEDERATED":"{lab.arn}"',
    )


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("cognito-identity.amazonaws.com", True),
        ("accounts.google.com", True),
        ("graph.facebook.com", True),
        ("www.amazon.com", True),
        ("example.org", False),
        (f"arn:aws:iam::{B}:oidc-provider/example.org", False),
        (f"arn:aws:iam::{B}:saml-provider/corp", False),
        ("arn:aws:iam::999999999999:oidc-provider/example.org", False),
    ],
)
def test_federated_principals_must_exist(lab: Lab, value: str, known: bool) -> None:
    """Source: facts 3.2; guide, Principal element."""
    answer = lab.sandbox.call(
        B,
        "iam:CreateRole",
        RoleName="r",
        AssumeRolePolicyDocument=trusting({"Federated": value}, WEB),
    )
    message = "" if known else f'Invalid principal in policy: "FEDERATED":"{value}"'
    assert (answer.ok, answer.message) == (known, message)


def test_nobody_signs_and_a_signature_changes_nothing(lab: Lab) -> None:
    irsa(lab)
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "pod",
        "WebIdentityToken": lab.token(),
    }
    body = urlencode(form).encode()
    plain = lab.sandbox.http("POST", "/", body, {"Content-Type": FORM})
    nonsense = {"Content-Type": FORM, "Authorization": "AWS4-HMAC-SHA256 nonsense"}
    assert plain.status == lab.sandbox.http("POST", "/", body, nonsense).status == 200
    assert lab.sandbox.http("GET", f"/?{body.decode()}").status == 200
    for operation in ("AssumeRole", "GetCallerIdentity", "GetFederationToken", "GetSessionToken"):
        other = urlencode({**form, "Action": operation}).encode()
        reply = lab.sandbox.http("POST", "/", other, {"Content-Type": FORM})
        assert reply.status == 403
        assert xml_error(reply)[0] == "MissingAuthenticationToken"
    elsewhere = urlencode({**form, "Version": "2010-05-08"}).encode()
    reply = lab.sandbox.http("POST", "/", elsewhere, {"Content-Type": FORM})
    assert xml_error(reply)[0] == "MissingAuthenticationToken"


# -- the session -----------------------------------------------------------------------------


def test_the_answer(lab: Lab) -> None:
    made = irsa(lab, Path="/deep/")
    error, found = lab.assume(lab.token(), RoleArn=made["Arn"])
    assert error is None
    credentials = found.pop("Credentials")
    assert found.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert found == {
        "SubjectFromWebIdentityToken": SUBJECT,
        "Provider": lab.arn,
        "Audience": AUDIENCE,
        "AssumedRoleUser": {
            "AssumedRoleId": f"{made['RoleId']}:pod",
            "Arn": f"arn:aws:sts::{B}:assumed-role/irsa/pod",
        },
    }
    lives = credentials["Expiration"].timestamp() - lab.now
    assert 3590 <= lives <= 3600
    assert lab.sandbox.do(Keys.of(credentials), "sts:GetCallerIdentity")["Arn"] == (
        f"arn:aws:sts::{B}:assumed-role/irsa/pod"
    )


def test_up_to_the_roles_maximum(lab: Lab) -> None:
    irsa(lab, MaxSessionDuration=7200)
    _, found = lab.assume(lab.token(), DurationSeconds=7200)
    assert 7190 <= found["Credentials"]["Expiration"].timestamp() - lab.now <= 7200
    assert lab.assume(lab.token(), DurationSeconds=7201)[0] is not None


def test_a_session_policy_narrows_it(lab: Lab) -> None:
    irsa(lab, allow("iam:List*"))
    narrow = lab.keys(lab.token(), Policy=allow("iam:ListRoles"))
    assert lab.sandbox.call(narrow, "iam:ListRoles").ok
    assert "no session policy allows" in lab.sandbox.call(narrow, "iam:ListUsers").message


def test_the_provider_follows_the_session(lab: Lab) -> None:
    """Source: guide, aws:FederatedProvider."""
    condition = {"StringEquals": {"aws:FederatedProvider": lab.arn}}
    irsa(lab, allow("iam:ListRoles", Condition=condition))
    assert lab.sandbox.call(lab.keys(lab.token()), "iam:ListRoles").ok
    lab.sandbox.role(B, "plain", trusting(B), allow("iam:ListRoles", Condition=condition))
    plain = lab.sandbox.assume(B, f"arn:aws:iam::{B}:role/plain")
    assert not lab.sandbox.call(plain, "iam:ListRoles").ok


def test_several_audiences(lab: Lab) -> None:
    """The one that the provider takes is the one that counts."""
    irsa(lab)
    token = lab.token(audience=["https://kubernetes.default.svc", AUDIENCE])
    _, found = lab.assume(token)
    assert found["Audience"] == AUDIENCE
    assert lab.assume(lab.signed(lab.claims(aud=["x", "y"], azp=AUDIENCE)))[0] is None


def test_amr_and_email(lab: Lab) -> None:
    """Source: guide, keys for OIDC federation."""
    irsa(
        lab,
        condition={
            "ForAnyValue:StringEquals": {"amr": "mfa"},
            "StringEquals": {"email": "ann@example.org"},
        },
    )
    good = lab.claims(amr=["pwd", "mfa"], email="ann@example.org")
    assert lab.assume(lab.signed(good))[0] is None
    assert lab.assume(lab.signed({**good, "amr": ["pwd"]}))[0] is not None
    assert lab.assume(lab.signed({**good, "email": {"a": 1}}))[0] is not None


def test_session_tags_of_the_token(lab: Lab) -> None:
    """Source: guide, passing session tags with AssumeRoleWithWebIdentity."""
    claims = {TAGS: {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]}}
    token = lab.signed(lab.claims(**claims))
    irsa(lab)
    assert lab.assume(token)[0] == ("AccessDenied", 403, "Not authorized to perform sts:TagSession")
    tagged = lab.trust(
        [WEB, "sts:TagSession"], Condition={"StringEquals": {"aws:RequestTag/team": "red"}}
    )
    lab.sandbox.do(B, "iam:UpdateAssumeRolePolicy", RoleName="irsa", PolicyDocument=tagged)
    red = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    lab.sandbox.put(B, "role", "irsa", allow("iam:ListRoles", Condition=red))
    _, found = lab.assume(token)
    assert found["PackedPolicySize"] > 0
    assert lab.sandbox.call(Keys.of(found["Credentials"]), "iam:ListRoles").ok
    assert lab.assume(lab.token())[0] is not None  # untagged


def test_a_source_identity_of_the_token(lab: Lab) -> None:
    """Source: guide, monitoring assumed roles: the claim's name."""
    token = lab.signed(lab.claims(**{"https://aws.amazon.com/source_identity": "ann"}))
    irsa(lab)
    assert lab.assume(token)[0] == (
        "AccessDenied",
        403,
        "Not authorized to perform sts:SetSourceIdentity",
    )
    lab.sandbox.do(
        B,
        "iam:UpdateAssumeRolePolicy",
        RoleName="irsa",
        PolicyDocument=lab.trust([WEB, "sts:SetSourceIdentity"]),
    )
    assert lab.assume(token)[1]["SourceIdentity"] == "ann"


def test_a_federated_trust_is_not_for_chained_sessions(lab: Lab) -> None:
    """The provider stays with the session, but its AssumeRole is its own role's."""
    irsa(lab, allow("sts:*"))
    both = policy(
        json.loads(lab.trust([WEB, "sts:TagSession"]))["Statement"][0],
        statement("Allow", "sts:AssumeRole", Principal={"AWS": ROLE}),
    )
    lab.sandbox.role(B, "next", both)
    session = lab.keys(lab.token())
    onward = {"RoleArn": f"arn:aws:iam::{B}:role/next", "RoleSessionName": "on"}
    assert lab.sandbox.call(session, "sts:AssumeRole", **onward).ok
    tagged = lab.sandbox.call(
        session, "sts:AssumeRole", Tags=[{"Key": "a", "Value": "b"}], **onward
    )
    assert "sts:TagSession" in tagged.message


def test_across_accounts_the_way_pods_go(lab: Lab) -> None:
    """IRSA: a pod's token, a role in B, from there A's role, and A's images."""
    sandbox = lab.sandbox
    target = f"arn:aws:iam::{A}:role/account-a-role"
    irsa(lab, allow("sts:AssumeRole", target), MaxSessionDuration=43200)
    pull = ["ecr:DescribeImages", "ecr:BatchGetImage"]
    repository = f"arn:aws:ecr:{REGION}:{A}:repository/my-app"
    sandbox.role(A, "account-a-role", trusting(ROLE), allow(pull, repository))
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    image = Image(b"layer")
    push(sandbox, A, image, repositoryName="my-app")

    pod = lab.keys(lab.token(), DurationSeconds=43200)
    where = {"repositoryName": "my-app", "registryId": A}
    assert not sandbox.call(pod, "ecr:DescribeImages", **where).ok
    inside = sandbox.assume(pod, target, "pod-in-a")
    found = sandbox.do(inside, "ecr:DescribeImages", **where)["imageDetails"]
    assert [one["imageDigest"] for one in found] == [image.digest]
    capped = sandbox.call(
        pod, "sts:AssumeRole", RoleArn=target, RoleSessionName="long", DurationSeconds=7200
    )
    assert capped.error == (
        "ValidationError",
        400,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
        "chaining.",
    )
    other = lab.assume(lab.token(name="other"))[0]
    assert other == ("AccessDenied", 403, NOT_AUTHORIZED)


def test_an_sdk_finds_the_token_in_its_file(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What EKS sets in a pod is all that boto3 needs."""
    irsa(lab)
    file = tmp_path / "token"
    file.write_text(lab.token())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "pod")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.sandbox.endpoint)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = boto3.Session(region_name=REGION).client("sts").get_caller_identity()
    assert found["Arn"] == f"arn:aws:sts::{B}:assumed-role/irsa/pod"


# -- what is told of it ----------------------------------------------------------------------


def records(lab: Lab, account: str, name: str = "AssumeRoleWithWebIdentity") -> list[Claims]:
    found = lab.sandbox.do(
        account,
        "cloudtrail:LookupEvents",
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
    )["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]


def test_cloudtrail_tells_the_roles_account(lab: Lab) -> None:
    """Source: CloudTrail User Guide, userIdentity with web identity federation; facts 6."""
    irsa(lab, allow("ecr:*"))
    token = lab.token()
    session = lab.keys(token)
    lab.assume(lab.token(name="other"))
    lab.assume(flipped(token, 1))
    lab.sandbox.do(session, "ecr:DescribeRegistry")

    refused, let_in = records(lab, B)
    assert refused["errorCode"] == "AccessDenied"
    assert refused["userIdentity"]["userName"].endswith(":other")
    assert let_in["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{lab.arn}:{AUDIENCE}:{SUBJECT}",
        "userName": SUBJECT,
        "identityProvider": lab.arn,
    }
    assert let_in["requestParameters"] == {"roleArn": ROLE, "roleSessionName": "pod"}
    assert let_in["responseElements"]["subjectFromWebIdentityToken"] == SUBJECT
    assert let_in["resources"] == [{"accountId": B, "type": "AWS::IAM::Role", "ARN": ROLE}]
    assert "sharedEventID" not in let_in
    assert token not in json.dumps(let_in)
    assert records(lab, A) == records(lab, C) == []

    (used,) = records(lab, B, "DescribeRegistry")
    assert used["userIdentity"]["sessionContext"]["webIdFederationData"] == {
        "federatedProvider": lab.arn,
        "attributes": {},
    }


def test_the_lab_explains_a_refusal(lab: Lab) -> None:
    irsa(lab)
    _, response = lab.assume(lab.token(name="other"))
    found = lab.sandbox.decision(response["ResponseMetadata"]["RequestId"])
    (asked,) = found["asked"]
    assert asked["decision"]["verdict"] == "implicitDeny"
    assert any("sub" in sentence for sentence in asked["sentences"]), asked["sentences"]
    kept = lab.sandbox.control("GET", "trail").body.decode()
    assert lab.token(name="other").split(".")[1][:40] not in kept


# -- the issuer ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_issuers_url(lab: Lab, sandbox: Sandbox) -> None:
    """It is that of every lab of this seed, as ids are."""
    pattern = r"https://oidc\.eks\.us-east-1\.amazonaws\.com/id/[0-9A-F]{32}"
    assert re.fullmatch(pattern, lab.issuer)
    assert sandbox.control("GET", "status").json["oidc_issuer"] == lab.issuer
    with Forked("--seed", "another") as other:
        theirs = other.control("GET", "status").json["oidc_issuer"]
        assert re.fullmatch(pattern, theirs)
        assert theirs != lab.issuer


def test_each_lab_has_a_key_of_its_own(lab: Lab, sandbox: Sandbox) -> None:
    irsa(lab)
    theirs = sandbox.control(
        "POST", "service-account-token", {"namespace": "prod", "service_account": "puller"}
    ).json["token"]
    assert lab.assume(theirs)[0] == ("InvalidIdentityToken", 400, NO_KEY)


def test_what_a_projected_token_says(lab: Lab) -> None:
    """Source: Kubernetes documentation, Managing Service Accounts, bound tokens."""
    told = lab.sandbox.control(
        "POST", "service-account-token", {"service_account": "puller", "expires_in": 86400}
    ).json
    claims = _claims(told["token"])
    uid = claims["kubernetes.io"]["serviceaccount"].pop("uid")
    assert re.fullmatch(r"[0-9a-f-]{36}", uid)
    assert re.fullmatch(r"[0-9a-f-]{36}", claims.pop("jti"))
    issued = claims.pop("iat")
    assert abs(issued - lab.now) < 5
    assert claims == {
        "iss": lab.issuer,
        "sub": "system:serviceaccount:default:puller",
        "aud": [AUDIENCE],
        "nbf": issued,
        "exp": issued + 86400,
        "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "puller"}},
    }
    assert told["issuer"] == lab.issuer
    assert told["expires"] == issued + 86400
    again = _claims(lab.token("default"))
    assert again["kubernetes.io"]["serviceaccount"]["uid"] == uid


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "service_account"),
        ({"service_account": 7}, "service_account"),
        ({"service_account": ""}, "DNS name"),
        ({"service_account": "Upper"}, "DNS name"),
        ({"service_account": "a:b"}, "DNS name"),
        ({"service_account": "a" * 254}, "DNS name"),
        ({"service_account": "a", "namespace": "a.b"}, "DNS label"),
        ({"service_account": "a", "namespace": "a\n"}, "DNS label"),
        ({"service_account": "a", "namespace": "a" * 64}, "DNS label"),
        ({"service_account": "a", "audience": []}, "one audience"),
        ({"service_account": "a", "audience": ""}, "one audience"),
        ({"service_account": "a", "audience": [7]}, "audience"),
        ({"service_account": "a", "expires_in": 599}, "600"),
        ({"service_account": "a", "expires_in": True}, "whole number"),
        ({"service_account": "a", "expires_in": 1 << 40}, "seconds"),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else "",
)
def test_tokens_that_kubernetes_does_not_make(sandbox: Sandbox, body: Claims, says: str) -> None:
    reply = sandbox.control("POST", "service-account-token", body)
    assert reply.status == 400
    assert says in reply.json["error"]


def test_only_the_labs_owner_gets_a_token(sandbox: Sandbox) -> None:
    body = {"service_account": "puller"}
    assert sandbox.control("POST", "service-account-token", body, token="x").status == 403


@pytest.mark.slow
def test_a_restart_changes_nothing_and_a_reset_ends_tokens(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with Forked("--state", folder) as running:
        lab = Lab(running, tmp_path)
        lab.provider()
        irsa(lab)
        before, issuer = lab.token(), lab.issuer
        running.kill()
    assert (tmp_path / "issuer-key").stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in (tmp_path / "issuer-key").read_bytes()
    with Forked("--state", folder, accounts=()) as running:
        lab = Lab(running, tmp_path)
        assert lab.issuer == issuer
        assert lab.assume(before)[0] is None
        assert lab.assume(lab.token())[0] is None
        running.reset()
        lab.provider()
        irsa(lab)
        assert lab.issuer == issuer
        assert lab.assume(before)[0] == ("InvalidIdentityToken", 400, NO_KEY)
        assert lab.assume(lab.token())[0] is None
        assert lab.assume(before)[0] == ("InvalidIdentityToken", 400, NO_KEY)


def test_a_deny_of_the_call_in_an_identity_policy_is_nobodys(lab: Lab) -> None:
    """The caller has no account, so no identity policy is asked: neither B's user nor the role."""
    irsa(lab, deny("sts:*"))
    assert lab.assume(lab.token())[0] is None
