"""What the course holds for the right prediction is what happens, in every notebook."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.cells import IDS, PATHS
from tests.notebooks.execute import execute
from xacct_helpers import course


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_the_answer_to_every_question_is_true(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every question answered as its cell's metadata says, every real call agrees."""
    monkeypatch.setenv("JPY_SESSION_NAME", path.name)  # as JupyterLab tells a kernel
    asked = [one for one in course.questions() if one.notebook == path.name[:2]]
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        right = next((one.right for one in asked if one.cell == cell["id"]), None)
        if right is not None:
            cell["source"] = re.sub(r"\)$", f", answer={right!r})", cell["source"].rstrip())
    kept = "from xacct_helpers import kept_progress as kept\nkept.read(lab.folder).predictions"
    notebook.cells.append(nbformat.v4.new_code_cell(kept))
    execute(notebook, path.parent)
    said = notebook.cells[-1]["outputs"][0]["data"]["text/plain"]
    alone = [one for one in asked if sum(one.choices == other.choices for other in asked) == 1]
    assert said.count("right=True") == len(alone)
    assert "right=False" not in said
    unlike = len(asked) - len(alone)
    assert said.count("right=None") <= unlike, "another outcome than its cell says"
