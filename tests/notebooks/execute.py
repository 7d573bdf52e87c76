"""`make notebooks`: run every committed notebook in a fresh lab and rewrite its outputs.

Run twice, it changes nothing: an output that differs from the committed one only in what the
sanitizing rules name (times, temporary keys, ports) is left as it was. A notebook in which a cell
ends in an error that no tag calls for is not written, and the run fails.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbclient
import nbformat

from tests.notebooks import course_map
from tests.notebooks.prose import MAP
from tests.notebooks.sanitizing import RULES_FILE, sanitize
from tests.tools import ROOT
from xacct_helpers import course

CELL_SECONDS = 60
_WIDGET = "application/vnd.jupyter.widget-view+json"


def main(arguments: list[str] | None = None) -> int:
    """Execute the notebooks; 1 when one of them has an unintended error."""
    parser = argparse.ArgumentParser(prog="make notebooks", description=__doc__)
    parser.add_argument("only", nargs="*", help="numbers, for instance 03; all by default")
    options = parser.parse_args(arguments)
    failed = False
    for path in course.notebooks():
        if options.only and path.name[:2] not in options.only:
            continue
        print(f"{path.name} … ", end="", file=sys.stderr, flush=True)
        try:
            changed = rewrite(path)
        except nbclient.exceptions.CellExecutionError as error:
            print(f"failed:\n{error}", file=sys.stderr)
            failed = True
        else:
            print("rewritten" if changed else "as it was", file=sys.stderr)
    MAP.write_text(course_map.written(), encoding="utf-8")
    return int(failed)


def rewrite(path: Path) -> bool:
    """Execute one notebook and write its outputs; whether the file changed."""
    before = path.read_text()
    notebook = nbformat.reads(before, as_version=4)
    old = {cell["id"]: cell.get("outputs", []) for cell in notebook.cells}
    execute(notebook, path.parent)
    for cell in notebook.cells:
        if cell["cell_type"] == "code":
            cell["outputs"] = as_committed(cell["outputs"], old[cell["id"]])
    without_traces(notebook)
    after = written(notebook)
    if after != before:
        path.write_text(after)
    return after != before


def without_traces(notebook: Any) -> None:
    """Take away what an execution leaves in a notebook beside its outputs."""
    for cell in notebook.cells:
        cell["metadata"].pop("execution", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}


def number_cells(notebook: Any) -> None:
    """Number the code cells as they are when all are run in order."""
    code = [cell for cell in notebook.cells if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, 1):
        for counted in (cell, *cell["outputs"]):
            if "execution_count" in counted:
                counted["execution_count"] = number


def written(notebook: Any) -> str:
    """A notebook's text as it is committed: what is executed again is compared with it whole."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def execute(notebook: Any, folder: Path) -> None:
    """Run a notebook's cells in a lab of its own; outputs are left in the notebook."""
    with fresh_lab():
        nbclient.NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            # On a busy machine outputs may come later than the four seconds that nbclient waits
            # before it goes on without them.
            iopub_timeout=CELL_SECONDS,
            raise_on_iopub_timeout=True,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        ).execute()


@contextmanager
def fresh_lab() -> Iterator[Path]:
    """An empty lab that this process and its kernels use; its sandbox ends with it."""
    from tests.labs import named  # brings boto3, which the other programs here do not need

    with (
        tempfile.TemporaryDirectory(prefix="xacct-notebook-") as name,
        named(Path(name) / "lab") as folder,
    ):
        yield folder


def nbval_options(path: Path) -> list[str]:
    """pytest's arguments to run one notebook under nbval in full: every output is compared."""
    options = ["-q", "--no-header", "--nbval", "--nbval-current-env"]
    options += ["--nbval-cell-timeout", str(CELL_SECONDS)]
    return [*options, "--nbval-sanitize-with", str(RULES_FILE), str(path)]


def nbval(path: Path) -> subprocess.CompletedProcess[str]:
    """One notebook under nbval, as a program of its own."""
    command = [sys.executable, "-m", "pytest", *nbval_options(path)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ, cwd=ROOT
    )


def as_committed(made: list[Any], committed: list[Any]) -> list[Any]:
    """A cell's outputs as they are committed: the old ones where they say the same."""
    return _settled(_clean(made), committed)


def difference(made: list[Any], committed: list[Any]) -> str:
    """How a cell's outputs, as its kernel sent them, differ from the committed ones; "" if not.

    nbval's own comparison passes over the order of outputs of different kinds, what kind of output
    a text is, and an output's metadata; this one does not.
    """
    before, after = (_lines(outputs) for outputs in (committed, _clean(made)))
    return "\n".join(difflib.unified_diff(before, after, "committed", "made", lineterm="", n=0))


def _lines(outputs: list[Any]) -> list[str]:
    """What is compared of outputs, in lines."""
    counted_out = [{**output, "execution_count": None} for output in outputs]
    return sanitize(json.dumps(counted_out, indent=1, ensure_ascii=False)).splitlines()


def _clean(made: list[Any]) -> list[Any]:
    return _one_per_stream([_still(output) for output in made])


def _still(output: Any) -> Any:
    """The output without what only lives with its kernel, so that it reads well on GitHub."""
    if "data" in output:
        output["data"].pop(_WIDGET, None)
    if output.get("output_type") == "error":
        # nbval compares class and message; the traceback holds paths of this machine.
        output["traceback"] = [f"{output['ename']}: {output['evalue']}"]
    return output


def joined_streams(outputs: list[Any]) -> list[Any]:
    """Text that a stream gave in several pieces as one: where it was cut is chance."""
    merged: list[Any] = []
    for output in outputs:
        before = merged[-1] if merged else None
        if (
            before is not None
            and output.get("output_type") == before.get("output_type") == "stream"
            and output["name"] == before["name"]
        ):
            before["text"] += output["text"]
        else:
            merged.append(output)
    return merged


def _one_per_stream(outputs: list[Any]) -> list[Any]:
    """The outputs with joined streams, each as it is left on a screen."""
    merged = joined_streams(outputs)
    for output in merged:
        if output.get("output_type") == "stream":
            # What was written over, a progress bar: nbval passes over it likewise.
            output["text"] = re.sub(r"^.*\r(?=[^\n])", "", output["text"], flags=re.M)
    return merged


def _settled(new: list[Any], old: list[Any]) -> list[Any]:
    """The old outputs where the new ones say the same."""
    if _lines(new) != _lines(old):
        return new
    for kept, made in zip(old, new, strict=True):
        if "execution_count" in made:
            kept["execution_count"] = made["execution_count"]
    return old


if __name__ == "__main__":
    raise SystemExit(main())
