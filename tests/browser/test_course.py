"""The course in JupyterLab: opened where it begins, drawn, and run from the menu."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import axe
from tests.browser.jupyterlab import (
    IDLE,
    PANEL,
    Opened,
    set_scheme,
    show_notebook,
    wait_for_kernel,
)
from tests.browser.visits import Visit
from tests.notebooks.cells import IDS, PATHS, Cell, cells, tags, texts
from tests.notebooks.sanitizing import sanitize
from xacct_helpers.course import learners_copy

pytestmark = pytest.mark.browser
WIDGET = "application/vnd.jupyter.widget-view+json"


def errors(cell: Cell) -> list[str]:
    shown = [output for output in cell["outputs"] if output["output_type"] == "error"]
    return [sanitize(text) for text in texts({"outputs": shown})]


def check_saved(path: Path, committed: Path) -> None:
    """Every cell ran, and the errors are those that are meant, word for word."""
    assert WIDGET in path.read_text(), "only a cell that was run here has a widget"
    for now, before in zip(cells(path), cells(committed), strict=True):
        name = before["id"]
        assert now["execution_count"], f"{name} did not run"
        assert bool(now["outputs"]) == bool(before["outputs"]), name
        assert errors(now) == errors(before), name
        assert bool(errors(now)) == ("raises-exception" in tags(now)), name


MERMAID = ".jp-RenderedMermaid svg, .jp-RenderedMermaid img"
Visited = Callable[[Path], Visit]


def test_it_opens_where_it_begins_and_runs(
    jupyter: Opened, new_page: Any, visited: Visited, screenshots: Path
) -> None:
    page, first = new_page, PATHS[0]
    page.goto(jupyter.address)
    page.wait_for_selector(IDLE)
    assert page.url.endswith(f"/lab/tree/{first.name}")
    page.locator("h1", has_text="00 · Start here").wait_for()
    page.locator(MERMAID).first.wait_for()
    page.screenshot(path=screenshots / "00-light.png")
    visit = visited(first)
    check_saved(visit.saved, first)
    assert visit.light == []
    assert page.locator(".Toastify__toast").count() == 0, "no question about news"


def test_the_side_bar_shows_whole_names(jupyter: Opened, page: Any, screenshots: Path) -> None:
    show_notebook(page, jupyter, PATHS[0].name)
    set_scheme(page, "dark")
    page.locator(MERMAID).first.wait_for()
    page.screenshot(path=screenshots / "00-side-bar.png")
    item = page.locator(".jp-DirListing-itemText", has_text=PATHS[3].name)
    shown, whole = item.evaluate("e => [e.clientWidth, e.scrollWidth]")
    assert shown >= whole


@pytest.mark.parametrize("path", PATHS[1:], ids=[f"{name}-light" for name in IDS[1:]])
def test_every_notebook_runs_from_the_menu(visited: Visited, path: Path) -> None:
    """Whatever the accounts are like that another left behind; and axe-core looks at it."""
    visit = visited(path)
    check_saved(visit.saved, path)
    assert visit.light == []


def test_axe_core_looks_at_the_last_output_too(jupyter: Opened, page: Any) -> None:
    """One that nobody could read, far below what the window shows."""
    path = PATHS[-1]
    show_notebook(page, jupyter, path.name)
    cells = json.loads((jupyter.course / path.name).read_text())["cells"]
    last = max(at for at, cell in enumerate(cells) if cell.get("outputs"))
    style = page.add_style_tag(
        content=f"[data-windowed-list-index='{last}'] .jp-OutputArea-output * "
        "{ color: #999 !important; background: #aaa !important; }"
    )
    found = axe.serious(page)
    style.evaluate("style => style.remove()")
    assert {one["rule"] for one in found} == {"color-contrast"}


@pytest.mark.parametrize("path", PATHS, ids=[f"{name}-dark" for name in IDS])
def test_what_it_shows_can_be_read_in_the_dark(visited: Visited, path: Path) -> None:
    """The outputs as committed."""
    assert visited(path).dark == []


def test_what_it_prints_first(jupyter: Opened) -> None:
    copy, lab = jupyter.printed.splitlines()[:2]
    assert copy.startswith(f"Your course: {jupyter.course} (")
    assert lab == f"Its lab:     {jupyter.course.parent / '.xacct'}"


def test_a_copy_without_answers_is_not_changed_by_opening_it(
    jupyter: Opened, page: Any, screenshots: Path
) -> None:
    """With a kernel, too; and a cell with a gap says which gap instead of running."""
    copy = learners_copy.make(jupyter.course / "to-write")
    name = f"to-write/{PATHS[3].name}"
    before = (jupyter.course / name).read_text()
    try:
        show_notebook(page, jupyter, name)
        wait_for_kernel(page)
        assert page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty") is False
        assert page.locator(f"{PANEL} .jp-OutputArea-output").count() == 0
        page.screenshot(path=screenshots / "03-to-write.png")
        assert (jupyter.course / name).read_text() == before
    finally:
        page.evaluate("jupyterapp.commands.execute('application:close-all')")
        shutil.rmtree(copy.folder)
