"""What counts as a typo, value by value."""

from __future__ import annotations

import pytest

from xacct_helpers.policy.advice.typos import (
    corrected_account,
    corrected_action,
    corrected_arn,
    corrected_text,
)

ROLE = "arn:aws:iam::111111111111:role/account-a-role-name"

ACTIONS = [
    ("ecr:BatchGetImages", "ecr:BatchGetImage", True),
    ("ecr:BathGetImage", "ecr:BatchGetImage", True),
    ("ercr:BatchGetImage", "ecr:BatchGetImage", False),
    ("sts:AsumeRole", "sts:AssumeRole", True),
    ("sts:AssumeRol*", "sts:AssumeRole", False),
    ("ecr:TagResource", "ecr:UntagResource", False),
    ("s3:GetObject", "s3:PutObject", False),
    ("ecr:PutImage", "ecr:BatchGetImage", False),
    ("ecs:TagResource", "ecr:TagResource", False),
]


@pytest.mark.parametrize(("written", "meant", "typo"), ACTIONS)
def test_actions(written: str, meant: str, typo: bool) -> None:
    assert corrected_action(written, meant) == (meant if typo else None)


ARNS = [
    (ROLE.replace("1111:", "1121:"), ROLE),
    (ROLE.replace("1111:", "111:"), ROLE),
    (ROLE.replace("1111:", "1221:"), None),
    (ROLE.replace("role-name", "rolename"), ROLE),
    (ROLE.replace("account", "acconut"), ROLE),
    (ROLE.replace("account-a", "account-b"), None),
    (ROLE.replace("account-a-role-name", "reader"), None),
    (ROLE.replace("::", ":"), ROLE),
    (ROLE.replace("role/", "rol/*"), None),
    (ROLE.replace("role/", "rol/").replace("1111:", "1121:"), None),
    (ROLE.replace("name", "${aws:username}"), None),
    (ROLE, None),
    ("arn:aws:iam::11111111112*:role/account-a-role-name", None),
]


@pytest.mark.parametrize(("written", "corrected"), ARNS)
def test_arns(written: str, corrected: str | None) -> None:
    assert corrected_arn(written, ROLE) == corrected


def test_a_region_is_corrected_whichever_it_is_and_wildcards_stay() -> None:
    meant = "arn:aws:ecr:us-east-1:111111111111:repository/my-app"
    written = "arn:aws:ecr:eu-west-3:*:repository/my-*"
    assert corrected_arn(written, meant) == "arn:aws:ecr:us-east-1:*:repository/my-*"
    assert corrected_arn(written.replace("eu-west-3", ""), meant) is None
    assert corrected_arn(written, "my-app") is None


def test_accounts() -> None:
    assert corrected_account("222222222232", "222222222222") == "222222222222"
    assert corrected_account("arn:aws:iam::222222222232:root", "222222222222") == (
        "arn:aws:iam::222222222222:root"
    )
    assert corrected_account("333333333333", "222222222222") is None
    assert corrected_account("*", "222222222222") is None


TEXTS = [
    ("system:serviceaccount:default:my-ap", "system:serviceaccount:default:my-app", True),
    ("222222222232", "222222222222", True),
    ("222222222232", "222222222322", True),
    ("Prod", "prod", True),
    ("pord", "prod", True),
    ("deb", "dev", False),
    ("stage", "prod", False),
    ("node-1", "node-2", False),
    ("my-*", "my-a", False),
    ("a" * 300, "a" * 299, False),
]


@pytest.mark.parametrize(("written", "meant", "typo"), TEXTS)
def test_texts(written: str, meant: str, typo: bool) -> None:
    assert corrected_text(written, meant) == (meant if typo else None)
