"""The course needs no network, and takes nothing from the user's own AWS set-up."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.isolation import without_network
from tests.isolation.trace import trace
from tests.tools import ROOT
from xacct_helpers import course

RUN = [sys.executable, "-m", "tests.isolation.offline"]
CLI_AND_SDK = "05"  # the notebook that goes the whole way, by the AWS CLI and by boto3

KEY = "AKIAUSERSOWNKEY00001"
PLANTED = {
    "config": "[profile account-b]\nregion = eu-west-3\ncredential_process = /bin/false\n",
    "credentials": f"[account-a]\naws_access_key_id = {KEY}\naws_secret_access_key = own\n",
    "cli/alias": "[toplevel]\nsts = !touch alias-was-used\n",
    "models/sts/2011-06-15/service-2.json": "{}",
}


def test_the_network_is_really_away() -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=60)"
    done = without_network(sys.executable, "-c", code)
    assert "Network is unreachable" in done.stderr
    again = "import socket; s = socket.create_server(('127.0.0.1', 0)); print('served')"
    assert without_network(sys.executable, "-c", again).stdout == "served\n"


def test_the_whole_course_runs_without_a_network(home: Path, trap: socket.socket) -> None:
    """With all that a user who works with AWS may have set."""
    variables = [f"{name}={value}" for name, value in users_environment(home, trap).items()]
    done = without_network("env", "-i", *variables, *RUN)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout) == {
        "interfaces": ["lo"],
        "same": [path.name for path in course.notebooks()],
        "differ": {},
    }


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A server that nobody may call."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home, with all that the AWS CLI and botocore look for in `~/.aws`."""
    home = tmp_path / "home"
    role = {
        "RoleArn": "arn:aws:iam::222222222222:role/some-role-name",
        "RoleSessionName": "account-b",
    }
    name = hashlib.sha1(json.dumps(role, sort_keys=True).encode()).hexdigest()
    credentials = {
        "AccessKeyId": "ASIAUSERSOWNKEY00001",
        "SecretAccessKey": "own",
        "SessionToken": "own",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    cached = {f"cli/cache/{name}.json": json.dumps({"Credentials": credentials})}
    for path, text in (PLANTED | cached).items():
        target = home / ".aws" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (home / ".boto").write_text(f"[Credentials]\naws_access_key_id = {KEY}\n")
    return home


def users_environment(home: Path, trap: socket.socket) -> dict[str, str]:
    """What a user who works with AWS may have set, with everything leading to the trap."""
    address = f"http://127.0.0.1:{trap.getsockname()[1]}"
    return {
        **{name: value for name, value in os.environ.items() if name != "XACCT_LAB"},
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "own",
        "AWS_SESSION_TOKEN": "own",
        "AWS_PROFILE": "account-b",
        "AWS_REGION": "eu-west-3",
        "AWS_ENDPOINT_URL": address,
        "AWS_ENDPOINT_URL_STS": address,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": address,
        "AWS_CA_BUNDLE": str(home / "no-bundle"),
        "MOTO_ACCOUNT_ID": "123456789012",
        **{name: address for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy")},
        "NO_PROXY": "",
        "no_proxy": "",
    }


def test_nothing_of_the_users_is_read_and_nobody_else_is_called(
    home: Path, trap: socket.socket, tmp_path: Path
) -> None:
    seen = trace([*RUN, CLI_AND_SDK], tmp_path, users_environment(home, trap), ROOT)
    said = json.loads(seen.output)
    assert (said["differ"], len(said["same"])) == ({}, 1)
    assert seen.strangers == set()
    assert ("127.0.0.1", trap.getsockname()[1]) not in seen.addresses
    with pytest.raises(BlockingIOError):
        trap.accept()
    theirs = (f"{home}/.aws", f"{home}/.boto")
    assert [path for path in seen.opened if path.startswith(theirs)] == []
    # It did look: the sandbox was called, and the lab's own files were read.
    assert {address for address, _ in seen.addresses} == {"127.0.0.1"}
    assert any(path.endswith("/lab/aws/credentials") for path in seen.opened)
    assert any("/lab/home/.aws/cli/cache" in path for path in seen.opened)


CARELESS = """
import os, socket
open(os.path.expanduser("~/.aws/config"))
for kind, family, address in (
    (socket.SOCK_STREAM, socket.AF_INET, "192.0.2.1"),
    (socket.SOCK_DGRAM, socket.AF_INET, "192.0.2.2"),
    (socket.SOCK_DGRAM, socket.AF_INET6, "2001:db8::1"),
):
    with socket.socket(family, kind) as s:
        s.setblocking(False)
        try:
            s.sendto(b"", (address, 53)) if kind == socket.SOCK_DGRAM else s.connect((address, 53))
        except OSError:
            pass
if not os.fork():
    os._exit(socket.socket().connect_ex(("127.0.0.1", 9)) and 0)
os.wait()
"""


def test_the_trace_notices(home: Path, trap: socket.socket, tmp_path: Path) -> None:
    """A program that opens what it should not, and calls strangers, a child of its included."""
    environment = users_environment(home, trap)
    seen = trace([sys.executable, "-c", CARELESS], tmp_path, environment, tmp_path)
    assert f"{home}/.aws/config" in seen.opened
    assert seen.strangers == {("192.0.2.1", 53), ("192.0.2.2", 53), ("2001:db8::1", 53)}
    assert ("127.0.0.1", 9) in seen.addresses
