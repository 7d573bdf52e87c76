"""explain(): the text form and the HTML form say the same, and the side is named."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.notebooks.execute import fresh_lab
from xacct_helpers import LabError, check, explain, open_lab
from xacct_helpers.lab import Lab

ROLE_A = "arn:aws:iam::111111111111:role/account-a-role-name"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    before = dict(os.environ)
    with fresh_lab():
        try:
            lab = open_lab()
            lab.catch_up(through=3)
            yield lab
        finally:
            os.environ.clear()
            os.environ.update(before)


def refused(profile: str, role: str = ROLE_A) -> ClientError:
    with pytest.raises(ClientError) as caught:
        boto3.Session(profile_name=profile).client("sts").assume_role(
            RoleArn=role, RoleSessionName="test"
        )
    return caught.value


def words(text: str) -> set[str]:
    return set(re.findall(r"\w[\w:/.-]*\w", text))


def test_the_side_that_refused_is_named(lab: Lab) -> None:
    denial = explain(refused("stranger"))
    said = {row.layer: (row.account, row.outcome) for row in denial.rows}
    assert said == {
        "identity-based policies": ("333333333333", "✓ allows"),
        "trust policy": ("111111111111", "✗ does not allow"),
    }
    assert any("111111111111" in change for change in denial.suggestions)
    assert any(s.startswith("Account 333333333333 (the caller's) allows") for s in denial.sentences)
    assert any(
        s.startswith("Account 111111111111 (the resource's) does not") for s in denial.sentences
    )


def test_both_forms_say_the_same(lab: Lab) -> None:
    denial = explain(refused("stranger"))
    plain = html.unescape(re.sub(r"<[^>]+>", " ", denial._repr_html_()))
    assert words(repr(denial)) <= words(plain)


def test_without_an_argument_the_latest_refusal_is_explained(lab: Lab) -> None:
    error = refused("stranger")
    boto3.Session(profile_name="account-a").client("sts").get_caller_identity()
    assert repr(explain()) == repr(explain(error))


def test_what_a_check_tried_is_passed_over(lab: Lab) -> None:
    error = refused("stranger")
    check("03")
    check("04")
    assert repr(explain()) == repr(explain(error))


NOWHERE = [
    ("arn:aws:iam::999999999999:role/x", "There is no account 999999999999 in this lab."),
    (ROLE_A + "e", "has no role of this ARN. It has account-a-role-name."),
]


@pytest.mark.parametrize(("role", "told"), NOWHERE, ids=["no such account", "no such role"])
def test_a_name_that_leads_nowhere_is_said_to_be_one(lab: Lab, role: str, told: str) -> None:
    denial = explain(refused("account-b-admin", role))
    assert told in denial.sentences[-1]
    assert not denial.suggestions


def test_what_a_policy_says_cannot_break_out_of_the_html(lab: Lab) -> None:
    iam = boto3.Session(profile_name="account-a").client("iam")
    statement = {"Effect": "Deny", "Action": "iam:<script>alert(1)</script>", "Resource": "*"}
    iam.put_user_policy(
        UserName="admin",
        PolicyName="odd",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    with pytest.raises(ClientError) as caught:
        boto3.Session(profile_name="account-a").client("ecr").batch_get_image(
            registryId="222222222222", repositoryName="none", imageIds=[{"imageTag": "v1"}]
        )
    page = explain(caught.value)._repr_html_()
    assert "<script>" not in page


def test_a_refusal_that_no_policy_made_is_said_to_be_so(lab: Lab) -> None:
    iam = boto3.Session(profile_name="account-a").client("iam")
    with pytest.raises(ClientError) as caught:
        iam.put_role_policy(RoleName="account-a-role-name", PolicyName="x", PolicyDocument="{")
    denial = explain(caught.value)
    assert "may perform iam:PutRolePolicy" in denial.heading
    assert denial.sentences[-1].startswith("But the call failed for another reason: Malformed")
    assert not denial.suggestions
    with pytest.raises(LabError, match="takes an error that an AWS call raised, not ValueError"):
        explain(ValueError("no AWS error"))
