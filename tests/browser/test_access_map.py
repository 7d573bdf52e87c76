"""The access map in JupyterLab: by mouse, by keyboard alone, and as it follows the accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import serious_in_both_schemes
from tests.browser.jupyterlab import PANEL, Opened, run_notebook, save, show_notebook
from tests.notebooks.cells import PATHS
from tests.notebooks.test_nbconvert import html_of

pytestmark = pytest.mark.browser
NAME = "map.ipynb"
SETUP = """\
from xacct_helpers import access_map, open_lab
import boto3
lab = open_lab()
lab.catch_up(through=4)

def take_away():
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    for name in iam.list_role_policies(RoleName="some-role-name")["PolicyNames"]:
        iam.delete_role_policy(RoleName="some-role-name", PolicyName=name)"""
CELLS = [SETUP, "access_map()"]
MANY = """\
import json
iam = boto3.Session(profile_name="account-b-admin").client("iam")
(role,) = [role for role in iam.list_roles()["Roles"] if role["RoleName"] == "some-role-name"]
trusts = json.dumps(role["AssumeRolePolicyDocument"])
(name,) = iam.list_role_policies(RoleName="some-role-name")["PolicyNames"]
allows = iam.get_role_policy(RoleName="some-role-name", PolicyName=name)["PolicyDocument"]
for number in range(60):
    iam.create_role(RoleName=f"another-{number}", AssumeRolePolicyDocument=trusts)
    iam.put_role_policy(
        RoleName=f"another-{number}", PolicyName=name, PolicyDocument=json.dumps(allows)
    )"""
MAP = f"{PANEL} .xacct-map-view"
WHY = f"{PANEL} .xacct-map-why"
EDGE = f"{MAP} svg.xacct-map .edge[data-key*='some-role-name'][data-key*='account-a-role-name']"
FOCUSED = "document.activeElement.getAttribute('aria-label')"
WHOLE = "some-role-name (B) can assume account-a-role-name (A): both accounts have agreed"
HALF = "some-role-name (B) cannot assume account-a-role-name (A): A has agreed, B has not"


@pytest.fixture(autouse=True)
def as_after_notebook_4(put_back: Callable[[int | None], None]) -> None:
    put_back(4)


def opened(jupyter: Opened, page: Any, cells: list[str], name: str = NAME) -> Path:
    """A notebook of these cells, in JupyterLab, all of them run."""
    path = run_notebook(page, jupyter, name, cells)
    page.locator(EDGE).wait_for(state="attached")
    return path


def run_more(page: Any, source: str) -> None:
    """A cell below the last one, run by the keyboard."""
    page.locator(f"{PANEL} .jp-Notebook-footer").click()
    page.keyboard.press("Enter")
    page.locator(f"{PANEL} .jp-CodeCell .cm-content:focus").wait_for()
    page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")


def test_a_click_says_why_and_the_map_follows(
    jupyter: Opened, page: Any, screenshots: Path
) -> None:
    opened(jupyter, page, CELLS)
    edge, panel = page.locator(EDGE), page.locator(WHY)
    assert edge.get_attribute("aria-label") == WHOLE
    edge.locator(".agreed").first.click()
    panel.get_by_text("Allowed: sts:AssumeRole").wait_for()
    assert edge.get_attribute("aria-expanded") == "true"
    assert serious_in_both_schemes(page, screenshots / "map.png") == []
    run_more(page, "take_away()")
    page.locator(f"{MAP} .xacct-map-news", has_text=HALF).wait_for()
    assert edge.get_attribute("aria-label") == f"B has not agreed: {HALF}"
    assert edge.locator(".missing").count() == 1
    panel.get_by_text("Refused: sts:AssumeRole").wait_for()
    assert serious_in_both_schemes(page, screenshots / "map-half.png") == []
    panel.get_by_role("button", name="Close").click()
    panel.wait_for(state="hidden")


def test_the_answer_comes_into_sight_below_a_tall_map(
    jupyter: Opened, page: Any, screenshots: Path
) -> None:
    """On the screen of a laptop. A cell that changes the answer moves nobody to it."""
    from playwright.sync_api import expect

    page.set_viewport_size({"width": 1400, "height": 800})
    opened(jupyter, page, [SETUP, MANY, "access_map()"])
    edge, title = page.locator(EDGE), page.locator(f"{WHY} .xacct-title")
    assert page.locator(f"{MAP} svg .card").count() > 60
    edge.locator(".agreed").first.click()
    title.wait_for()
    expect(title).to_be_in_viewport(ratio=1)
    assert serious_in_both_schemes(page, screenshots / "map-many.png") == []
    page.get_by_role("button", name="Close").click()
    expect(edge.locator(".agreed").first).to_be_in_viewport()
    page.keyboard.press("Enter")
    title.wait_for()
    expect(title).to_be_in_viewport(ratio=1)
    run_more(page, "take_away()")
    page.locator(WHY).get_by_text("Refused: sts:AssumeRole").wait_for()
    expect(title).not_to_be_in_viewport()


def test_the_keyboard_alone_reaches_every_edge(jupyter: Opened, page: Any) -> None:
    opened(jupyter, page, CELLS)
    panel = page.locator(WHY)
    labels = page.locator(f"{MAP} svg .edge").evaluate_all(
        "edges => edges.map(edge => edge.getAttribute('aria-label'))"
    )
    page.locator(f"{MAP} svg .edge[tabindex='0']").focus()
    seen = []
    for _ in labels:
        seen.append(page.evaluate(FOCUSED))
        page.keyboard.press("ArrowDown")
    assert seen == labels
    assert page.evaluate(FOCUSED) == labels[0], "from the last to the first"
    page.keyboard.press("End")
    assert page.evaluate(FOCUSED) == labels[-1]
    page.keyboard.press("Home")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) not in labels, "one stop for the Tab key"
    page.keyboard.press("Tab")
    while page.evaluate(FOCUSED) != WHOLE:
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel.get_by_text("Allowed: sts:AssumeRole").wait_for()
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert page.evaluate(FOCUSED) == WHOLE, "the focus stays where it was"


def test_a_saved_notebook_shows_the_map_without_a_kernel(jupyter: Opened, page: Any) -> None:
    path = opened(jupyter, page, CELLS)
    save(page)
    (output,) = json.loads(path.read_text())["cells"][1]["outputs"]
    assert "data:image/svg+xml" in "".join(output["data"]["text/html"])
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_text("Shut Down Kernel", exact=True).click()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='unknown']").wait_for()
    page.goto(f"{jupyter.address}/lab/tree/{path.name}?reset")
    page.locator(EDGE).wait_for(state="attached")


def test_the_picture_is_there_where_outputs_are_not_trusted(jupyter: Opened, page: Any) -> None:
    """In a notebook that was not run here, and on the page that nbconvert makes of it."""
    committed = next(path for path in PATHS if path.name.startswith("03"))
    still = "img[src^='data:image/svg+xml']"
    drawn = "image => image.decode().then(() => image.naturalWidth > 600)"
    show_notebook(page, jupyter, committed.name)
    assert page.locator(f"{PANEL} {still}").first.evaluate(drawn)
    elsewhere = page.context.new_page()
    elsewhere.set_content(html_of(committed))
    assert elsewhere.locator(still).first.evaluate(drawn)
    elsewhere.close()
