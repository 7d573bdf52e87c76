"""Diagnosing a refusal and answering the questions of a part, by choosing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import serious_in_both_schemes
from tests.browser.jupyterlab import PANEL, Opened, run_notebook

pytestmark = pytest.mark.browser
CELLS = [
    """\
from xacct_helpers import open_lab, diagnose, recall
import boto3
lab = open_lab()
lab.catch_up(through=3)
role = "arn:aws:iam::111111111111:role/account-a-role-name"
try:
    boto3.Session(profile_name="stranger").client("sts").assume_role(
        RoleArn=role, RoleSessionName="hello")
except Exception as error:
    print(error)""",
    "diagnose()",
    'recall("one")',
]


def test_a_choice_opens_the_card_and_an_answer_is_explained(
    jupyter: Opened, page: Any, screenshots: Path
) -> None:
    run_notebook(page, jupyter, "diagnosis.ipynb", CELLS)
    forms = page.locator(f"{PANEL} .xacct-predict")
    diagnosis, question = forms.nth(0), forms.nth(1)
    question.wait_for()
    assert page.get_by_text("Refused: sts:AssumeRole").count() == 0
    diagnosis.get_by_label("account A: trust policy").check()
    diagnosis.get_by_role("button").press("Enter")
    diagnosis.get_by_text("You said: account A: trust policy. Right.").wait_for()
    page.get_by_text("Refused: sts:AssumeRole").first.wait_for()
    question.locator("input").first.check()
    question.get_by_role("button").press("Enter")
    question.get_by_text("It is: only if a policy in B allows him to.").wait_for()
    assert serious_in_both_schemes(page, screenshots / "diagnosis.png") == []
