"""status, stop, reset and env, on a workspace's lab."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.xacct import COMMAND, xacct
from xacct_helpers import kept_progress, workspace
from xacct_helpers.workspace import Running

CATCH_UP = "from xacct_helpers import open_lab; open_lab().catch_up(through=1)"


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A lab with something in it, as `xacct env` starts it."""
    folder = workspace.absolute(tmp_path) / "lab"
    monkeypatch.setenv("XACCT_LAB", str(folder))
    assert xacct("env").returncode == 0
    running = workspace.find(folder)
    assert running is not None
    yield running
    workspace.stop(folder)


def in_bash(script: str) -> subprocess.CompletedProcess[str]:
    """A shell of the user's, with settings of the user's own."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AWS_PROFILE": "users-own",
        "AWS_ACCESS_KEY_ID": "AKIAUSERSOWNKEY00001",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "AWS_ODD-NAME$(touch odd)": "x",
    }
    return subprocess.run(["bash", "-euc", script], env=environment, capture_output=True, text=True)


def test_env_points_a_real_shell_at_the_lab(running: Running) -> None:
    ran = in_bash(
        'eval "$(xacct env)"\n'
        "cd /\n"
        "aws sts get-caller-identity --profile account-a --query Account\n"
        "aws sts get-caller-identity --profile account-b-admin --query Account\n"
        "aws configure get region\n"
        'eval "$(xacct env)"\n'
        'echo "$PATH"\n'
        "xacct status\n"
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[:3] == ['"111111111111"', '"222222222222"', "us-east-1"]
    assert lines[3].count(str(running.folder)) == 1, "twice does no more than once"
    assert running.endpoint in lines[4]


def test_env_for_programs(running: Running) -> None:
    changes = json.loads(xacct("env", "--json", AWS_PROFILE="users-own").stdout)
    assert changes["AWS_PROFILE"] is None
    assert changes["AWS_ENDPOINT_URL"] == running.endpoint
    assert "AWS_ODD" not in in_bash("xacct env").stdout


def test_token_for_a_terminal(running: Running) -> None:
    arguments = ("token", "--service-account", "puller", "--namespace", "prod")
    plain = xacct(*arguments)
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", plain.stdout)
    told = json.loads(xacct(*arguments, "--audience", "my-app", "--json").stdout)
    assert sorted(told) == ["expires", "issuer", "token"]
    assert told["issuer"] == running.get("status")["oidc_issuer"]
    part = told["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "==="))
    assert claims["sub"] == "system:serviceaccount:prod:puller"
    assert claims["aud"] == ["my-app"]
    assert claims["exp"] == told["expires"]
    refused = xacct("token", "--service-account", "No Name")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert re.fullmatch(r"xacct: The name of a service account [^\n]+\.\n", refused.stderr)


def test_status_says_where_and_when(running: Running) -> None:
    def said() -> str:
        return xacct("status").stdout

    assert f"The sandbox answers at {running.endpoint} (process {running.pid})." in said()
    assert f"Lab: {running.folder}\n" in said()
    assert "Accounts: 111111111111, 222222222222" in said()
    assert re.search(r"The lab's time: \S+$", said(), re.M)
    running.post("clock", advance_seconds=3660)
    assert re.search(r"The lab's time: \S+, 61 minutes ahead$", said(), re.M)
    assert xacct("stop").stdout == f"Stopped the sandbox of {running.folder}.\n"
    stopped = xacct("status")
    assert stopped.returncode == 1
    assert "Its accounts are kept; open_lab() starts it." in stopped.stdout


def hang(running: Running) -> None:
    os.kill(running.pid, signal.SIGSTOP)


def lose_the_state_file(running: Running) -> None:
    (running.folder / "sandbox.json").unlink()


@pytest.mark.parametrize("trouble", [hang, lose_the_state_file])
def test_a_sandbox_that_is_not_found_can_be_stopped(
    running: Running, trouble: Callable[[Running], None]
) -> None:
    subprocess.run([sys.executable, "-c", CATCH_UP], check=True)
    accounts = describe(running.folder)
    trouble(running)
    told = xacct("status")
    assert told.returncode == 1
    assert f"(process {running.pid}) does not answer. `xacct stop` ends it" in told.stdout
    refused = xacct("env")
    assert refused.returncode == 1
    assert "`xacct stop` ends it" in refused.stderr
    assert xacct("stop").stdout == f"Stopped the sandbox of {running.folder}.\n"
    assert workspace.holder(running.folder) is None
    assert xacct("stop").stdout == f"No sandbox runs for {running.folder}.\n"
    assert describe(running.folder) == accounts


def test_a_record_that_a_crash_cut_short_is_told(running: Running) -> None:
    workspace.stop(running.folder)
    with (running.folder / "journal.jsonl").open("a") as journal:
        journal.write('{"service": "iam", "oper')
    opened = subprocess.run(
        [sys.executable, "-c", "from xacct_helpers import open_lab; print(open_lab())"],
        check=True,
        capture_output=True,
        text=True,
    )
    told = "The journal's last record was cut short by a crash"
    assert told in opened.stdout
    assert told in xacct("status").stdout
    assert json.loads(xacct("status", "--json").stdout)["notices"][0].startswith(told)


def describe(folder: Path) -> str:
    return str(workspace.join(folder).get("fingerprint")["fingerprint"])


@pytest.mark.parametrize("runs", [True, False], ids=["running", "stopped"])
def test_reset(running: Running, runs: bool) -> None:
    folder = running.folder
    first_day = describe(folder)
    subprocess.run([sys.executable, "-c", CATCH_UP], check=True)
    changed = describe(folder)
    assert changed != first_day
    kept_progress.record(folder, lambda before: kept_progress.with_last(before, "01"))
    if not runs:
        workspace.stop(folder)
    unmeant = xacct("reset")
    assert unmeant.returncode == 2
    assert kept_progress.read(folder).last == "01"
    assert "`xacct reset --yes`" in unmeant.stderr
    assert describe(folder) == changed
    if not runs:
        workspace.stop(folder)
    done = xacct("reset", "--yes")
    assert (done.returncode, done.stdout) == (0, "The accounts are as on the first day.\n")
    assert describe(folder) == first_day
    assert not kept_progress.read(folder).begun()
    subprocess.run([sys.executable, "-c", CATCH_UP], check=True)
    assert describe(folder) == changed


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"\n", 1), (b"\x04", 1)])
def test_reset_asks_a_person(running: Running, answer: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, "reset"], stdin=theirs, stdout=subprocess.PIPE, text=True)
    os.write(ours, answer)
    said, _ = process.communicate()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code
    assert f"Empty the accounts of {running.folder}, and your progress? [y/N]" in said
    assert ("first day" if code == 0 else "Nothing was changed.") in said


UNREADABLE = {
    "damaged": ("gibberish\n", "damaged at line 1"),
    "of another version": (
        '{"format": 0, "accounts": {}}\nwhatever an older version wrote\n',
        "is a journal of format 0; this version reads format 1. Use the version of xacct that "
        "wrote it, or start afresh with `xacct reset`.",
    ),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_journal_that_cannot_be_read_can_be_reset(running: Running, what: str) -> None:
    """Refused with what to do, as a command and in a notebook; doing it helps."""
    content, told = UNREADABLE[what]
    workspace.stop(running.folder)
    journal = running.folder / "journal.jsonl"
    journal.write_text(content)
    refused = xacct("env")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert told in refused.stderr
    with pytest.raises(workspace.LabError, match="xacct reset"):
        workspace.join(running.folder)
    assert journal.read_text() == content, "it is kept until it is meant to go"
    assert xacct("reset", "--yes").returncode == 0
    assert xacct("env").returncode == 0
    assert workspace.join(running.folder).get("status")["notices"] == []
