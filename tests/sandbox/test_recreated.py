"""Principals that are deleted, made again or renamed, and the policies that name them.

Source: IAM User Guide, AWS JSON policy elements: Principal (shared facts 3.2 and 2.3).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandboxes import A, B, Keys, Sandbox, allow, grant, policy, statement, trust

TARGET = f"arn:aws:iam::{A}:role/target"
WORKER = f"arn:aws:iam::{B}:role/worker"
ANN = f"arn:aws:iam::{B}:user/ann"
ALL = allow("*")


def make_role(sandbox: Sandbox) -> str:
    return str(sandbox.role(B, "worker", trust(B), ALL)["RoleId"])


def delete_role(sandbox: Sandbox) -> None:
    sandbox.do(B, "iam:DeleteRolePolicy", RoleName="worker", PolicyName="p0")
    sandbox.do(B, "iam:DeleteRole", RoleName="worker")


def make_user(sandbox: Sandbox) -> Keys:
    return sandbox.user(B, "ann", ALL)


def delete_user(sandbox: Sandbox, keys: Keys, name: str = "ann") -> None:
    key = {"UserName": name, "AccessKeyId": keys.access_key_id}
    sandbox.do(B, "iam:DeleteAccessKey", **key)
    sandbox.do(B, "iam:DeleteUserPolicy", UserName=name, PolicyName="p0")
    sandbox.do(B, "iam:DeleteUser", UserName=name)


def trusted(sandbox: Sandbox, role: str = "target") -> Any:
    """The principals of the role's trust policy, as AWS shows them."""
    found = sandbox.do(A, "iam:GetRole", RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    return found["Statement"][0]["Principal"]["AWS"]


def enters(sandbox: Sandbox, keys: Keys) -> bool:
    answer = sandbox.call(keys, "sts:AssumeRole", RoleArn=TARGET, RoleSessionName="in")
    assert answer.ok or answer.code == "AccessDenied"
    return answer.ok


def save_trust(sandbox: Sandbox, text: str) -> Any:
    return sandbox.call(A, "iam:UpdateAssumeRolePolicy", RoleName="target", PolicyDocument=text)


def test_a_role_made_again_is_not_trusted(sandbox: Sandbox) -> None:
    first = make_role(sandbox)
    sandbox.role(A, "target", trust(WORKER))
    assert trusted(sandbox) == WORKER
    before = sandbox.assume(B, WORKER)
    assert enters(sandbox, before)

    delete_role(sandbox)
    assert trusted(sandbox) == first
    gone = sandbox.call(before, "sts:GetCallerIdentity")
    assert gone.error == (
        "InvalidClientTokenId",
        403,
        "The security token included in the request is invalid.",
    )

    second = make_role(sandbox)
    assert second != first
    assert trusted(sandbox) == first
    assert not sandbox.call(before, "sts:GetCallerIdentity").ok
    after = sandbox.assume(B, WORKER)
    assert not enters(sandbox, after)

    refused = save_trust(sandbox, trust(first))
    assert refused.error == (
        "MalformedPolicyDocument",
        400,
        f'Invalid principal in policy: "AWS":"{first}"',
    )
    assert save_trust(sandbox, trust(WORKER)).ok
    assert trusted(sandbox) == WORKER
    assert enters(sandbox, after)


def test_a_user_made_again_is_not_trusted(sandbox: Sandbox) -> None:
    old = make_user(sandbox)
    first = sandbox.do(old, "sts:GetCallerIdentity")["UserId"]
    sandbox.role(A, "target", trust([ANN, A]))
    assert enters(sandbox, old)
    delete_user(sandbox, old)
    new = make_user(sandbox)
    assert trusted(sandbox) == [first, f"arn:aws:iam::{A}:root"]
    assert not enters(sandbox, new)
    assert save_trust(sandbox, trust([first, A])).code == "MalformedPolicyDocument"
    assert save_trust(sandbox, trust([ANN, A])).ok
    assert enters(sandbox, new)


def test_a_repository_forgets_a_role_too(sandbox: Sandbox) -> None:
    first = make_role(sandbox)
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    named = {"repositoryName": "my-app", "registryId": A}

    def save(text: str) -> Any:
        return sandbox.call(A, "ecr:SetRepositoryPolicy", policyText=text, **named)

    def shown() -> Any:
        text = sandbox.do(A, "ecr:GetRepositoryPolicy", **named)["policyText"]
        return json.loads(text)["Statement"][0]["Principal"]["AWS"]

    assert save(grant(WORKER, "ecr:*")).ok
    assert shown() == WORKER
    assert sandbox.call(sandbox.assume(B, WORKER), "ecr:DescribeImages", **named).ok
    delete_role(sandbox)
    make_role(sandbox)
    keys = sandbox.assume(B, WORKER)
    assert shown() == first
    refused = sandbox.call(keys, "ecr:DescribeImages", **named)
    assert refused.code == "AccessDeniedException"
    assert refused.message.endswith("no resource-based policy allows the ecr:DescribeImages action")
    assert save(grant(first)).error == (
        "InvalidParameterException",
        400,
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
        "'Invalid repository policy provided'",
    )
    assert save(grant(WORKER)).ok
    assert sandbox.call(keys, "ecr:DescribeImages", **named).ok


def test_a_renamed_user_stays_trusted_under_the_new_name(sandbox: Sandbox) -> None:
    keys = make_user(sandbox)
    sandbox.role(A, "target", trust(ANN))
    sandbox.do(B, "iam:UpdateUser", UserName="ann", NewUserName="anna", NewPath="/dev/")
    renamed = f"arn:aws:iam::{B}:user/dev/anna"
    assert sandbox.whoami(keys) == renamed
    assert trusted(sandbox) == renamed
    assert enters(sandbox, keys)
    # a new user of the old name is somebody else
    other = make_user(sandbox)
    assert not enters(sandbox, other)
    # and the old name can be freed again
    delete_user(sandbox, keys, "anna")
    assert trusted(sandbox).startswith("AIDA")


def test_a_renamed_user_keeps_groups_keys_and_policies(sandbox: Sandbox) -> None:
    keys = sandbox.user(B, "ann", allow("iam:ListRoles"))
    sandbox.do(B, "iam:CreateGroup", GroupName="team")
    sandbox.put(B, "group", "team", allow("iam:ListUsers"))
    sandbox.do(B, "iam:AddUserToGroup", GroupName="team", UserName="ann")
    sandbox.do(B, "iam:UpdateUser", UserName="ann", NewUserName="anna")
    assert sandbox.call(keys, "iam:ListRoles").ok
    assert sandbox.call(keys, "iam:ListUsers").ok
    key = sandbox.do(B, "iam:ListAccessKeys", UserName="anna")["AccessKeyMetadata"]
    assert [(one["UserName"], one["AccessKeyId"]) for one in key] == [("anna", keys.access_key_id)]
    assert sandbox.call(B, "iam:GetUser", UserName="ann").code == "NoSuchEntity"


def test_a_users_new_name_must_be_free(sandbox: Sandbox) -> None:
    sandbox.user(B, "ann")
    sandbox.user(B, "bob")
    for name in ("bob", "BOB"):
        taken = sandbox.call(B, "iam:UpdateUser", UserName="ann", NewUserName=name)
        assert taken.code == "EntityAlreadyExists"
        assert taken.message == f"User with name {name} already exists."
    assert sandbox.call(B, "iam:UpdateUser", UserName="ann", NewUserName="Ann").ok


def test_escapes_in_a_document_hide_nobody(sandbox: Sandbox) -> None:
    """A principal may be spelled with JSON's escapes; deleting it must still be seen."""
    first = make_role(sandbox)
    text = trust(WORKER).replace("role/worker", "role\\/w\\u006frker")
    sandbox.role(A, "target", text)
    delete_role(sandbox)
    make_role(sandbox)
    assert trusted(sandbox) == first
    assert not enters(sandbox, sandbox.assume(B, WORKER))


def test_a_living_id_may_be_saved_and_reads_as_an_arn(sandbox: Sandbox) -> None:
    first = make_role(sandbox)
    keys = make_user(sandbox)
    user = sandbox.do(keys, "sts:GetCallerIdentity")["UserId"]
    sandbox.role(A, "target", trust([first, user]))
    assert trusted(sandbox) == [WORKER, ANN]
    assert enters(sandbox, sandbox.assume(B, WORKER))
    assert enters(sandbox, keys)


def test_conditions_are_not_changed(sandbox: Sandbox) -> None:
    """ARNs in Condition values are never transformed: a role of the same name matches again."""
    make_role(sandbox)
    when = {"ArnEquals": {"aws:PrincipalArn": WORKER}}
    sandbox.role(A, "target", trust(B, Condition=when))
    delete_role(sandbox)
    make_role(sandbox)
    found = sandbox.do(A, "iam:GetRole", RoleName="target")["Role"]["AssumeRolePolicyDocument"]
    assert found["Statement"][0]["Condition"] == when
    assert enters(sandbox, sandbox.assume(B, WORKER))


def test_the_account_survives_its_principals(sandbox: Sandbox) -> None:
    make_role(sandbox)
    sandbox.role(A, "target", trust(B))
    assert trusted(sandbox) == f"arn:aws:iam::{B}:root"
    delete_role(sandbox)
    make_role(sandbox)
    assert enters(sandbox, sandbox.assume(B, WORKER))


def test_every_policy_that_names_the_role_forgets_it(sandbox: Sandbox) -> None:
    first = make_role(sandbox)
    sandbox.role(A, "one", trust([WORKER, B]))
    deny = statement("Deny", "sts:AssumeRole", Principal={"AWS": WORKER})
    sandbox.role(A, "two", policy(deny, statement("Allow", "sts:AssumeRole", Principal="*")))
    delete_role(sandbox)
    assert trusted(sandbox, "one") == [first, f"arn:aws:iam::{B}:root"]
    assert trusted(sandbox, "two") == first


def test_a_users_own_session_ends_with_the_user(sandbox: Sandbox) -> None:
    keys = make_user(sandbox)
    session = Keys.of(sandbox.do(keys, "sts:GetSessionToken")["Credentials"])
    assert sandbox.whoami(session) == ANN
    delete_user(sandbox, keys)
    assert sandbox.call(session, "sts:GetCallerIdentity").code == "InvalidClientTokenId"
    make_user(sandbox)
    assert sandbox.call(session, "sts:GetCallerIdentity").code == "InvalidClientTokenId"


@pytest.mark.parametrize("principal", [WORKER, ANN])
def test_what_does_not_exist_yet_cannot_be_trusted(sandbox: Sandbox, principal: str) -> None:
    refused = sandbox.call(
        A, "iam:CreateRole", RoleName="target", AssumeRolePolicyDocument=trust(principal)
    )
    assert refused.error == (
        "MalformedPolicyDocument",
        400,
        f'Invalid principal in policy: "AWS":"{principal}"',
    )
    assert sandbox.call(A, "iam:GetRole", RoleName="target").code == "NoSuchEntity"
    make_role(sandbox)
    make_user(sandbox)
    sandbox.role(A, "target", trust(principal))
