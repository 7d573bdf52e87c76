"""Each way to call `xacct` says in one sentence what is wrong, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.xacct import COMMAND, COMMANDS, xacct, xacct_process
from tests.tools import require
from xacct_helpers import course, workspace

TABLE = tomllib.loads(Path(__file__).with_name("commands.toml").read_text())["command"]
KEYS = {"id", "arguments", "env", "exit", "stdout", "says"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["id"])
def test_says(row: dict[str, Any], tmp_path: Path) -> None:
    assert set(row) <= KEYS
    tmp = workspace.absolute(tmp_path)
    (tmp / "file").touch()

    def filled(text: str) -> str:
        return text.replace("{tmp}", str(tmp)).replace("{file}", str(tmp / "file"))

    environment = {"XACCT_LAB": str(tmp / "lab")}
    environment |= {name: filled(value) for name, value in row.get("env", {}).items()}
    done = xacct(*map(filled, row["arguments"]), cwd=tmp, **environment)
    assert done.returncode == row.get("exit", 0), done.stderr
    spoken = done.stderr if done.returncode and not row.get("stdout") else done.stdout
    for pattern in row["says"]:
        assert re.search(filled(pattern), spoken), spoken
    if done.returncode and not row.get("stdout"):
        assert done.stdout == ""
        assert re.fullmatch(r"xacct[a-z ]*: [^\n]+[.]\n", spoken), "one sentence"
    else:
        assert done.stderr == ""
    assert not (tmp / "lab").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    done = xacct(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: xacct {command}")
    described = done.stdout.partition("options:")[2].split("\n  -")[1:]
    assert all(re.search(r"\S+(\s{2,}|\n\s+)\S", option) for option in described)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--version"], ["token", "--help"], ["stop"], ["sevre"]])
def test_a_process_of_its_own_says_the_same(arguments: list[str], tmp_path: Path) -> None:
    """The other tests call the command in this process."""
    where = {"cwd": tmp_path, "XACCT_LAB": str(tmp_path / "lab")}
    alone, here = xacct_process(*arguments, **where), xacct(*arguments, **where)
    assert (alone.returncode, alone.stdout, alone.stderr) == (
        here.returncode,
        here.stdout,
        here.stderr,
    )


def test_every_command_is_in_the_tests() -> None:
    listed = re.findall(r"^    ([\w-]+)(?:  |$)", xacct("--help").stdout, re.M)
    assert tuple(listed) == COMMANDS


def held_back(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """xacct where permissions hold: root gives up the capabilities that let it ignore them."""
    command = [*COMMAND, *arguments]
    if os.geteuid() == 0:
        drop = "--bounding-set=-dac_override,-dac_read_search"
        command = [require("setpriv", "util-linux"), drop, *command]
    environment = {name: value for name, value in os.environ.items() if name != "XACCT_LAB"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that only can be looked into, as on some hubs."""
    tmp_path.chmod(0o555)
    yield tmp_path
    tmp_path.chmod(0o755)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lab", "--prepare-only"), "The course cannot be copied to"),
        (("env",), "The lab cannot use"),
        (("serve", "--state", "lab"), "Cannot keep a lab in"),
    ],
)
def test_a_read_only_folder(read_only: Path, arguments: Any, words: str) -> None:
    done = held_back(*arguments, cwd=read_only)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert "Permission denied" in done.stderr


@pytest.mark.slow
def test_a_read_only_copy_that_is_whole_is_no_trouble(read_only: Path) -> None:
    read_only.chmod(0o755)
    xacct("lab", "--prepare-only", cwd=read_only)
    (read_only / "my-course").chmod(0o555)
    done = held_back("lab", "--prepare-only", cwd=read_only)
    (read_only / "my-course").chmod(0o755)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_status_of_a_lab_of_somebody_elses(tmp_path: Path) -> None:
    lab = tmp_path / ".xacct"
    lab.mkdir()
    (lab / "sandbox.json").touch()
    lab.chmod(0o000)
    done = held_back("status", cwd=tmp_path)
    lab.chmod(0o700)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The lab cannot use" in done.stderr
    assert "Permission denied" in done.stderr


# -- the course's copy -----------------------------------------------------------------------


def test_lab_copies_once_and_overwrites_nothing(tmp_path: Path) -> None:
    tmp = workspace.absolute(tmp_path)

    def prepare(cwd: Path = tmp) -> str:
        done = xacct("lab", "--prepare-only", cwd=cwd, XACCT_LAB="")
        assert done.returncode == 0, done.stderr
        return done.stdout

    copy = tmp / "my-course"
    count = len(course.notebooks())
    said = prepare()
    assert re.search(rf"Your course: {copy} \(\d+ new files, yours to change\)", said)
    assert f"Its lab:     {tmp / '.xacct'}\n" in said, "as a notebook in the copy sees it"
    assert len(list(copy.glob("*.ipynb"))) == count
    changed, gone = copy / course.notebooks()[0].name, copy / course.notebooks()[1].name
    changed.write_text("mine")
    text = gone.read_bytes()
    gone.unlink()
    assert "(1 new files" in prepare()
    assert changed.read_text() == "mine"
    assert gone.read_bytes() == text
    again = prepare()
    assert f"Your course: {copy}\n" in again
    assert prepare(cwd=copy) == again, "from inside the copy too"
    assert sorted(path.name for path in tmp.iterdir()) == ["my-course"]


def test_the_course_itself_is_not_a_copy() -> None:
    before = sorted(path.name for path in course.pristine().iterdir())
    done = xacct("lab", "--prepare-only", "--course", course.pristine())
    assert done.returncode == 1
    assert "is the course itself" in done.stderr
    assert sorted(path.name for path in course.pristine().iterdir()) == before


def test_lab_says_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = xacct("lab", "--no-browser", "--port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert f"Port {port} is in use." in done.stderr


# -- decide ----------------------------------------------------------------------------------


def test_decide_answers_each_line_in_order() -> None:
    def line(*effects: str) -> str:
        statements = [{"Effect": effect, "Action": "*", "Resource": "*"} for effect in effects]
        policy = {"Version": "2012-10-17", "Statement": statements}
        return json.dumps(
            {
                "action": "ecr:BatchGetImage",
                "principal": "arn:aws:iam::111111111111:user/me",
                "resource": "arn:aws:ecr:us-east-1:111111111111:repository/my-app",
                "identity_policies": [policy] if effects else [],
                "another key": 1,
            }
        )

    lines = [line("Allow"), line(), "", line("Allow", "Deny"), "nonsense", "\udcff"]
    lines += ["[" * 100_000, line() + "\r"]
    done = xacct("decide", stdin="\n".join(lines).encode("utf-8", "surrogateescape"))
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(text) for text in done.stdout.splitlines()]
    found = [answer.get("decision", "error") for answer in answers]
    assert found == ["allowed", "implicitDeny", "explicitDeny", *["error"] * 3, "implicitDeny"]
    reasons = {reason["layer"]: reason["outcome"] for reason in answers[0]["reasons"]}
    assert reasons["identity"] == "allow"
    assert answers[4]["error"] == "Line 6 is not UTF-8."


@pytest.mark.slow
def test_decide_answers_while_its_input_is_open() -> None:
    process = subprocess.Popen(
        [*COMMAND, "decide"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("{}\n")
    process.stdin.flush()
    assert "error" in process.stdout.readline()
    process.stdout.close()
    process.stdin.write("{}\n")
    process.stdin.close()
    assert process.wait() == 141, "nobody reads any more: no traceback"


@pytest.mark.slow
def test_it_starts_without_what_a_command_does_not_need() -> None:
    code = "import sys; from xacct_helpers import cli; cli.main(['status']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "XACCT_LAB": "/nowhere"},
        capture_output=True,
        text=True,
    )
    assert {"boto3", "moto", "pandas", "uvicorn"} & set(done.stdout.split()) == set()
