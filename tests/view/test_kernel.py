"""Short answers, short errors, and whole tracebacks for the learner's own Python."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests import kernels

pytestmark = pytest.mark.kernel
CELLS = [
    "from xacct_helpers import open_lab\nimport boto3, os, signal\nlab = open_lab()\nopen_lab()",
    'iam = boto3.Session(profile_name="account-a").client("iam")\niam.list_groups()',
    'iam.get_role(RoleName="nobody")',
    "1 / 0",
    "lab.catch_up(through=99)",
    "os.kill(lab.running.pid, signal.SIGKILL)\niam.list_groups()",
    "open_lab()\niam.list_groups()",
    '{"plain": 1}',
]


@pytest.fixture(scope="module")
def ran() -> list[Any]:
    """The last output of each cell."""
    return [outputs[-1] for outputs in kernels.outputs(*CELLS)]


def test_an_answer_is_shown_without_what_http_added(ran: list[Any]) -> None:
    shown = ran[1]["data"]["text/plain"]
    assert shown.startswith("{'Groups': []")
    assert "ResponseMetadata" not in shown
    assert ran[7]["data"]["text/plain"] == "{'plain': 1}"


def test_a_refusal_is_one_line(ran: list[Any]) -> None:
    words = "The role with name nobody cannot be found."
    assert ran[2]["ename"] == "NoSuchEntityException"
    assert len(ran[2]["traceback"]) == 1
    assert words in ran[2]["traceback"][0]
    assert ran[4]["traceback"] == [f"LabError: {ran[4]['evalue']}"]


def test_ones_own_mistake_keeps_its_traceback(ran: list[Any]) -> None:
    assert ran[3]["ename"] == "ZeroDivisionError"
    assert "1 / 0" in re.sub(r"\x1b\[\d*m", "", "\n".join(ran[3]["traceback"]))
    assert len(ran[3]["traceback"]) > 1


def test_a_sandbox_that_is_gone_is_said_to_be_and_comes_back(ran: list[Any]) -> None:
    assert "Run the cell with open_lab() again" in ran[5]["traceback"][-1]
    assert ran[6]["data"]["text/plain"].startswith("{'Groups': []")
