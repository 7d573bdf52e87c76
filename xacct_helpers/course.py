"""The course's notebooks: the pristine ones, and a copy of them for a learner."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NoReturn

from .workspace import FIRST_NOTEBOOK, LabError, absolute

_HERE = Path(__file__).resolve().parent
_LAB_SETTINGS = _HERE / "lab_settings"
_COPY = Path("my-course")


def pristine() -> Path:
    """The folder of the pristine notebooks: packaged with the wheel, or beside it in a checkout."""
    packaged = _HERE / "course"
    return packaged if packaged.is_dir() else _HERE.parent / "notebooks"


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


def answer(name: str) -> list[str]:
    """The cells that reach what a notebook's check looks for, without the one that opens the lab.

    Those tagged `answer`; where there are none, those tagged `build`.
    """
    path = next(path for path in notebooks() if path.name.startswith(f"{name}-"))
    found = tagged(path, "answer") or tagged(path, "build")
    return [text for text in found if "open_lab()" not in text] or found


def usual_copy() -> Path:
    """Where a learner's copy goes: `my-course`, or the current folder when it is one already."""
    here = Path.cwd()
    return here if (here / FIRST_NOTEBOOK).exists() and here != pristine() else _COPY


def copy_to(folder: Path) -> tuple[Path, int]:
    """Copy into a folder every file of the course that it does not hold yet.

    Never overwrites. Gives the absolute folder and how many files were copied.
    Raises LabError when the folder cannot be the learner's.
    """
    folder = absolute(folder)
    source = pristine()
    if folder == source:
        raise LabError(f"{folder} is the course itself; choose another folder for your copy.")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise LabError(f"{folder} is a file; choose a folder for your copy of the course.")
    copied = 0
    try:
        for path in sorted(source.rglob("*")):
            relative = path.relative_to(source)
            if path.is_file() and not any(part.startswith((".", "__")) for part in relative.parts):
                copied += _copy(path, folder / relative)
    except OSError as error:
        raise LabError(
            f"The course cannot be copied to {folder} ({error.strerror or error}). "
            "Choose a folder that you can write: xacct lab --course FOLDER."
        ) from error
    return folder, copied


def _copy(path: Path, target: Path) -> bool:
    """Copy a file that is not there yet, whole or not at all; whether it was copied."""
    if os.path.lexists(target):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.new")
    try:
        shutil.copyfile(path, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def open_jupyter(folder: Path, *, browser: bool, port: int | None) -> NoReturn:
    """Become JupyterLab, opened on the course's first notebook.

    port: None takes JupyterLab's usual one, or the next that is free.
    """
    command = [sys.executable, "-m", "jupyterlab"]
    command += [f"--ServerApp.root_dir={folder}", f"--LabApp.app_settings_dir={_LAB_SETTINGS}"]
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
