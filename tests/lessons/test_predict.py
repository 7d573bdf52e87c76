"""predict(): what it shows, what it stores, and how it is put beside what happened."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from tests.notebooks.execute import execute
from tests.tools import ROOT

OPEN = "from xacct_helpers import open_lab, predict\nimport boto3\nlab = open_lab()"
ASK = 'boto3.Session(profile_name="account-a").client("sts").get_caller_identity()["Arn"]'
REFUSED = """
try:
    boto3.Session(profile_name="account-b").client("sts").get_caller_identity()
except Exception as error:
    print(type(error).__name__)
"""


def outputs(*sources: str) -> list[list[Any]]:
    """The outputs of each cell of a notebook made of these sources, run in a fresh lab."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in (OPEN, *sources)]
    for cell in notebook.cells:
        cell["metadata"]["tags"] = ["raises-exception"]
    execute(notebook, ROOT / "notebooks")
    return [list(cell["outputs"]) for cell in notebook.cells[1:]]


def said(cell: list[Any]) -> str:
    return "".join(output.get("text", "") for output in cell)


@pytest.fixture(scope="module")
def ran() -> list[list[Any]]:
    return outputs(
        'predict("allowed", "denied", answer="denied")',
        REFUSED,
        ASK,
        'predict("allowed", "denied")',
        ASK,
        'predict("allowed", "denied", answer="maybe")',
        'predict("allowed")',
        'predict("allowed", "denied", answer="allowed")\n' + ASK,
    )


def test_a_committed_prediction_is_put_beside_what_happened(ran: list[list[Any]]) -> None:
    assert said(ran[0]) == "You predict: denied\n"
    assert "You predicted: denied. What happened: sts:AssumeRole was refused" in said(ran[1])
    assert "You predicted" not in said(ran[2]), "once is enough"


def test_without_an_answer_the_choices_are_shown_and_nothing_is_stored(
    ran: list[list[Any]],
) -> None:
    shown = ran[3][0]["data"]
    assert shown["text/plain"] == "What do you predict?\n  ○ allowed\n  ○ denied"
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "You predicted" not in said(ran[4])


def test_a_wrong_use_says_what_is_wrong(ran: list[list[Any]]) -> None:
    assert ran[5][0]["evalue"] == "Your answer must be one of: allowed, denied."
    assert ran[6][0]["evalue"] == "predict() takes at least two choices."
    assert {ran[5][0]["ename"], ran[6][0]["ename"]} == {"LabError"}


def test_the_call_may_stand_in_the_same_cell(ran: list[list[Any]]) -> None:
    assert "What happened: sts:GetCallerIdentity was answered." in said(ran[7])
