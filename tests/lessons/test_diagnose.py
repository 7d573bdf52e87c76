"""diagnose(): what may be said of a refusal, and what is right."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from tests import prepared
from xacct_helpers import LabError, diagnose
from xacct_helpers.lab import Lab

ROLE_A = "arn:aws:iam::111111111111:role/account-a-role-name"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with prepared.lab() as lab:
        yield lab


def refused(**parameters: object) -> ClientError:
    """The refusal of AssumeRole for B's role, whose session has no permission for tags."""
    sts = boto3.Session(profile_name="account-b").client("sts")
    with pytest.raises(ClientError) as raised:
        sts.assume_role(RoleArn=ROLE_A, RoleSessionName="diagnose", **parameters)
    return raised.value


def test_tags_that_nobody_allows_are_refused_by_both_accounts(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    """sts:TagSession is the trust policy's to allow, as sts:AssumeRole is."""
    prepared.begin(lab, 6)
    error = refused(Tags=[{"Key": "team", "Value": "blue"}])
    diagnose("both", error=error)
    assert "You said: both accounts. Right." in capsys.readouterr().out
    diagnose("A", "trust policy", error=error)
    assert "You said: account A: trust policy. It was: both" in capsys.readouterr().out
    with pytest.raises(LabError, match="trust policy"):
        diagnose("A", "resource policy", error=error)
