"""What nbval does not see: notebooks without outputs, denials that vanished, tags with slips."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from .cells import IDS, PATHS, Cell, cells, source, tags, texts
from .execute import number_cells, without_traces, written

KNOWN_TAGS = {"build", "denied", "raises-exception", "answer", "check"}
CLI_ERROR = "An error occurred ("
LONGEST_CELL = 20


def is_cli(cell: Cell) -> bool:
    return source(cell).startswith("%%bash")


def complaints(path: Path) -> list[str]:
    """Everything that is wrong with a notebook, one sentence each."""
    found = []
    for cell in cells(path):
        name, tagged = cell["id"], tags(cell)
        errors = [o for o in cell["outputs"] if o["output_type"] == "error"]
        if cell["execution_count"] is None or not cell["outputs"]:
            found.append(f"{name} has no output")
        if unknown := tagged - KNOWN_TAGS:
            found.append(f"{name} has the unknown tags {unknown}")
        if "denied" in tagged:
            shown = errors or any(CLI_ERROR in text for text in texts(cell))
            if not shown:
                found.append(f"{name} is tagged denied and nothing was denied")
            if not is_cli(cell) and "raises-exception" not in tagged:
                found.append(f"{name} is tagged denied and not raises-exception")
        elif errors or "raises-exception" in tagged:
            found.append(f"{name} ends in an error that no tag `denied` calls for")
        if len(source(cell).splitlines()) > LONGEST_CELL:
            found.append(f"{name} is longer than {LONGEST_CELL} lines")
        if "build" in tagged and re.search(r"^\s*[%!]", source(cell), re.M):
            found.append(f"{name} is tagged build and is not plain Python")
    return found


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_every_cell_is_as_its_tags_say(path: Path) -> None:
    assert complaints(path) == []


def test_the_complaints_are_real(tmp_path: Path) -> None:
    """A notebook with one of each slip is complained about once for each."""
    text = PATHS[1].read_text()
    broken = text.replace('"build"', '"biuld"', 1).replace('"denied",', "", 1)
    target = tmp_path / PATHS[1].name
    target.write_text(broken)
    found = " ".join(complaints(target))
    assert "unknown tags" in found
    assert "no tag `denied` calls for" in found


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_it_is_written_as_make_notebooks_writes_it(path: Path) -> None:
    text = path.read_text()
    notebook = nbformat.reads(text, as_version=4)
    without_traces(notebook)
    number_cells(notebook)
    assert text == written(notebook), f"make notebooks ARGS={path.name[:2]}"


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_each_notebook_says_what_it_is_for(path: Path) -> None:
    prose = [source(cell) for cell in cells(path, "markdown")]
    opening, closing, whole = prose[0], prose[-1], "\n".join(prose)
    headings = re.findall(r"^(#+) ", re.sub(r"```.*?```", "", whole, flags=re.S), re.M)
    assert headings[0] == "#"
    assert headings.count("#") == 1, "one H1"
    assert all(h in ("#", "###") for h in headings)
    assert re.search(r"\*\*\d+ minutes\.?\*\*", opening), "its time"
    assert "### Check yourself" in whole
    assert "### Now break it" in whole
    for word in ("Remember", "Avoid", "On AWS itself"):
        assert re.search(rf"^\*\*{word}\.?\*\*", closing, re.M), word
    assert any("predict(" in source(cell) for cell in cells(path))
    assert any("check" in tags(cell) for cell in cells(path))


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_links_lead_somewhere(path: Path) -> None:
    for cell in cells(path, "markdown"):
        for target in re.findall(r"\]\(([^)#]+)\)", source(cell)):
            assert "://" in target or (path.parent / target).exists(), target
