"""`xacct serve`: the line that other programs rely on, its end, and what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.cli.xacct import COMMAND, serving, xacct, xacct_process
from tests.sandboxes import Sandbox
from xacct_helpers import build_image, pull_image, push_image

pytestmark = pytest.mark.slow

A, B = "111111111111", "222222222222"


def session(line: dict[str, Any], account: str) -> boto3.Session:
    key = next(key for key in line["accounts"] if key["id"] == account)
    return boto3.Session(key["access_key_id"], key["secret_access_key"], region_name="us-east-1")


def client(line: dict[str, Any], account: str, service: str) -> Any:
    return session(line, account).client(service, endpoint_url=line["endpoint"])


def test_the_line(tmp_path: Path) -> None:
    with serving("--port", "0", "--accounts", f"{A},{B}", TMPDIR=str(tmp_path)) as (process, line):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", line["endpoint"])
        assert [account["id"] for account in line["accounts"]] == [A, B]
        for account in line["accounts"]:
            assert re.fullmatch(r"AKIA[A-Z2-7]{16}", account["access_key_id"])
            assert len(account["secret_access_key"]) == 40
            who = client(line, account["id"], "sts").get_caller_identity()
            assert who["Account"] == account["id"]
            assert ":user/" in who["Arn"], "not root: root cannot assume roles"
        assert set(line["registries"]) == {A, B}
        for registry in line["registries"].values():
            assert re.fullmatch(r"127\.0\.0\.1:\d+(/[\w./-]+)?", registry)
        assert process.stdout is not None
        process.terminate()
        rest, errors = process.communicate(timeout=60)
        assert (process.returncode, rest, errors) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with serving(TMPDIR=str(tmp_path)) as (process, line):
        client(line, A, "ecr").create_repository(repositoryName="kept-nowhere")
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (130 if number == signal.SIGINT else 0, "")
    assert list(tmp_path.iterdir()) == []


def test_it_ends_with_standard_input_when_it_is_to(tmp_path: Path) -> None:
    """Also when that has ended before it answers."""
    command = [*COMMAND, "serve", "--json", "--until-stdin-closes"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"what is written is passed over\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(b'{"endpoint"')
        assert process.communicate(timeout=60) == (b"", b"")
    at_once = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert (process.returncode, at_once.returncode, at_once.stderr) == (0, 0, b"")
    assert list(tmp_path.iterdir()) == []


def test_ended_before_it_answers_it_leaves_nothing(tmp_path: Path) -> None:
    """At any moment of its start: here when it has made its folder and imports the sandbox."""
    code = """
import os, signal, sys
class Terminate:
    def find_spec(self, name, *arguments):
        if name == "moto":
            os.kill(os.getpid(), signal.SIGTERM)
sys.meta_path.insert(0, Terminate())
from xacct_helpers import cli
sys.exit(cli.main(["serve"]))
"""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_is_there_again_under_the_same_keys(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving("--accounts", B, "--state", state) as (process, first):
        client(first, B, "ecr").create_repository(repositoryName="kept")
        assert "Another sandbox serves" in xacct("serve", "--state", state).stderr
    assert process.returncode == 0
    assert not (state / "sandbox.json").exists()
    with serving("--state", state) as (_, second):
        assert second["accounts"] == first["accounts"]
        found = client(second, B, "ecr").describe_repositories()["repositories"]
        assert [repository["repositoryName"] for repository in found] == ["kept"]
    other = xacct_process("serve", "--state", state, "--accounts", A)
    assert other.returncode == 1
    assert f"has the accounts {B}, not {A}" in other.stderr


def test_a_port_in_use_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = xacct("serve", "--port", str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"Port {port} is in use." in done.stderr
    if Path("/proc/net/tcp").exists():
        assert f"It is held by process {os.getpid()} (" in done.stderr


def test_a_port_held_for_ipv6_names_its_holder_too() -> None:
    if not (socket.has_dualstack_ipv6() and Path("/proc/net/tcp6").exists()):
        pytest.skip("no IPv6 here")
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
        done = xacct("serve", "--port", str(taken.getsockname()[1]))
    assert f"It is held by process {os.getpid()} (" in done.stderr


def test_without_json_it_speaks_to_people() -> None:
    process = subprocess.Popen([*COMMAND, "serve"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(3)]
    process.terminate()
    process.communicate(timeout=60)
    assert re.fullmatch(r"The sandbox answers at http://127\.0\.0\.1:\d+ \(Ctrl-C .*\n", said[0])
    assert [line.split()[1] for line in said[1:]] == [f"{A}:", f"{B}:"]


# -- the article, by the AWS CLI -------------------------------------------------------------

TRUST = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"AWS": "%s"}, "Action": "sts:AssumeRole", "Condition": {}}]}"""
PULL = """{"Version": "2012-10-17", "Statement": [
    {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    {"Sid": "Pull", "Effect": "Allow", "Action": ["ecr:BatchGetImage",
     "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages"],
     "Resource": "arn:aws:ecr:us-east-1:111111111111:repository/my-app"}]}"""
MAY_ASSUME = """{"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "sts:AssumeRole",
    "Resource": "arn:aws:iam::111111111111:role/account-a-role-name"}]}"""
CONFIG = """
[profile account-a]
region = us-east-1
[profile account-b-admin]
region = us-east-1
[profile account-b]
region = us-east-1
role_arn = arn:aws:iam::222222222222:role/some-role-name
source_profile = account-b-admin
"""
ARTICLE = r"""
set -euo pipefail
aws --profile account-b-admin iam create-role --role-name some-role-name \
    --assume-role-policy-document "${TRUST/\%s/arn:aws:iam::222222222222:root}" > /dev/null
aws --profile account-b-admin iam put-role-policy --role-name some-role-name \
    --policy-name assume --policy-document "$MAY_ASSUME"
aws --profile account-a iam create-role --role-name account-a-role-name \
    --assume-role-policy-document "${TRUST/\%s/arn:aws:iam::222222222222:role/some-role-name}" \
    > /dev/null
! aws --profile account-b sts assume-role --role-session-name no \
    --role-arn arn:aws:iam::111111111111:role/nobodys-role 2> refused
aws --profile account-a iam put-role-policy --role-name account-a-role-name \
    --policy-name pull --policy-document "$PULL"
read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<< "$(
    aws --profile account-b sts assume-role --role-session-name pull-my-app --output text \
        --role-arn arn:aws:iam::111111111111:role/account-a-role-name \
        --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')"
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_DEFAULT_REGION=us-east-1
aws sts get-caller-identity --output text --query Arn
aws ecr describe-images --repository-name my-app --output text \
    --query 'imageDetails[].[imageTags[0],imageDigest]'
aws ecr batch-get-image --repository-name my-app --image-ids imageTag=v1 --output text \
    --query 'images[0].imageId.imageDigest'
"""


def test_the_article_by_the_aws_command(sandbox: Sandbox, tmp_path: Path) -> None:
    line = sandbox.line
    ecr = client(line, A, "ecr")
    ecr.create_repository(repositoryName="my-app")
    digest = push_image(ecr, "my-app", "v1", build_image("Hello."))
    assert pull_image(ecr, "my-app", tag="v1").digest == digest
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {key['access_key_id']}\n"
            f"aws_secret_access_key = {key['secret_access_key']}\n"
            for name, key in zip(
                ("account-a", "account-b-admin"), line["accounts"][:2], strict=True
            )
        )
    )
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ENDPOINT_URL": line["endpoint"],
        "TRUST": TRUST,
        "PULL": PULL,
        "MAY_ASSUME": MAY_ASSUME,
    }
    ran = subprocess.run(
        ["bash", "-c", ARTICLE], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "arn:aws:sts::111111111111:assumed-role/account-a-role-name/pull-my-app",
        f"v1\t{digest}",
        digest,
    ]
    refused = re.sub(r"session-\d+", "session-SESSION", (tmp_path / "refused").read_text())
    assert refused.strip() == (
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: "
        "arn:aws:sts::222222222222:assumed-role/some-role-name/botocore-session-SESSION is not "
        "authorized to perform: sts:AssumeRole on resource: "
        "arn:aws:iam::111111111111:role/nobodys-role"
    )
