"""From a Pod's image name to a running container, with the kubelet's side of it played by tests.

The provider, containerd and runc are the real ones.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import kubernetes_validate
import pytest
import yaml

from tests.tools import ROOT, as_root, kubelet, require
from tests.tools.conftest import REGISTRY, SESSION_OF_A, Terminal, wait_for

MANIFESTS = ROOT / "notebooks" / "kubernetes"
CONFIG = MANIFESTS / "credential-provider.yaml"
IMAGE = f"{REGISTRY}/my-app:v1"
NODE_PROFILE = """
[profile cluster-node]
region = us-east-1
role_arn = arn:aws:iam::222222222222:role/cluster-node
source_profile = account-b-admin
role_session_name = i-0123456789abcdef0
"""
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::111111111111:role/account-a-role-name",
        }
    ],
}


@pytest.fixture
def node(terminal: Terminal) -> Terminal:
    """A machine of B's cluster: its role may assume A's, A trusts it, and pulls in no other way."""
    config = terminal.lab.folder / "aws" / "config"
    if "cluster-node" not in config.read_text():
        with config.open("a") as file:
            file.write(NODE_PROFILE)
    a = boto3.Session(profile_name="account-a")
    b = boto3.Session(profile_name="account-b-admin").client("iam")
    a.client("ecr").delete_repository_policy(repositoryName="my-app")
    b.put_role_policy(RoleName="cluster-node", PolicyName="pull", PolicyDocument=json.dumps(ASSUME))
    trust = a.client("iam").get_role(RoleName="account-a-role-name")
    document = trust["Role"]["AssumeRolePolicyDocument"]
    document["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::222222222222:role/cluster-node"}
    a.client("iam").update_assume_role_policy(
        RoleName="account-a-role-name", PolicyDocument=json.dumps(document)
    )
    return terminal


def provider() -> dict[str, Any]:
    (found,) = kubelet.providers(CONFIG)
    return found


MATCHES = [
    ("the lab's registry", "*.dkr.ecr.*.amazonaws.com", IMAGE, True),
    ("another region", "*.dkr.ecr.*.amazonaws.com", IMAGE.replace("us-east", "eu-west"), True),
    ("a wildcard stays in its part", "*.amazonaws.com", IMAGE, False),
    ("another host", "*.dkr.ecr.*.amazonaws.com", "docker.io/library/alpine:3", False),
    ("a port the pattern has not", "127.0.0.1", "127.0.0.1:5000/my-app", False),
    ("the same port", "127.0.0.1:5000", "127.0.0.1:5000/my-app", True),
    ("a path is a prefix", f"{REGISTRY}/my-", IMAGE, True),
    ("another path", f"{REGISTRY}/other", IMAGE, False),
]


@pytest.mark.parametrize(("name", "pattern", "image", "expected"), MATCHES, ids=lambda v: str(v))
def test_match_images(name: str, pattern: str, image: str, expected: bool) -> None:
    assert kubelet.matches(pattern, image) is expected


@pytest.mark.parametrize("name", ["pod.yaml", "service-account.yaml"])
def test_a_cluster_would_take_the_manifests(name: str) -> None:
    manifest = yaml.safe_load((MANIFESTS / name).read_text())
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    manifest["spce"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_the_config_matches_the_pods_image() -> None:
    pod = yaml.safe_load((MANIFESTS / "pod.yaml").read_text())
    images = [container["image"] for container in pod["spec"]["containers"]]
    assert images == [IMAGE]
    assert any(kubelet.matches(pattern, IMAGE) for pattern in provider()["matchImages"])


@pytest.mark.tools
def test_the_provider_logs_in_as_the_role_of_account_a(node: Terminal) -> None:
    answered = kubelet.ask(provider(), IMAGE, node.environment)
    assert list(answered.auth) == [REGISTRY]
    assert answered.auth[REGISTRY][0] == "AWS"
    assert answered.cache_key_type == "Registry"
    assert answered.cache_seconds == 6 * 3600, "half of the token's twelve hours"
    assert node.callers("ecr:GetAuthorizationToken")[-1].startswith(SESSION_OF_A)


@pytest.mark.tools
def test_it_has_nothing_for_other_images(node: Terminal) -> None:
    answered = kubelet.ask(provider(), "docker.io/library/alpine:3", node.environment)
    assert answered.auth == {}


REFUSED = [
    ("not JSON", "{", "The request is not JSON"),
    ("a list", "[]", "not a CredentialProviderRequest"),
    (
        "another version",
        '{"apiVersion": "credentialprovider.kubelet.k8s.io/v1beta1", '
        '"kind": "CredentialProviderRequest", "image": "x"}',
        "This provider speaks credentialprovider.kubelet.k8s.io/v1",
    ),
    (
        "no image",
        f'{{"apiVersion": "{kubelet.API}", "kind": "CredentialProviderRequest"}}',
        "names no image",
    ),
    ("nested without end", "[" * 100_000, "The request is not JSON"),
    (
        "annotations that are a list",
        f'{{"apiVersion": "{kubelet.API}", "kind": "CredentialProviderRequest", "image": '
        '"111111111111.dkr.ecr.us-east-1.amazonaws.com/my-app", "serviceAccountToken": "t", '
        '"serviceAccountAnnotations": [1]}',
        "serviceAccountAnnotations an object",
    ),
]


@pytest.mark.tools
@pytest.mark.parametrize(("name", "text", "says"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_bad_request_is_one_sentence(name: str, text: str, says: str, terminal: Terminal) -> None:
    done = subprocess.run(
        ["xacct-credential-provider"],
        input=text,
        env=terminal.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.tools
def test_a_refused_role_is_said_in_awss_words(node: Terminal) -> None:
    b = boto3.Session(profile_name="account-b-admin").client("iam")
    b.delete_role_policy(RoleName="cluster-node", PolicyName="pull")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        kubelet.ask(provider(), IMAGE, node.environment)
    assert "is not authorized to perform: sts:AssumeRole on resource" in failed.value.stderr


# -- containerd ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Containerd:
    """A containerd of the test's own. It reaches account A's registry by the sandbox's port.

    root: what makes a command root's.
    """

    socket: Path
    hosts: Path
    environment: dict[str, str]
    root: tuple[str, ...]

    def ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.root, "ctr", "--address", str(self.socket), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def pull(self, login: str | None) -> subprocess.CompletedProcess[str]:
        user = ["--user", login] if login else []
        hosts = ["--snapshotter", "native", "--hosts-dir", str(self.hosts)]
        return self.ctr("images", "pull", *hosts, *user, IMAGE)


@pytest.fixture
def containerd(node: Terminal, tmp_path: Path) -> Iterator[Containerd]:
    for tool, package in (("containerd", "containerd"), ("ctr", "containerd"), ("runc", "runc")):
        require(tool, package)
    root = as_root()
    hosts = tmp_path / "hosts" / REGISTRY
    hosts.mkdir(parents=True)
    (hosts / "hosts.toml").write_text(
        f'server = "https://{REGISTRY}"\n\n[host."{node.lab.running.endpoint}"]\n'
        'capabilities = ["pull", "resolve"]\n'
    )
    socket = tmp_path / "containerd.sock"
    config = tmp_path / "config.toml"
    config.write_text(
        f'version = 2\nroot = "{tmp_path}/root"\nstate = "{tmp_path}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\naddress = "{socket}"\n[ttrpc]\naddress = "{socket}.ttrpc"\n'
    )
    # Not by the HTTPS front: what is tried here is the plain port.
    environment = {k: v for k, v in node.environment.items() if k.lower() != "https_proxy"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*root, "containerd", "--config", str(config)],
            stdout=log,
            stderr=log,
            env=environment,
        )
    try:
        wait_for(socket, process)
        yield Containerd(socket, tmp_path / "hosts", environment, root)
    finally:
        # By root's own kill and rm: sudo, too, is a process that only root may end.
        subprocess.run([*root, "kill", str(process.pid)], check=False)
        process.wait(30)
        subprocess.run([*root, "rm", "-rf", tmp_path / "root", tmp_path / "state"], check=False)


def login(node: Terminal) -> str:
    user, password = kubelet.ask(provider(), IMAGE, node.environment).auth[REGISTRY]
    return f"{user}:{password}"


@pytest.mark.tools
def test_containerd_pulls_and_runs_with_what_the_provider_gave(
    node: Terminal, containerd: Containerd
) -> None:
    pulled = containerd.pull(login(node))
    assert pulled.returncode == 0, pulled.stderr
    assert node.callers("ecr:BatchGetImage")[-1].startswith(SESSION_OF_A)
    ran = containerd.ctr("run", "--rm", "--snapshotter", "native", IMAGE, f"t{time.time_ns()}")
    # A machine that may start no container says so in other words than a refused pull.
    assert ran.returncode == 0, f"pulled, but not started: {ran.stderr}"
    assert "Hello from account A's image." in ran.stdout


@pytest.mark.tools
def test_containerd_without_credentials(node: Terminal, containerd: Containerd) -> None:
    pulled = containerd.pull(None)
    assert pulled.returncode != 0
    assert "no basic auth credentials" in pulled.stderr or "401" in pulled.stderr


@pytest.mark.tools
def test_a_statement_withdrawn_ends_the_pull_that_has_the_token(
    node: Terminal, containerd: Containerd
) -> None:
    held = login(node)
    boto3.Session(profile_name="account-a").client("iam").delete_role_policy(
        RoleName="account-a-role-name", PolicyName="pull"
    )
    pulled = containerd.pull(held)
    assert pulled.returncode != 0
    assert "403 Forbidden" in pulled.stderr, "a HEAD has no body: containerd cannot say more"
    refusal = node.lab.running.get("decision/latest")
    assert refusal["action"] == "ecr:BatchGetImage"
    assert "because no identity-based policy allows" in refusal["error_message"]
