"""What a caller may do: every kind of policy, in one account and across two, told in AWS's words.

One table. Each row makes a caller and a repository in account A, gives them policies, and makes
one call. Sources: IAM User Guide, policy evaluation logic (shared facts 4.1), and the texts of
shared facts 1.1 and 1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.sandboxes import A, B, Keys, Sandbox, allow, deny, grant, policy, statement, trust

REPOSITORY = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
SEE = "ecr:DescribeImages"

USER_B, ROLE_B = f"arn:aws:iam::{B}:user/ann", f"arn:aws:iam::{B}:role/work/worker"
SESSION_B = f"arn:aws:sts::{B}:assumed-role/worker/shift"
USER_A, ROLE_A = f"arn:aws:iam::{A}:user/ann", f"arn:aws:iam::{A}:role/work/worker"
SESSION_A = f"arn:aws:sts::{A}:assumed-role/worker/shift"

NO_IDENTITY = "because no identity-based policy allows the {action} action"
NO_RESOURCE = "because no resource-based policy allows the {action} action"
NO_BOUNDARY = "because no permissions boundary allows the {action} action"
NO_SESSION = "because no session policy allows the {action} action"
DENY_IDENTITY = "with an explicit deny in an identity-based policy"
DENY_RESOURCE = "with an explicit deny in a resource-based policy"
DENY_BOUNDARY = "with an explicit deny in a permissions boundary"
DENY_SESSION = "with an explicit deny in a session policy"


@dataclass(frozen=True, kw_only=True)
class Case:
    """caller: "user" or "role" with the account. says: None when allowed, else AWS's clause."""

    name: str
    caller: tuple[str, str] = ("user", A)
    inline: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()
    group_inline: tuple[str, ...] = ()
    group_managed: tuple[str, ...] = ()
    boundary: str | None = None
    session: str | None = None
    session_managed: str | None = None
    repository: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    action: str = SEE
    says: str | None = None


USER, ROLE, FOREIGN_USER, FOREIGN_ROLE = ("user", A), ("role", A), ("user", B), ("role", B)


def rows() -> Iterator[Case]:
    yield from identity_rows()
    yield from boundary_rows()
    yield from session_rows()
    yield from resource_rows()
    yield from cross_account_rows()
    yield from condition_rows()


def identity_rows() -> Iterator[Case]:
    may, other = allow(SEE, REPOSITORY), allow(SEE, REPOSITORY + "2")
    yield Case(name="user without any policy", says=NO_IDENTITY)
    yield Case(name="user, inline", inline=(may,))
    yield Case(name="user, managed", managed=(may,))
    yield Case(name="user, group's inline", group_inline=(may,))
    yield Case(name="user, group's managed", group_managed=(may,))
    yield Case(name="role without any policy", caller=ROLE, says=NO_IDENTITY)
    yield Case(name="role, inline", caller=ROLE, inline=(may,))
    yield Case(name="role, managed", caller=ROLE, managed=(may,))
    yield Case(name="another repository's ARN", inline=(other,), says=NO_IDENTITY)
    yield Case(name="wildcard in the ARN", inline=(allow(SEE, REPOSITORY[:-4] + "*"),))
    yield Case(name="question mark in the ARN", inline=(allow(SEE, REPOSITORY[:-1] + "?"),))
    yield Case(
        name="ARNs care for case",
        inline=(allow(SEE, REPOSITORY.replace("my", "My")),),
        says=NO_IDENTITY,
    )
    yield Case(name="actions do not", inline=(allow("ECR:describeIMAGES", REPOSITORY),))
    yield Case(name="wildcard action", inline=(allow("ecr:Describe*"),))
    yield Case(name="another action", inline=(allow("ecr:ListImages"),), says=NO_IDENTITY)
    yield Case(name="NotAction", inline=(policy(no("NotAction", "iam:*")),))
    yield Case(
        name="NotAction that names it", inline=(policy(no("NotAction", SEE)),), says=NO_IDENTITY
    )
    yield Case(name="the other policy allows", inline=(other, may))
    every, never = (allow("*"),), (deny(SEE),)
    named = f"{DENY_IDENTITY}: arn:aws:iam::{A}:policy/m0"  # a managed policy's ARN is told
    yield Case(name="deny wins, inline", inline=(*every, *never), says=DENY_IDENTITY)
    yield Case(name="deny wins, managed", inline=every, managed=never, says=named)
    yield Case(name="deny wins, group's", inline=every, group_inline=never, says=DENY_IDENTITY)
    yield Case(name="deny wins, group's managed", inline=every, group_managed=never, says=named)
    yield Case(name="deny of another action", inline=(allow("*"), deny("ecr:PutImage")))
    yield Case(
        name="token on *",
        inline=(allow("ecr:GetAuthorizationToken"),),
        action="ecr:GetAuthorizationToken",
    )
    yield Case(
        name="token on a repository",
        says=NO_IDENTITY,
        action="ecr:GetAuthorizationToken",
        inline=(allow("ecr:GetAuthorizationToken", REPOSITORY),),
    )
    yield Case(
        name="token cannot be granted by a repository",
        action="ecr:GetAuthorizationToken",
        repository=grant("*"),
        says=NO_IDENTITY,
    )
    yield Case(
        name="a role has a right to its own name",
        caller=ROLE,
        action="iam:GetRole",
        inline=(allow("iam:GetRole", ROLE_A),),
    )
    yield Case(name="IAM speaks as the query services do", action="iam:GetRole", says=NO_IDENTITY)


def no(element: str, value: str) -> dict[str, Any]:
    return {"Effect": "Allow", element: value, "Resource": "*"}


def boundary_rows() -> Iterator[Case]:
    for who in (USER, ROLE):
        kind = who[0]
        yield Case(
            name=f"{kind}: boundary alone grants nothing",
            caller=who,
            boundary=allow("*"),
            says=NO_IDENTITY,
        )
        yield Case(
            name=f"{kind}: boundary and policy",
            caller=who,
            boundary=allow("ecr:*"),
            inline=(allow(SEE),),
        )
        yield Case(
            name=f"{kind}: boundary is silent",
            caller=who,
            boundary=allow("iam:*"),
            inline=(allow(SEE),),
            says=NO_BOUNDARY,
        )
        yield Case(
            name=f"{kind}: boundary denies",
            caller=who,
            boundary=policy(statement("Allow", "*", "*"), statement("Deny", SEE, "*")),
            inline=(allow(SEE),),
            says=f"{DENY_BOUNDARY}: arn:aws:iam::{A}:policy/edge",
        )
    yield Case(
        name="repository names the user: boundary does not limit",
        boundary=allow("iam:*"),
        repository=grant(USER_A),
    )
    yield Case(
        name="repository names the role: boundary limits",
        caller=ROLE,
        boundary=allow("iam:*"),
        repository=grant(ROLE_A),
        says=NO_BOUNDARY,
    )
    yield Case(
        name="repository names the session: boundary does not limit",
        caller=ROLE,
        boundary=allow("iam:*"),
        repository=grant(SESSION_A),
    )


def session_rows() -> Iterator[Case]:
    yield Case(
        name="session policy within the role's",
        caller=ROLE,
        inline=(allow("*"),),
        session=allow(SEE, REPOSITORY),
    )
    yield Case(
        name="session policy is silent",
        caller=ROLE,
        inline=(allow("*"),),
        session=allow("iam:*"),
        says=NO_SESSION,
    )
    yield Case(
        name="session policy denies",
        caller=ROLE,
        inline=(allow("*"),),
        session=policy(statement("Allow", "*", "*"), statement("Deny", SEE, "*")),
        says=DENY_SESSION,
    )
    yield Case(
        name="session policy adds nothing", caller=ROLE, session=allow("*"), says=NO_IDENTITY
    )
    yield Case(
        name="session policy by ARN", caller=ROLE, inline=(allow("*"),), session_managed=allow(SEE)
    )
    yield Case(
        name="session policy by ARN is silent",
        caller=ROLE,
        inline=(allow("*"),),
        session_managed=allow("iam:*"),
        says=NO_SESSION,
    )
    yield Case(
        name="inline and by ARN: either will do",
        caller=ROLE,
        inline=(allow("*"),),
        session=allow("iam:*"),
        session_managed=allow(SEE),
    )
    yield Case(
        name="repository names the role: session policy limits",
        caller=ROLE,
        session=allow("iam:*"),
        repository=grant(ROLE_A),
        says=NO_SESSION,
    )
    yield Case(
        name="repository names the session: it does not",
        caller=ROLE,
        session=allow("iam:*"),
        repository=grant(SESSION_A),
    )
    yield Case(
        name="all three kinds must allow",
        caller=ROLE,
        inline=(allow("ecr:*"),),
        boundary=allow("ecr:Describe*"),
        session=allow(SEE),
    )


def resource_rows() -> Iterator[Case]:
    yield Case(
        name="repository policy is enough for a user of the account", repository=grant(USER_A)
    )
    yield Case(name="... and for a role", caller=ROLE, repository=grant(ROLE_A))
    yield Case(name="... and for a session", caller=ROLE, repository=grant(SESSION_A))
    yield Case(name="... and for anyone", repository=grant("*"))
    yield Case(name="... and for anyone, as an object", repository=grant("*", Sid="all of us"))
    yield Case(name="the account's own id only delegates", repository=grant(A), says=NO_IDENTITY)
    yield Case(
        name="the account's root ARN too",
        repository=grant(f"arn:aws:iam::{A}:root"),
        says=NO_IDENTITY,
    )
    yield Case(name="another principal of the account", repository=grant(ROLE_A), says=NO_IDENTITY)
    yield Case(
        name="another session of the role",
        caller=ROLE,
        repository=grant(SESSION_A + "2"),
        says=NO_IDENTITY,
    )
    yield Case(
        name="repository policy denies",
        inline=(allow("*"),),
        repository=grant(USER_A, SEE, "Deny"),
        says=DENY_RESOURCE,
    )
    yield Case(
        name="repository policy denies anyone",
        inline=(allow("*"),),
        repository=grant("*", "ecr:*", "Deny"),
        says=DENY_RESOURCE,
    )
    yield Case(
        name="identity policy denies what the repository grants",
        inline=(deny(SEE),),
        repository=grant(USER_A),
        says=DENY_IDENTITY,
    )
    yield Case(
        name="Deny with NotPrincipal spares the named",
        inline=(allow("*"),),
        repository=policy(
            {
                "Effect": "Deny",
                "Action": "ecr:*",
                "NotPrincipal": {"AWS": [USER_A, f"arn:aws:iam::{A}:root"]},
            }
        ),
    )
    yield Case(
        name="Deny with NotPrincipal hits the others",
        inline=(allow("*"),),
        repository=policy(
            {
                "Effect": "Deny",
                "Action": "ecr:*",
                "NotPrincipal": {"AWS": [ROLE_A, f"arn:aws:iam::{A}:root"]},
            }
        ),
        says=DENY_RESOURCE,
    )


def cross_account_rows() -> Iterator[Case]:
    may = (allow(SEE, REPOSITORY),)
    for who, named in ((FOREIGN_USER, USER_B), (FOREIGN_ROLE, ROLE_B)):
        kind = who[0]
        yield Case(name=f"{kind} of B: both agree", caller=who, inline=may, repository=grant(named))
        yield Case(
            name=f"{kind} of B: account B named", caller=who, inline=may, repository=grant(B)
        )
        yield Case(
            name=f"{kind} of B: B's root named",
            caller=who,
            inline=may,
            repository=grant(f"arn:aws:iam::{B}:root"),
        )
        yield Case(name=f"{kind} of B: anyone named", caller=who, inline=may, repository=grant("*"))
        yield Case(name=f"{kind} of B: only B agrees", caller=who, inline=may, says=NO_RESOURCE)
        yield Case(
            name=f"{kind} of B: only A agrees",
            caller=who,
            repository=grant(named),
            says=NO_IDENTITY,
        )
        yield Case(
            name=f"{kind} of B: AdministratorAccess of B is not enough",
            caller=who,
            inline=(allow("*"),),
            says=NO_RESOURCE,
        )
        yield Case(name=f"{kind} of B: neither agrees", caller=who, says=NO_IDENTITY)
        yield Case(
            name=f"{kind} of B: A names A",
            caller=who,
            inline=may,
            repository=grant(A),
            says=NO_RESOURCE,
        )
        yield Case(
            name=f"{kind} of B: A denies",
            caller=who,
            inline=may,
            repository=grant(B, SEE, "Deny"),
            says=DENY_RESOURCE,
        )
        yield Case(
            name=f"{kind} of B: B denies",
            caller=who,
            inline=(*may, deny(SEE)),
            repository=grant(named),
            says=DENY_IDENTITY,
        )
        yield Case(
            name=f"{kind} of B: boundary of B is silent",
            caller=who,
            inline=may,
            boundary=allow("iam:*"),
            repository=grant(named),
            says=NO_BOUNDARY,
        )
        yield Case(
            name=f"{kind} of B: A grants another action",
            caller=who,
            inline=may,
            repository=grant(named, "ecr:ListImages"),
            says=NO_RESOURCE,
        )
    yield Case(
        name="session of B named", caller=FOREIGN_ROLE, inline=may, repository=grant(SESSION_B)
    )
    yield Case(
        name="another session of B named",
        caller=FOREIGN_ROLE,
        inline=may,
        repository=grant(SESSION_B + "2"),
        says=NO_RESOURCE,
    )
    yield Case(
        name="session policy of B is silent",
        caller=FOREIGN_ROLE,
        inline=may,
        session=allow("iam:*"),
        repository=grant(SESSION_B),
        says=NO_SESSION,
    )


def when(operator: str, key: str, value: Any) -> str:
    return allow(SEE, Condition={operator: {key: value}})


def condition_rows() -> Iterator[Case]:
    def given(name: str, operator: str, key: str, value: Any, yes: bool, **more: Any) -> Case:
        return Case(
            name=f"{name}: {operator} {key}",
            inline=(when(operator, key, value),),
            says=None if yes else NO_IDENTITY,
            **more,
        )

    yield given("user's ARN", "ArnEquals", "aws:PrincipalArn", USER_A, True)
    yield given(
        "role's ARN, with its path", "ArnEquals", "aws:PrincipalArn", ROLE_A, True, caller=ROLE
    )
    yield given("not the session's", "ArnEquals", "aws:PrincipalArn", SESSION_A, False, caller=ROLE)
    yield given("account", "StringEquals", "aws:PrincipalAccount", A, True)
    yield given("another account", "StringEquals", "aws:PrincipalAccount", B, False)
    yield given("type", "StringEquals", "aws:PrincipalType", "User", True)
    yield given(
        "type of a session", "StringEquals", "aws:PrincipalType", "AssumedRole", True, caller=ROLE
    )
    yield given("name", "StringEquals", "aws:username", "ann", True)
    yield given("roles have no user name", "StringLike", "aws:username", "*", False, caller=ROLE)
    yield given("... Null sees that", "Null", "aws:username", "true", True, caller=ROLE)
    yield given("id and session name", "StringLike", "aws:userid", "AROA*:shift", True, caller=ROLE)
    yield given("tag", "StringEquals", "aws:PrincipalTag/team", "red", True, tags={"team": "red"})
    yield given(
        "another tag", "StringEquals", "aws:PrincipalTag/team", "red", False, tags={"team": "blue"}
    )
    yield given("no tag", "StringEquals", "aws:PrincipalTag/team", "red", False)
    yield given("no tag, negated", "StringNotEquals", "aws:PrincipalTag/team", "red", True)
    yield given(
        "role's tag",
        "StringEquals",
        "aws:PrincipalTag/team",
        "red",
        True,
        caller=ROLE,
        tags={"team": "red"},
    )
    yield given(
        "key names do not care for case",
        "StringEquals",
        "AWS:principaltag/TEAM",
        "red",
        True,
        tags={"team": "red"},
    )
    yield given("the past", "DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", True)
    yield given("the future", "DateGreaterThan", "aws:CurrentTime", "2120-01-01T00:00:00Z", False)
    yield given("epoch", "NumericGreaterThan", "aws:EpochTime", "1577836800", True)
    yield given(
        "sessions know when they began",
        "DateGreaterThan",
        "aws:TokenIssueTime",
        "2020-01-01T00:00:00Z",
        True,
        caller=ROLE,
    )
    yield given(
        "long-term keys do not",
        "DateGreaterThan",
        "aws:TokenIssueTime",
        "2020-01-01T00:00:00Z",
        False,
    )
    yield given("no MFA", "Bool", "aws:MultiFactorAuthPresent", "true", False, caller=ROLE)
    yield given(
        "a session's MFA is false", "Bool", "aws:MultiFactorAuthPresent", "false", True, caller=ROLE
    )
    yield given("a long-term key has none", "Bool", "aws:MultiFactorAuthPresent", "false", False)
    yield given("... IfExists passes", "BoolIfExists", "aws:MultiFactorAuthPresent", "false", True)
    yield given("region", "StringEquals", "aws:RequestedRegion", "us-east-1", True)
    yield given("another region", "StringEquals", "aws:RequestedRegion", "eu-west-1", False)
    yield given("address", "IpAddress", "aws:SourceIp", "127.0.0.0/8", True)
    yield given("another address", "IpAddress", "aws:SourceIp", "10.0.0.0/8", False)
    yield given("TLS", "Bool", "aws:SecureTransport", "true", True)
    yield given("whose resource", "StringEquals", "aws:ResourceAccount", A, True)
    yield given("agent", "StringLike", "aws:UserAgent", "*oto*", True)
    yield given("tag of the repository", "StringEquals", "aws:ResourceTag/stage", "dev", True)
    yield given("ECR's own key", "StringEquals", "ecr:ResourceTag/stage", "dev", True)
    yield given("another tag of it", "StringEquals", "ecr:ResourceTag/stage", "prod", False)
    yield given("not in an organization", "StringEquals", "aws:PrincipalOrgID", "o-a1", False)
    yield Case(
        name="variable in the resource",
        tags={"app": "my-app"},
        inline=(allow(SEE, f"arn:aws:ecr:*:{A}:repository/${{aws:PrincipalTag/app}}"),),
    )
    yield Case(
        name="variable without a value",
        says=NO_IDENTITY,
        inline=(allow(SEE, f"arn:aws:ecr:*:{A}:repository/${{aws:PrincipalTag/app}}"),),
    )
    yield Case(
        name="condition of the repository holds",
        caller=FOREIGN_ROLE,
        inline=(allow(SEE),),
        repository=grant("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE_B}}),
    )
    yield Case(
        name="condition of the repository does not",
        caller=FOREIGN_ROLE,
        inline=(allow(SEE),),
        says=NO_RESOURCE,
        repository=grant("*", Condition={"StringEquals": {"aws:PrincipalAccount": A}}),
    )
    yield Case(
        name="condition of a deny",
        inline=(allow("*"), deny("*", Condition={"Bool": {"aws:SecureTransport": "false"}})),
    )


ROWS = list(rows())
assert len({row.name for row in ROWS}) == len(ROWS)


def build(sandbox: Sandbox, row: Case) -> Keys:
    """The row's caller, with all its policies."""
    kind, account = row.caller
    owner = {"UserName": "ann"} if kind == "user" else {"RoleName": "worker"}
    name = next(iter(owner.values()))
    title = kind.capitalize()
    tags = [{"Key": key, "Value": value} for key, value in row.tags.items()]
    more: dict[str, Any] = {"Tags": tags} if tags else {}
    if kind == "user":
        keys = sandbox.user(account, "ann", **more)
    else:
        sandbox.role(account, "worker", trust(account), Path="/work/", **more)
    for number, text in enumerate(row.inline):
        sandbox.put(account, kind, name, text, f"p{number}")
    for number, text in enumerate(row.managed):
        arn = managed(sandbox, account, f"m{number}", text)
        sandbox.do(account, f"iam:Attach{title}Policy", PolicyArn=arn, **owner)
    if row.group_inline or row.group_managed:
        sandbox.do(account, "iam:CreateGroup", GroupName="team")
        sandbox.do(account, "iam:AddUserToGroup", GroupName="team", UserName="ann")
        for number, text in enumerate(row.group_inline):
            sandbox.put(account, "group", "team", text, f"g{number}")
        for number, text in enumerate(row.group_managed):
            arn = managed(sandbox, account, f"m{number}", text)
            sandbox.do(account, "iam:AttachGroupPolicy", GroupName="team", PolicyArn=arn)
    if row.boundary:
        arn = managed(sandbox, account, "edge", row.boundary)
        sandbox.do(account, f"iam:Put{title}PermissionsBoundary", PermissionsBoundary=arn, **owner)
    if kind == "role":
        session: dict[str, Any] = {"Policy": row.session} if row.session else {}
        if row.session_managed:
            arn = managed(sandbox, account, "narrow", row.session_managed)
            session["PolicyArns"] = [{"arn": arn}]
        role = f"arn:aws:iam::{account}:role/work/worker"
        keys = sandbox.assume(account, role, "shift", **session)
    return keys


def managed(sandbox: Sandbox, account: str, name: str, text: str) -> str:
    made = sandbox.do(account, "iam:CreatePolicy", PolicyName=name, PolicyDocument=text)
    return str(made["Policy"]["Arn"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_verdict_and_words(sandbox: Sandbox, row: Case) -> None:
    sandbox.do(
        A,
        "ecr:CreateRepository",
        repositoryName="my-app",
        tags=[{"Key": "stage", "Value": "dev"}],
    )
    keys = build(sandbox, row)
    if row.repository:
        # a policy may name the other kind of caller as well: make it, so that it exists
        if row.caller[0] == "user" and "worker" in row.repository:
            sandbox.role(A, "worker", trust(A), Path="/work/")
        set_policy(sandbox, row.repository)
    params: dict[str, Any] = {"repositoryName": "my-app", "registryId": A}
    resource = REPOSITORY
    if row.action == "ecr:GetAuthorizationToken":
        params, resource = {}, "*"
    elif row.action == "iam:GetRole":
        params, resource = {"RoleName": "worker"}, f"arn:aws:iam::{A}:role/worker"

    answer = sandbox.call(keys, row.action, **params)

    if row.says is None:
        assert answer.ok, answer.message
        return
    code, status = (
        ("AccessDenied", 403)
        if row.action.startswith("iam:")
        else (
            "AccessDeniedException",
            400,
        )
    )
    says = row.says.format(action=row.action)
    if row.caller[1] == A:
        who = USER_A if row.caller[0] == "user" else SESSION_A
    else:
        who = USER_B if row.caller[0] == "user" else SESSION_B
    assert answer.error == (
        code,
        status,
        f"User: {who} is not authorized to perform: {row.action} on resource: {resource} {says}",
    )


def set_policy(sandbox: Sandbox, text: str) -> None:
    sandbox.do(A, "ecr:SetRepositoryPolicy", repositoryName="my-app", policyText=text)


def test_the_table_covers_what_it_should() -> None:
    """Each clause of AWS's, and each way to hold a policy, is in some row."""
    clauses = {row.says.split(":")[0] for row in ROWS if row.says}
    assert clauses == {
        NO_IDENTITY,
        NO_RESOURCE,
        NO_BOUNDARY,
        NO_SESSION,
        DENY_IDENTITY,
        DENY_RESOURCE,
        DENY_BOUNDARY,
        DENY_SESSION,
    }
    for holder in (
        "inline",
        "managed",
        "group_inline",
        "group_managed",
        "boundary",
        "session",
        "session_managed",
        "repository",
    ):
        assert any(getattr(row, holder) and row.says is None for row in ROWS), holder


# -- live effect -----------------------------------------------------------------------------


def test_a_policy_withdrawn_ends_what_a_session_may_do(sandbox: Sandbox) -> None:
    made = sandbox.role(A, "worker", trust(A), allow("iam:ListRoles"))
    keys = sandbox.assume(A, made["Arn"])
    assert sandbox.call(keys, "iam:ListRoles").ok
    sandbox.do(A, "iam:DeleteRolePolicy", RoleName="worker", PolicyName="p0")
    refused = sandbox.call(keys, "iam:ListRoles")
    assert refused.code == "AccessDenied"
    assert refused.message.endswith(
        f"on resource: arn:aws:iam::{A}:role/ " + NO_IDENTITY.format(action="iam:ListRoles")
    )
    sandbox.put(A, "role", "worker", allow("iam:ListRoles"))
    assert sandbox.call(keys, "iam:ListRoles").ok


def test_a_trust_withdrawn_does_not_end_a_session(sandbox: Sandbox) -> None:
    """Source: shared facts 2.3: a session is not revoked by altering the trust policy."""
    made = sandbox.role(A, "worker", trust(A), allow("iam:ListRoles"))
    keys = sandbox.assume(A, made["Arn"])
    sandbox.do(A, "iam:UpdateAssumeRolePolicy", RoleName="worker", PolicyDocument=trust(B))
    assert sandbox.call(keys, "iam:ListRoles").ok
    again = sandbox.call(A, "sts:AssumeRole", RoleArn=made["Arn"], RoleSessionName="again")
    assert again.code == "AccessDenied"


def test_a_new_version_of_a_managed_policy_takes_effect_when_it_is_the_default(
    sandbox: Sandbox,
) -> None:
    keys = sandbox.user(A, "ann")
    arn = managed(sandbox, A, "m", allow("iam:ListRoles"))
    sandbox.do(A, "iam:AttachUserPolicy", UserName="ann", PolicyArn=arn)
    assert sandbox.call(keys, "iam:ListRoles").ok
    sandbox.do(A, "iam:CreatePolicyVersion", PolicyArn=arn, PolicyDocument=allow("iam:ListUsers"))
    assert sandbox.call(keys, "iam:ListRoles").ok
    sandbox.do(A, "iam:SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v2")
    assert not sandbox.call(keys, "iam:ListRoles").ok
    assert sandbox.call(keys, "iam:ListUsers").ok


def test_leaving_a_group_ends_what_it_gave(sandbox: Sandbox) -> None:
    keys = sandbox.user(A, "ann")
    sandbox.do(A, "iam:CreateGroup", GroupName="team")
    sandbox.put(A, "group", "team", allow("iam:ListRoles"))
    sandbox.do(A, "iam:AddUserToGroup", GroupName="team", UserName="ann")
    assert sandbox.call(keys, "iam:ListRoles").ok
    sandbox.do(A, "iam:RemoveUserFromGroup", GroupName="team", UserName="ann")
    assert not sandbox.call(keys, "iam:ListRoles").ok


def test_a_repository_policy_withdrawn(sandbox: Sandbox) -> None:
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    keys = sandbox.user(B, "ann", allow(SEE))
    set_policy(sandbox, grant(B))
    asked = {"repositoryName": "my-app", "registryId": A}
    assert sandbox.call(keys, SEE, **asked).ok
    sandbox.do(A, "ecr:DeleteRepositoryPolicy", repositoryName="my-app")
    assert sandbox.call(keys, SEE, **asked).code == "AccessDeniedException"


def test_the_revocation_idiom_ends_older_sessions_only(sandbox: Sandbox) -> None:
    """Source: shared facts 2.3, AWSRevokeOlderSessions."""
    made = sandbox.role(A, "worker", trust(A), allow("iam:ListRoles"))
    older = sandbox.assume(A, made["Arn"], "older")
    sandbox.advance(10)
    now = sandbox.control("GET", "status").json["now"]
    stop = {"DateLessThan": {"aws:TokenIssueTime": now.replace("+00:00", "Z")}}
    sandbox.put(A, "role", "worker", deny("*", Condition=stop), "AWSRevokeOlderSessions")
    sandbox.advance(10)
    newer = sandbox.assume(A, made["Arn"], "newer")
    assert sandbox.call(older, "iam:ListRoles").message.endswith(DENY_IDENTITY)
    assert sandbox.call(newer, "iam:ListRoles").ok


def test_a_boundary_that_is_taken_away(sandbox: Sandbox) -> None:
    keys = sandbox.user(A, "ann", allow("iam:ListRoles"))
    arn = managed(sandbox, A, "edge", allow("ecr:*"))
    sandbox.do(A, "iam:PutUserPermissionsBoundary", UserName="ann", PermissionsBoundary=arn)
    assert not sandbox.call(keys, "iam:ListRoles").ok
    sandbox.do(A, "iam:DeleteUserPermissionsBoundary", UserName="ann")
    assert sandbox.call(keys, "iam:ListRoles").ok


def test_a_boundary_given_at_creation(sandbox: Sandbox) -> None:
    arn = managed(sandbox, A, "edge", allow("ecr:*"))
    keys = sandbox.user(A, "ann", allow("*"), PermissionsBoundary=arn)
    assert "permissions boundary" in sandbox.call(keys, "iam:ListRoles").message
    role = sandbox.role(A, "worker", trust(A), allow("*"), PermissionsBoundary=arn)
    session = sandbox.assume(A, role["Arn"])
    assert "permissions boundary" in sandbox.call(session, "iam:ListRoles").message
    for action, named in (
        ("iam:GetUser", {"UserName": "ann"}),
        ("iam:GetRole", {"RoleName": "worker"}),
    ):
        found = next(iter(sandbox.do(A, action, **named).values()))
        assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn


def test_a_policy_that_bounds_someone_cannot_be_deleted(sandbox: Sandbox) -> None:
    """Source: github.com/gruntwork-io/cloud-nuke/issues/972."""
    arn = managed(sandbox, A, "edge", allow("ecr:*"))
    sandbox.user(A, "ann", PermissionsBoundary=arn)
    assert sandbox.call(A, "iam:DeletePolicy", PolicyArn=arn).error == (
        "DeleteConflict",
        409,
        "Cannot delete a policy attached to entities.",
    )
    sandbox.do(A, "iam:DeleteUserPermissionsBoundary", UserName="ann")
    assert sandbox.call(A, "iam:DeletePolicy", PolicyArn=arn).ok


def test_time_passes_in_conditions(sandbox: Sandbox) -> None:
    now = sandbox.control("GET", "status").json["now"]
    year, rest = int(now[:4]), now[4:19]
    limit = f"{year + 1}{rest}Z" if not rest.startswith("-02-29") else f"{year + 1}-03-01T00:00:00Z"
    keys = sandbox.user(
        A, "ann", allow("iam:ListRoles", Condition={"DateLessThan": {"aws:CurrentTime": limit}})
    )
    assert sandbox.call(keys, "iam:ListRoles").ok
    sandbox.advance(367 * 86400)
    assert not sandbox.call(keys, "iam:ListRoles").ok
