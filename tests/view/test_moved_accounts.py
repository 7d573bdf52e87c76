"""A notebook is told when another has moved the accounts; a failing %%bash cell takes one line."""

from __future__ import annotations

import pytest

from tests import kernels
from xacct_helpers.course.account_moves import Move
from xacct_helpers.view.moved_accounts import sentence

pytestmark = pytest.mark.kernel
OTHER = """
import os, subprocess, sys
code = "from xacct_helpers import open_lab; open_lab().catch_up(through=1)"
env = dict(os.environ, JPY_SESSION_NAME="06-both-must-agree.ipynb")
done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True)
done.returncode
"""
MOVED = "Notebook 06 has moved your accounts: they are as after notebook 01."


def test_the_next_cell_says_which_notebook_moved_the_accounts() -> None:
    [_, own, after_own, other, told, once] = kernels.outputs(
        "from xacct_helpers import open_lab; lab = open_lab()",
        "lab.catch_up(through=0)",
        "1",
        OTHER,
        "2",
        "3",
    )
    assert own[0]["text"].startswith("Your accounts are as after notebook 00.")
    assert [output["output_type"] for output in after_own] == ["execute_result"]
    assert other[0]["data"]["text/plain"] == "0"
    assert told[0]["text"] == f"{MOVED}\n"
    assert told[1]["data"]["text/plain"] == "2"
    assert [output["output_type"] for output in once] == ["execute_result"]


@pytest.mark.parametrize(
    ("here", "way"),
    [
        ("02", " lab.catch_up(through=1) puts them where this notebook begins."),
        ("00", " lab.reset() puts them where this notebook begins."),
        (None, ""),
    ],
)
def test_the_way_back_is_to_where_the_notebook_begins(here: str | None, way: str) -> None:
    move = Move(by="x", notebook="06", words="they are as after notebook 01")
    assert sentence(move, here) == MOVED + way


def test_a_failing_bash_cell_is_one_line() -> None:
    [_, failed] = kernels.outputs(
        "from xacct_helpers import open_lab; lab = open_lab()",
        "%%bash\necho it is so >&2\nexit 3",
    )
    assert failed[0]["text"] == "it is so\n"
    assert failed[-1]["traceback"] == ["The cell ended with exit code 3; what it said is above."]
