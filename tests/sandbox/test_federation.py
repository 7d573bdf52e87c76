"""GetFederationToken: who may call it, what its sessions may do, and how they are told of.

Sources in the rows: "facts" is shared/aws-facts.md; "API" the STS API Reference's page on the call.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.sandbox.refusals import RefusedCall, broken_constraint
from tests.sandboxes import (
    REGION,
    A,
    B,
    Keys,
    Sandbox,
    allow,
    deny,
    grant,
    policy,
    statement,
    trust,
)

DASH = f"arn:aws:sts::{A}:federated-user/dash"
REPOSITORY = f"arn:aws:ecr:{REGION}:{A}:repository/my-app"
MAY = "sts:GetFederationToken"
TAG = {"Key": "team", "Value": "red"}
PATTERN = r"satisfy regular expression pattern: [\w+=,.@-]*"


@dataclass(frozen=True, kw_only=True)
class RefusedFederation(RefusedCall):
    """A GetFederationToken that is refused. documents: the calling user's policies."""

    documents: tuple[str, ...] = (allow("*"),)


def constraint(
    name: str, parameter: str, value: Any, rule: str, **params: Any
) -> RefusedFederation:
    return RefusedFederation(
        name=name,
        params=params,
        source="API; facts 2.2",
        message=broken_constraint(parameter, value, rule),
    )


def denied(
    name: str, *documents: str, action: str = MAY, because: str = "", **params: Any
) -> RefusedFederation:
    return RefusedFederation(
        name=name,
        params=params,
        documents=documents,
        code="AccessDenied",
        status=403,
        message=f"User: arn:aws:iam::{A}:user/ann is not authorized to perform: {action} "
        f"on resource: {DASH}{because}",
        source="logs: the words of a digdag and a CognitoIdentityCredentials user's refusal",
    )


ROWS = [
    constraint(
        "a name of one letter", "name", "d", "have length greater than or equal to 2", Name="d"
    ),
    constraint(
        "a name of 33 letters",
        "name",
        "d" * 33,
        "have length less than or equal to 32",
        Name="d" * 33,
    ),
    constraint("a name with a slash", "name", "a/b", PATTERN, Name="a/b"),
    constraint(
        "a short time",
        "durationSeconds",
        899,
        "have value greater than or equal to 900",
        DurationSeconds=899,
    ),
    constraint(
        "a long time",
        "durationSeconds",
        129601,
        "have value less than or equal to 129600",
        DurationSeconds=129601,
    ),
    constraint(
        "a long policy",
        "policy",
        allow("*") + " " * 2048,
        "have length less than or equal to 2048",
        Policy=allow("*") + " " * 2048,
    ),
    RefusedFederation(
        name="no name",
        params={"Name": None},
        message="1 validation error detected: Value null at 'name' failed to satisfy constraint: "
        "Member must not be null",
        source="facts 2.2",
    ),
    RefusedFederation(
        name="a policy that is not JSON",
        params={"Policy": "{"},
        code="MalformedPolicyDocument",
        message="The policy is not in the valid JSON format.",
        source="facts 2.2",
    ),
    RefusedFederation(
        name="a policy of bad grammar",
        params={"Policy": '{"Version": "2012-10-17"}'},
        code="MalformedPolicyDocument",
        message="Syntax errors in policy.",
        source="facts 2.2",
    ),
    RefusedFederation(
        name="a policy ARN that leads nowhere",
        params={"PolicyArns": [{"arn": f"arn:aws:iam::{A}:policy/nope"}]},
        message=f"The specified policy ARN arn:aws:iam::{A}:policy/nope does not exist.",
        source="unsettled",
    ),
    RefusedFederation(
        name="a tag twice in two cases",
        params={"Tags": [TAG, {"Key": "Team", "Value": "blue"}]},
        code="InvalidParameterValue",
        message="Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        source="recorded: AssumeRole",
    ),
    denied("a user without the permission", allow("ecr:*")),
    denied("the permission for another name", allow(MAY, f"arn:aws:sts::{A}:federated-user/other")),
    denied(
        "an explicit deny",
        allow("*"),
        deny(MAY),
        because=" with an explicit deny in an identity-based policy",
    ),
    denied("tags without sts:TagSession", allow(MAY), action="sts:TagSession", Tags=[TAG]),
    denied(
        "a tag that a condition excludes",
        allow(MAY),
        allow("sts:TagSession", Condition={"StringEquals": {"aws:RequestTag/team": "blue"}}),
        action="sts:TagSession",
        Tags=[TAG],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_refused(sandbox: Sandbox, row: RefusedFederation) -> None:
    keys = sandbox.user(A, "ann", *row.documents)
    params = {name: v for name, v in {"Name": "dash", **row.params}.items() if v is not None}
    answer = sandbox.call(keys, MAY, **params)
    assert answer.error == (row.code, row.status, row.message), row.source


def test_temporary_credentials_cannot_make_more(sandbox: Sandbox) -> None:
    """Source: facts 2.3, restrictions; public logs of Jenkins plugins and Vault."""
    sandbox.role(A, "r", trust(A), allow("*"))
    ann = sandbox.user(A, "ann", allow("*"))
    for caller in (
        sandbox.assume(A, f"arn:aws:iam::{A}:role/r"),
        Keys.of(sandbox.do(ann, "sts:GetSessionToken")["Credentials"]),
        federated(sandbox, ann),
    ):
        assert sandbox.call(caller, MAY, Name="dash").error == (
            "AccessDenied",
            403,
            "Cannot call GetFederationToken with session credentials",
        )


def federated(sandbox: Sandbox, keys: Keys, **more: Any) -> Keys:
    """The keys of a federated user called dash."""
    return Keys.of(sandbox.do(keys, MAY, Name="dash", **more)["Credentials"])


def test_the_answer(sandbox: Sandbox) -> None:
    ann = sandbox.user(A, "ann", allow(MAY, DASH))
    found = sandbox.do(ann, MAY, Name="dash")
    assert sorted(found) == ["Credentials", "FederatedUser"]
    assert found["FederatedUser"] == {"FederatedUserId": f"{A}:dash", "Arn": DASH}
    assert found["Credentials"]["AccessKeyId"].startswith("ASIA")
    packed = sandbox.do(ann, MAY, Name="dash", Policy=allow("ecr:*"))
    assert 0 < packed["PackedPolicySize"] < 100
    assert sandbox.do(Keys.of(found["Credentials"]), "sts:GetCallerIdentity") == {
        "UserId": f"{A}:dash",
        "Account": A,
        "Arn": DASH,
    }


@pytest.mark.parametrize(("asked", "lives"), [(None, 43200), (900, 900), (129600, 129600)])
def test_how_long_it_lives(sandbox: Sandbox, asked: int | None, lives: int) -> None:
    ann = sandbox.user(A, "ann", allow(MAY))
    now = datetime.fromisoformat(sandbox.control("GET", "status").json["now"])
    found = sandbox.do(ann, MAY, Name="dash", **({"DurationSeconds": asked} if asked else {}))
    seconds = (found["Credentials"]["Expiration"] - now).total_seconds()
    assert lives - 2 <= seconds <= lives + 5
    sandbox.advance(lives + 10)
    over = sandbox.call(Keys.of(found["Credentials"]), "sts:GetCallerIdentity")
    assert over.error == (
        "ExpiredToken",
        403,
        "The security token included in the request is expired",
    )


# -- what such a session may do --------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Use:
    """A federated user lists images. user: ann's policies; passed: the session policy.

    repository: A's repository policy. because: the end of the refusal, "" when it is allowed.
    """

    name: str
    user: str = allow("*")
    passed: str | None = None
    repository: str | None = None
    because: str = ""


NO_SESSION_POLICY = "because no session policy allows the ecr:ListImages action"
USES = [
    Use(name="a session policy passes on what the user may", passed=allow("ecr:ListImages")),
    Use(name="without a session policy there is nothing", because=NO_SESSION_POLICY),
    Use(
        name="a session policy for something else",
        passed=allow("ecr:DescribeImages"),
        because=NO_SESSION_POLICY,
    ),
    Use(
        name="a session policy gives no more than the user has",
        user=allow(MAY),
        passed=allow("*"),
        because="because no identity-based policy allows the ecr:ListImages action",
    ),
    Use(
        name="an explicit deny of the user holds",
        user=policy(statement("Allow", "*", "*"), statement("Deny", "ecr:ListImages", "*")),
        passed=allow("*"),
        because="with an explicit deny in an identity-based policy",
    ),
    Use(
        name="an explicit deny in the session policy",
        passed=policy(statement("Allow", "*", "*"), statement("Deny", "ecr:ListImages", "*")),
        because="with an explicit deny in a session policy",
    ),
    Use(
        name="a repository policy that names the session is enough alone",
        user=allow(MAY),
        repository=grant(DASH),
    ),
    Use(
        name="a repository policy that names the user does not reach past the session policy",
        user=allow(MAY),
        repository=grant(f"arn:aws:iam::{A}:user/ann"),
        because=NO_SESSION_POLICY,
    ),
    Use(
        name="a repository policy that names the user, within the session policy",
        user=allow(MAY),
        passed=allow("ecr:*"),
        repository=grant(f"arn:aws:iam::{A}:user/ann"),
    ),
    Use(
        name="a repository policy that denies the session",
        passed=allow("*"),
        repository=grant(DASH, effect="Deny"),
        because="with an explicit deny in a resource-based policy",
    ),
    Use(
        name="a condition on aws:PrincipalType",
        passed=allow("ecr:*", Condition={"StringEquals": {"aws:PrincipalType": "FederatedUser"}}),
    ),
    Use(
        name="conditions on who it is",
        passed=allow(
            "ecr:*",
            Condition={
                "StringEquals": {
                    "aws:userid": f"{A}:dash",
                    "aws:PrincipalArn": DASH,
                    "aws:PrincipalAccount": A,
                },
                "Null": {"aws:username": "true", "aws:TokenIssueTime": "false"},
            },
        ),
    ),
]


@pytest.mark.parametrize("use", USES, ids=lambda use: use.name)
def test_what_it_may_do(sandbox: Sandbox, use: Use) -> None:
    """Source: facts 4.2, rows on federated users; IAM User Guide, GetFederationToken."""
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    ann = sandbox.user(A, "ann", use.user)
    if use.repository:
        sandbox.do(A, "ecr:SetRepositoryPolicy", repositoryName="my-app", policyText=use.repository)
    dash = federated(sandbox, ann, **({"Policy": use.passed} if use.passed else {}))
    answer = sandbox.call(dash, "ecr:ListImages", repositoryName="my-app")
    if use.because:
        assert answer.error == (
            "AccessDeniedException",
            400,
            f"User: {DASH} is not authorized to perform: ecr:ListImages on resource: {REPOSITORY} "
            f"{use.because}",
        )
    else:
        assert answer.ok, answer.message


def test_the_users_boundary_binds_it(sandbox: Sandbox) -> None:
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    made = sandbox.do(A, "iam:CreatePolicy", PolicyName="b", PolicyDocument=allow("sts:*"))
    ann = sandbox.user(A, "ann", allow("*"), PermissionsBoundary=made["Policy"]["Arn"])
    dash = federated(sandbox, ann, Policy=allow("*"))
    answer = sandbox.call(dash, "ecr:ListImages", repositoryName="my-app")
    assert answer.message.endswith(
        "because no permissions boundary allows the ecr:ListImages action"
    )


def test_a_managed_session_policy(sandbox: Sandbox) -> None:
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    ann = sandbox.user(A, "ann", allow("*"))
    read = [{"arn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"}]
    dash = federated(sandbox, ann, PolicyArns=read)
    assert sandbox.call(dash, "ecr:ListImages", repositoryName="my-app").ok
    refused = sandbox.call(dash, "ecr:DeleteRepository", repositoryName="my-app")
    assert "because no session policy allows" in refused.message


def test_across_accounts_both_must_agree(sandbox: Sandbox) -> None:
    sandbox.do(B, "ecr:CreateRepository", repositoryName="my-app")
    ann = sandbox.user(A, "ann", allow("*"))
    dash = federated(sandbox, ann, Policy=allow("ecr:*"))
    where = {"repositoryName": "my-app", "registryId": B}
    assert (
        "no resource-based policy allows" in sandbox.call(dash, "ecr:ListImages", **where).message
    )
    sandbox.do(B, "ecr:SetRepositoryPolicy", repositoryName="my-app", policyText=grant(DASH))
    assert sandbox.call(dash, "ecr:ListImages", **where).ok
    bare = federated(sandbox, ann)
    assert "no session policy allows" in sandbox.call(bare, "ecr:ListImages", **where).message


def test_its_tags_go_over_the_users(sandbox: Sandbox) -> None:
    """Source: API, Tags: a session tag of the same key overrides the user's."""
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    own = [{"Key": "Team", "Value": "blue"}, {"Key": "floor", "Value": "2"}]
    ann = sandbox.user(A, "ann", allow("*"), Tags=own)
    both = {"aws:PrincipalTag/team": "red", "aws:PrincipalTag/floor": "2"}
    narrow = allow("ecr:*", Condition={"StringEquals": both})
    assert sandbox.call(
        federated(sandbox, ann, Tags=[TAG], Policy=narrow),
        "ecr:ListImages",
        repositoryName="my-app",
    ).ok
    assert not sandbox.call(
        federated(sandbox, ann, Policy=narrow), "ecr:ListImages", repositoryName="my-app"
    ).ok


def test_it_reaches_neither_iam_nor_sts(sandbox: Sandbox) -> None:
    """Source: API, Permissions; the code for IAM from jantman/awslimitchecker#139."""
    sandbox.role(A, "r", trust(DASH), allow("*"))
    dash = federated(sandbox, sandbox.user(A, "ann", allow("*")), Policy=allow("*"))
    for action in ("iam:ListRoles", "iam:ListUsers", "iam:GetUser"):
        answer = sandbox.call(dash, action)
        assert (answer.code, answer.status) == ("InvalidClientTokenId", 403)
    for action, params in (
        ("sts:AssumeRole", {"RoleArn": f"arn:aws:iam::{A}:role/r", "RoleSessionName": "session"}),
        ("sts:GetAccessKeyInfo", {"AccessKeyId": dash.access_key_id}),
        ("sts:DecodeAuthorizationMessage", {"EncodedMessage": "x"}),
    ):
        assert sandbox.call(dash, action, **params).error == (
            "AccessDenied",
            403,
            f"User: {DASH} is not authorized to perform: {action}",
        )
    assert sandbox.whoami(dash) == DASH


def test_it_dies_with_its_user(sandbox: Sandbox) -> None:
    ann = sandbox.user(A, "ann", allow("*"))
    dash = federated(sandbox, ann)
    for remade in (False, True):
        if remade:
            sandbox.do(A, "iam:CreateUser", UserName="ann")
        else:
            sandbox.do(A, "iam:DeleteAccessKey", UserName="ann", AccessKeyId=ann.access_key_id)
            assert sandbox.whoami(dash) == DASH  # the key it was made with is not needed
            sandbox.do(A, "iam:DeleteUserPolicy", UserName="ann", PolicyName="p0")
            sandbox.do(A, "iam:DeleteUser", UserName="ann")
        answer = sandbox.call(dash, "sts:GetCallerIdentity")
        assert (answer.code, answer.status) == ("InvalidClientTokenId", 403)


def test_it_takes_away_what_the_user_loses(sandbox: Sandbox) -> None:
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    dash = federated(sandbox, sandbox.user(A, "ann", allow("*")), Policy=allow("*"))
    sandbox.put(A, "user", "ann", allow("sts:*"))
    answer = sandbox.call(dash, "ecr:ListImages", repositoryName="my-app")
    assert "no identity-based policy allows" in answer.message


def test_it_pulls_with_a_registry_token(sandbox: Sandbox) -> None:
    import base64

    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    ann = sandbox.user(A, "ann", allow("*"))
    for passed, status in (("ecr:*", 404), ("ecr:GetAuthorizationToken", 403)):
        dash = federated(sandbox, ann, Policy=allow(passed))
        data = sandbox.do(dash, "ecr:GetAuthorizationToken")["authorizationData"][0]
        assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
        reply = sandbox.http(
            "GET",
            "/v2/my-app/manifests/none",
            headers={
                "Authorization": f"Basic {data['authorizationToken']}",
                "Host": f"{A}.dkr.ecr.{REGION}.amazonaws.com",
            },
        )
        assert reply.status == status, reply.body


def test_cloudtrail_tells_of_it(sandbox: Sandbox) -> None:
    """Source: CloudTrail User Guide, userIdentity: FederatedUser with the IAM user as issuer."""
    ann = sandbox.user(A, "ann", allow("*"), Path="/dev/")
    user = sandbox.do(A, "iam:GetUser", UserName="ann")["User"]
    dash = federated(sandbox, ann, Policy=allow("ecr:*"))
    sandbox.do(dash, "ecr:DescribeRegistry")
    made, used = (
        json.loads(
            sandbox.do(
                A,
                "cloudtrail:LookupEvents",
                LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
            )["Events"][0]["CloudTrailEvent"]
        )
        for name in ("GetFederationToken", "DescribeRegistry")
    )
    assert made["userIdentity"]["type"] == "IAMUser"
    assert made["responseElements"]["federatedUser"] == {
        "federatedUserId": f"{A}:dash",
        "arn": DASH,
    }
    assert dash.token not in json.dumps(made)
    identity = used["userIdentity"]
    created = identity["sessionContext"].pop("attributes")
    assert created["mfaAuthenticated"] == "false"
    assert identity == {
        "type": "FederatedUser",
        "principalId": f"{A}:dash",
        "arn": DASH,
        "accountId": A,
        "accessKeyId": dash.access_key_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "IAMUser",
                "principalId": user["UserId"],
                "arn": user["Arn"],
                "accountId": A,
                "userName": "ann",
            }
        },
    }


# -- DecodeAuthorizationMessage --------------------------------------------------------------


def test_decoding_needs_its_permission(sandbox: Sandbox) -> None:
    """Source: logs; the refusal names no resource."""
    keys = sandbox.user(A, "ann")
    answer = sandbox.call(keys, "sts:DecodeAuthorizationMessage", EncodedMessage="x")
    assert answer.error == (
        "AccessDenied",
        403,
        f"User: arn:aws:iam::{A}:user/ann is not authorized to perform: "
        "sts:DecodeAuthorizationMessage because no identity-based policy allows the "
        "sts:DecodeAuthorizationMessage action",
    )
    sandbox.put(A, "user", "ann", allow("sts:DecodeAuthorizationMessage"))
    for text in ("x", "a" * 10240, "line\nbreak"):
        answer = sandbox.call(keys, "sts:DecodeAuthorizationMessage", EncodedMessage=text)
        assert (answer.code, answer.status) == ("InvalidAuthorizationMessageException", 400)
    too_long = sandbox.call(keys, "sts:DecodeAuthorizationMessage", EncodedMessage="a" * 10241)
    assert too_long.code == "ValidationError"
