"""Every notebook, compared in full with what is committed; and what it leaves behind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests import prepared
from xacct_helpers import course

from . import runs
from .cells import IDS, PATHS
from .execute import number_cells, rewrite, written
from .plain import run_cell
from .sanitizing import sanitize
from .watched import Outputs


@pytest.mark.kernel
@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_outputs_are_true(path: Path) -> None:
    """nbval finds no difference, and the accounts are as catch_up would leave them."""
    ran = runs.of(path)
    assert not ran.failed, ran.report[-6000:]
    assert ran.different == {}
    wanted = prepared.fingerprint(course.number(path))
    assert ran.fingerprint == wanted, "its build cells do not build this"


# -- what a run notices ----------------------------------------------------------------------


def part(path: Path, *names: str) -> Any:
    """A notebook of some cells of another, their outputs as they are committed."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell["id"] in names]
    assert len(notebook.cells) == len(names)
    return notebook


@pytest.fixture(scope="module")
def untrue(tmp_path_factory: pytest.TempPathFactory) -> runs.Run:
    """The run of a notebook with slips: one for nbval, two that it passes over, one answer."""
    notebook = part(PATHS[0], "open-lab", "who-a", "break-predict", "break-denied")
    opening, who_a, asks, after = notebook.cells
    opening["outputs"][0]["metadata"] = {"made": "up"}
    who_a["outputs"][0]["data"]["text/plain"] = "('111111111111', 'user/adm1n')"
    # The course holds for right that the call after the question is refused: it is not.
    asks["source"] = "from xacct_helpers import predict\n" + asks["source"]
    after["source"] = 'sts_a.get_caller_identity()["Account"]'
    text = {"text/plain": "'111111111111'"}
    after["outputs"] = [nbformat.v4.new_output("display_data", data=text)]
    target = tmp_path_factory.mktemp("untrue") / PATHS[0].name
    target.write_text(written(notebook))
    return runs.run(target, after=None)


@pytest.mark.kernel
def test_nbval_notices_a_changed_output(untrue: runs.Run) -> None:
    assert untrue.failed
    assert "1 failed, 3 passed" in untrue.report
    assert "user/adm1n" in untrue.report


@pytest.mark.kernel
def test_what_nbval_passes_over_is_noticed(untrue: runs.Run) -> None:
    """An output's metadata, and whether a text is a cell's value or displayed by it."""
    assert set(untrue.different) == {"open-lab", "who-a", "break-denied"}
    assert '"made": "up"' in untrue.different["open-lab"]
    assert '+  "output_type": "execute_result"' in untrue.different["break-denied"]


@pytest.mark.kernel
def test_an_answer_that_is_not_true_is_noticed(untrue: runs.Run) -> None:
    (said,) = untrue.predictions
    assert (said.cell, said.choice, said.right) == ("break-predict", "access denied", None)


def test_a_cell_that_was_not_run_is_noticed() -> None:
    """Where the kernel dies, for instance: its outputs are not taken for the committed ones."""
    code = [cell for cell in course.cells(PATHS[0]) if cell["cell_type"] == "code"]
    assert Outputs(PATHS[0]).different == {cell["id"]: "it was not run" for cell in code}


@pytest.mark.kernel
def test_rewriting_twice_changes_nothing(tmp_path: Path) -> None:
    """A view, an error with a card, a question and a text in which only the time is another."""
    names = ("open-lab", "third-predict", "third-denied", "third-explain")
    notebook = part(PATHS[0], *names)
    clock = nbformat.v4.new_code_cell("print('It is 2026-11-25 18:12:16.')", id="clock")
    old = "It is 2026-11-24 08:00:00.\n"
    clock["outputs"] = [nbformat.v4.new_output("stream", name="stdout", text=old)]
    notebook.cells.append(clock)
    number_cells(notebook)
    target = tmp_path / PATHS[0].name
    target.write_text(written(notebook))
    assert not rewrite(target)
    assert target.read_text() == written(notebook)


# -- what stands in the outputs --------------------------------------------------------------

_WITHDRAWN = """
iam_b.put_role_policy(RoleName="some-role-name", PolicyName="no", PolicyDocument=json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}]}));
"""


@pytest.mark.slow
def test_the_truth_table_is_made_of_real_calls() -> None:
    """With a deny in account B that no switch knows of, every row says denied."""
    code = [cell for cell in course.cells(PATHS[6]) if cell["cell_type"] == "code"]
    number = next(i for i, cell in enumerate(code) if cell["id"] == "table")
    committed = "".join(code[number]["outputs"][0]["data"]["text/plain"])
    names: dict[str, Any] = {}
    with prepared.lab(after=5):
        for cell in code[:number]:
            run_cell(course.source(cell), names)
        run_cell(_WITHDRAWN, names)
        made = str(run_cell(course.source(code[number]), names))
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
