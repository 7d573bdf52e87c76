"""The denial card and the trail in JupyterLab, by the keyboard alone, in both themes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import serious_in_both_schemes
from tests.browser.jupyterlab import PANEL, Opened, run_notebook

pytestmark = pytest.mark.browser
NAME = "cards.ipynb"
ASK = (
    'boto3.Session(profile_name="stranger").client("sts").assume_role(\n'
    '    RoleArn="arn:aws:iam::111111111111:role/account-a-role-name", RoleSessionName="test")'
)
CELLS = [
    "import boto3\nfrom xacct_helpers import open_lab, show_trail\n"
    "lab = open_lab()\nlab.catch_up(through=3)",
    ASK,
    'boto3.Session(profile_name="account-a").client("iam").get_role(RoleName="nobody")',
    "show_trail(12)",
]
FOLDED = f"{PANEL} .jp-OutputArea-output > details, {PANEL} .jp-RenderedHTML > details"
TRAIL = f"{PANEL} .xacct-trail"
ON = "document.activeElement.textContent"


@pytest.fixture
def opened(jupyter: Opened, page: Any, put_back: Callable[[int | None], None]) -> Any:
    """A page with a refusal and the trail in it, which begins with the first day."""
    put_back(None)
    run_notebook(page, jupyter, NAME, CELLS, tags=["raises-exception"])
    page.locator(TRAIL).wait_for()
    return page


def test_the_folded_card_opens_by_the_keyboard(opened: Any, screenshots: Path) -> None:
    assert opened.locator(FOLDED).count() == 1, "of two errors one is a refusal"
    card = opened.locator(f"{PANEL} details section.xacct-card")
    assert not card.is_visible()
    summary = opened.locator(FOLDED).locator("summary").first
    summary.focus()
    opened.keyboard.press("Enter")
    card.wait_for()
    call = card.locator("summary", has_text="Show the call: iam:UpdateAssumeRolePolicy")
    opened.keyboard.press("Tab")
    assert call.evaluate("e => e === document.activeElement")
    opened.keyboard.press("Enter")
    card.locator("pre", has_text="iam.update_assume_role_policy(").wait_for()
    marks = card.locator("mark").all_text_contents()
    assert marks[-1].startswith('"Principal"')
    assert serious_in_both_schemes(opened, screenshots / "card.png", card) == []


def test_the_trail_is_filtered_and_a_call_opens(opened: Any, screenshots: Path) -> None:
    trail = opened.locator(TRAIL)
    lines = trail.locator("tbody tr")
    assert lines.count() == 12
    trail.locator("input[type=search]").focus()
    opened.keyboard.type("nosuch")
    shown = lines.all_text_contents()
    assert 0 < len(shown) < 12
    assert all(text.endswith("iam:GetRole! failed: NoSuchEntity") for text in shown)
    for _ in "nosuch":
        opened.keyboard.press("Backspace")
    assert lines.count() == 12
    opened.keyboard.press("Tab")
    opened.keyboard.press("Space")  # only refusals
    assert {text[:1] for text in trail.locator("tr td:last-child").all_text_contents()} == {"✗"}
    opened.keyboard.press("Tab")
    opened.keyboard.press("Tab")
    assert opened.evaluate(ON) == "sts:AssumeRole"
    opened.keyboard.press("Enter")
    trail.locator("section.xacct-card").first.wait_for()
    assert opened.evaluate(ON) == "sts:AssumeRole", "the focus stays"
    assert serious_in_both_schemes(opened, screenshots / "trail.png", trail) == []
    opened.keyboard.press("Escape")
    assert trail.locator("section.xacct-card").count() == 0
    assert opened.evaluate(ON) == "sts:AssumeRole"


def test_the_trail_looks_again_for_newer_calls(opened: Any) -> None:
    trail = opened.locator(TRAIL)
    before = trail.locator("tbody tr").last.text_content()
    assert "iam:GetRole" in before
    opened.locator(f"{PANEL} .jp-Notebook-footer").click()
    opened.keyboard.press("Enter")
    opened.locator(f"{PANEL} .jp-CodeCell .cm-content:focus").wait_for()
    opened.keyboard.insert_text(ASK)
    opened.keyboard.press("Control+Enter")
    opened.keyboard.press("Escape")
    opened.locator(FOLDED).nth(1).wait_for()
    trail.get_by_role("button", name="Look again").click()
    trail.locator("tbody tr:last-child", has_text="sts:AssumeRole").wait_for()
