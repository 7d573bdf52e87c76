"""open_lab: one sandbox for a folder, whatever happened to the one before."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from xacct_helpers import workspace
from xacct_helpers.aws.regions import DEFAULT_REGION
from xacct_helpers.lab import Lab, open_lab
from xacct_helpers.workspace import LabError

pytestmark = pytest.mark.slow

OPEN = "from xacct_helpers import open_lab; lab = open_lab(); "


def python(code: str) -> subprocess.Popen[str]:
    """Another kernel, more or less."""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def repositories() -> list[str]:
    ecr = boto3.Session(profile_name="account-a").client("ecr")
    return [found["repositoryName"] for found in ecr.describe_repositories()["repositories"]]


def make_repository(name: str) -> None:
    boto3.Session(profile_name="account-a").client("ecr").create_repository(repositoryName=name)


def kill(lab: Lab) -> None:
    """kill -9, and wait until the process is gone: it is a child of this one."""
    os.kill(lab.running.pid, signal.SIGKILL)
    workspace._started[lab.running.pid].wait()


def test_a_second_open_joins(lab: Lab) -> None:
    assert open_lab().running == lab.running


def test_a_service_accounts_token(forked: Lab) -> None:
    token = forked.service_account_token("puller", namespace="prod")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==="))
    assert claims["sub"] == "system:serviceaccount:prod:puller"
    assert claims["aud"] == ["sts.amazonaws.com"]
    assert claims["iss"] == forked.oidc_issuer
    with pytest.raises(LabError, match="DNS label"):
        forked.service_account_token("puller", namespace="two.labels")


def test_two_that_open_at_once_get_one_sandbox(folder: Path) -> None:
    kernels = [python(OPEN + "print(lab.running.pid)") for _ in range(3)]
    pids = {kernel.communicate()[0].strip() for kernel in kernels}
    running = workspace.find(folder)
    assert running is not None
    assert pids == {str(running.pid)}


def test_killed_it_is_started_again_where_it_was(lab: Lab) -> None:
    make_repository("kept")
    kill(lab)
    again = open_lab()
    assert again.running.pid != lab.running.pid
    assert again.running.endpoint == lab.running.endpoint
    assert again.running.accounts == lab.running.accounts
    assert repositories() == ["kept"]


def test_another_kernel_started_it_again(lab: Lab) -> None:
    """This one goes on: the token of the control API is a new one then."""
    kill(lab)
    with pytest.raises(LabError, match=r"does not answer .* Run open_lab\(\) again"):
        lab.running.get("status")
    python(OPEN).wait()
    assert lab.running.get("status")["folder"] == str(lab.folder)
    assert repositories() == []


def test_its_port_taken_it_moves(lab: Lab) -> None:
    make_repository("kept")
    workspace.stop(lab.folder)
    port = int(lab.running.endpoint.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)):
        again = open_lab()
        assert again.running.endpoint != lab.running.endpoint
        assert repositories() == ["kept"]


class _Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"pid": 1, "folder": "elsewhere"}')

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def stranger() -> Any:
    """Another program with a web server; its address."""
    server = HTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


STALE: dict[str, Callable[[dict[str, Any], str], str]] = {
    "not JSON": lambda content, stranger: "{",
    "not an object": lambda content, stranger: "[]",
    "a key is missing": lambda content, stranger: '{"pid": 1}',
    "the process is gone": lambda content, stranger: json.dumps({**content, "pid": dead_pid()}),
    "its process id is another's now": lambda content, stranger: json.dumps(
        {**content, "pid": os.getpid()}
    ),
    "its port is another's now": lambda content, stranger: json.dumps(
        {**content, "pid": os.getpid(), "endpoint": stranger}
    ),
}


def test_a_stale_state_file_counts_for_nothing(lab: Lab, stranger: str) -> None:
    file = lab.folder / "sandbox.json"
    content = json.loads(file.read_text())
    workspace.stop(lab.folder)
    for case, stale in STALE.items():
        file.write_text(stale(content, stranger))
        assert workspace.find(lab.folder) is None, case
        assert not workspace.stop(lab.folder), case
    again = open_lab()
    assert again.running.get("status")["pid"] == again.running.pid


def test_two_labs_do_not_mix(lab: Lab, tmp_path: Path) -> None:
    make_repository("first")
    os.environ["XACCT_LAB"] = str(tmp_path / "other")
    other = open_lab()
    try:
        assert repositories() == []
        key, secret = lab.running.accounts[workspace.ACCOUNT_A]
        foreign = boto3.Session(key, secret, region_name=DEFAULT_REGION)
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            foreign.client("sts", endpoint_url=other.running.endpoint).get_caller_identity()
        (tmp_path / "lab" / "sandbox.json").write_text((other.folder / "sandbox.json").read_text())
        assert workspace.find(lab.folder) is None, "the other's state file is not ours"
    finally:
        workspace.stop(other.folder)
        os.kill(lab.running.pid, signal.SIGTERM)


def test_reset_empties_the_accounts(forked: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    first_day = forked.running.get("fingerprint")
    make_repository("gone")
    forked.clock.advance(days=1)
    forked.reset()
    assert capsys.readouterr().out == "The accounts are as on the first day.\n"
    assert forked.running.get("fingerprint") == first_day
    assert forked.clock.ahead == ""
    assert repositories() == [], "under the same keys"


def test_the_clock_ends_sessions(forked: Lab) -> None:
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName="some-role-name", AssumeRolePolicyDocument=json.dumps(document))
    profile = boto3.Session(profile_name="account-b")
    renewing, given = profile.client("sts"), profile.get_credentials().get_frozen_credentials()
    held = boto3.Session(given.access_key, given.secret_key, given.token).client("sts")
    assert "some-role-name" in held.get_caller_identity()["Arn"]
    before = forked.clock.now
    forked.clock.advance(minutes=61)
    assert forked.clock.ahead == "61 minutes"
    assert forked.clock.now > before
    with pytest.raises(ClientError, match="ExpiredToken"):
        held.get_caller_identity()
    assert "some-role-name" in renewing.get_caller_identity()["Arn"], "the SDK goes by that clock"
    now = profile.get_credentials().get_frozen_credentials()
    assert now.access_key != given.access_key
    forked.reset()
    assert forked.clock.ahead == ""


def test_the_clock_goes_forward_and_not_too_far(forked: Lab) -> None:
    for hours in (-1, float("nan"), float("inf"), 10**6):
        with pytest.raises(LabError):
            forked.clock.advance(hours=hours)
    assert forked.clock.ahead == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (1, "1 seconds"), (90, "90 seconds"), (3660, "61 minutes"), (7200, "2 hours"),
     (12600, "3.5 hours"), (90000, "25 hours"), (172800, "2 days")],
)  # fmt: skip
def test_how_far_ahead(seconds: float, words: str) -> None:
    assert workspace.ahead(seconds) == words


def test_only_its_owner_can_read_it(folder: Path) -> None:
    """Also where the folder itself was there before and is open to everybody."""
    folder.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        lab = open_lab()
        lab.catch_up(through=1)
        lab.catch_up(through=0)
    finally:
        os.umask(before)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert {"journal.jsonl", "credentials", "one.jsonl"} <= {path.name for path in found}
    assert {path.name: mode for path, mode in found.items() if mode & 0o077} == {}


def test_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("XACCT_LAB", str(file / "lab"))
    with pytest.raises(LabError, match=r"^The lab cannot use .*\. Set XACCT_LAB to a folder"):
        open_lab()


def test_a_sandbox_that_cannot_start_says_why(lab: Lab) -> None:
    workspace.stop(lab.folder)
    journal = lab.folder / "journal.jsonl"
    whole = journal.read_text()
    journal.write_text("gibberish\n" + whole)
    with pytest.raises(LabError, match=r"^The sandbox did not start\. .*damaged at line 1"):
        open_lab()
    journal.write_text(whole)
    assert re.match(r"http://127\.0\.0\.1:\d+$", open_lab().running.endpoint)


def test_a_lab_with_other_accounts_can_be_opened(folder: Path) -> None:
    """One that `xacct serve --state` made has no stranger: no profile then."""
    command = [sys.executable, "-m", "xacct_helpers", "serve", "--json", "--state", str(folder)]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert served.stdout is not None
    served.stdout.readline()
    lab = open_lab()
    assert lab.running.pid == served.pid
    assert "stranger" not in boto3.Session().available_profiles
    workspace.stop(folder)
    assert served.wait() == 0
    served.stdout.close()


def test_which_folder_is_the_labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = workspace.absolute(tmp_path)
    monkeypatch.delenv("XACCT_LAB", raising=False)
    copy = top / "my-course"
    copy.mkdir()
    assert workspace.lab_folder(copy) == copy / ".xacct", "a folder like any other"
    (copy / workspace.FIRST_NOTEBOOK).touch()
    assert workspace.lab_folder(copy) == top / ".xacct", "beside the course"
    assert workspace.lab_folder(top) == top / ".xacct"
    (top / ".xacct").mkdir()
    (copy / "deeper").mkdir()
    assert workspace.lab_folder(copy / "deeper") == top / ".xacct", "the nearest above"
    monkeypatch.setenv("XACCT_LAB", str(top / "named"))
    assert workspace.lab_folder(copy) == top / "named"
