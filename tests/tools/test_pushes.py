"""Programs that people use push to account A's registry under its real name, unmodified.

The trail tells who pushed; and a session that may only pull is refused in AWS's words.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

import boto3
import pytest

from tests.tools import require
from tests.tools.conftest import Terminal

IMAGE, PUSHED = "$R/my-app:v1", "$R/my-app:pushed"
OWNER, PULLER = "account-a", "pull-from-a"


@dataclass(frozen=True)
class Way:
    """One way to push. The script pushes PUSHED, as $PROFILE, whose password is $PASSWORD."""

    name: str
    tools: tuple[tuple[str, str], ...]
    script: str


WAYS = [
    Way(
        "skopeo",
        (("skopeo", "skopeo"),),
        f"""echo $PASSWORD | skopeo login --username AWS --password-stdin $R
skopeo copy docker://{IMAGE} dir:$W/image
skopeo copy dir:$W/image docker://{PUSHED}""",
    ),
    Way(
        "skopeo, with the lab's credential helper",
        (("skopeo", "skopeo"),),
        f"""printf '{{"credHelpers": {{"%s": "xacct"}}}}' $R > $REGISTRY_AUTH_FILE
export AWS_PROFILE=$PROFILE
skopeo copy docker://{IMAGE} dir:$W/image
skopeo copy dir:$W/image docker://{PUSHED}""",
    ),
    Way(
        "podman",
        (("podman", "podman"),),
        f"""trap 'podman rmi --all --force' EXIT
echo $PASSWORD | podman login --username AWS --password-stdin $R
podman pull --quiet {IMAGE}
podman tag {IMAGE} {PUSHED}
podman push --quiet {PUSHED}""",
    ),
    Way(
        "oras for Python",
        (),
        """echo hello > hello.txt
$PYTHON - <<'END'
import os
from oras.client import OrasClient
registry = os.environ["R"]
client = OrasClient(hostname=registry, auth_backend="basic")
client.login(username="AWS", password=os.environ["PASSWORD"], hostname=registry)
print(client.push(target=f"{registry}/my-app:pushed", files=["hello.txt"]).status_code)
END""",
    ),
]


def run(way: Way, terminal: Terminal, profile: str) -> subprocess.CompletedProcess[str]:
    login = f"PASSWORD=$(aws --profile {profile} ecr get-login-password); export PASSWORD\n"
    return terminal.run(login + way.script, PROFILE=profile)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_push_by(way: Way, terminal: Terminal) -> None:
    for tool, package in way.tools:
        require(tool, package)
    before = terminal.callers("ecr:PutImage")
    refused = run(way, terminal, PULLER)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0, said
    assert "is not authorized to perform: ecr:" in said
    assert terminal.callers("ecr:PutImage") == before
    assert tags() == {"v1"}

    done = run(way, terminal, OWNER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tags() == {"v1", "pushed"}
    assert ":111111111111:" in terminal.callers("ecr:PutImage")[-1]


def tags() -> set[str]:
    ecr = boto3.Session(profile_name=OWNER).client("ecr")
    found = ecr.list_images(repositoryName="my-app")["imageIds"]
    return {image["imageTag"] for image in found if "imageTag" in image}
