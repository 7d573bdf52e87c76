"""What other tools call for credentials, by their protocols: each answer, and each refusal.

Sources: docker/docker-credential-helpers, README, "Development"; AWS SDKs and Tools Reference,
process credential provider.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.tools.conftest import REGISTRY, ROLE_A, ROLE_B, Terminal

pytestmark = pytest.mark.tools

B_REGISTRY = REGISTRY.replace("111111111111", "222222222222")
NOT_FOUND = "credentials not found in native keychain\n"


def docker(terminal: Terminal, command: str, text: str, **variables: str) -> Spoken:
    """docker-credential-xacct as a tool calls it."""
    done = subprocess.run(
        ["docker-credential-xacct", *command.split()],
        input=text.encode("latin-1"),
        env={**terminal.environment, **variables},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Spoken(done.returncode, done.stdout.decode(), done.stderr.decode())


@dataclass(frozen=True)
class Spoken:
    code: int
    out: str
    err: str


# The command, its standard input, and what it prints; the tools look at standard output.
REFUSED = [
    pytest.param("get", "docker.io", NOT_FOUND, id="another host"),
    pytest.param("get", "https://index.docker.io/v1/", NOT_FOUND, id="another host's URL"),
    pytest.param("get", f"{REGISTRY}.example.com", NOT_FOUND, id="a host that begins as ours"),
    pytest.param("get", "", NOT_FOUND, id="nothing"),
    pytest.param("get", "\n", NOT_FOUND, id="an empty line"),
    pytest.param("get", f"{REGISTRY}\n{REGISTRY}\n", NOT_FOUND, id="two lines"),
    pytest.param("get", '{"ServerURL": "x"}', NOT_FOUND, id="JSON, which store wants"),
    pytest.param("get", "a" * 1_000_000, NOT_FOUND, id="a megabyte"),
    pytest.param("get", "\xff\xfe\x00", NOT_FOUND, id="bytes that are no text"),
    pytest.param(
        "store",
        json.dumps({"ServerURL": REGISTRY, "Username": "AWS", "Secret": "s"}),
        "docker-credential-xacct does not store: ECR's passwords are made anew for each login, "
        "from the AWS profile.\n",
        id="store",
    ),
    pytest.param(
        "erase",
        REGISTRY,
        "docker-credential-xacct does not erase: ECR's passwords are made anew for each login, "
        "from the AWS profile.\n",
        id="erase",
    ),
]


@pytest.mark.parametrize(("command", "text", "says"), REFUSED)
def test_docker_refuses(command: str, text: str, says: str, terminal: Terminal) -> None:
    before = terminal.callers("ecr:GetAuthorizationToken")
    assert docker(terminal, command, text) == Spoken(1, says, "")
    assert terminal.callers("ecr:GetAuthorizationToken") == before


@pytest.mark.parametrize("server", [REGISTRY, f"{REGISTRY}\n", f"https://{REGISTRY}"])
def test_docker_gets_a_password(server: str, terminal: Terminal) -> None:
    said = docker(terminal, "get", server, AWS_PROFILE="pull-from-a")
    assert (said.code, said.err) == (0, "")
    answer = json.loads(said.out)
    assert answer.pop("Secret")
    assert answer == {"ServerURL": server.strip(), "Username": "AWS"}


def test_docker_says_what_aws_says(terminal: Terminal) -> None:
    boto3.Session(profile_name="account-a").client("iam").delete_role_policy(
        RoleName="account-a-role-name", PolicyName="pull"
    )
    said = docker(terminal, "get", REGISTRY, AWS_PROFILE="pull-from-a")
    assert (said.code, said.err) == (1, "")
    assert "is not authorized to perform: ecr:GetAuthorizationToken on resource: *" in said.out
    assert said.out.count("\n") == 1


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        pytest.param({"AWS_REGION": "eu-west-3"}, "eu-west-3", id="the SDKs' variable"),
        pytest.param(
            {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3", id="the CLI's"
        ),
        pytest.param({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "us-east-1", id="the lab's own"),
    ],
)
def test_docker_lists_both_registries(
    variables: dict[str, str], region: str, terminal: Terminal
) -> None:
    said = docker(terminal, "list", "", **variables)
    assert (said.code, said.err) == (0, "")
    hosts = (REGISTRY, B_REGISTRY)
    assert json.loads(said.out) == {h.replace("us-east-1", region): "AWS" for h in hosts}


@pytest.mark.parametrize("command", ["", "version", "get get", "GET"])
def test_docker_knows_no_other_command(command: str, terminal: Terminal) -> None:
    said = docker(terminal, command, "")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("usage: docker-credential-xacct get | list\n")


# -- credential_process ----------------------------------------------------------------------

CHAIN = f"xacct credential-process --role-arn {ROLE_B} --role-arn {ROLE_A}"


def ask_for_external_id(external_id: str) -> None:
    """Of whoever assumes account A's role."""
    iam = boto3.Session(profile_name="account-a").client("iam")
    found = iam.get_role(RoleName="account-a-role-name")["Role"]["AssumeRolePolicyDocument"]
    found["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    iam.update_assume_role_policy(RoleName="account-a-role-name", PolicyDocument=json.dumps(found))


def test_external_id_goes_with_the_last_role(terminal: Terminal) -> None:
    ask_for_external_id("order-66")
    assert json.loads(terminal.ok(f"{CHAIN} --external-id order-66"))["Version"] == 1
    for arguments in ("", "--external-id another"):
        refused = terminal.run(f"{CHAIN} {arguments}")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "AssumeRole was refused (AccessDenied)" in refused.stderr
        assert f"on resource: {ROLE_A}" in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_duration_is_the_last_roles(terminal: Terminal) -> None:
    answer = json.loads(terminal.ok(f"{CHAIN} --duration-seconds 900"))
    assert set(answer) == {
        "Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"
    }  # fmt: skip
    left = datetime.fromisoformat(answer["Expiration"]) - datetime.now(UTC)
    assert timedelta(seconds=840) < left <= timedelta(seconds=900)


@pytest.mark.parametrize(
    ("seconds", "code", "says"),
    [
        pytest.param("899", 1, "greater than or equal to 900", id="too short"),
        pytest.param(
            "3601", 1, "exceeds the 1 hour session limit for roles assumed by role chaining",
            id="too long for a chain",
        ),
        pytest.param("soon", 2, "invalid int value", id="no number"),
    ],
)  # fmt: skip
def test_duration_that_is_refused(seconds: str, code: int, says: str, terminal: Terminal) -> None:
    refused = terminal.run(f"{CHAIN} --duration-seconds {seconds}")
    assert (refused.returncode, refused.stdout) == (code, "")
    assert says in refused.stderr
