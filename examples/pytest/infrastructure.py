"""The code under test: what a team might have in place of Terraform or CloudFormation."""

import json


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def make_consumer(session, *, owner):
    """Account B: a role for its cluster that may become the owner's puller."""
    iam = session.client("iam")
    here = session.client("sts").get_caller_identity()["Account"]
    iam.create_role(
        RoleName="cluster",
        AssumeRolePolicyDocument=document(Principal={"AWS": here}, Action="sts:AssumeRole"),
    )
    iam.put_role_policy(
        RoleName="cluster",
        PolicyName="become-puller",
        PolicyDocument=document(
            Action="sts:AssumeRole", Resource=f"arn:aws:iam::{owner}:role/puller"
        ),
    )


def make_owner(session, *, consumer):
    """Account A: a repository, and a role that pulls from it and trusts the consumer's cluster."""
    iam, ecr = session.client("iam"), session.client("ecr")
    repository = ecr.create_repository(repositoryName="app")["repository"]["repositoryArn"]
    iam.create_role(
        RoleName="puller",
        AssumeRolePolicyDocument=document(
            Principal={"AWS": f"arn:aws:iam::{consumer}:role/cluster"}, Action="sts:AssumeRole"
        ),
    )
    iam.put_role_policy(
        RoleName="puller",
        PolicyName="pull",
        PolicyDocument=document(
            Action=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource=repository
        ),
    )
