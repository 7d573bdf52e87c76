"""Read without a kernel: nbconvert makes pages in which every view has its still form."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from .cells import IDS, PATHS, Cell, cells, source

VIEWS = ("access_map", "diagnose", "edit_policy", "explain", "progress", "show_trail", "summary")


def html_of(path: Path) -> str:
    body, _ = HTMLExporter().from_notebook_node(nbformat.read(path, as_version=4))
    return str(body)


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_no_page_misses_a_widget(path: Path) -> None:
    page = html_of(path)
    said = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.S)
    assert not re.search("widget not found|model not found|Error displaying widget", said, re.I)
    assert "application/vnd.jupyter.widget-view+json" not in said


def views(path: Path) -> list[tuple[str, Cell]]:
    return [(cell["id"], cell) for cell in cells(path) if _shows(cell) in VIEWS]


def _shows(cell: Cell) -> str:
    """What a cell's last line calls."""
    return source(cell).rstrip().splitlines()[-1].partition("(")[0]


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_every_view_has_a_still_form(path: Path) -> None:
    """As a picture or a table, and as text that says something."""
    for name, cell in views(path):
        (data,) = (one["data"] for one in cell["outputs"] if "data" in one)
        assert "".join(data["text/plain"]).strip(), name
        assert not re.match(r"\w+\(", "".join(data["text/plain"])), f"{name} shows a repr"
        assert re.search("<img|<svg|<table|<pre|<section|<p>", "".join(data["text/html"])), name


def test_there_are_views() -> None:
    shown = {_shows(cell) for path in PATHS for _, cell in views(path)}
    assert {"access_map", "diagnose", "edit_policy", "summary"} <= shown
