"""Programs that people use pull account A's image through the assumed role, unmodified.

Each pull is asked of the trail: who pulled is a session of A's role. And each fails, in AWS's
words, when one statement is taken away: the pull from the role's policy. The login stays.
"""

from __future__ import annotations

import json

import boto3
import pytest

from tests.tools import require
from tests.tools.conftest import SESSION_OF_A, Terminal
from tests.tools.ways import ECR_LOGIN, NODE, NPM, PODMAN, SKOPEO, Way, helper, run

pytestmark = pytest.mark.tools

IMAGE = "$R/my-app:v1"
LOG_IN = "aws --profile pull-from-a ecr get-login-password |"
# A user who is not root needs more of a machine for a network, and the greeting needs none.
RUN = "podman run --rm --network none"
GREETING = "Hello from account A's image."
WAYS = [
    Way(
        "skopeo, logged in",
        (SKOPEO,),
        f"{LOG_IN} skopeo login --username AWS --password-stdin $R\n"
        f"skopeo copy docker://{IMAGE} dir:$W/image && ls $W/image",
        prints="manifest.json",
    ),
    Way(
        "skopeo, with the lab's credential helper",
        (SKOPEO,),
        f"{helper('xacct')}\n"
        f"AWS_PROFILE=pull-from-a skopeo copy docker://{IMAGE} dir:$W/image && ls $W/image",
        prints="manifest.json",
    ),
    Way(
        "skopeo, with a profile whose credentials come from a process",
        (SKOPEO,),
        f"{helper('xacct')}\n"
        f"AWS_PROFILE=by-process skopeo copy docker://{IMAGE} dir:$W/image && ls $W/image",
        prints="manifest.json",
    ),
    Way(
        "skopeo, with AWS's credential helper",
        (SKOPEO, ECR_LOGIN),
        f"{helper('ecr-login')}\n"
        f"AWS_PROFILE=pull-from-a skopeo copy docker://{IMAGE} dir:$W/image && ls $W/image",
        prints="manifest.json",
    ),
    Way(
        "podman, logged in, and runs it",
        (PODMAN,),
        f"{LOG_IN} podman login --username AWS --password-stdin $R\n"
        f"podman pull --quiet {IMAGE} && {RUN} {IMAGE}; podman rmi --all --force",
        prints=GREETING,
    ),
    Way(
        "podman, with the lab's credential helper, and runs it",
        (PODMAN,),
        f"{helper('xacct')}\n"
        f"AWS_PROFILE=pull-from-a {RUN} --quiet {IMAGE}; podman rmi --all --force",
        prints=GREETING,
    ),
    Way(
        "oras for Python",
        (),
        """PASSWORD=$(aws --profile pull-from-a ecr get-login-password) $PYTHON - <<'END'
import os
from oras.client import OrasClient
registry = os.environ["R"]
client = OrasClient(hostname=registry, auth_backend="basic")
client.login(username="AWS", password=os.environ["PASSWORD"], hostname=registry)
image = f"{registry}/my-app:v1"
manifest = client.get_manifest(image, allowed_media_type=[
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json"])
layer = manifest["layers"][0]
assert len(client.get_blob(image, layer["digest"]).content) == layer["size"]
print("layers", len(manifest["layers"]))
END""",
        prints="layers 1",
    ),
    Way(
        "the AWS SDK for JavaScript",
        (NODE, NPM),
        "AWS_PROFILE=pull-from-a node --no-warnings $JS/pull.mjs",
        prints="assumed-role/account-a-role-name/pull-from-a pulled sha256:",
    ),
]


LOGIN_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}],
}


def take_away() -> None:
    """The permission of account A's role to pull."""
    iam = boto3.Session(profile_name="account-a").client("iam")
    iam.put_role_policy(
        RoleName="account-a-role-name", PolicyName="pull", PolicyDocument=json.dumps(LOGIN_ONLY)
    )


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_pull_by(way: Way, terminal: Terminal, javascript: str) -> None:
    done = run(way, terminal, javascript)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert way.prints in done.stdout
    pullers = terminal.callers("ecr:BatchGetImage")
    assert pullers, "the trail knows of no pull"
    assert pullers[-1].startswith(SESSION_OF_A)

    take_away()
    before = len(terminal.callers("ecr:BatchGetImage"))
    failed = run(way, terminal, javascript)
    assert way.prints not in failed.stdout
    assert len(terminal.callers("ecr:BatchGetImage")) == before, "nothing was pulled any more"
    refusal = terminal.lab.running.get("decision/latest")
    assert refusal["action"] == "ecr:BatchGetImage"
    assert str(refusal["caller"]).startswith(SESSION_OF_A)


REFUSED_HOSTS = ["docker.io/library/alpine:3", "public.ecr.aws/docker/library/alpine:3"]


@pytest.mark.parametrize("image", REFUSED_HOSTS)
def test_no_tool_wanders_off(image: str, terminal: Terminal) -> None:
    require(*SKOPEO)
    done = terminal.run(f"skopeo inspect docker://{image}")
    assert done.returncode != 0
    assert "is not part of this lab, and nothing else can be reached from it" in done.stderr
