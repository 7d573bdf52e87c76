"""What a learner does in JupyterLab with several parts at once: take hints, complete an edge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import axe
from tests.browser.jupyterlab import Opened
from tests.browser.test_access_map import EDGE, HALF, MAP, PANEL, WHOLE, opened, run_more

pytestmark = pytest.mark.browser
NAME = "learning.ipynb"

SETUP = """\
from xacct_helpers import access_map, edit_policy, hint, open_lab
import boto3
lab = open_lab()
lab.catch_up(through=4)"""


@pytest.fixture(autouse=True)
def as_after_notebook_4(put_back: Callable[[int | None], None]) -> None:
    put_back(4)


def test_hints_get_more_specific(jupyter: Opened, page: Any) -> None:
    opened(jupyter, page, [SETUP, "access_map()"], NAME)
    for number in (1, 2, 3):
        run_more(page, 'hint("04")')
        page.get_by_text(f"Hint {number} of 3:").wait_for()
    answer = page.locator(f"{PANEL} details", has=page.get_by_text("The answer", exact=True))
    assert not answer.locator("pre").is_visible()
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    answer.locator("pre", has_text="put_role_policy").wait_for()


def test_a_saved_policy_completes_the_edge(jupyter: Opened, page: Any) -> None:
    """Account B's permission has a slip in it; mended in the editor, the map's edge is whole."""
    slip = """\
iam = boto3.Session(profile_name="account-b-admin").client("iam")
iam.put_role_policy(RoleName="some-role-name", PolicyName="assume-account-a", PolicyDocument='''{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws:iam::111111111112:role/account-a-role-name"
    }
  ]
}''')"""
    edit = 'edit_policy("account-b-admin", role="some-role-name", policy="assume-account-a")'
    opened(jupyter, page, [SETUP, slip, "access_map()", edit], NAME)
    edge = page.locator(EDGE)
    assert edge.get_attribute("aria-label").endswith(HALF)
    line = page.locator(f"{PANEL} .xacct-editor .cm-line", has_text='"Resource"')
    line.locator("span", has_text="arn:").click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text('"Resource": "arn:aws:iam::111111111111:role/account-a-role-name"')
    page.locator(f"{PANEL} .xacct-preview", has_text="some-role-name").wait_for()
    page.keyboard.press("Control+s")
    page.locator(f"{PANEL} .xacct-outcome", has_text="Saved.").wait_for()
    page.locator(f"{MAP} .xacct-map-news", has_text=WHOLE).wait_for()
    assert edge.get_attribute("aria-label") == WHOLE
    assert axe.serious(page) == []
