"""`xacct lint`: its exit codes, and its two ways to print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from tests.cli.xacct import xacct, xacct_process
from xacct_helpers.policy import Kind

CLEAN = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:PutImage", "Resource": "*"}]}'  # noqa: E501
WARNED = CLEAN.replace("ecr:PutImage", "ecr:PullImage")
REFUSED = CLEAN.replace("Allow", "Maybe")
TRUST = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole"}]}'  # noqa: E501


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("clean", CLEAN), ("warned", WARNED), ("refused", REFUSED)):
        (tmp_path / f"{name}.json").write_text(text)
    (tmp_path / "latin.json").write_bytes(b'{"Id": "\xe9"}')
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["clean.json"], 0),
        (["warned.json"], 0),
        (["--strict", "clean.json"], 0),
        (["--strict", "warned.json"], 1),
        (["clean.json", "refused.json"], 1),
        (["--kind", "trust", "clean.json"], 1),
        (["--kind", "managed", "clean.json"], 0),
        (["--json", "refused.json"], 1),
        (["--json", "warned.json"], 0),
        (["clean.json", "none.json"], 2),
        (["."], 2),
        (["latin.json"], 2),
        ([], 2),
        (["--kind", "boundary", "clean.json"], 2),
        (["--own", "2222", "clean.json"], 2),
    ],
)
def test_exit_code(folder: Path, arguments: list[str], code: int) -> None:
    done = xacct("lint", *arguments, cwd=folder)
    assert done.returncode == code
    if code == 2:
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
    else:
        assert done.stderr == ""


def test_a_finding_is_a_line_that_editors_understand(folder: Path) -> None:
    done = xacct("lint", "warned.json", "clean.json", cwd=folder)
    assert done.stdout == (
        "warned.json:1:61: warning: AWS's reference has no action ecr:PullImage; it is accepted "
        "and does nothing. Did you mean ecr:BatchGetImage and ecr:GetDownloadUrlForLayer? "
        "[unknown-action]\n"
    )


def test_standard_input_and_ones_own_accounts() -> None:
    done = xacct("lint", "-", stdin=TRUST.encode())
    assert done.stdout.startswith("<stdin>:1:")
    assert "[third-party-without-external-id]" in done.stdout
    for own in (["--own", "222222222222"], ["--own", "111111111111", "--own", "222222222222"]):
        assert xacct("lint", "-", "--strict", *own, stdin=TRUST.encode()).stdout == ""


def test_json_is_one_list(folder: Path) -> None:
    done = xacct("lint", "--json", "warned.json", "clean.json", "refused.json", cwd=folder)
    found = json.loads(done.stdout)
    assert [(one["file"], one["severity"], one["path"]) for one in found] == [
        ("warned.json", "warning", "Statement[0].Action"),
        ("refused.json", "error", "Statement[0].Effect"),
    ]
    assert set(found[0]) == {"file", "severity", "rule", "message", "path", "line", "column"}
    assert json.loads(xacct("lint", "--json", "clean.json", cwd=folder).stdout) == []


def test_a_terminal_that_knows_only_ascii_is_no_trouble(folder: Path) -> None:
    done = xacct_process("lint", "refused.json", cwd=folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert done.stderr == ""


def test_the_kinds_are_the_engines() -> None:
    shown = xacct("lint", "--help").stdout
    listed = shown.partition("--kind {")[2].partition("}")[0]
    assert sorted(listed.replace("\n", "").replace(" ", "").split(",")) == sorted(get_args(Kind))
