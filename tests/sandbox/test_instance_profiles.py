"""Instance profiles: how a role is handed to a machine, and the permission to hand it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandboxes import A, Sandbox, policy, statement, trust
from xacct_helpers.aws.service_reference import keys_of, reference, resource_types
from xacct_helpers.sandbox.services import iam

ROLE = f"arn:aws:iam::{A}:role/node"
PROFILE = f"arn:aws:iam::{A}:instance-profile/machines/node"


@pytest.fixture
def ready(sandbox: Sandbox) -> Sandbox:
    """A role and an instance profile, apart."""
    document = trust({"Service": "ec2.amazonaws.com"})
    sandbox.do(A, "iam:CreateRole", RoleName="node", AssumeRolePolicyDocument=document)
    sandbox.do(A, "iam:CreateInstanceProfile", InstanceProfileName="node", Path="/machines/")
    return sandbox


def join(sandbox: Sandbox, who: Any = A) -> Any:
    names = {"InstanceProfileName": "node", "RoleName": "node"}
    return sandbox.call(who, "iam:AddRoleToInstanceProfile", **names)


def test_its_life(ready: Sandbox) -> None:
    name = {"InstanceProfileName": "node"}
    assert join(ready).ok
    shown = ready.do(A, "iam:GetInstanceProfile", **name)["InstanceProfile"]
    assert shown["Arn"] == PROFILE
    assert shown["InstanceProfileId"].startswith("AIPA")
    assert [role["Arn"] for role in shown["Roles"]] == [ROLE]
    for operation, more in (("ListInstanceProfiles", {}),
                            ("ListInstanceProfilesForRole", {"RoleName": "node"})):  # fmt: skip
        answer = ready.do(A, f"iam:{operation}", **more)
        assert [p["Arn"] for p in answer["InstanceProfiles"]] == [PROFILE]
        assert answer["IsTruncated"] is False
    ready.do(A, "iam:TagInstanceProfile", Tags=[{"Key": "k", "Value": "v"}], **name)
    ready.do(A, "iam:UntagInstanceProfile", TagKeys=["k"], **name)
    ready.do(A, "iam:RemoveRoleFromInstanceProfile", RoleName="node", **name)
    ready.do(A, "iam:DeleteInstanceProfile", **name)
    ready.do(A, "iam:DeleteRole", RoleName="node")


@dataclass(frozen=True)
class Refused:
    name: str
    operation: str
    parameters: Mapping[str, Any]
    code: str
    status: int
    message: str


GONE = ("NoSuchEntity", 404, "Instance Profile gone cannot be found.")
HELD = ("DeleteConflict", 409,
        "Cannot delete entity, must remove roles from instance profile first.")  # fmt: skip
REFUSED = [
    Refused("a name that is taken", "CreateInstanceProfile", {"InstanceProfileName": "Node"},
            "EntityAlreadyExists", 409, "Instance Profile Node already exists."),
    Refused("no such profile", "GetInstanceProfile", {"InstanceProfileName": "gone"}, *GONE),
    Refused("deleting none", "DeleteInstanceProfile", {"InstanceProfileName": "gone"}, *GONE),
    Refused("no such role", "AddRoleToInstanceProfile",
            {"InstanceProfileName": "node", "RoleName": "gone"},
            "NoSuchEntity", 404, "The role with name gone cannot be found."),
    Refused("a second role", "AddRoleToInstanceProfile",
            {"InstanceProfileName": "node", "RoleName": "node"}, "LimitExceeded", 409,
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"),
    Refused("deleted with its role in it", "DeleteInstanceProfile",
            {"InstanceProfileName": "node"}, *HELD),
    Refused("the role deleted", "DeleteRole", {"RoleName": "node"}, *HELD),
    Refused("AWS's own path", "CreateInstanceProfile",
            {"InstanceProfileName": "x", "Path": "/aws-service-role/ecs.amazonaws.com/"},
            "InvalidInput", 400,
            "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles"),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(case: Refused, ready: Sandbox) -> None:
    join(ready)
    answer = ready.call(A, f"iam:{case.operation}", **case.parameters)
    assert answer.error == (case.code, case.status, case.message)


def test_handing_over_a_role_needs_pass_role(ready: Sandbox) -> None:
    add = statement("Allow", "iam:AddRoleToInstanceProfile", PROFILE)
    only_add = ready.user(A, "adds", policy(add))
    assert "iam:PassRole on resource: " + ROLE in join(ready, only_add).message
    ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    both = policy(add, statement("Allow", "iam:PassRole", ROLE, Condition=ec2))
    assert join(ready, ready.user(A, "hands-over", both)).ok


def test_to_another_service_only_is_not_enough(ready: Sandbox) -> None:
    other = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    document = policy(
        statement("Allow", "iam:AddRoleToInstanceProfile", PROFILE),
        statement("Allow", "iam:PassRole", ROLE, Condition=other),
    )
    assert join(ready, ready.user(A, "u", document)).code == "AccessDenied"


def test_lists_are_by_name(sandbox: Sandbox) -> None:
    for name in ("zebra", "Apple", "mango"):
        document = trust({"AWS": A})
        sandbox.do(A, "iam:CreateRole", RoleName=name, AssumeRolePolicyDocument=document)
    roles = [role["RoleName"] for role in sandbox.do(A, "iam:ListRoles")["Roles"]]
    assert roles == ["Apple", "mango", "zebra"]
    first = sandbox.do(A, "iam:ListRoles", MaxItems=2)
    assert first["IsTruncated"] is True
    rest = sandbox.do(A, "iam:ListRoles", MaxItems=2, Marker=first["Marker"])
    assert [role["RoleName"] for role in rest["Roles"]] == ["zebra"]
    assert sandbox.do(A, "iam:ListGroups")["IsTruncated"] is False


def test_the_account_at_a_glance(ready: Sandbox) -> None:
    summary = ready.do(A, "iam:GetAccountSummary")["SummaryMap"]
    counted = {key: summary[key] for key in ("Roles", "InstanceProfiles", "Users", "Groups")}
    assert counted == {"Roles": 1, "InstanceProfiles": 1, "Users": 1, "Groups": 0}
    details = ready.do(A, "iam:GetAccountAuthorizationDetails")
    assert [role["RoleName"] for role in details["RoleDetailList"]] == ["node"]
    statements = details["RoleDetailList"][0]["AssumeRolePolicyDocument"]["Statement"]
    assert statements[0]["Principal"] == {"Service": "ec2.amazonaws.com"}


# -- the reference ---------------------------------------------------------------------------


def test_every_operation_is_in_the_reference() -> None:
    for operation in iam.SERVICE.operations:
        assert reference().actions.action_exists("iam", operation), operation
        types = resource_types("iam", operation)
        # devices for codes by text message are long gone; a virtual one is of the first type
        several = "Principal" in operation or types == ("mfa", "sms-mfa")
        assert len(types) <= 1 or several, operation


KEYS = [
    ("AttachRolePolicy", "iam:policyarn", True),
    ("CreateRole", "iam:policyarn", False),
    ("CreateRole", "iam:permissionsboundary", True),
    ("CreateGroup", "iam:permissionsboundary", False),
]


@pytest.mark.parametrize(("operation", "key", "present"), KEYS)
def test_condition_keys_are_those_of_the_reference(operation: str, key: str, present: bool) -> None:
    assert (key in keys_of(f"iam:{operation}")) is present
