"""The course's notebooks: the pristine ones, and JupyterLab opened on a learner's copy of them."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..workspace import FIRST_NOTEBOOK

_HERE = Path(__file__).resolve().parent
LAB_SETTINGS = _HERE.parent / "lab_settings"
_COPY = Path("my-course")
# How the cells begin that a learner's copy leaves to the learner; their task follows.
YOURS = "Yours to write:"


def pristine() -> Path:
    """The folder of the pristine notebooks: packaged with the wheel, or beside it in a checkout."""
    packaged = _HERE / "notebooks"
    return packaged if packaged.is_dir() else _HERE.parents[1] / "notebooks"


def notebooks() -> list[Path]:
    """The pristine notebooks in reading order."""
    return sorted(pristine().glob("[0-9][0-9]-*.ipynb"))


def number(notebook: Path) -> int:
    """The number in a notebook's name, by which people and `catch_up` call it."""
    return int(notebook.name[:2])


def names() -> list[str]:
    """The notebooks as people call them: "00", "01", …"""
    return [path.name[:2] for path in notebooks()]


def checked() -> list[str]:
    """The names of the notebooks that have a check."""
    found = ((path.name[:2], "\n".join(tagged(path, "check"))) for path in notebooks())
    return [name for name, text in found if f'check("{name}")' in text]


def titles() -> dict[str, str]:
    """Each notebook's name to its heading, "03 · Who may become this role?"."""
    return {path.name[:2]: _title(path) for path in notebooks()}


def _title(path: Path) -> str:
    first = next(cell for cell in cells(path) if cell["cell_type"] == "markdown")
    return source(first).partition("\n")[0].lstrip("# ").strip()


def cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook as its JSON has them."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def source(cell: dict[str, Any]) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def tagged(path: Path, *tags: str) -> list[str]:
    """The sources of a notebook's code cells that carry one of the tags, in order."""
    wanted = set(tags)
    return [
        source(cell)
        for cell in cells(path)
        if cell["cell_type"] == "code" and wanted & set(cell["metadata"].get("tags", []))
    ]


def begins_after(name: str) -> int | None:
    """The number of the notebook after which another one begins, as its own catch_up says; None for
    one that begins in empty accounts. One that does not catch up begins after the one before."""
    path = next(path for path in notebooks() if path.name.startswith(f"{name}-"))
    code = "\n".join(source(cell) for cell in cells(path) if cell["cell_type"] == "code")
    found = re.search(r"^lab\.catch_up\(through=(\d+)\)", code, re.M)
    if found is not None:
        return int(found[1])
    return number(path) - 1 if number(path) else None


def task(cell: dict[str, Any]) -> str | None:
    """What a learner is asked to write in a cell; None for a cell that is theirs to run only.

    It stands in the cell's metadata: "xacct": {"task": "…"}.
    """
    found: str | None = cell["metadata"].get("xacct", {}).get("task")
    return found


def task_that_makes(name: str, *, notebook: str | None) -> str | None:
    """The task of the cell that is to give a name its value; None where no task, or more than one,
    says that name. notebook: the one to look in, None for all."""
    tasks = {
        words
        for path in notebooks()
        if notebook in (None, path.name[:2])
        for cell in cells(path)
        if (words := task(cell)) is not None
        if re.search(rf"\b{re.escape(name)}\b", words)
        if re.search(rf"^{re.escape(name)}\b.*?=", source(cell), re.M)
    }
    return tasks.pop() if len(tasks) == 1 else None


def given(cell: dict[str, Any]) -> str | None:
    """The code with gaps (`...`) that a learner completes; None where the task is all they get.

    It stands in the cell's metadata: "xacct": {"task": "…", "given": "…"}.
    """
    found: str | None = cell["metadata"].get("xacct", {}).get("given")
    return found


def answer(name: str) -> list[str]:
    """The cells that reach what a notebook's check looks for, without the one that opens the lab.

    Those tagged `answer`; where there are none, those tagged `build`.
    """
    path = next(path for path in notebooks() if path.name.startswith(f"{name}-"))
    found = tagged(path, "answer") or tagged(path, "build")
    return [text for text in found if "open_lab()" not in text] or found


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A predict() of the course. right: the choice that is; refused: whether the call that it is
    about is refused, None where no single call answers it."""

    notebook: str
    cell: str
    choices: tuple[str, ...]
    right: str
    refused: bool | None


def questions() -> Iterator[Question]:
    """Every question of the course. What is right stands in the metadata of its cell, where it
    does not spoil the question: "xacct": {"right": "denied", "refused": true}."""
    for path in notebooks():
        for cell in cells(path):
            key = cell["metadata"].get("xacct", {})
            if "right" in key:
                yield Question(
                    notebook=path.name[:2],
                    cell=cell["id"],
                    choices=choices(source(cell)),
                    right=key["right"],
                    refused=key.get("refused"),
                )


def choices(code: str) -> tuple[str, ...]:
    """What a cell's predict() offers; () for a cell that asks nothing."""
    if "predict(" not in code or code.startswith("%%"):
        return ()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "predict":
            return tuple(str(ast.literal_eval(argument)) for argument in node.args)
    return ()


def question(wanted: tuple[str, ...], *, cell: str | None, notebook: str | None) -> Question | None:
    """The course's question with these choices; None for another one, and where several have them
    and neither the cell nor the notebook tells which."""
    found = [one for one in questions() if one.choices == wanted]
    for known in (
        [one for one in found if one.notebook == notebook],
        [one for one in found if one.cell == cell],
    ):
        found = known or found
    return found[0] if len(found) == 1 else None


def usual_copy() -> Path:
    """Where a learner's copy goes: `my-course`, or the current folder when it is one already."""
    here = Path.cwd()
    return here if (here / FIRST_NOTEBOOK).exists() and here != pristine() else _COPY


def open_jupyter(folder: Path, *, browser: bool, port: int | None) -> NoReturn:
    """Become JupyterLab, opened on the course's first notebook.

    port: None takes JupyterLab's usual one, or the next that is free.
    """
    command = [sys.executable, "-m", "jupyterlab"]
    command += [f"--ServerApp.root_dir={folder}", f"--LabApp.app_settings_dir={LAB_SETTINGS}"]
    if (folder / FIRST_NOTEBOOK).exists():
        command.append(f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}")
    if not browser:
        command.append("--no-browser")
    if port is not None:
        command += [f"--port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    # The kernel of this environment, also where the user has one of the same name.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.chdir(folder)
    os.execv(sys.executable, command)
