"""The committed notebooks as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xacct_helpers import course

PATHS = course.notebooks()
IDS = [path.stem for path in PATHS]
Cell = dict[str, Any]


def cells(path: Path, kind: str = "code") -> list[Cell]:
    """The cells of a notebook that are of a kind: "code" or "markdown"."""
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def tags(cell: Cell) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def source(cell: Cell) -> str:
    return "".join(cell["source"])


def texts(cell: Cell) -> Iterator[str]:
    """Every text that a cell's outputs hold."""
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            yield "".join(output["text"])
        elif output["output_type"] == "error":
            yield f"{output['ename']}: {output['evalue']}"
        else:
            for value in output["data"].values():
                yield "".join(value) if isinstance(value, list) else str(value)


# A task that only asks is open without a gap.
ASKS = re.compile(r'(diagnose\(\)|recall\("\w+"\))$')
