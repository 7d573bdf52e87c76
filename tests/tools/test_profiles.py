"""Profiles that name a role: what notebook 09 says of them holds with the AWS CLI.

Source: AWS CLI User Guide, using an IAM role in the AWS CLI.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.tools.conftest import Terminal

pytestmark = pytest.mark.tools

PARTNER = "arn:aws:iam::111111111111:role/partner"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "contract-7"}},
        }
    ],
}
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": PARTNER}],
}


def caller(terminal: Terminal, settings: str, before: str = "") -> tuple[str, str]:
    """(who `aws` is with a profile of these settings, or "", what it said). before: to do first."""
    done = terminal.run(
        f"cp $AWS_CONFIG_FILE config; cat >> config <<'END'\n\n[profile partner]\n{settings}\nEND\n"
        f"{before}\nexport AWS_CONFIG_FILE=$W/config\n"
        "aws --profile partner sts get-caller-identity --query Arn --output text"
    )
    return done.stdout.strip(), done.stderr


def partner() -> dict[str, str]:
    """The access key of a user who may assume the partner role, which is made too."""
    iam = boto3.Session(profile_name="account-a").client("iam")
    iam.create_role(RoleName="partner", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_user(UserName="ci")
    iam.put_user_policy(UserName="ci", PolicyName="assume", PolicyDocument=json.dumps(ASSUME))
    key: dict[str, str] = iam.create_access_key(UserName="ci")["AccessKey"]
    return key


def test_a_role_from_the_keys_in_the_environment_with_an_external_id(terminal: Terminal) -> None:
    key = partner()
    keys = (
        f"export AWS_ACCESS_KEY_ID={key['AccessKeyId']} "
        f"AWS_SECRET_ACCESS_KEY={key['SecretAccessKey']}"
    )
    plain = f"region = us-east-1\nrole_arn = {PARTNER}\ncredential_source = Environment\n"
    who, said = caller(terminal, plain, keys)
    assert not who
    assert "is not authorized to perform: sts:AssumeRole" in said

    full = f"{plain}external_id = contract-7\nduration_seconds = 900\nrole_session_name = ci-run\n"
    who, said = caller(terminal, full, keys)
    assert who == "arn:aws:sts::111111111111:assumed-role/partner/ci-run", said
    sent = _asked_for()
    assert sent["externalId"] == "contract-7"
    assert sent["durationSeconds"] == 900


def _asked_for() -> dict[str, Any]:
    """The parameters of the latest AssumeRole of the partner role, from account A's CloudTrail."""
    trail = boto3.Session(profile_name="account-a").client("cloudtrail")
    attribute = {"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}
    events = trail.lookup_events(LookupAttributes=[attribute])["Events"]
    found = [json.loads(event["CloudTrailEvent"])["requestParameters"] for event in events]
    sent: dict[str, Any] = next(one for one in found if one["roleArn"] == PARTNER)
    return sent
