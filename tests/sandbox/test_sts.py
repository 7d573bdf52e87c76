"""STS beyond who may: parameters, durations, answers, sessions of sessions.

Sources in the rows: "recorded" is shared/aws-recorded.md, "facts" is shared/aws-facts.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.refusals import RefusedCall, broken_constraint
from tests.sandboxes import A, B, Keys, Sandbox, allow, deny, policy, statement, trust
from xacct_helpers.policy import Principal
from xacct_helpers.sandbox.auth.identities import Caller
from xacct_helpers.sandbox.protocol.errors import ApiError
from xacct_helpers.sandbox.protocol.messages import Call
from xacct_helpers.sandbox.services import sts

ROLE = f"arn:aws:iam::{A}:role/r"
TAG = {"Key": "team", "Value": "red"}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@dataclass(frozen=True, kw_only=True)
class RefusedAssumeRole(RefusedCall):
    """An AssumeRole that is refused for its parameters. by: "user" or "session"."""

    by: str = "user"
    source: str = "facts 2.2"


def constraint(
    name: str, parameter: str, value: Any, rule: str, **params: Any
) -> RefusedAssumeRole:
    return RefusedAssumeRole(
        name=name,
        params=params,
        message=broken_constraint(parameter, value, rule),
    )


LONG_POLICY = allow("s3:*", f"arn:aws:s3:::{'b' * 2048}")
MANY_TAGS = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
PATTERN = r"satisfy regular expression pattern: [\w+=,.@-]*"
ROWS = [
    *(
        RefusedAssumeRole(
            name=f"RoleArn {value}",
            params={"RoleArn": value},
            message=f"{value} is invalid",
            source="recorded: AssumeRole",
        )
        for value in (
            "nothing-valid-in-here",
            "arn::b:::something/test-role",
            "arn:a::::something/test-role",
            "arn:a:::something/test-role",
            "arn:a:a::aaaaaaaaaa:",
        )
    ),
    RefusedAssumeRole(
        name="contexts of an identity provider",
        params={
            "ProvidedContexts": [
                {
                    "ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter",
                    "ContextAssertion": "abcd",
                }
            ]
        },
        message="This sandbox does not have ProvidedContexts.",
    ),
    RefusedAssumeRole(
        name="RoleArn that is a word",
        params={"RoleArn": "a" * 24},
        message=f"{'a' * 24} is invalid",
    ),
    RefusedAssumeRole(
        name="session name before RoleArn",
        source="recorded: AssumeRole, Session1:2",
        params={"RoleArn": "arn:a:b:::something/test-role", "RoleSessionName": "Session1:2"},
        message="1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to "
        f"satisfy constraint: Member must {PATTERN}",
    ),
    RefusedAssumeRole(
        name="a transitive key that is no tag",
        code="InvalidParameterValue",
        params={"Tags": [TAG], "TransitiveTagKeys": ["other"]},
        source="recorded: AssumeRole",
        message="The specified transitive tag key must be included in the requested tags.",
    ),
    RefusedAssumeRole(
        name="a tag twice in two cases",
        code="InvalidParameterValue",
        params={
            "Tags": [{"Key": "SessionTag1", "Value": "a"}, {"Key": "sessiontag1", "Value": "b"}]
        },
        message="Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        source="recorded: AssumeRole",
    ),
    *(
        RefusedAssumeRole(
            name=f"a transitive tag set again as {key}",
            by="session",
            source="recorded: AssumeRole",
            code="InvalidParameterValue",
            params={"Tags": [{"Key": key, "Value": "blue"}]},
            message="One of the specified transitive tag keys can't be set because it conflicts "
            "with a transitive tag key from the calling session.",
        )
        for key in ("team", "Team")
    ),
    constraint(
        "a short RoleArn",
        "roleArn",
        "dummy-arn",
        "have length greater than or equal to 20",
        RoleArn="dummy-arn",
    ),
    constraint(
        "a session name with a colon", "roleSessionName", "a:b", PATTERN, RoleSessionName="a:b"
    ),
    constraint(
        "a session name beyond ASCII", "roleSessionName", "zoë", PATTERN, RoleSessionName="zoë"
    ),
    constraint(
        "a session name of one letter",
        "roleSessionName",
        "a",
        "have length greater than or equal to 2",
        RoleSessionName="a",
    ),
    constraint(
        "a long session name",
        "roleSessionName",
        "a" * 65,
        "have length less than or equal to 64",
        RoleSessionName="a" * 65,
    ),
    constraint(
        "a short time",
        "durationSeconds",
        20,
        "have value greater than or equal to 900",
        DurationSeconds=20,
    ),
    constraint(
        "a long time",
        "durationSeconds",
        43201,
        "have value less than or equal to 43200",
        DurationSeconds=43201,
    ),
    constraint(
        "an external id of one letter",
        "externalId",
        "x",
        "have length greater than or equal to 2",
        ExternalId="x",
    ),
    constraint(
        "an external id with a space",
        "externalId",
        "a b",
        r"satisfy regular expression pattern: [\w+=,.@:\/-]*",
        ExternalId="a b",
    ),
    *(
        constraint(f"{name}: {value[:12]}", parameter, value, rule, **{**also, field_: value})
        for name, field_, parameter, value, rule, also in (
            (
                "a source identity",
                "SourceIdentity",
                "sourceIdentity",
                "a",
                "have length greater than or equal to 2",
                {},
            ),
            ("a source identity", "SourceIdentity", "sourceIdentity", "aws:x", PATTERN, {}),
            (
                "a source identity",
                "SourceIdentity",
                "sourceIdentity",
                "a" * 65,
                "have length less than or equal to 64",
                {},
            ),
            (
                "an external id",
                "ExternalId",
                "externalId",
                "x" * 1225,
                "have length less than or equal to 1224",
                {},
            ),
            (
                "a serial number",
                "SerialNumber",
                "serialNumber",
                "x" * 8,
                "have length greater than or equal to 9",
                {"TokenCode": "123456"},
            ),
            (
                "an MFA code",
                "TokenCode",
                "tokenCode",
                "abcdef",
                r"satisfy regular expression pattern: [\d]*",
                {"SerialNumber": f"arn:aws:iam::{A}:mfa/ann"},
            ),
        )
    ),
    constraint(
        "a long RoleArn",
        "roleArn",
        f"{ROLE}{'x' * 2048}",
        "have length less than or equal to 2048",
        RoleArn=f"{ROLE}{'x' * 2048}",
    ),
    constraint(
        "an MFA code of five digits",
        "tokenCode",
        "12345",
        "have length greater than or equal to 6",
        TokenCode="12345",
        SerialNumber=f"arn:aws:iam::{A}:mfa/ann",
    ),
    constraint(
        "a session policy outside Latin-1",
        "policy",
        "€",
        r"satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+",
        Policy="€",
    ),
    constraint(
        "a long session policy",
        "policy",
        LONG_POLICY,
        "have length less than or equal to 2048",
        Policy=LONG_POLICY,
    ),
    constraint(
        "a token size that no session has",
        "minimumSessionTokenSize",
        4097,
        "have value less than or equal to 4096",
        MinimumSessionTokenSize=4097,
    ),
    constraint(
        "51 tags",
        "tags",
        MANY_TAGS,
        "have length less than or equal to 50",
        Tags=MANY_TAGS,
    ),
    constraint(
        "51 transitive keys",
        "transitiveTagKeys",
        [tag["Key"] for tag in MANY_TAGS],
        "have length less than or equal to 50",
        TransitiveTagKeys=[tag["Key"] for tag in MANY_TAGS],
    ),
    RefusedAssumeRole(
        name="a managed session policy that is not there",
        params={"PolicyArns": [{"arn": f"arn:aws:iam::{A}:policy/nowhere"}]},
        message=f"The specified policy ARN arn:aws:iam::{A}:policy/nowhere does not exist.",
        source="facts 2.1; the words are unsettled",
    ),
    constraint(
        "a long tag key",
        "tags.1.member.key",
        "k" * 129,
        "have length less than or equal to 128",
        Tags=[{"Key": "k" * 129, "Value": "v"}],
    ),
    constraint(
        "a long tag value",
        "tags.1.member.value",
        "v" * 257,
        "have length less than or equal to 256",
        Tags=[{"Key": "k", "Value": "v" * 257}],
    ),
    constraint(
        "a tag key with a star",
        "tags.1.member.key",
        "a*",
        r"satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+",
        Tags=[{"Key": "a*", "Value": "v"}],
    ),
    RefusedAssumeRole(
        name="a tag key of AWS's own",
        code="InvalidParameterValue",
        params={"Tags": [{"Key": "AWS:x", "Value": "v"}]},
        message="aws: prefixed tag key names are not allowed for external use.",
        source="facts 2.1; the words are unsettled",
    ),
    RefusedAssumeRole(
        name="eleven managed session policies",
        params={"PolicyArns": [{"arn": READ_ONLY}] * 11},
        message=f"1 validation error detected: Value '[{', '.join([READ_ONLY] * 11)}]' at "
        "'policyArns' failed to satisfy constraint: Member must have length less than or equal "
        "to 10",
        source="facts 2.1; the words are unsettled",
    ),
    RefusedAssumeRole(
        name="more tags than a token holds",
        code="PackedPolicyTooLarge",
        params={"Tags": [{"Key": f"key-{n:02}", "Value": "v" * 250} for n in range(11)]},
        message="Packed size of session tags consumes 138% of allotted space.",
    ),
    RefusedAssumeRole(
        name="more policy and tags than a token holds",
        code="PackedPolicyTooLarge",
        params={
            "Policy": allow("*", f"arn:aws:s3:::{'b' * 1500}"),
            "Tags": [{"Key": key * 100, "Value": "v" * 250} for key in "kl"],
        },
        message="Packed policy consumes 112% of allotted space, please use smaller policy.",
    ),
    RefusedAssumeRole(
        name="two faults",
        params={"RoleSessionName": "a:b", "DurationSeconds": 1},
        message="2 validation errors detected: Value 'a:b' at 'roleSessionName' failed to satisfy "
        f"constraint: Member must {PATTERN}; Value '1' at 'durationSeconds' failed to satisfy "
        "constraint: Member must have value greater than or equal to 900",
    ),
    RefusedAssumeRole(
        name="no RoleArn",
        params={"RoleArn": None},
        message="1 validation error detected: Value null at 'roleArn' failed to satisfy "
        "constraint: Member must not be null",
    ),
    RefusedAssumeRole(
        name="longer than the role allows",
        params={"DurationSeconds": 7200},
        message="The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    RefusedAssumeRole(
        name="longer than a chain allows",
        params={"DurationSeconds": 7200},
        by="session",
        message="The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
        "by role chaining.",
    ),
    RefusedAssumeRole(
        name="session policy that is not JSON",
        params={"Policy": "{"},
        code="MalformedPolicyDocument",
        message="The policy is not in the valid JSON format.",
    ),
    RefusedAssumeRole(
        name="session policy of bad grammar",
        params={"Policy": '{"Version": "2012-10-17"}'},
        code="MalformedPolicyDocument",
        message="Syntax errors in policy.",
    ),
    RefusedAssumeRole(
        name="session policy with a Principal",
        code="MalformedPolicyDocument",
        params={"Policy": policy(statement("Allow", "*", "*", Principal="*"))},
        message="Syntax errors in policy.",
    ),
    RefusedAssumeRole(
        name="an MFA code of a device that is not there",
        params={"SerialNumber": f"arn:aws:iam::{A}:mfa/ann", "TokenCode": "123456"},
        code="AccessDenied",
        status=403,
        message="MultiFactorAuthentication failed, unable to validate MFA code.  Please verify "
        "your MFA serial number is valid and associated with this user.",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_parameters(sandbox: Sandbox, row: RefusedAssumeRole) -> None:
    everything = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    sandbox.role(A, "r", trust(A, everything), allow("*"))
    caller: Keys | str = A
    if row.by == "session":
        caller = sandbox.assume(A, ROLE, Tags=[TAG], TransitiveTagKeys=["team"])
    params = {"RoleArn": ROLE, "RoleSessionName": "session", **row.params}
    params = {name: value for name, value in params.items() if value is not None}

    answer = sandbox.call(caller, "sts:AssumeRole", **params)

    assert answer.error == (row.code, row.status, row.message), row.source


def lifetime(sandbox: Sandbox, caller: Keys | str, **more: Any) -> int:
    """Seconds a new session lives, by the lab's clock."""
    now = datetime.fromisoformat(sandbox.control("GET", "status").json["now"])
    answer = sandbox.do(caller, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="session", **more)
    found: timedelta = answer["Credentials"]["Expiration"] - now
    return round(found.total_seconds() / 10) * 10


def test_durations(sandbox: Sandbox) -> None:
    """Source: facts 2.1 and 2.2."""
    sandbox.role(A, "r", trust(A), allow("*"), MaxSessionDuration=7200)
    assert lifetime(sandbox, A) == 3600
    for seconds in (900, 7200):
        assert lifetime(sandbox, A, DurationSeconds=seconds) == seconds
    too_long = sandbox.call(
        A, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="session", DurationSeconds=7201
    )
    assert "MaxSessionDuration" in too_long.message
    session = sandbox.assume(A, ROLE, DurationSeconds=7200)
    assert lifetime(sandbox, session) == 3600
    assert lifetime(sandbox, session, DurationSeconds=900) == 900
    own = Keys.of(
        sandbox.do(sandbox.user(A, "ann", allow("*")), "sts:GetSessionToken")["Credentials"]
    )
    chained = sandbox.call(
        own, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="session", DurationSeconds=7200
    )
    assert "role chaining" in chained.message


def test_the_lab_has_its_own_time(sandbox: Sandbox) -> None:
    sandbox.role(A, "r", trust(A))
    sandbox.advance(86400 * 3)
    answer = sandbox.do(A, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="session")
    ahead = answer["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(days=3) < ahead < timedelta(days=3, hours=1, minutes=1)
    made = sandbox.role(A, "later", trust(A))
    assert made["CreateDate"] > datetime.now(UTC) + timedelta(days=2)


def test_the_answer_of_assume_role(sandbox: Sandbox) -> None:
    """Source: facts 2.3."""
    made = sandbox.role(A, "r", trust(A), Path="/deep/down/")
    found = sandbox.do(A, "sts:AssumeRole", RoleArn=made["Arn"], RoleSessionName="ann@x.org")
    assert sorted(found) == ["AssumedRoleUser", "Credentials"]
    assert found["AssumedRoleUser"] == {
        "AssumedRoleId": f"{made['RoleId']}:ann@x.org",
        "Arn": f"arn:aws:sts::{A}:assumed-role/r/ann@x.org",
    }
    credentials = found["Credentials"]
    assert sorted(credentials) == ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"]
    assert re.fullmatch("ASIA[A-Z2-7]{16}", credentials["AccessKeyId"])
    assert len(credentials["SecretAccessKey"]) == 40
    packed = sandbox.do(
        A,
        "sts:AssumeRole",
        RoleArn=made["Arn"],
        RoleSessionName="ann@x.org",
        Policy=allow("*"),
    )
    assert 0 < packed["PackedPolicySize"] < 100


def test_who_am_i(sandbox: Sandbox) -> None:
    made = sandbox.role(A, "r", trust(A), Path="/deep/")
    keys = sandbox.user(A, "ann", Path="/dev/")
    user = sandbox.do(A, "iam:GetUser", UserName="ann")["User"]
    found = sandbox.do(keys, "sts:GetCallerIdentity")
    assert found == {
        "UserId": user["UserId"],
        "Account": A,
        "Arn": f"arn:aws:iam::{A}:user/dev/ann",
    }
    session = sandbox.assume(A, made["Arn"], "shift")
    found = sandbox.do(session, "sts:GetCallerIdentity")
    assert found == {
        "UserId": f"{made['RoleId']}:shift",
        "Account": A,
        "Arn": f"arn:aws:sts::{A}:assumed-role/r/shift",
    }


def test_sessions_of_a_users_own_key(sandbox: Sandbox) -> None:
    """Source: facts 2.3, restrictions."""
    made = sandbox.role(A, "r", trust(A), allow("*"))
    keys = sandbox.user(A, "ann", allow("*"))
    session = Keys.of(sandbox.do(keys, "sts:GetSessionToken")["Credentials"])
    assert sandbox.whoami(session) == f"arn:aws:iam::{A}:user/ann"
    assert sandbox.call(session, "ecr:DescribeRegistry").ok
    assert sandbox.call(session, "sts:AssumeRole", RoleArn=made["Arn"], RoleSessionName="xx").ok
    assert sandbox.call(session, "iam:ListRoles").code == "InvalidClientTokenId"
    for caller in (session, sandbox.assume(A, made["Arn"])):
        assert sandbox.call(caller, "sts:GetSessionToken").error == (
            "AccessDenied",
            403,
            "Cannot call GetSessionToken with session credentials",
        )
    for seconds, rule in (
        (899, "greater than or equal to 900"),
        (129601, "less than or equal to 129600"),
    ):
        assert sandbox.call(keys, "sts:GetSessionToken", DurationSeconds=seconds).error == (
            "ValidationError",
            400,
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to "
            f"satisfy constraint: Member must have value {rule}",
        )
    brief = Keys.of(sandbox.do(keys, "sts:GetSessionToken", DurationSeconds=900)["Credentials"])
    sandbox.advance(901)
    assert sandbox.call(brief, "sts:GetCallerIdentity").code == "ExpiredToken"
    assert sandbox.call(session, "sts:GetCallerIdentity").ok  # twelve hours by default


def test_whose_key_is_it(sandbox: Sandbox) -> None:
    """Source: facts 2.3, GetAccessKeyInfo: any key, also of other accounts."""
    made = sandbox.role(B, "r", trust(B))
    for account in (A, B):
        key = sandbox.admins[account].access_key_id
        assert sandbox.do(A, "sts:GetAccessKeyInfo", AccessKeyId=key)["Account"] == account
    temporary = sandbox.assume(B, made["Arn"]).access_key_id
    assert sandbox.do(A, "sts:GetAccessKeyInfo", AccessKeyId=temporary)["Account"] == B
    nobody = sandbox.user(A, "ann")
    refused = sandbox.call(nobody, "sts:GetAccessKeyInfo", AccessKeyId=temporary)
    assert refused.code == "AccessDenied"
    assert not sandbox.call(A, "sts:GetAccessKeyInfo", AccessKeyId="AKIAxxxxxxxxxxxxxxxx").ok


def test_session_policies_only_narrow(sandbox: Sandbox) -> None:
    sandbox.role(A, "r", trust(A), allow("iam:List*"))
    narrow = sandbox.assume(A, ROLE, Policy=allow("iam:ListRoles"))
    assert sandbox.call(narrow, "iam:ListRoles").ok
    assert sandbox.call(narrow, "iam:ListUsers").message.endswith(
        "because no session policy allows the iam:ListUsers action"
    )
    wide = sandbox.assume(A, ROLE, Policy=allow("*"))
    assert sandbox.call(wide, "iam:GetUser", UserName="admin").message.endswith(
        "because no identity-based policy allows the iam:GetUser action"
    )
    mixed = sandbox.assume(
        A,
        ROLE,
        Policy=policy(statement("Allow", "*", "*"), statement("Deny", "iam:ListRoles", "*")),
    )
    assert "explicit deny in a session policy" in sandbox.call(mixed, "iam:ListRoles").message


def test_a_session_policy_does_not_follow_a_chain(sandbox: Sandbox) -> None:
    sandbox.role(A, "r", trust(A), allow("*"))
    sandbox.role(A, "next", trust(A), allow("iam:ListUsers"))
    narrow = sandbox.assume(A, ROLE, Policy=allow("sts:*"))
    onward = sandbox.assume(narrow, f"arn:aws:iam::{A}:role/next")
    assert sandbox.call(onward, "iam:ListUsers").ok


def test_a_session_policys_arn_must_exist(sandbox: Sandbox) -> None:
    sandbox.role(A, "r", trust(A), allow("*"))
    arn = f"arn:aws:iam::{A}:policy/nope"
    answer = sandbox.call(
        A, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="session", PolicyArns=[{"arn": arn}]
    )
    assert (answer.code, answer.status) == ("ValidationError", 400)
    assert arn in answer.message
    read = [{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}]
    session = sandbox.assume(A, ROLE, PolicyArns=read)
    assert sandbox.call(session, "iam:ListRoles").ok
    assert not sandbox.call(session, "iam:CreateUser", UserName="x").ok


def test_a_deleted_session_policy_allows_nothing(sandbox: Sandbox) -> None:
    sandbox.role(A, "r", trust(A), allow("*"))
    made = sandbox.do(A, "iam:CreatePolicy", PolicyName="p", PolicyDocument=allow("*"))
    arn = made["Policy"]["Arn"]
    session = sandbox.assume(A, ROLE, PolicyArns=[{"arn": arn}])
    assert sandbox.call(session, "iam:ListRoles").ok
    sandbox.do(A, "iam:DeletePolicy", PolicyArn=arn)
    assert "session policy" in sandbox.call(session, "iam:ListRoles").message


def test_a_deny_of_identity_calls_changes_nothing(sandbox: Sandbox) -> None:
    keys = sandbox.user(A, "ann", deny("sts:*"))
    assert sandbox.call(keys, "sts:GetCallerIdentity").ok


def test_lists_that_are_too_long(sandbox: Sandbox) -> None:
    """Source: facts 2.1."""
    sandbox.role(A, "r", trust(A, ["sts:AssumeRole", "sts:TagSession"]))
    tags = [{"Key": f"k{n}", "Value": "v"} for n in range(51)]
    for name, value in (("Tags", tags), ("TransitiveTagKeys", [t["Key"] for t in tags])):
        answer = sandbox.call(
            A, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="session", **{name: value}
        )
        assert (answer.code, answer.status) == ("ValidationError", 400)
        rule = "failed to satisfy constraint: Member must have length less than or equal to 50"
        assert answer.message.endswith(f"at '{name[0].lower()}{name[1:]}' {rule}")


def test_the_root_user_assumes_no_role() -> None:
    """Nobody signs as root here, so no client can provoke it: the handler is asked itself."""
    root = Caller(
        principal=Principal(kind="root", arn=f"arn:aws:iam::{A}:root", account=A),
        name="root",
        user_id=A,
        access_key_id="AKIA",
        secret="s",
        tags={},
    )
    call = Call(
        service="sts",
        operation="AssumeRole",
        params={"RoleArn": ROLE, "RoleSessionName": "s"},
        region="us-east-1",
        request_id="r",
        protocol="query",
    )
    prepare = sts.SERVICE.operations["AssumeRole"].prepare
    assert prepare is not None
    with pytest.raises(ApiError) as refused:
        prepare(None, call, root)  # type: ignore[arg-type]
    error = refused.value
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message == "Roles may not be assumed by root accounts."
