"""Is our cross-account set-up right? Asked of accounts that refuse what AWS would refuse."""

import boto3
import infrastructure
import pytest

A, B = "111111111111", "222222222222"
CLUSTER = f"arn:aws:iam::{B}:role/cluster"
PULLER = f"arn:aws:iam::{A}:role/puller"


@pytest.fixture(autouse=True)
def accounts(xacct_lab):
    """Both accounts, empty before each test, then set up by our own code."""
    infrastructure.make_consumer(boto3.Session(profile_name="account-b-admin"), owner=A)
    infrastructure.make_owner(boto3.Session(profile_name="account-a"), consumer=B)


def become(role, session):
    """A boto3 session of the role, assumed by another session's principal."""
    sts = session.client("sts")
    given = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "us-east-1"
    )


def test_the_cluster_pulls_through_the_owners_role():
    cluster = become(CLUSTER, boto3.Session(profile_name="account-b-admin"))
    ecr = become(PULLER, cluster).client("ecr")
    answer = ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "v1"}])
    assert answer["failures"][0]["failureCode"] == "ImageNotFound"  # allowed, and nothing there yet


@pytest.mark.parametrize("profile", ["account-b-admin", "stranger"])
def test_nobody_else_becomes_the_puller(profile):
    with pytest.raises(Exception, match="not authorized to perform: sts:AssumeRole"):
        become(PULLER, boto3.Session(profile_name=profile))


def test_the_puller_does_not_push():
    cluster = become(CLUSTER, boto3.Session(profile_name="account-b-admin"))
    ecr = become(PULLER, cluster).client("ecr")
    with pytest.raises(ecr.exceptions.ClientError, match="ecr:InitiateLayerUpload"):
        ecr.initiate_layer_upload(repositoryName="app")
