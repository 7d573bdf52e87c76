"""Every notebook, compared in full by nbval in a lab of its own; and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from xacct_helpers import workspace

from .cells import IDS, PATHS
from .execute import execute, fresh_lab, nbval, rewrite
from .sanitizing import sanitize

_FINGERPRINTS = """
import json, sys
from xacct_helpers import open_lab
lab = open_lab()
found = {}
for number in range(int(sys.argv[1])):
    lab.catch_up(through=number)
    found[number] = lab.running.get("fingerprint")["fingerprint"]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def caught_up() -> dict[str, str]:
    """Notebook number to the fingerprint that catch_up leaves."""
    with fresh_lab():
        ran = subprocess.run(
            [sys.executable, "-c", _FINGERPRINTS, str(len(PATHS))],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ,
        )
    found: dict[str, str] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.fixture
def lab_folder() -> Iterator[Path]:
    with fresh_lab() as folder:
        yield folder


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_outputs_are_true(path: Path, lab_folder: Path, caught_up: dict[str, str]) -> None:
    """nbval finds no difference, and the accounts are as catch_up would leave them."""
    ran = nbval(path)
    assert ran.returncode == 0, ran.stdout[-6000:]
    running = workspace.find(lab_folder.resolve())
    assert running is not None
    left = running.get("fingerprint")["fingerprint"]
    assert left == caught_up[str(int(path.name[:2]))], "its build cells do not build this"


def test_nbval_notices_a_changed_output(lab_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / PATHS[0].name
    target.write_text(PATHS[0].read_text().replace("user/admin'", "user/adm1n'", 1))
    ran = nbval(target)
    assert ran.returncode == 1
    assert "1 failed" in ran.stdout


def test_rewriting_twice_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / PATHS[3].name
    target.write_text(PATHS[3].read_text())
    assert not rewrite(target)
    assert target.read_text() == PATHS[3].read_text()


_WITHDRAWN = """
iam_b.put_role_policy(RoleName="some-role-name", PolicyName="no", PolicyDocument=json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}]}));
"""


def test_the_truth_table_is_made_of_real_calls() -> None:
    """With a deny in account B that no switch knows of, every row says denied."""
    notebook = nbformat.read(PATHS[6], as_version=4)
    table = next(i for i, cell in enumerate(notebook.cells) if cell["id"] == "table")
    committed = notebook.cells[table]["outputs"][0]["data"]["text/plain"]
    notebook.cells[table + 1 :] = []
    notebook.cells.insert(table, nbformat.v4.new_code_cell(_WITHDRAWN))
    execute(notebook, PATHS[6].parent)
    made = notebook.cells[-1]["outputs"][0]["data"]["text/plain"]
    assert committed.count("assumed") == 2
    assert "assumed" not in made
    assert made.count("denied") == 8


def test_the_notebooks_hold_no_secret() -> None:
    """No secret access key and no session token in any output (forty or more base-64 letters)."""
    for path in PATHS:
        for cell in json.loads(path.read_text())["cells"]:
            text = re.sub(r"sha256:[0-9a-f]{64}", "", sanitize(json.dumps(cell.get("outputs", ""))))
            assert not re.search(
                r"(?<![\w/+=-])[A-Za-z0-9/+=_-]{40,}(?![\w/+=-])", text.replace("/", " ")
            )
