"""Service-linked roles through boto3: made by name of the service, changed by nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.sandboxes import A, B, Forked, Sandbox, allow, trust
from xacct_helpers.sandbox.services.iam import service_linked

ECS, NAME = "ecs.amazonaws.com", "AWSServiceRoleForECS"
ARN = f"arn:aws:iam::{A}:role/aws-service-role/{ECS}/{NAME}"
POLICY = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"
OTHER = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def create(sandbox: Sandbox, service: str = ECS, **more: Any) -> Mapping[str, Any]:
    made = sandbox.do(A, "iam:CreateServiceLinkedRole", AWSServiceName=service, **more)
    return dict(made["Role"])


def test_its_life(sandbox: Sandbox) -> None:
    made = create(sandbox, Description="for tasks")
    assert made["Arn"] == ARN
    assert made["RoleId"].startswith("AROA")
    trusted = made["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert trusted == {"Service": [ECS]}
    shown = sandbox.do(A, "iam:GetRole", RoleName=NAME)["Role"]
    assert (shown["RoleId"], shown["Description"]) == (made["RoleId"], "for tasks")
    attached = sandbox.do(A, "iam:ListAttachedRolePolicies", RoleName=NAME)["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [POLICY]
    task = sandbox.do(A, "iam:DeleteServiceLinkedRole", RoleName=NAME)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/{ECS}/{NAME}/")
    status = sandbox.do(A, "iam:GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
    assert status["Status"] == "SUCCEEDED"
    elsewhere = sandbox.call(B, "iam:GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
    assert elsewhere.code == "NoSuchEntity"
    assert sandbox.call(A, "iam:GetRole", RoleName=NAME).code == "NoSuchEntity"
    assert create(sandbox)["RoleId"] != made["RoleId"], "made again, it is another role"


def test_a_suffix(sandbox: Sandbox) -> None:
    for suffix in ("one", "two"):
        made = create(sandbox, "autoscaling.amazonaws.com", CustomSuffix=suffix)
        assert made["RoleName"] == f"AWSServiceRoleForAutoScaling_{suffix}"


REFUSED = [
    ("CreateServiceLinkedRole", {"AWSServiceName": ECS}, "InvalidInput", 400,
     f"Service role name {NAME} has been taken in this account, please try a different suffix."),
    ("CreateServiceLinkedRole", {"AWSServiceName": "rds.amazonaws.com", "CustomSuffix": "x"},
     "InvalidInput", 400, "Custom suffix is not allowed for rds.amazonaws.com"),
    ("CreateServiceLinkedRole", {"AWSServiceName": "ec2.example.com"}, "InvalidInput", 400,
     "This sandbox knows no service-linked role of ec2.example.com. It knows those of: "
     f"{', '.join(sorted(service_linked.services()))}."),
    ("DeleteServiceLinkedRole", {"RoleName": "gone"}, "NoSuchEntity", 404,
     "The role with name gone cannot be found."),
    ("DeleteServiceLinkedRole", {"RoleName": "plain"}, "NoSuchEntity", 404,
     "The role with name plain cannot be found."),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "parameters", "code", "status", "message"), REFUSED)
def test_refused(
    operation: str, parameters: Any, code: str, status: int, message: str, sandbox: Sandbox
) -> None:
    create(sandbox)
    sandbox.role(A, "plain", trust(A))
    answer = sandbox.call(A, f"iam:{operation}", **parameters)
    assert answer.error == (code, status, message)


PROTECTED = [
    ("DeleteRole", {}),
    ("UpdateAssumeRolePolicy", {"PolicyDocument": trust(A)}),
    ("PutRolePolicy", {"PolicyName": "p", "PolicyDocument": allow("s3:*")}),
    ("AttachRolePolicy", {"PolicyArn": OTHER}),
    ("DetachRolePolicy", {"PolicyArn": POLICY}),
    ("UpdateRole", {"MaxSessionDuration": 7200}),
    ("AddRoleToInstanceProfile", {"InstanceProfileName": "machine"}),
    ("PutRolePermissionsBoundary", {"PermissionsBoundary": OTHER}),
]


@pytest.mark.parametrize(("operation", "parameters"), PROTECTED)
def test_protected(operation: str, parameters: Any, sandbox: Sandbox) -> None:
    create(sandbox)
    sandbox.do(A, "iam:CreateInstanceProfile", InstanceProfileName="machine")
    before = sandbox.fingerprint()
    answer = sandbox.call(A, f"iam:{operation}", RoleName=NAME, **parameters)
    assert answer.error == (
        "UnmodifiableEntity",
        400,
        f"Cannot perform the operation on the protected role '{NAME}' - this role is only "
        "modifiable by AWS",
    )
    assert sandbox.fingerprint() == before


def test_only_for_the_service_that_is_allowed(sandbox: Sandbox) -> None:
    condition = {"StringEquals": {"iam:AWSServiceName": ECS}}
    keys = sandbox.user(A, "u", allow("iam:CreateServiceLinkedRole", Condition=condition))
    sandbox.do(keys, "iam:CreateServiceLinkedRole", AWSServiceName=ECS)
    answer = sandbox.call(keys, "iam:CreateServiceLinkedRole", AWSServiceName="rds.amazonaws.com")
    assert answer.code == "AccessDenied"
    where = f"arn:aws:iam::{A}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"
    assert f"on resource: {where} because" in answer.message
    refused = sandbox.call(keys, "iam:DeleteServiceLinkedRole", RoleName=NAME)
    assert f"iam:DeleteServiceLinkedRole on resource: {ARN} because" in refused.message


@pytest.mark.parametrize("service", service_linked.services())
def test_each_service_has_its_role_and_policy(service: str, sandbox: Sandbox) -> None:
    name = create(sandbox, service)["RoleName"]
    attached = sandbox.do(A, "iam:ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]
    assert [one["PolicyArn"].rpartition("/")[0] for one in attached] == [
        "arn:aws:iam::aws:policy/aws-service-role"
    ]


def test_its_description_may_be_changed(sandbox: Sandbox) -> None:
    create(sandbox)
    sandbox.do(A, "iam:UpdateRoleDescription", RoleName=NAME, Description="new")
    assert sandbox.do(A, "iam:GetRole", RoleName=NAME)["Role"]["Description"] == "new"


@pytest.mark.slow
def test_it_outlives_a_restart(tmp_path: Path) -> None:
    with Forked("--state", str(tmp_path / "lab")) as before:
        create(before)
        create(before, "rds.amazonaws.com")
        task = before.do(A, "iam:DeleteServiceLinkedRole", RoleName=NAME)["DeletionTaskId"]
        fingerprint = before.fingerprint()
    with Forked("--state", str(tmp_path / "lab")) as after:
        assert after.fingerprint() == fingerprint
        known = after.do(A, "iam:GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
        assert known["Status"] == "SUCCEEDED"
