"""A call as text: what is pasted into a notebook or a terminal makes exactly that call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests import prepared, shells
from xacct_helpers.lab import Lab
from xacct_helpers.view.calls import ApiCall, boto3_text, cli_text


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with prepared.lab(after=5) as lab:
        yield lab


def document(resource: str = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, ensure_ascii=False)


def iam(operation: str, **parameters: Any) -> ApiCall:
    return ApiCall(service="iam", operation=operation, parameters=parameters, profile="account-a")


ROLE = "account-a-role-name"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::222222222222:role/some-role-name"},
                "Action": "sts:AssumeRole",
            }
        ],
    },
    indent=2,
)
REPOSITORY = """{
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "ecr:BatchGetImage"}
    ]
}
"""
ODD = {"StringEquals": {"aws:PrincipalTag/who": "it's \"quoted\" \\ and 'more' é $HOME `id` ''' !"}}

# Each is made as boto3 says it and as the CLI says it; then the account is asked by this call.
CALLS = {
    "an inline policy": (
        iam("PutRolePolicy", RoleName=ROLE, PolicyName="pull", PolicyDocument=document()),
        iam("GetRolePolicy", RoleName=ROLE, PolicyName="pull"),
    ),
    "quotes, backslashes and a letter beyond ASCII": (
        iam(
            "PutRolePolicy",
            RoleName=ROLE,
            PolicyName="pull",
            PolicyDocument=document(Condition=ODD),
        ),
        iam("GetRolePolicy", RoleName=ROLE, PolicyName="pull"),
    ),
    "the same over several lines, with a tab": (
        iam(
            "PutUserPolicy",
            UserName="admin",
            PolicyName="pull",
            PolicyDocument=document(Condition=ODD).replace(", ", ",\n\t"),
        ),
        iam("GetUserPolicy", UserName="admin", PolicyName="pull"),
    ),
    "a name that begins with a dash": (
        iam("PutRolePolicy", RoleName=ROLE, PolicyName="-x", PolicyDocument=document()),
        iam("GetRolePolicy", RoleName=ROLE, PolicyName="-x"),
    ),
    "a trust policy": (
        iam("UpdateAssumeRolePolicy", RoleName=ROLE, PolicyDocument=TRUST),
        iam("GetRole", RoleName=ROLE),
    ),
    "a list of structures": (
        iam("TagRole", RoleName=ROLE, Tags=[{"Key": "team", "Value": "ours and theirs"}]),
        iam("ListRoleTags", RoleName=ROLE),
    ),
    "a list that is longer than a line": (
        iam(
            "TagRole",
            RoleName=ROLE,
            Tags=[{"Key": f"team-{number}", "Value": "ours and theirs"} for number in range(5)],
        ),
        iam("ListRoleTags", RoleName=ROLE),
    ),
    "several lines that end with a quote": (
        iam("UpdateRole", RoleName=ROLE, Description='the first line\nand "the last"'),
        iam("GetRole", RoleName=ROLE),
    ),
    "a list of words": (
        iam("UntagRole", RoleName=ROLE, TagKeys=["team", "a b"]),
        iam("ListRoleTags", RoleName=ROLE),
    ),
    "a number": (
        iam("UpdateRole", RoleName=ROLE, MaxSessionDuration=7200, Description="for -pulls"),
        iam("GetRole", RoleName=ROLE),
    ),
    "a URL": (
        iam(
            "CreateOpenIDConnectProvider",
            Url="https://example.com",
            ClientIDList=["sts.amazonaws.com"],
            ThumbprintList=["a" * 40],
        ),
        iam("ListOpenIDConnectProviders"),
    ),
    "a repository's policy": (
        ApiCall(
            service="ecr",
            operation="SetRepositoryPolicy",
            parameters={"repositoryName": "my-app", "policyText": REPOSITORY},
            profile="account-a",
        ),
        ApiCall(
            service="ecr",
            operation="GetRepositoryPolicy",
            parameters={"repositoryName": "my-app"},
            profile="account-a",
        ),
    ),
    "a yes, a no and a structure": (
        ApiCall(
            service="ecr",
            operation="CreateRepository",
            parameters={
                "repositoryName": "scanned",
                "imageScanningConfiguration": {"scanOnPush": True},
            },
            profile="account-a",
        ),
        ApiCall(
            service="ecr",
            operation="DescribeRepositories",
            parameters={"repositoryNames": ["scanned"]},
            profile="account-a",
        ),
    ),
    "a flag": (
        ApiCall(
            service="ecr",
            operation="DeleteRepository",
            parameters={"repositoryName": "scanned", "force": True},
            profile="account-a",
        ),
        ApiCall(
            service="ecr",
            operation="DescribeRepositories",
            parameters={"maxResults": 10},
            profile="account-a",
        ),
    ),
}


def made(call: ApiCall) -> Any:
    """The call's answer, by boto3 itself; a time differs from call to call."""
    client = boto3.Session(profile_name=call.profile).client(call.service)
    answer = client._make_api_call(call.operation, dict(call.parameters))
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def by_itself(lab: Lab, call: ApiCall) -> None:
    made(call)


def by_boto3(lab: Lab, call: ApiCall) -> None:
    exec(boto3_text(call), {})


def by_the_cli(lab: Lab, call: ApiCall) -> None:
    shells.run(lab, cli_text(call))


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_both_texts_make_the_call(lab: Lab, name: str) -> None:
    call, question = CALLS[name]
    found = []
    for way in (by_itself, by_boto3, by_the_cli):
        lab.running.post("save", name="before")
        way(lab, call)
        answer = made(question)
        found.append(_undated(answer))
        lab.running.post("restore", name="before")
    assert found[1] == found[0], "boto3's text"
    assert found[2] == found[0], "the CLI's text"
    made(call)


def _undated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _undated(one) for key, one in value.items() if key != "createdAt"}
    return [_undated(one) for one in value] if isinstance(value, list) else value


def test_what_they_look_like() -> None:
    call = iam("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument='{\n  "a": "it\'s"\n}')
    assert boto3_text(call) == (
        "import boto3\n\n"
        'iam = boto3.Session(profile_name="account-a").client("iam")\n'
        "iam.put_role_policy(\n"
        '    RoleName="r",\n'
        '    PolicyName="p",\n'
        '    PolicyDocument="""{\n  "a": "it\'s"\n}""",\n'
        ")\n"
    )
    assert cli_text(call) == (
        "aws --profile account-a iam put-role-policy \\\n"
        "    --role-name r \\\n"
        "    --policy-name p \\\n"
        '    --policy-document \'{\n  "a": "it\'"\'"\'s"\n}\'\n'
    )
    short = ApiCall(
        service="iam", operation="DeleteUser", parameters={"UserName": "a"}, profile=None
    )
    assert boto3_text(short) == (
        'import boto3\n\niam = boto3.client("iam")\niam.delete_user(UserName="a")\n'
    )
    assert cli_text(short) == "aws iam delete-user --user-name a\n"
