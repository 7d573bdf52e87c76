"""The policy simulator: IAM's own answer to "would this be allowed?", and what it does not ask."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandboxes import A, B, Sandbox, policy, statement, trust
from xacct_helpers.sandbox.actions.simulator import statement_positions

ROLE_A = f"arn:aws:iam::{A}:role/target"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*"}


@pytest.fixture
def role(sandbox: Sandbox) -> str:
    """A role of account B with an inline policy, a managed one and a boundary; its ARN."""
    iam = sandbox.client("iam", B)
    trust = document({"Effect": "Allow", "Principal": {"AWS": B}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName="puller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="puller",
        PolicyName="go",
        PolicyDocument=document(allow("sts:AssumeRole", ROLE_A), deny("iam:DeleteRole")),
    )
    iam.attach_role_policy(
        RoleName="puller", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    limits = iam.create_policy(
        PolicyName="limits", PolicyDocument=document(allow("sts:*"), allow("ecr:*"))
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="puller", PermissionsBoundary=limits)
    return str(arn)


def simulate(sandbox: Sandbox, role: str, action: str, **more: Any) -> dict[str, Any]:
    answer = sandbox.client("iam", B).simulate_principal_policy(
        PolicySourceArn=role, ActionNames=[action], **more
    )
    assert len(answer["EvaluationResults"]) == 1
    result: dict[str, Any] = answer["EvaluationResults"][0]
    return result


# action, resource, decision, sources of the matched statements, allowed by the boundary
ROWS = [
    ("sts:AssumeRole", ROLE_A, "allowed", ["role_puller_go", "AdministratorAccess"], True),
    ("ecr:BatchGetImage", "*", "allowed", ["AdministratorAccess"], True),
    ("s3:GetObject", "*", "implicitDeny", [], False),
    ("iam:DeleteRole", "*", "explicitDeny", ["role_puller_go"], False),
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_simulate_principal_policy(sandbox: Sandbox, role: str, row: Any) -> None:
    action, resource, decision, sources, within = row
    result = simulate(sandbox, role, action, ResourceArns=[resource])
    assert result["EvalDecision"] == decision
    assert [m["SourcePolicyId"] for m in result["MatchedStatements"]] == sources
    detail = result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"]
    assert detail == within


def test_it_asks_the_callers_half_alone(sandbox: Sandbox, role: str) -> None:
    """Allowed by the simulator, refused by AWS: account A has not agreed."""
    assert simulate(sandbox, role, "sts:AssumeRole", ResourceArns=[ROLE_A])["EvalDecision"] == (
        "allowed"
    )
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole"):
        sandbox.client("sts", B).assume_role(RoleArn=ROLE_A, RoleSessionName="try-it")


def test_simulate_custom_policy_with_context(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam", B)
    condition = {"StringEquals": {"sts:ExternalId": "42"}}
    text = document(allow("sts:AssumeRole", Condition=condition))
    asked = {"PolicyInputList": [text], "ActionNames": ["sts:AssumeRole"]}
    missing = iam.simulate_custom_policy(**asked)["EvaluationResults"][0]
    assert missing["EvalDecision"] == "implicitDeny"
    assert missing["MissingContextValues"] == ["sts:ExternalId"]
    entry = {
        "ContextKeyName": "sts:ExternalId",
        "ContextKeyValues": ["42"],
        "ContextKeyType": "string",
    }
    given = iam.simulate_custom_policy(**asked, ContextEntries=[entry])["EvaluationResults"][0]
    assert given["EvalDecision"] == "allowed"
    assert given["MissingContextValues"] == []
    assert given["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"]
    assert keys == ["sts:ExternalId"]


def test_pages(sandbox: Sandbox, role: str) -> None:
    iam = sandbox.client("iam", B)
    actions = [f"ecr:Action{number}" for number in range(7)]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role, ActionNames=actions, PaginationConfig={"PageSize": 3}
    )
    sizes = [len(page["EvaluationResults"]) for page in pages]
    assert sizes == [3, 3, 1]


def test_a_policy_named_as_one_of_aws(sandbox: Sandbox) -> None:
    """Each of the two is told by its own statement."""
    role = sandbox.role(B, "two", trust(B))["Arn"]
    text = policy(statement("Deny", "ecr:Nothing", "*"), statement("Allow", "sts:AssumeRole", "*"))
    made = sandbox.do(B, "iam:CreatePolicy", PolicyName="AdministratorAccess", PolicyDocument=text)
    for arn in (made["Policy"]["Arn"], "arn:aws:iam::aws:policy/AdministratorAccess"):
        sandbox.do(B, "iam:AttachRolePolicy", RoleName="two", PolicyArn=arn)
    result = simulate(sandbox, role, "sts:AssumeRole", ResourceArns=["*"])
    found = result["MatchedStatements"]
    assert [one["SourcePolicyId"] for one in found] == ["AdministratorAccess"] * 2
    assert found[0]["StartPosition"] != found[1]["StartPosition"]


REFUSED = [
    (
        "simulate_principal_policy",
        {"PolicySourceArn": f"arn:aws:iam::{B}:role/none"},
        "NoSuchEntity",
    ),
    (
        "simulate_principal_policy",
        {"PolicySourceArn": f"arn:aws:iam::{A}:role/none"},
        "InvalidInput",
    ),
    ("simulate_principal_policy", {"PolicySourceArn": f"arn:aws:s3:::{'b' * 20}"}, "InvalidInput"),
    ("simulate_custom_policy", {"PolicyInputList": ["{"]}, "InvalidInput"),
]


@pytest.mark.parametrize(("operation", "parameters", "code"), REFUSED)
def test_what_cannot_be_simulated(
    sandbox: Sandbox, operation: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(sandbox.client("iam", B), operation)(ActionNames=["ecr:X"], **parameters)
    assert caught.value.response["Error"]["Code"] == code


# The positions of two answers recorded from AWS: AdministratorAccess, and a one-line inline policy.
TWO_SPACES = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"""
POSITIONS = [
    ("indented by two", TWO_SPACES, [((3, 17), (8, 6))]),
    (
        "one line",
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}',
        [((1, 38), (1, 56)), ((1, 57), (1, 74))],
    ),
    ("a single statement", '{"Statement":{"Effect":"Allow"}}', [((1, 14), (1, 32))]),
    ("none", '{"Statement":[]}', []),
]


@pytest.mark.parametrize(
    ("text", "expected"), [p[1:] for p in POSITIONS], ids=[p[0] for p in POSITIONS]
)
def test_statement_positions(text: str, expected: Any) -> None:
    assert statement_positions(text) == expected
