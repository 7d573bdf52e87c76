"""notebooks/on-real-aws.md, run as it stands in a terminal that reaches the lab."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.xacct import xacct
from tests.notebooks.execute import fresh_lab
from tests.tools import ROOT, require
from xacct_helpers import workspace

PAGE = (ROOT / "notebooks" / "on-real-aws.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture
def terminal() -> Iterator[str]:
    """What a terminal evaluates to reach a fresh lab."""
    with fresh_lab() as folder:
        done = xacct("env", XACCT_LAB=str(folder))
        assert done.returncode == 0, done.stderr
        yield done.stdout
        assert workspace.find(folder.resolve()) is not None


def first_day(lab: str) -> str:
    running = workspace.find(Path(lab).resolve())
    assert running is not None
    return str(running.get("fingerprint")["fingerprint"])


@pytest.mark.tools
def test_every_command_works_and_nothing_is_left(terminal: str, tmp_path: Path) -> None:
    """Block after block in one shell that ends at the first failure, pipes included."""
    require("podman", "podman")
    before = first_day(os.environ["XACCT_LAB"])
    marked = [f"echo '# block {number}'\n{block}" for number, block in enumerate(BLOCKS)]
    script = "\n".join(["set -euo pipefail", terminal, *marked])
    done = subprocess.run(
        ["bash"], input=script, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = re.split(r"^# block \d+\n", done.stdout, flags=re.M)[1:]
    assert len(said) == len(BLOCKS)
    assert said[1] == "111111111111\n222222222222\n", "both accounts are who they should be"
    assert "assumed-role/account-a-role-name/from-b" in done.stdout
    assert "sha256:" in done.stdout or re.search(r"^[0-9a-f]{64}$", done.stdout, re.M)
    assert "refused, as it should be" in done.stdout
    assert "is not authorized to perform: sts:AssumeRole" in done.stderr
    left = said[-1]
    assert "some-role-name" not in left
    assert "account-a-role-name" not in left
    assert list(tmp_path.iterdir()) == []
    assert first_day(os.environ["XACCT_LAB"]) == before, "everything is cleaned up"


def test_the_accounts_are_the_only_thing_to_replace() -> None:
    """No command holds an account id or a region of its own, but where they are said."""
    said, *rest = BLOCKS
    assert re.findall(r"\b\d{12}\b", said) == ["111111111111", "222222222222"]
    assert re.findall(r"\b\d{12}\b|us-east-1", "\n".join(rest)) == []


def test_it_says_what_it_costs_and_how_to_clean_up() -> None:
    assert "**Cost.**" in PAGE
    assert re.search(r"^## Clean up$", PAGE, re.M)
    made = re.findall(r"create-(role|repository)\b", "\n".join(BLOCKS))
    gone = re.findall(r"delete-(role|repository)\b(?!-)", "\n".join(BLOCKS))
    assert sorted(made) == sorted(gone)
