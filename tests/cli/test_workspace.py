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

from tests import prepared
from tests.cli.xacct import COMMAND, xacct
from tests.labs import named
from xacct_helpers import open_lab, workspace
from xacct_helpers.course import progress
from xacct_helpers.workspace import Running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a lab that several tests use, one after the other."""
    folder = workspace.absolute(tmp_path_factory.mktemp("shared")) / "lab"
    yield folder
    workspace.stop(folder)


@pytest.fixture
def running(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A lab on its first day, as `xacct env` starts it where it does not run."""
    monkeypatch.setenv("XACCT_LAB", str(shared))
    assert xacct("env").returncode == 0
    running = workspace.find(shared)
    assert running is not None
    running.post("reset")
    return running


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A lab of the test's own as after notebook 01. It has not been started."""
    with named(tmp_path / "lab") as folder:
        prepared.copy(folder, after=1)
        yield folder


def fingerprint(running: Running) -> str:
    """What a lab's accounts hold, in short."""
    return str(running.get("fingerprint")["fingerprint"])


@pytest.fixture(scope="module")
def fingerprints(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The accounts on the first day, and as after notebook 01."""
    with named(tmp_path_factory.mktemp("fingerprints") / "lab") as folder:
        prepared.copy(folder, after=1)
        running = workspace.join(folder)
        changed = fingerprint(running)
        running.post("reset")
        return fingerprint(running), changed


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
    assert "AWS_ODD" not in xacct("env", **{"AWS_ODD-NAME$(touch odd)": "x"}).stdout


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
    folder: Path, trouble: Callable[[Running], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = workspace.join(folder)
    accounts = fingerprint(running)
    trouble(running)
    with monkeypatch.context() as patience:
        # A process that hangs would not answer in the usual ten seconds either.
        patience.setattr(workspace, "_FIND_SECONDS", 0.5)
        told = xacct("status")
        assert told.returncode == 1
        assert f"(process {running.pid}) does not answer. `xacct stop` ends it" in told.stdout
        refused = xacct("env")
        assert refused.returncode == 1
        assert "`xacct stop` ends it" in refused.stderr
        assert xacct("stop").stdout == f"Stopped the sandbox of {folder}.\n"
        assert workspace.holder(folder) is None
        assert xacct("stop").stdout == f"No sandbox runs for {folder}.\n"
    assert fingerprint(workspace.join(folder)) == accounts


DEAF = """
import fcntl, os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(sys.argv[1], "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print(os.getpid(), file=lock, flush=True)
    print("it holds the lock", flush=True)
    signal.pause()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for an end as Linux can")
def test_one_that_does_not_end_when_asked_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "_STOP_SECONDS", 0.5)
    process = subprocess.Popen(
        [sys.executable, "-c", DEAF, tmp_path / "lock"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "it holds the lock\n"
    assert workspace.stop(tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not workspace.stop(tmp_path)


def test_a_record_that_a_crash_cut_short_is_told(folder: Path) -> None:
    with (folder / "journal.jsonl").open("a") as journal:
        journal.write('{"service": "iam", "oper')
    told = "The journal's last record was cut short by a crash"
    assert told in str(open_lab())
    assert told in xacct("status").stdout
    assert json.loads(xacct("status", "--json").stdout)["notices"][0].startswith(told)


@pytest.mark.parametrize("runs", [True, False], ids=["running", "stopped"])
def test_reset(folder: Path, runs: bool, fingerprints: tuple[str, str]) -> None:
    first_day, changed = fingerprints
    assert changed != first_day
    if runs:
        assert fingerprint(workspace.join(folder)) == changed
    journal = (folder / "journal.jsonl").read_bytes()
    progress.record(folder, lambda before: progress.with_last(before, "01"))
    unmeant = xacct("reset")
    assert unmeant.returncode == 2
    assert progress.read(folder).last == "01"
    assert "`xacct reset --yes`" in unmeant.stderr
    assert (folder / "journal.jsonl").read_bytes() == journal
    assert (workspace.find(folder) is not None) is runs
    done = xacct("reset", "--yes")
    assert (done.returncode, done.stdout) == (0, "The accounts are as on the first day.\n")
    lab = open_lab()
    assert fingerprint(lab.running) == first_day
    assert not progress.read(folder).begun()
    lab.catch_up(through=1)
    assert fingerprint(lab.running) == changed


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
def test_a_journal_that_cannot_be_read_can_be_reset(folder: Path, what: str) -> None:
    """Refused with what to do, as a command and in a notebook; doing it helps."""
    content, told = UNREADABLE[what]
    journal = folder / "journal.jsonl"
    journal.write_text(content)
    refused = xacct("env")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert told in refused.stderr
    with pytest.raises(workspace.LabError, match="xacct reset"):
        open_lab()
    assert journal.read_text() == content, "it is kept until it is meant to go"
    assert xacct("reset", "--yes").returncode == 0
    assert xacct("env").returncode == 0
    assert workspace.join(folder).get("status")["notices"] == []
