"""Programs that people use push to account A's registry under its real name, unmodified.

Who pushes is a session of A's role, as the trail tells. It is refused, in AWS's words, when one
statement of the role's policy is taken away: the push. The login and the pull stay.
"""

from __future__ import annotations

import json

import boto3
import pytest

from tests.tools.conftest import SESSION_OF_A, Terminal
from tests.tools.ways import ECR_LOGIN, NODE, NPM, PODMAN, SKOPEO, Way, helper, run

pytestmark = pytest.mark.tools

IMAGE, PUSHED = "$R/my-app:v1", "$R/my-app:pushed"
OWNER, PUSHER = "account-a", "pull-from-a"
REPOSITORY = "arn:aws:ecr:us-east-1:111111111111:repository/my-app"
LOG_IN = f"aws --profile {PUSHER} ecr get-login-password |"
COPY = f"""skopeo copy docker://{IMAGE} dir:$W/image
skopeo copy dir:$W/image docker://{PUSHED}"""
PART = 10 << 20  # what InitiateLayerUpload asks for

WAYS = [
    Way(
        "skopeo",
        (SKOPEO,),
        f"{LOG_IN} skopeo login --username AWS --password-stdin $R\n{COPY}",
    ),
    Way(
        "skopeo, with the lab's credential helper",
        (SKOPEO,),
        f"{helper('xacct')}\nexport AWS_PROFILE={PUSHER}\n{COPY}",
    ),
    Way(
        "skopeo, with AWS's credential helper",
        (SKOPEO, ECR_LOGIN),
        f"{helper('ecr-login')}\nexport AWS_PROFILE={PUSHER}\n{COPY}",
    ),
    Way(
        "podman",
        (PODMAN,),
        f"""trap 'podman rmi --all --force' EXIT
{LOG_IN} podman login --username AWS --password-stdin $R
podman pull --quiet {IMAGE}
podman tag {IMAGE} {PUSHED}
podman push --quiet {PUSHED}""",
    ),
    Way(
        "oras for Python",
        (),
        f"""echo hello > hello.txt
PASSWORD=$(aws --profile {PUSHER} ecr get-login-password) $PYTHON - <<'END'
import os
from oras.client import OrasClient
registry = os.environ["R"]
client = OrasClient(hostname=registry, auth_backend="basic")
client.login(username="AWS", password=os.environ["PASSWORD"], hostname=registry)
print(client.push(target=f"{{registry}}/my-app:pushed", files=["hello.txt"]).status_code)
END""",
    ),
    Way(
        "the AWS SDK for JavaScript, a layer in two parts",
        (NODE, NPM),
        f"AWS_PROFILE={PUSHER} node --no-warnings $JS/push.mjs {PART + 1}",
        prints="assumed-role/account-a-role-name/pull-from-a pushed 2 and 1 parts",
    ),
]

LOGIN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
PULL = {
    "Effect": "Allow",
    "Action": [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ],
    "Resource": REPOSITORY,
}
PUSH = {
    "Effect": "Allow",
    "Action": [
        "ecr:InitiateLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload",
        "ecr:PutImage",
    ],
    "Resource": REPOSITORY,
}


def allow(*statements: dict[str, object]) -> None:
    """What account A's role may do, these statements and nothing else."""
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    boto3.Session(profile_name=OWNER).client("iam").put_role_policy(
        RoleName="account-a-role-name", PolicyName="pull", PolicyDocument=document
    )


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_push_by(way: Way, terminal: Terminal, javascript: str) -> None:
    allow(LOGIN, PULL, PUSH)
    done = run(way, terminal, javascript)
    assert done.returncode == 0, done.stdout + done.stderr
    assert way.prints in done.stdout
    assert tags() == {"v1", "pushed"}
    pushers = terminal.callers("ecr:PutImage")
    assert pushers[-1].startswith(SESSION_OF_A)

    untag()
    allow(LOGIN, PULL)
    refused = run(way, terminal, javascript)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0, said
    assert "is not authorized to perform: ecr:" in said
    assert terminal.callers("ecr:PutImage") == pushers
    assert tags() == {"v1"}
    refusal = terminal.lab.running.get("decision/latest")
    assert refusal["action"] in PUSH["Action"]
    assert str(refusal["caller"]).startswith(SESSION_OF_A)


def tags() -> set[str]:
    ecr = boto3.Session(profile_name=OWNER).client("ecr")
    found = ecr.list_images(repositoryName="my-app")["imageIds"]
    return {image["imageTag"] for image in found if "imageTag" in image}


def untag() -> None:
    """Take away what was pushed."""
    ecr = boto3.Session(profile_name=OWNER).client("ecr")
    ecr.batch_delete_image(repositoryName="my-app", imageIds=[{"imageTag": "pushed"}])
