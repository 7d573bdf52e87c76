"""The policy editor in JupyterLab: a mistake, AWS's words at its line, the preview, the save.

By mouse and by the keyboard alone, in the light and the dark theme.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.axe import serious
from tests.browser.jupyterlab import Opened, open_notebook, run_all
from xacct_helpers import workspace

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


@pytest.fixture(scope="module")
def course(jupyter: Opened) -> Opened:
    """The learner's course, with a notebook that opens an editor."""
    first = nbformat.read(jupyter.course / "00-start-here.ipynb", as_version=4)
    notebook = nbformat.v4.new_notebook(metadata=first.metadata)
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(notebook, jupyter.course / NAME)
    return jupyter


@pytest.fixture(autouse=True)
def as_before(course: Opened) -> Iterator[None]:
    """The accounts as the notebook makes them; what a test saves is put back after it."""
    yield
    running = workspace.find(course.course.parent / workspace.LAB_FOLDER)
    if running is not None:
        running.post("reset")


@pytest.fixture
def opened(course: Opened, page: Any) -> Any:
    """A page with the editor in it."""
    open_notebook(page, course, NAME)
    run_all(page)
    page.locator(f"{EDITOR} .xacct-status", has_text="has no error").wait_for()
    return page


def account(course: Opened) -> Any:
    """A boto3 client of this process for account A's IAM."""
    import boto3

    running = workspace.find(course.course.parent / workspace.LAB_FOLDER)
    assert running is not None
    key, secret = running.accounts[workspace.ACCOUNT_A]
    return boto3.client(
        "iam",
        endpoint_url=running.endpoint,
        region_name=workspace.REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def trust(course: Opened) -> Any:
    return account(course).get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]


def principal(course: Opened) -> Any:
    return trust(course)["Statement"][0]["Principal"]["AWS"]


def text(page: Any, part: str) -> Any:
    return page.locator(f"{EDITOR} {part}")


def replace_line(page: Any, line: str) -> None:
    """Write a line in the place of the one that the cursor is in."""
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text(line)


def test_by_mouse(course: Opened, opened: Any, scheme: str, screenshots: Path) -> None:
    """The principal's line loses its closing quote; AWS's words stand at it; mended and saved."""
    page, was = opened, principal(course)
    line = page.locator(f"{EDITOR} .cm-line", has_text='"AWS"')
    line.locator("span", has_text="arn:").click()
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    text(page, ".xacct-findings button").filter(has_text=REFUSED).wait_for()
    assert text(page, ".xacct-words").inner_text().startswith(f"✗ {WORDS}")
    text(page, ".xacct-preview").filter(has_text="cannot be saved").wait_for()
    page.screenshot(path=screenshots / f"editor-mistake-{scheme}.png")
    assert serious(page) == []
    page.get_by_role("button", name="Save", exact=True).click()
    text(page, ".xacct-outcome").filter(has_text="AWS refused (line 8): Malformed").wait_for()
    assert principal(course) == was

    page.get_by_role("button", name="Revert").click()
    text(page, ".xacct-status").filter(has_text="has no error").wait_for()
    line.locator("span", has_text="arn:").click()
    replace_line(page, f'"AWS": ["{was}", "{STRANGER}"]')
    text(page, ".xacct-preview").filter(has_text=f"+ appears: {EDGE}").wait_for()
    page.screenshot(path=screenshots / f"editor-preview-{scheme}.png")
    assert serious(page) == []
    page.get_by_role("button", name="Save", exact=True).click()
    text(page, ".xacct-outcome").filter(has_text="Saved.").wait_for()
    assert set(principal(course)) == {was, STRANGER}
    page.locator(".xacct-map-news", has_text=EDGE).wait_for()
    assert (
        "aws --profile account-a iam update-assume-role-policy"
        in text(page, ".xacct-calls").inner_text()
    )
    page.screenshot(path=screenshots / f"editor-saved-{scheme}.png")
    assert serious(page) == []


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


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_by_the_keyboard_alone(course: Opened, opened: Any) -> None:
    page, was = opened, principal(course)
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
    assert principal(course) == was

    tab_to(page, "Save")
    page.keyboard.press("Enter")
    text(page, ".xacct-outcome").filter(has_text="Saved.").wait_for()
    assert principal(course) == STRANGER
    for _ in range(12):
        page.keyboard.press("Tab")
        if not page.evaluate(FOCUSED):
            break
    assert page.evaluate(FOCUSED) == "", "the keyboard is not trapped"


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_what_changed_under_the_editor_is_not_overwritten(course: Opened, opened: Any) -> None:
    page = opened
    text(page, ".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    theirs = trust(course)
    theirs["Statement"][0]["Principal"] = {"AWS": STRANGER}
    account(course).update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(theirs))
    page.keyboard.press("Control+s")
    text(page, ".xacct-outcome").filter(has_text="Not saved: the document has changed").wait_for()
    assert trust(course) == theirs
    page.get_by_role("button", name="Load what is there").click()
    page.locator(f"{EDITOR} .cm-line", has_text=STRANGER).wait_for()
    page.keyboard.press("Control+z")
    page.locator(f"{EDITOR} .cm-line", has_text="some-role-name").wait_for()
