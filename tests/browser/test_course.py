"""The course in JupyterLab: opened where it begins, drawn, and run from the menu."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser import axe
from tests.browser.jupyterlab import IDLE, Opened, open_notebook, run_all, save
from tests.notebooks.cells import IDS, PATHS, Cell, cells, tags, texts
from tests.notebooks.sanitizing import sanitize

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


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_it_opens_where_it_begins_and_runs(jupyter: Opened, page: Any, screenshots: Path) -> None:
    first = PATHS[0]
    page.goto(jupyter.address)
    page.wait_for_selector(IDLE)
    assert page.url.endswith(f"/lab/tree/{first.name}")
    page.locator("h1", has_text="00 · Start here").wait_for()
    page.locator(".jp-RenderedMermaid svg, .jp-RenderedMermaid img").first.wait_for()
    page.screenshot(path=screenshots / "00-light.png")
    run_all(page)
    page.screenshot(path=screenshots / "00-run.png")
    save(page)
    check_saved(jupyter.course / first.name, first)
    assert axe.serious(page) == []
    assert page.locator(".Toastify__toast").count() == 0, "no question about news"


def shown(page: Any, jupyter: Opened, path: Path) -> None:
    """Open a notebook and wait until it can be run."""
    open_notebook(page, jupyter, path.name)
    page.locator("h1", has_text=f"{path.name[:2]} · ").wait_for()


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
@pytest.mark.parametrize("path", PATHS[1:], ids=IDS[1:])
def test_every_notebook_runs_from_the_menu(
    jupyter: Opened, page: Any, path: Path, screenshots: Path
) -> None:
    """Whatever the accounts are like that another left behind; and axe-core looks at it."""
    shown(page, jupyter, path)
    run_all(page)
    save(page)
    check_saved(jupyter.course / path.name, path)
    page.screenshot(path=screenshots / f"{path.name[:2]}-run.png")
    assert axe.serious(page) == []


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_axe_core_looks_at_the_last_output_too(jupyter: Opened, page: Any) -> None:
    """One that nobody could read, far below what the window shows."""
    path = PATHS[6]
    every = json.loads(path.read_text())["cells"]
    last = max(at for at, cell in enumerate(every) if cell.get("outputs"))
    shown(page, jupyter, path)
    page.add_style_tag(
        content=f"[data-windowed-list-index='{last}'] .jp-OutputArea-output * "
        "{ color: #999 !important; background: #aaa !important; }"
    )
    assert {one["rule"] for one in axe.serious(page)} == {"color-contrast"}


@pytest.mark.parametrize("scheme", ["dark"], indirect=True)
@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_what_it_shows_can_be_read_in_the_dark(
    jupyter: Opened, page: Any, path: Path, screenshots: Path
) -> None:
    """The outputs as committed."""
    shown(page, jupyter, path)
    assert page.evaluate("document.body.dataset.jpThemeLight") == "false"
    page.screenshot(path=screenshots / f"{path.name[:2]}-dark.png")
    assert axe.serious(page) == []


@pytest.mark.parametrize("scheme", ["dark"], indirect=True)
def test_the_side_bar_shows_whole_names(jupyter: Opened, page: Any, screenshots: Path) -> None:
    open_notebook(page, jupyter, PATHS[0].name)
    page.locator(".jp-RenderedMermaid svg, .jp-RenderedMermaid img").first.wait_for()
    page.screenshot(path=screenshots / "00-side-bar.png")
    item = page.locator(".jp-DirListing-itemText", has_text=PATHS[3].name)
    shown, whole = item.evaluate("e => [e.clientWidth, e.scrollWidth]")
    assert shown >= whole


def test_what_it_prints_first(jupyter: Opened) -> None:
    copy, lab = jupyter.printed.splitlines()[:2]
    assert copy.startswith(f"Your course: {jupyter.course} (")
    assert lab == f"Its lab:     {jupyter.course.parent / '.xacct'}"
