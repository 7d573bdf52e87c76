"""What points a kernel at the lab, and that nothing of the user's own set-up is left in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import nbformat
import pytest

from tests.notebooks.cells import PATHS
from tests.notebooks.execute import execute
from xacct_helpers import workspace
from xacct_helpers.lab import Lab, open_lab

pytestmark = pytest.mark.slow

OURS = {
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_PAGER",
    "AWS_CA_BUNDLE",
    "BOTO_CONFIG",
}


def test_nothing_of_the_users_is_left(users_lab: Lab, users: dict[str, str]) -> None:
    left = {name for name in os.environ if name.upper().startswith(("AWS_", "MOTO_", "BOTO_"))}
    assert left == OURS
    assert not {os.environ[name] for name in left} & set(users.values())
    proxies = {name: os.environ[name] for name in os.environ if name.upper() in workspace._PROXIES}
    assert set(proxies) == {"HTTPS_PROXY", "https_proxy"}
    assert set(proxies.values()) == {users_lab.running.proxy}, "the lab's front, and no other"
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "127.0.0.1,localhost"


def test_boto3_reaches_the_lab_and_only_it(users_lab: Lab) -> None:
    profiles = boto3.Session().available_profiles
    assert set(profiles) >= {"account-a", "account-b-admin", "account-b"}
    assert boto3.Session().get_credentials() is None, "no profile, no credentials"
    for profile, account in (
        ("account-a", workspace.ACCOUNT_A),
        ("account-b-admin", workspace.ACCOUNT_B),
    ):
        client = boto3.Session(profile_name=profile).client("sts")
        assert client.meta.endpoint_url == users_lab.running.endpoint
        assert client.meta.region_name == "us-east-1"
        answer = client.get_caller_identity()
        assert (answer["Account"], answer["Arn"]) == (account, f"arn:aws:iam::{account}:user/admin")


def test_what_somebody_added_is_kept(users_lab: Lab) -> None:
    """Profiles and logins of the learner's, when the lab is opened again."""
    added = "\n[profile mine]\nregion = eu-west-1\n"
    config = users_lab.folder / "aws" / "config"
    logins = users_lab.folder / "containers" / "config.json"
    with config.open("a") as file:
        file.write(added)
    logins.write_text('{"credHelpers": {}}')
    before = config.read_text()
    open_lab()
    open_lab()
    assert config.read_text().count("[profile mine]") == 1
    assert boto3.Session(profile_name="mine").region_name == "eu-west-1"
    assert config.read_text().split() == before.split()
    assert logins.read_text() == '{"credHelpers": {}}'
    config.write_text(before.replace(added, ""))


def test_the_aws_command_has_a_home_of_its_own(users_lab: Lab) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"},
                       "Action": "sts:AssumeRole"}],
    }  # fmt: skip
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    iam.create_role(RoleName="some-role-name", AssumeRolePolicyDocument=json.dumps(document))
    command = ["aws", "--profile", "account-b", "sts", "get-caller-identity"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["Arn"].endswith("assumed-role/some-role-name/account-b")
    cached = list((users_lab.folder / "home" / ".aws" / "cli" / "cache").iterdir())
    assert len(cached) == 1
    assert sorted(path.name for path in Path(os.environ["HOME"]).rglob("*")) == [
        ".aws",
        ".boto",
        "credentials",
    ]
    users_lab.clock.advance(minutes=1)
    assert not cached[0].exists(), "it outlives the lab's clock"


def test_the_xacct_command_is_there_too(users_lab: Lab) -> None:
    ran = subprocess.run(["xacct", "status"], capture_output=True, text=True, check=True)
    assert users_lab.running.endpoint in ran.stdout


def test_a_change_of_folder_is_no_change_of_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    del os.environ["XACCT_LAB"]  # the fixture puts it back; monkeypatch would do so after it
    workspace_folder = tmp_path / "workspace"
    workspace_folder.mkdir()
    monkeypatch.chdir(workspace_folder)
    lab = open_lab()
    try:
        monkeypatch.chdir(tmp_path)
        assert open_lab().running == lab.running
    finally:
        workspace.stop(lab.folder)


def test_the_sandbox_itself_gets_nothing_of_the_users(
    users_lab: Lab, users: dict[str, str]
) -> None:
    path = Path(f"/proc/{users_lab.running.pid}/environ")
    if not path.exists():
        pytest.skip("/proc is needed to look into another process")
    given = path.read_bytes().decode().split("\0")
    assert not [text for text in given if any(value in text for value in users.values())]


def test_the_profiles_say_times_the_same_way(users_lab: Lab) -> None:
    text = Path(os.environ["AWS_CONFIG_FILE"]).read_text()
    sections = text.count("[")
    for line in ("cli_timestamp_format = iso8601", "region = us-east-1", "output = json"):
        assert text.count(line) == sections, line
    assert text.count(f"endpoint_url = {users_lab.running.endpoint}") == sections


def test_opening_again_rewrites_nothing(users_lab: Lab) -> None:
    def written() -> dict[str, int]:
        folders = [users_lab.folder / name for name in ("aws", "bin")]
        return {p.name: p.stat().st_mtime_ns for folder in folders for p in folder.iterdir()}

    before = written()
    open_lab()
    assert written() == before


@pytest.mark.kernel
def test_a_learners_lab_is_untouched_by_notebook_tests(lab: Lab) -> None:
    """The tests run notebooks by `execute`, here with a learner's lab open in the environment."""
    boto3.Session(profile_name="account-a").client("ecr").create_repository(repositoryName="mine")

    def content() -> dict[str, bytes]:
        files = (path for path in lab.folder.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files}

    before, seen = content(), lab.running.get("trail/10")
    execute(nbformat.read(PATHS[1], as_version=4), PATHS[1].parent)
    assert content() == before
    assert lab.running.get("trail/10") == seen
    assert os.environ["XACCT_LAB"] == str(lab.folder)


def test_a_service_that_is_added_is_found_by_the_next_session(
    users_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sessions of a process share what botocore finds, and look again where that changes."""
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    assert "of-ones-own" not in boto3.Session().get_available_services()
    model = tmp_path / "of-ones-own" / "2026-01-01" / "service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text("{}")
    assert "of-ones-own" in boto3.Session().get_available_services()
    shutil.rmtree(tmp_path / "of-ones-own")
    assert "of-ones-own" not in boto3.Session().get_available_services()


def test_importing_changes_no_environment() -> None:
    code = "import os; before = dict(os.environ); import xacct_helpers, xacct_helpers.lab; "
    code += "assert dict(os.environ) == before"
    subprocess.run([sys.executable, "-c", code], check=True)
