"""A visit to a notebook of the course: opened in the dark, run from the menu in the light.

All that the tests ask about a notebook in JupyterLab is looked at then.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser import axe
from tests.browser.jupyterlab import (
    Opened,
    run_all,
    save,
    set_scheme,
    show_notebook,
    wait_for_kernel,
)
from tests.memory import family, proportional, resident
from xacct_helpers import workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of the learner's JupyterLab, and how many bytes of memory it holds."""

    program: str
    resident: int
    proportional: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visit shows.

    dark: what axe-core finds in the outputs as committed, in the dark. light: what it finds in
    those of the run. processes: what runs after it; empty where the system is not Linux.
    """

    saved: Path
    dark: list[axe.Finding]
    light: list[axe.Finding]
    processes: list[Process]


def visit(page: Any, jupyter: Opened, path: Path, screenshots: Path) -> Visit:
    """Open a notebook, look at it in the dark, run and save it, and look at it in the light."""
    number = path.name[:2]
    set_scheme(page, "dark")
    show_notebook(page, jupyter, path.name)
    page.locator("h1", has_text=f"{number} · ").wait_for()
    assert page.evaluate("document.body.dataset.jpThemeLight") == "false"
    page.screenshot(path=screenshots / f"{number}-dark.png")
    dark = axe.serious(page)
    set_scheme(page, "light")
    wait_for_kernel(page)
    run_all(page)
    save(page)
    processes = _processes(jupyter) if sys.platform == "linux" else []
    page.screenshot(path=screenshots / f"{number}-run.png")
    return Visit(
        saved=jupyter.course / path.name, dark=dark, light=axe.serious(page), processes=processes
    )


def _processes(jupyter: Opened) -> list[Process]:
    """JupyterLab, its kernels and the sandbox, which outlives the kernel that started it."""
    sandbox = workspace.find(jupyter.lab)
    assert sandbox is not None
    return [
        Process(program=_program(pid), resident=resident(pid), proportional=proportional(pid))
        for pid in sorted({*family(jupyter.pid), *family(sandbox.pid)})
    ]


def _program(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    known = ("jupyterlab", "ipykernel", "xacct_helpers")
    return next((name for name in known if any(name in word for word in words)), words[0])
