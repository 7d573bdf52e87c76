"""The course's notebooks: the pristine ones, and a copy of them for a learner."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def pristine() -> Path:
    """The folder of the pristine notebooks: packaged with the wheel, or beside it in a checkout."""
    packaged = _HERE / "course"
    return packaged if packaged.is_dir() else _HERE.parent / "notebooks"


def notebooks() -> list[Path]:
    """The pristine notebooks in reading order."""
    return sorted(pristine().glob("[0-9][0-9]-*.ipynb"))


def copy_to(folder: Path) -> tuple[Path, int]:
    """Copy into a folder every file of the course that it does not hold yet.

    Never overwrites. Gives the absolute folder and how many files were copied; OSError when the
    folder cannot be written.
    """
    folder = folder.expanduser().resolve()
    source = pristine()
    copied = 0
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_dir() or any(part.startswith((".", "__")) for part in relative.parts):
            continue
        target = folder / relative
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.new")
        shutil.copyfile(path, temporary)
        temporary.replace(target)
        copied += 1
    return folder, copied


def open_jupyter(folder: Path, *, browser: bool, port: int | None) -> int:
    """Run JupyterLab on the course's first notebook until it ends; its exit code."""
    first = next(iter(sorted(folder.glob("00-*.ipynb"))), None)
    command = [sys.executable, "-m", "jupyterlab"]
    if first is not None:
        command += [f"--LabApp.default_url=/lab/tree/{first.name}"]
    if not browser:
        command.append("--no-browser")
    if port is not None:
        command.append(f"--port={port}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    settings = str(_HERE / "lab_settings")
    paths = [settings, *os.environ.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep)]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(p for p in paths if p)}
    try:
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0
