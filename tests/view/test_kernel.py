"""Short answers, short errors, and whole tracebacks for the learner's own Python."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from jupyter_client import AsyncKernelManager

from tests import kernels, labs
from tests.tools import ROOT

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
    'iam.create_group(GroupName="g")\niam.delete_group(GroupName="g")',
    'boto3.Session(profile_name="account-a").client("sts").assume_role(\n'
    '    RoleArn="arn:aws:iam::111111111111:role/r", RoleSessionName="me", TokenCode="123456",\n'
    '    SerialNumber="arn:aws:iam::111111111111:mfa/none")',
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


def test_an_answer_that_says_nothing_is_done(ran: list[Any]) -> None:
    assert ran[8]["data"]["text/plain"] == "done (HTTP 200)"


def test_a_refusal_by_no_policy_has_no_card(ran: list[Any]) -> None:
    assert ran[9]["output_type"] == "error"
    assert "MultiFactorAuthentication failed" in ran[9]["evalue"]


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


# What a kernel is before it has run anything of ours. Left out: the file of its sockets, and who
# started it, which a kernel watches unless it is a fork.
STATE = """\
import os, signal, sys, threading
shell = get_ipython()
print(sorted(globals()), os.getcwd(), sys.path, sys.argv[2:] == [], sys.flags, sys.last_value
      if hasattr(sys, "last_value") else None)
print(sorted(item for item in os.environ.items() if item[0] != "JPY_PARENT_PID"))
print({name: len(calls) for name, calls in shell.events.callbacks.items()})
print(type(shell), hasattr(shell, "xacct_shows_plainly"), shell.InteractiveTB.mode)
print({number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)})
print(sorted(one.name for one in threading.enumerate() if type(one).__name__ != "ParentPollerUnix"))
print(os.getpgid(0) == os.getpid(), os.umask(0o022), sys.stdin, type(sys.stdout))
"""
MESS = """\
import os, sys
name = os.environ["LEFT"] = "behind"
os.chdir("/")
sys.path.append("/")
get_ipython().events.register("post_run_cell", print)
from xacct_helpers import open_lab
open_lab()
1 / 0
"""


def test_a_forked_kernel_is_as_one_that_was_started_plainly() -> None:
    """The tests run their cells in forks; a kernel before has left nothing behind in the next."""
    with labs.fresh():
        kernels.run(MESS)
        ((forked,),) = kernels.run(STATE)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(STATE)])
        client = kernels.client(notebook, ROOT / "notebooks")
        client.kernel_manager_class = AsyncKernelManager
        client.execute()
    ((plain,),) = [cell["outputs"] for cell in notebook.cells]
    assert forked["text"].splitlines() == plain["text"].splitlines()
