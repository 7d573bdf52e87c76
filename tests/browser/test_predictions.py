"""Predictions, hints and progress in JupyterLab: by mouse and by the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import serious_in_both_schemes
from tests.browser.jupyterlab import Opened, run_notebook, show_notebook
from xacct_helpers.course import progress as kept_progress

pytestmark = pytest.mark.browser
NAME = "03-predictions.ipynb"
CELLS = [
    "from xacct_helpers import hint, open_lab, predict, progress\nimport boto3\nlab = open_lab()",
    'predict("it answers: some-role-name", "no such role",\n'
    '        "access denied", about="sts:AssumeRole")',
    'hint("03"); hint("03"); hint("03")',
    "progress()",
]
ASKS = """
try:
    boto3.Session(profile_name="account-b").client("sts").get_caller_identity()
except Exception as error:
    print(type(error).__name__)
"""
QUESTION = ".xacct-predict"
#: In a link's address once JupyterLab has resolved it. Before that a click is the browser's.
RESOLVED = "/files/"


@pytest.fixture
def opened(jupyter: Opened, page: Any, put_back: Callable[[int | None], None]) -> Any:
    """A page with a question in it, and below it the call that answers, not yet made."""
    put_back(None)
    run_notebook(page, jupyter, NAME, CELLS)
    page.locator(QUESTION).wait_for()
    return page


def ask(page: Any) -> None:
    """Put the call that answers into a new last cell, and run it."""
    page.locator(".jp-CodeCell").last.locator(".jp-InputPrompt").click()
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(ASKS)
    page.keyboard.press("Shift+Enter")


def kept(jupyter: Opened) -> list[tuple[str, bool | None]]:
    progress = kept_progress.read(jupyter.lab)
    return [(one.choice, one.right) for one in progress.predictions]


def test_by_mouse(jupyter: Opened, opened: Any, screenshots: Path) -> None:
    question = opened.locator(QUESTION)
    question.get_by_role("radio", name="no such role").check()
    question.get_by_role("button", name="Commit").click()
    question.get_by_role("status").get_by_text("You predict: no such role.").wait_for()
    assert serious_in_both_schemes(opened, screenshots / "prediction.png", question) == []
    ask(opened)
    question.get_by_role("status").get_by_text("The answer was: access denied.").wait_for()
    assert question.get_by_role("radio", name="access denied").is_disabled()
    assert kept(jupyter) == [("no such role", False)]


def test_by_the_keyboard_alone(jupyter: Opened, opened: Any) -> None:
    """Tab to the question, arrows to choose, Enter to commit; JupyterLab's own keys stay out."""
    question = opened.locator(QUESTION)
    assert question.get_by_role("group", name="What do you predict?").count() == 1
    cells = opened.locator(".jp-Cell").count()
    question.get_by_role("radio", name="it answers").focus()
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")
    assert question.get_by_role("radio", name="access denied").is_checked()
    opened.keyboard.press("Enter")
    question.get_by_role("status").get_by_text("You predict: access denied.").wait_for()
    opened.keyboard.press("Tab")
    focused = opened.evaluate("document.activeElement.textContent")
    assert focused == "Commit"
    opened.keyboard.press("b")
    assert opened.locator(".jp-Cell").count() == cells, "b inserts no cell from in here"
    ask(opened)
    question.get_by_role("status").get_by_text("Right.").wait_for()
    assert kept(jupyter) == [("access denied", True)]


def test_the_answer_unfolds_by_keyboard(opened: Any) -> None:
    folded = opened.locator("details", has=opened.get_by_text("The answer", exact=True)).last
    code = folded.locator("code")
    assert not code.is_visible()
    folded.locator("summary").focus()
    opened.keyboard.press("Enter")
    code.wait_for(state="visible")
    assert "update_assume_role_policy" in code.text_content()


def test_progress_leads_to_where_to_go_on(opened: Any) -> None:
    """The link of the table opens that notebook."""
    link = opened.locator(".jp-OutputArea-output a[href*='-']").last
    name = link.get_attribute("href").rpartition("/")[2].partition("?")[0]
    opened.locator(f".jp-OutputArea-output a[href*='{RESOLVED}{name}']").click()
    heading = opened.locator(".jp-NotebookPanel:not(.lm-mod-hidden) h1")
    heading.filter(has_text=f"{name[:2]} · ").wait_for()


def test_a_term_leads_to_its_entry_in_the_glossary(jupyter: Opened, page: Any) -> None:
    show_notebook(page, jupyter, "03-the-trust-policy.ipynb")
    terms = page.locator(f".jp-MarkdownOutput a[href*='{RESOLVED}glossary']")
    terms.filter(has_text="trust policy").first.click()
    entry = page.locator(".jp-MarkdownViewer h3", has_text="trust policy")
    entry.wait_for()
    page.wait_for_function(
        "entry => { const at = entry.getBoundingClientRect();"
        " return at.top >= 0 && at.bottom <= window.innerHeight; }",
        arg=entry.element_handle(),
    )
