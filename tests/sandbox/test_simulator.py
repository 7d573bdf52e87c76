"""The policy simulator: IAM's own answer to "would this be allowed?", and what it does not ask."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandboxes import A, B, Sandbox, grant, policy, statement, trust
from xacct_helpers.sandbox.services.iam.simulator import statement_positions

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


USER_B = f"arn:aws:iam::{B}:user/ann"
ROLE_B = f"arn:aws:iam::{B}:role/puller"
OURS = f"arn:aws:ecr:us-east-1:{B}:repository/ours"
THEIRS = f"arn:aws:ecr:us-east-1:{A}:repository/theirs"
MAY = document(allow("ecr:*"))


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """SimulateCustomPolicy of ecr:ListImages, and the sources of the statements that decide."""

    name: str
    policies: tuple[str, ...] = (MAY,)
    more: dict[str, Any] = field(default_factory=dict)
    decision: str
    sources: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()


def shared(principal: Any, effect: str = "Allow", **more: Any) -> str:
    return grant(principal, "ecr:*", effect, Resource="*", **more)


IDENTITY = ("PolicyInputList.1", "IAM Policy")
RESOURCE = ("ResourcePolicy", "Resource Policy")
BY_ANN = {"CallerArn": USER_B, "ResourceArns": [OURS]}
ABROAD = {"CallerArn": USER_B, "ResourceArns": [THEIRS], "ResourceOwner": f"arn:aws:iam::{A}:root"}
TEAM = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
SIMULATED = [
    Simulated(
        name="the resource's policy alone",
        policies=(document(allow("s3:*")),),
        more={**BY_ANN, "ResourcePolicy": shared(USER_B)},
        decision="allowed",
        sources=(RESOURCE,),
    ),
    Simulated(
        name="it names somebody else",
        policies=(document(allow("s3:*")),),
        more={**BY_ANN, "ResourcePolicy": shared(f"arn:aws:iam::{B}:user/bob")},
        decision="implicitDeny",
    ),
    Simulated(
        name="both",
        more={**BY_ANN, "ResourcePolicy": shared(USER_B)},
        decision="allowed",
        sources=(RESOURCE, IDENTITY),
    ),
    Simulated(
        name="the resource's policy denies: its statement is told, and no Allow",
        more={**BY_ANN, "ResourcePolicy": shared("*", "Deny")},
        decision="explicitDeny",
        sources=(RESOURCE,),
    ),
    Simulated(
        name="both deny",
        policies=(document(deny("ecr:*")),),
        more={**BY_ANN, "ResourcePolicy": shared("*", "Deny")},
        decision="explicitDeny",
        sources=(RESOURCE, IDENTITY),
    ),
    Simulated(
        name="a role calls",
        policies=(document(allow("s3:*")),),
        more={**BY_ANN, "CallerArn": ROLE_B, "ResourcePolicy": shared(ROLE_B)},
        decision="allowed",
        sources=(RESOURCE,),
    ),
    Simulated(
        name="another account's resource: both must allow",
        policies=(document(allow("s3:*")),),
        more={**ABROAD, "ResourcePolicy": shared(USER_B)},
        decision="implicitDeny",
    ),
    Simulated(
        name="another account's resource, both do",
        more={**ABROAD, "ResourcePolicy": shared(USER_B)},
        decision="allowed",
        sources=(RESOURCE, IDENTITY),
    ),
    Simulated(
        name="the owner as an account id",
        more={**ABROAD, "ResourceOwner": A, "ResourcePolicy": shared(B, "Deny")},
        decision="explicitDeny",
        sources=(RESOURCE,),
    ),
    Simulated(
        name="a key that the resource's policy asks for",
        more={**ABROAD, "ResourcePolicy": shared(USER_B, Condition=TEAM)},
        decision="implicitDeny",
        missing=("aws:PrincipalTag/team",),
    ),
    Simulated(
        name="a boundary that is silent",
        more={"PermissionsBoundaryPolicyInputList": [document(allow("s3:*"))]},
        decision="implicitDeny",
    ),
    Simulated(
        name="a boundary that allows",
        more={"PermissionsBoundaryPolicyInputList": [document(allow("ecr:List*"))]},
        decision="allowed",
        sources=(IDENTITY,),
    ),
]


@pytest.mark.parametrize("case", SIMULATED, ids=lambda case: case.name)
def test_the_resources_side_and_the_boundary(sandbox: Sandbox, case: Simulated) -> None:
    """Source: IAM API Reference, SimulateCustomPolicy (ResourcePolicy, ResourceOwner, CallerArn,
    PermissionsBoundaryPolicyInputList) and EvaluationResult."""
    asked = {"PolicyInputList": list(case.policies), "ActionNames": ["ecr:ListImages"]}
    answer = sandbox.do(B, "iam:SimulateCustomPolicy", **asked, **case.more)
    [result] = answer["EvaluationResults"]
    told = [(one["SourcePolicyId"], one["SourcePolicyType"]) for one in result["MatchedStatements"]]
    assert (result["EvalDecision"], tuple(told)) == (case.decision, case.sources)
    assert tuple(result["MissingContextValues"]) == case.missing
    bounded = result.get("PermissionsBoundaryDecisionDetail")
    if "PermissionsBoundaryPolicyInputList" in case.more:
        assert bounded == {"AllowedByPermissionsBoundary": case.decision == "allowed"}
    else:
        assert bounded is None


def test_a_boundary_given_stands_for_the_roles_own(sandbox: Sandbox, role: str) -> None:
    wide = [document(allow("s3:*"))]
    assert simulate(sandbox, role, "s3:GetObject")["EvalDecision"] == "implicitDeny"
    given = simulate(sandbox, role, "s3:GetObject", PermissionsBoundaryPolicyInputList=wide)
    assert given["EvalDecision"] == "allowed"


def test_as_if_another_user_had_the_policies(sandbox: Sandbox, role: str) -> None:
    """Source: IAM API Reference, SimulatePrincipalPolicy, CallerArn."""
    ours = {"ResourceArns": [OURS], "ResourcePolicy": shared(USER_B, "Deny")}
    assert simulate(sandbox, role, "ecr:ListImages", **ours)["EvalDecision"] == "allowed"
    as_ann = simulate(sandbox, role, "ecr:ListImages", CallerArn=USER_B, **ours)
    assert as_ann["EvalDecision"] == "explicitDeny"


def test_context_keys_of_a_principal(sandbox: Sandbox) -> None:
    """Those of a user's own policies, of its groups' and of what is given; each once."""

    def asking(*keys: str) -> str:
        return document(allow("ecr:*", Condition={"StringEquals": dict.fromkeys(keys, "x")}))

    keys = sandbox.user(B, "ann", asking("aws:PrincipalTag/team", "aws:username"))
    sandbox.do(B, "iam:CreateGroup", GroupName="readers")
    sandbox.do(B, "iam:AddUserToGroup", GroupName="readers", UserName="ann")
    own = "arn:aws:s3:::home/${aws:userid}"
    sandbox.put(B, "group", "readers", document(allow("s3:*", own)))
    asked = {"PolicySourceArn": USER_B, "PolicyInputList": [asking("aws:SourceIp", "aws:username")]}
    found = sandbox.do(B, "iam:GetContextKeysForPrincipalPolicy", **asked)["ContextKeyNames"]
    assert found == ["aws:PrincipalTag/team", "aws:SourceIp", "aws:userid", "aws:username"]
    action = "iam:GetContextKeysForPrincipalPolicy"
    nobody = sandbox.call(B, action, PolicySourceArn=f"arn:aws:iam::{B}:user/nobody")
    assert nobody.error == ("NoSuchEntity", 404, "The user with name nobody cannot be found.")
    assert sandbox.call(keys, action, PolicySourceArn=USER_B).code == "AccessDenied"


def test_a_groups_policies(sandbox: Sandbox) -> None:
    """Source: IAM API Reference, SimulatePrincipalPolicy: of a group, its own policies alone."""
    sandbox.do(B, "iam:CreateGroup", GroupName="readers")
    sandbox.put(B, "group", "readers", document(allow("ecr:ListImages")), "read")
    group = f"arn:aws:iam::{B}:group/readers"
    result = simulate(sandbox, group, "ecr:ListImages")
    assert result["EvalDecision"] == "allowed"
    assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == ["group_readers_read"]
    assert simulate(sandbox, group, "ecr:PutImage")["EvalDecision"] == "implicitDeny"


def test_an_entry_without_a_key_has_no_effect(sandbox: Sandbox) -> None:
    """ContextKeyName is no required member of ContextEntry."""
    entries = [{"ContextKeyValues": ["red"], "ContextKeyType": "string"}]
    asked = {"PolicyInputList": [document(allow("ecr:*", Condition=TEAM))]}
    answer = sandbox.do(
        B,
        "iam:SimulateCustomPolicy",
        ActionNames=["ecr:ListImages"],
        ContextEntries=entries,
        **asked,
    )
    [result] = answer["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert result["MissingContextValues"] == ["aws:PrincipalTag/team"]


def test_a_document_of_2008_has_no_variables(sandbox: Sandbox) -> None:
    """Source: IAM User Guide, policy elements: Version. In one of 2008, "${" is plain text."""
    statement = allow("s3:*", "arn:aws:s3:::home/${aws:username}", Condition=TEAM)
    for version, keys in (
        ("2008-10-17", ["aws:PrincipalTag/team"]),
        ("2012-10-17", ["aws:PrincipalTag/team", "aws:username"]),
    ):
        text = json.dumps({"Version": version, "Statement": [statement]})
        found = sandbox.do(B, "iam:GetContextKeysForCustomPolicy", PolicyInputList=[text])
        assert found["ContextKeyNames"] == keys


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
    (
        "simulate_principal_policy",
        {"PolicySourceArn": f"arn:aws:iam::{B}:group/none"},
        "NoSuchEntity",
    ),
    ("simulate_custom_policy", {"PolicyInputList": ["{"]}, "InvalidInput"),
    ("simulate_custom_policy", {"PolicyInputList": [MAY], "Marker": "2"}, "InvalidInput"),
    *(
        ("simulate_custom_policy", {"PolicyInputList": [MAY], **more}, "InvalidInput")
        for more in (
            {"ResourcePolicy": "{", "CallerArn": USER_B},
            {"ResourcePolicy": shared("*")},
            {"CallerArn": f"arn:aws:iam::{B}:group/readers"},
            {"CallerArn": f"arn:aws:sts::{B}:assumed-role/puller/session"},
            {"ResourcePolicy": shared("*"), "CallerArn": USER_B, "ResourceOwner": "somebody here"},
            {"PermissionsBoundaryPolicyInputList": [MAY, MAY]},
        )
    ),
]


@pytest.mark.parametrize(("operation", "parameters", "code"), REFUSED)
def test_what_cannot_be_simulated(
    sandbox: Sandbox, operation: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(sandbox.client("iam", B), operation)(ActionNames=["ecr:X"], **parameters)
    assert caught.value.response["Error"]["Code"] == code


# The positions of answers recorded from AWS: AdministratorAccess, a one-line inline policy, and one
# of two statements, of which the second begins where the first ends (ScottLogic/blog#308).
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
        [((1, 38), (1, 56)), ((1, 56), (1, 74))],
    ),
    ("a single statement", '{"Statement":{"Effect":"Allow"}}', [((1, 14), (1, 32))]),
    ("none", '{"Statement":[]}', []),
    ("not even a list of them", '{"Version":"2012-10-17"}', []),
]


@pytest.mark.parametrize(
    ("text", "expected"), [p[1:] for p in POSITIONS], ids=[p[0] for p in POSITIONS]
)
def test_statement_positions(text: str, expected: Any) -> None:
    assert statement_positions(text) == expected
