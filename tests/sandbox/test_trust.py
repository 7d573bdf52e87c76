"""Who may assume a role: every form of principal, in one account and across two.

Sources: shared facts 1.2 (the text), 2.2, 3.2 and 4.2; STS API Reference, AssumeRole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.sandboxes import A, B, C, Keys, Sandbox, allow, deny, policy, statement, trust

TARGET = f"arn:aws:iam::{A}:role/target"
MAY = allow("sts:AssumeRole", TARGET)
USER, ROLE = "user/dev/ann", "role/work/worker"


def arn(account: str, rest: str) -> str:
    return f"arn:aws:iam::{account}:{rest}"


def session_of(account: str, name: str = "shift") -> str:
    return f"arn:aws:sts::{account}:assumed-role/worker/{name}"


@dataclass(frozen=True, kw_only=True)
class TrustCase:
    """caller: (kind, account). trust: the target's policy. allowed: what becomes of it."""

    name: str
    caller: tuple[str, str]
    trust: str
    allowed: bool
    inline: tuple[str, ...] = (MAY,)
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    boundary: str | None = None
    clause: str = ""
    action: str = "sts:AssumeRole"


def rows() -> Iterator[TrustCase]:
    for account, where in ((A, "same account"), (B, "across")):
        for kind, own in (("user", arn(account, USER)), ("role", arn(account, ROLE))):
            who = (kind, account)
            for form, principal in (
                ("account id", account),
                ("root ARN", arn(account, "root")),
                ("its ARN", own),
                ("*", "*"),
                ("AWS *", {"AWS": "*"}),
                ("a list", [C, own]),
            ):
                yield TrustCase(
                    name=f"{where}, {kind}: {form}",
                    caller=who,
                    trust=trust(principal),
                    allowed=True,
                )
                # across accounts both must agree; at home the trust policy is enough when it names
                # the caller, not when it names the account (shared facts 4.2)
                at_home = account == A and form in ("its ARN", "a list", "*", "AWS *")
                yield TrustCase(
                    name=f"{where}, {kind}: {form}, no permission",
                    caller=who,
                    inline=(),
                    trust=trust(principal),
                    allowed=at_home,
                )
            for form, principal in (
                ("another account", C),
                ("another user", arn(account, "user/other")),
                ("a service", {"Service": "ec2.amazonaws.com"}),
                ("an account and a service", {"AWS": C, "Service": ["ecs.amazonaws.com"]}),
            ):
                yield TrustCase(
                    name=f"{where}, {kind}: {form}",
                    caller=who,
                    trust=trust(principal),
                    inline=(allow("*"),),
                    allowed=False,
                )
            yield TrustCase(
                name=f"{where}, {kind}: permission for another role",
                caller=who,
                trust=trust(account),
                inline=(allow("sts:AssumeRole", TARGET + "2"),),
                allowed=False,
            )
            yield TrustCase(
                name=f"{where}, {kind}: its own policy denies",
                caller=who,
                trust=trust(own),
                inline=(MAY, deny("sts:*")),
                allowed=False,
                clause=" with an explicit deny in an identity-based policy" if account == A else "",
            )
            yield TrustCase(
                name=f"{where}, {kind}: the trust denies",
                caller=who,
                trust=policy(
                    statement("Allow", "sts:AssumeRole", Principal={"AWS": account}),
                    statement("Deny", "sts:AssumeRole", Principal={"AWS": own}),
                ),
                allowed=False,
                clause=" with an explicit deny in the role trust policy" if account == A else "",
            )
            yield TrustCase(
                name=f"{where}, {kind}: boundary is silent",
                caller=who,
                trust=trust(account),
                boundary=allow("ecr:*"),
                allowed=False,
            )
        yield TrustCase(
            name=f"{where}: the session",
            caller=("role", account),
            allowed=True,
            trust=trust(session_of(account)),
        )
        yield TrustCase(
            name=f"{where}: another session of the role",
            caller=("role", account),
            trust=trust(session_of(account, "night")),
            inline=(allow("*"),),
            allowed=False,
        )
        yield from condition_rows(account, where)


def condition_rows(account: str, where: str) -> Iterator[TrustCase]:
    who = ("role", account)

    def when(name: str, operator: str, key: str, value: Any, yes: bool, **more: Any) -> TrustCase:
        return TrustCase(
            name=f"{where}, {name}",
            caller=who,
            allowed=yes,
            trust=trust(account, Condition={operator: {key: value}}),
            **more,
        )

    external = {"ExternalId": "secret:4/2"}
    yield when("external id", "StringEquals", "sts:ExternalId", "secret:4/2", True, params=external)
    yield when(
        "another external id", "StringEquals", "sts:ExternalId", "other", False, params=external
    )
    yield when(
        "external ids care for case",
        "StringEquals",
        "sts:ExternalId",
        "SECRET:4/2",
        False,
        params=external,
    )
    yield when("no external id given", "StringEquals", "sts:ExternalId", "secret:4/2", False)
    yield when(
        "an external id nobody asked for",
        "Bool",
        "aws:SecureTransport",
        "true",
        True,
        params=external,
    )
    yield when("role's ARN by condition", "ArnEquals", "aws:PrincipalArn", arn(account, ROLE), True)
    yield when(
        "role's ARN by pattern",
        "ArnLike",
        "aws:PrincipalArn",
        f"arn:aws:iam::{account}:role/work/*",
        True,
    )
    yield when(
        "another role's ARN", "ArnEquals", "aws:PrincipalArn", arn(account, "role/worker"), False
    )
    yield when("session name", "StringLike", "sts:RoleSessionName", "ses*", True)
    yield when("another session name", "StringEquals", "sts:RoleSessionName", "ann", False)
    yield when(
        "caller's tag", "StringEquals", "aws:PrincipalTag/team", "red", True, tags={"team": "red"}
    )
    yield when("caller without the tag", "StringEquals", "aws:PrincipalTag/team", "red", False)
    yield when("MFA asked for", "Bool", "aws:MultiFactorAuthPresent", "true", False)
    yield when("an empty condition", "StringLike", "aws:PrincipalArn", "*", True)
    tagging = policy(
        statement("Allow", ["sts:AssumeRole", "sts:TagSession"], Principal={"AWS": account})
    )
    tags = {"Tags": [{"Key": "team", "Value": "red"}]}
    both = (allow(["sts:AssumeRole", "sts:TagSession"], TARGET),)
    yield TrustCase(
        name=f"{where}, tags: both sides allow TagSession",
        caller=who,
        trust=tagging,
        inline=both,
        params=tags,
        allowed=True,
    )
    yield TrustCase(
        name=f"{where}, tags: the trust does not",
        caller=who,
        trust=trust(account),
        inline=both,
        params=tags,
        allowed=False,
        action="sts:TagSession",
    )
    yield TrustCase(
        name=f"{where}, tags: the caller may not",
        caller=who,
        trust=tagging,
        params=tags,
        allowed=False,
        action="sts:TagSession",
    )
    yield TrustCase(
        name=f"{where}, source identity needs its permission",
        caller=who,
        trust=trust(account),
        params={"SourceIdentity": "ann"},
        allowed=False,
        inline=(allow("sts:*"),),
        action="sts:SetSourceIdentity",
    )
    yield TrustCase(
        name=f"{where}, source identity with it",
        caller=who,
        allowed=True,
        trust=trust(account, ["sts:AssumeRole", "sts:SetSourceIdentity"]),
        params={"SourceIdentity": "ann"},
        inline=(allow("sts:*"),),
    )
    yield TrustCase(
        name=f"{where}, requested tag by condition",
        caller=who,
        allowed=False,
        trust=trust(
            account,
            ["sts:AssumeRole", "sts:TagSession"],
            Condition={"StringEquals": {"aws:RequestTag/team": "blue"}},
        ),
        inline=(allow("sts:*"),),
        params=tags,
    )


ROWS = list(rows())
assert len({row.name for row in ROWS}) == len(ROWS)


def caller(sandbox: Sandbox, row: TrustCase) -> tuple[Keys, str]:
    """The row's caller and its ARN. The user or role of that name is all that its account has."""
    kind, account = row.caller
    tags = [{"Key": key, "Value": value} for key, value in row.tags.items()]
    more: dict[str, Any] = {"Tags": tags} if tags else {}
    if row.boundary:
        made = sandbox.do(
            account, "iam:CreatePolicy", PolicyName="edge", PolicyDocument=row.boundary
        )
        more["PermissionsBoundary"] = made["Policy"]["Arn"]
    if kind == "user":
        return sandbox.user(account, "ann", *row.inline, Path="/dev/", **more), arn(account, USER)
    sandbox.role(account, "worker", trust(account), *row.inline, Path="/work/", **more)
    return sandbox.assume(account, arn(account, ROLE), "shift"), session_of(account)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_who_may_assume(sandbox: Sandbox, row: TrustCase) -> None:
    if "user/other" in row.trust:
        sandbox.user(row.caller[1], "other")
    keys, who = caller(sandbox, row)
    role = sandbox.role(A, "target", row.trust)

    answer = sandbox.call(
        keys, "sts:AssumeRole", RoleArn=TARGET, RoleSessionName="session", **row.params
    )

    if not row.allowed:
        assert answer.error == (
            "AccessDenied",
            403,
            f"User: {who} is not authorized to perform: {row.action} on resource: {TARGET}"
            f"{row.clause}",
        )
        return
    assert answer.ok, answer.message
    assert answer.value["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role['RoleId']}:session",
        "Arn": f"arn:aws:sts::{A}:assumed-role/target/session",
    }


def test_a_role_that_does_not_exist_is_refused_as_any_other(sandbox: Sandbox) -> None:
    """Source: shared facts 1.2: no existence oracle, never NoSuchEntity."""
    for account in (A, "999999999999"):
        target = f"arn:aws:iam::{account}:role/nowhere"
        answer = sandbox.call(A, "sts:AssumeRole", RoleArn=target, RoleSessionName="session")
        assert answer.error == (
            "AccessDenied",
            403,
            f"User: arn:aws:iam::{A}:user/admin is not authorized to perform: sts:AssumeRole on "
            f"resource: {target}",
        )


def test_the_roles_path_is_part_of_its_arn(sandbox: Sandbox) -> None:
    sandbox.role(A, "deep", trust(A), Path="/a/b/")
    at = {"RoleSessionName": "session"}
    assert not sandbox.call(A, "sts:AssumeRole", RoleArn=f"arn:aws:iam::{A}:role/deep", **at).ok
    answer = sandbox.call(A, "sts:AssumeRole", RoleArn=f"arn:aws:iam::{A}:role/a/b/deep", **at)
    # ... and dropped in the session's
    assert answer.value["AssumedRoleUser"]["Arn"] == (f"arn:aws:sts::{A}:assumed-role/deep/session")


def test_a_role_may_assume_itself_only_when_it_trusts_itself(sandbox: Sandbox) -> None:
    """Source: shared facts 4.2, the change of September 2022; a role cannot name itself at
    creation."""
    own = f"arn:aws:iam::{A}:role/target"
    refused = sandbox.call(
        A, "iam:CreateRole", RoleName="target", AssumeRolePolicyDocument=trust([A, own])
    )
    assert refused.message == f'Invalid principal in policy: "AWS":"{own}"'
    sandbox.role(A, "target", trust(f"arn:aws:iam::{A}:user/admin"), allow("sts:AssumeRole"))
    keys = sandbox.assume(A, own)
    again = {"RoleArn": own, "RoleSessionName": "again"}
    assert sandbox.call(keys, "sts:AssumeRole", **again).code == "AccessDenied"
    sandbox.do(
        A,
        "iam:UpdateAssumeRolePolicy",
        RoleName="target",
        PolicyDocument=trust([own, f"arn:aws:iam::{A}:user/admin"]),
    )
    assert sandbox.call(keys, "sts:AssumeRole", **again).ok


def test_the_session_is_of_the_roles_account(sandbox: Sandbox) -> None:
    """The key lesson: after AssumeRole the caller is a principal of A (shared facts 4.1)."""
    sandbox.role(A, "target", trust(B), allow("iam:ListRoles"))
    keys = sandbox.assume(sandbox.user(B, "ann", MAY), TARGET)
    found = sandbox.do(keys, "sts:GetCallerIdentity")
    assert found["Account"] == A
    roles = sandbox.do(keys, "iam:ListRoles")["Roles"]
    assert [role["RoleName"] for role in roles] == ["target"]
    refused = sandbox.call(keys, "iam:ListUsers")
    assert refused.message == (
        f"User: arn:aws:sts::{A}:assumed-role/target/session is not authorized to perform: "
        f"iam:ListUsers on resource: arn:aws:iam::{A}:user/ because no identity-based policy "
        "allows the iam:ListUsers action"
    )


def test_the_outsider_gets_nowhere(sandbox: Sandbox) -> None:
    sandbox.role(A, "target", trust(B), allow("*"))
    answer = sandbox.call(C, "sts:AssumeRole", RoleArn=TARGET, RoleSessionName="session")
    assert answer.code == "AccessDenied"
    assert answer.message.endswith(f"on resource: {TARGET}")


def test_session_tags_win_over_the_roles_and_go_on_when_transitive(sandbox: Sandbox) -> None:
    """Source: shared facts 4.5; IAM User Guide, session tags."""
    both = ["sts:AssumeRole", "sts:TagSession"]
    red = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}
    blue = [{"Key": "team", "Value": "blue"}]
    first = sandbox.role(
        A, "first", trust(A, both), allow(both), allow("iam:ListRoles", **red), Tags=blue
    )
    second = sandbox.role(A, "second", trust(A, both), allow("iam:ListRoles", **red))
    tags = [{"Key": "team", "Value": "red"}, {"Key": "x", "Value": "y"}]

    assert not sandbox.call(sandbox.assume(A, first["Arn"]), "iam:ListRoles").ok
    tagged = sandbox.assume(A, first["Arn"], Tags=tags)
    assert sandbox.call(tagged, "iam:ListRoles").ok
    assert not sandbox.call(sandbox.assume(tagged, second["Arn"]), "iam:ListRoles").ok
    kept = sandbox.assume(A, first["Arn"], Tags=tags, TransitiveTagKeys=["team"])
    assert sandbox.call(sandbox.assume(kept, second["Arn"]), "iam:ListRoles").ok


def test_the_source_identity_goes_on_through_a_chain(sandbox: Sandbox) -> None:
    both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    first = sandbox.role(A, "first", trust(A, both), allow(both))
    second = sandbox.role(A, "second", trust(A, both), allow("*"))
    keys = sandbox.assume(A, first["Arn"], SourceIdentity="ann")
    answer = sandbox.do(keys, "sts:AssumeRole", RoleArn=second["Arn"], RoleSessionName="session")
    assert answer["SourceIdentity"] == "ann"
