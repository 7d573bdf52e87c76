"""The end of the course shown first: two accounts beside the lab's, which end with the kernel."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests import prepared
from tests.sandboxes import allow, trust
from xacct_helpers import LabError, demonstration, pull_image
from xacct_helpers.lab import Lab
from xacct_helpers.lessons.demonstration import CLUSTER, OWNER, Demonstration

pytestmark = pytest.mark.slow  # each starts a sandbox

IMAGE = f"arn:aws:ecr:us-east-1:{OWNER}:repository/my-app"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with prepared.lab(after=5) as lab:
        yield lab


@pytest.fixture
def demo(lab: Lab) -> Iterator[Demonstration]:
    shown = demonstration()
    yield shown
    shown.end()


def test_refused_then_pulled_and_the_lab_hears_nothing_of_it(lab: Lab, demo: Demonstration) -> None:
    accounts, trail = lab.running.get("fingerprint"), lab.running.trail(1)
    with pytest.raises(ClientError) as refused:
        pull_image(demo.cluster.client("ecr"), "my-app", tag="v1", registry_id=OWNER)
    assert refused.value.response["Error"]["Message"] == (
        f"User: arn:aws:sts::{CLUSTER}:assumed-role/cluster/node-1 is not authorized to perform: "
        f"ecr:BatchGetImage on resource: {IMAGE} because no resource-based policy allows the "
        "ecr:BatchGetImage action"
    )
    iam = demo.owner.client("iam")
    named = trust(f"arn:aws:iam::{CLUSTER}:role/cluster")
    role = iam.create_role(RoleName="lent", AssumeRolePolicyDocument=named)["Role"]["Arn"]
    pull = allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], IMAGE)
    iam.put_role_policy(RoleName="lent", PolicyName="pull", PolicyDocument=pull)
    sts = demo.cluster.client("sts")
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        sts.assume_role(RoleArn=role, RoleSessionName="node-1")
    demo.cluster_admin.client("iam").put_role_policy(
        RoleName="cluster", PolicyName="assume", PolicyDocument=allow("sts:AssumeRole", role)
    )
    lent = sts.assume_role(RoleArn=role, RoleSessionName="node-1")["Credentials"]
    image = pull_image(demo.session(lent).client("ecr"), "my-app", tag="v1")
    assert image.repository == "my-app"
    assert (lab.running.get("fingerprint"), lab.running.trail(1)) == (accounts, trail)


def test_shown_again_it_begins_afresh(demo: Demonstration) -> None:
    demo.owner.client("iam").create_role(RoleName="lent", AssumeRolePolicyDocument=trust(CLUSTER))
    again = demonstration()
    assert demo.process.returncode == 0, "the first one has ended"
    assert again.owner.client("iam").list_roles()["Roles"] == []
    again.end()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for an end as Linux can")
def test_it_ends_with_a_kernel_that_is_killed(lab: Lab, tmp_path: Path) -> None:
    code = """
import sys
from xacct_helpers import demonstration
print(demonstration().process.pid, flush=True)
sys.stdin.read()
"""
    kernel = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with kernel:
        assert kernel.stdout is not None
        shown = os.pidfd_open(int(kernel.stdout.readline()))
        kernel.kill()
    ended: tuple[Any, ...] = select.select([shown], [], [], 60)
    os.close(shown)
    assert ended[0], "it goes on alone"
    assert list(tmp_path.iterdir()) == []


def test_what_keeps_it_from_starting_is_said(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "xacct_helpers" / "__init__.py"
    broken.parent.mkdir()
    broken.write_text("raise SystemExit('no more room')")
    monkeypatch.chdir(tmp_path)  # where `python -m` looks first
    with pytest.raises(LabError, match=r"did not start\. .*no more room"):
        demonstration()
