"""The policy editor in JupyterLab: a mistake, AWS's words at its line, the preview, the save.

By mouse and by the keyboard alone, in the light and the dark theme.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import serious_in_both_schemes
from tests.browser.jupyterlab import Opened, run_notebook
from xacct_helpers import workspace
from xacct_helpers.aws.regions import DEFAULT_REGION

pytestmark = pytest.mark.browser
NAME = "editor.ipynb"
ROLE = "account-a-role-name"
STRANGER = "arn:aws:iam::333333333333:user/admin"
CELLS = [
    "from xacct_helpers import edit_policy, open_lab\nlab = open_lab()\nlab.catch_up(through=5)",
    f'edit_policy("account-a", role="{ROLE}")',
    "from xacct_helpers import access_map\naccess_map()",
]
EDITOR = ".xacct-editor"
WORDS = "This policy contains invalid Json"
REFUSED = f"✗ Line 8, error: {WORDS}"
EDGE = f"admin (stranger) can assume {ROLE} (A)"


@pytest.fixture
def opened(jupyter: Opened, page: Any, put_back: Callable[[int | None], None]) -> Any:
    """A page with the editor in it."""
    put_back(5)
    run_notebook(page, jupyter, NAME, CELLS)
    page.locator(f"{EDITOR} .xacct-status", has_text="has no error").wait_for()
    return page


def account(jupyter: Opened) -> Any:
    """A boto3 client of this process for account A's IAM."""
    import boto3

    running = workspace.find(jupyter.lab)
    assert running is not None
    key, secret = running.accounts[workspace.ACCOUNT_A]
    return boto3.client(
        "iam",
        endpoint_url=running.endpoint,
        region_name=DEFAULT_REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def trust(jupyter: Opened) -> Any:
    return account(jupyter).get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]


def principal(jupyter: Opened) -> Any:
    return trust(jupyter)["Statement"][0]["Principal"]["AWS"]


def text(page: Any, part: str) -> Any:
    return page.locator(f"{EDITOR} {part}")


def replace_line(page: Any, line: str) -> None:
    """Write a line in the place of the one that the cursor is in."""
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text(line)


def test_by_mouse(jupyter: Opened, opened: Any, screenshots: Path) -> None:
    """The principal's line loses its closing quote; AWS's words stand at it; mended and saved."""
    page, was = opened, principal(jupyter)
    line = page.locator(f"{EDITOR} .cm-line", has_text='"AWS"')
    line.locator("span", has_text="arn:").click()
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    text(page, ".xacct-findings button").filter(has_text=REFUSED).wait_for()
    assert text(page, ".xacct-words").inner_text().startswith(f"✗ {WORDS}")
    text(page, ".xacct-preview").filter(has_text="cannot be saved").wait_for()
    assert serious_in_both_schemes(page, screenshots / "editor-mistake.png") == []
    page.get_by_role("button", name="Save", exact=True).click()
    text(page, ".xacct-outcome").filter(has_text="AWS refused (line 8): Malformed").wait_for()
    assert principal(jupyter) == was

    page.get_by_role("button", name="Revert").click()
    text(page, ".xacct-status").filter(has_text="has no error").wait_for()
    line.locator("span", has_text="arn:").click()
    replace_line(page, f'"AWS": ["{was}", "{STRANGER}"]')
    text(page, ".xacct-preview").filter(has_text=f"+ appears: {EDGE}").wait_for()
    assert serious_in_both_schemes(page, screenshots / "editor-preview.png") == []
    page.get_by_role("button", name="Save", exact=True).click()
    text(page, ".xacct-outcome").filter(has_text="Saved.").wait_for()
    assert set(principal(jupyter)) == {was, STRANGER}
    page.locator(".xacct-map-news", has_text=EDGE).wait_for()
    assert (
        "aws --profile account-a iam update-assume-role-policy"
        in text(page, ".xacct-calls").inner_text()
    )
    assert serious_in_both_schemes(page, screenshots / "editor-saved.png") == []


FOCUSED = """
() => {
    const at = document.activeElement;
    return at.closest('.xacct-editor') ? (at.matches('.cm-content') ? 'code' : at.textContent) : '';
}
"""


def tab_to(page: Any, wanted: str, key: str = "Tab") -> None:
    """Press Tab until what begins with these words has the focus; "code" is the editor itself."""
    for _ in range(80):
        if page.evaluate(FOCUSED).startswith(wanted):
            return
        page.keyboard.press(key)
    pytest.fail(f"{key} does not lead to {wanted}")


def test_by_the_keyboard_alone(jupyter: Opened, opened: Any) -> None:
    page, was = opened, principal(jupyter)
    page.keyboard.press("Escape")
    tab_to(page, "code")
    page.keyboard.press("Control+Home")
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    text(page, ".xacct-findings button").filter(has_text=REFUSED).wait_for()
    page.keyboard.press("Control+Home")

    tab_to(page, REFUSED)
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => ({FOCUSED})() === 'code'")
    # The string's line again: its value is emptied, and chosen from what is offered.
    replace_line(page, '"AWS": ""')
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+Space")
    offered = page.locator(".cm-tooltip-autocomplete")
    offered.get_by_text(STRANGER).wait_for()
    page.keyboard.type("3333userad")
    page.wait_for_function(
        "() => document.querySelector('.cm-tooltip-autocomplete li[aria-selected]')"
        f"?.textContent.startsWith('{STRANGER}')"
    )
    page.keyboard.press("Enter")
    text(page, ".xacct-preview").filter(has_text=f"+ appears: {EDGE}").wait_for()
    assert principal(jupyter) == was

    tab_to(page, "Save")
    page.keyboard.press("Enter")
    text(page, ".xacct-outcome").filter(has_text="Saved.").wait_for()
    assert principal(jupyter) == STRANGER
    for _ in range(12):
        page.keyboard.press("Tab")
        if not page.evaluate(FOCUSED):
            break
    assert page.evaluate(FOCUSED) == "", "the keyboard is not trapped"


def test_what_changed_under_the_editor_is_not_overwritten(jupyter: Opened, opened: Any) -> None:
    page = opened
    text(page, ".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    theirs = trust(jupyter)
    theirs["Statement"][0]["Principal"] = {"AWS": STRANGER}
    account(jupyter).update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(theirs))
    page.keyboard.press("Control+s")
    text(page, ".xacct-outcome").filter(has_text="Not saved: the document has changed").wait_for()
    assert trust(jupyter) == theirs
    page.get_by_role("button", name="Load what is there").click()
    page.locator(f"{EDITOR} .cm-line", has_text=STRANGER).wait_for()
    page.keyboard.press("Control+z")
    page.locator(f"{EDITOR} .cm-line", has_text="some-role-name").wait_for()
