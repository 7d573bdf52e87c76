"""The access map of 200 principals in JupyterLab, until it answers.

In a headless Chromium: from the key that runs the cell to the answer to a click on an edge, within
sight. So it holds what a learner waits for: the kernel, the sandbox, drawing, and asking why.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import nbformat

from benchmarks.mapping import PRINCIPALS, furnish
from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import Keys, Server
from tests import programs
from tests.browser import jupyterlab as browser
from xacct_helpers import workspace

ALLOWED_MS = 1000.0
ROUNDS = 5

_NAME = "map.ipynb"
_CELLS = ["from xacct_helpers import access_map, open_lab\nlab = open_lab()", "access_map()"]
_MAP = f"{browser.PANEL} .xacct-map-view"
_WHOLE = f"{_MAP} svg .edge.can-assume:not(.half, .quiet)"
_EDGE = f"{_WHOLE}[aria-label*='role-1 (B) can assume role-1 (A)'] .agreed"
_ANSWER = f"{_MAP} .xacct-map-why .xacct-card"
# Both asked with every frame that is drawn; the second by what stands at the answer's first line.
_DRAWN = f'() => document.querySelector("{_EDGE}")'
_READ = f"""
() => {{
    const answer = document.querySelector("{_ANSWER}");
    if (!answer) return false;
    const {{ x, y }} = answer.getBoundingClientRect();
    return answer.contains(document.elementFromPoint(x + 20, y + 20));
}}
"""


def measure(principals: int = PRINCIPALS, rounds: int = ROUNDS) -> list[Row]:
    """One row: the median of so many runs of the cell.

    CannotRun without a browser, or when the map lacks an edge.
    """
    program = shutil.which("chromium")
    if program is None:
        raise CannotRun("chromium is not installed: apt install chromium")
    try:
        from playwright.sync_api import Error
    except ImportError as error:
        raise CannotRun("playwright is not installed: pip install playwright") from error
    with tempfile.TemporaryDirectory() as name:
        try:
            taken = _taken(Path(name), program, principals, rounds)
        except (Error, programs.Ended) as error:
            raise CannotRun(f"the map was not seen in a browser: {error}") from error
    return [
        Row(
            what=f"access map of {principals} principals in JupyterLab: from running the cell to "
            f"the answer to a click (median of {rounds})",
            ours=f"{taken * 1000:.0f} ms",
            peer=f"{ALLOWED_MS:.0f} ms",
            value=taken * 1000 / ALLOWED_MS,
            limit=1.0,
        )
    ]


def _taken(top: Path, program: str, principals: int, rounds: int) -> float:
    folder, home = top / "workspace", top / "home"
    folder.mkdir()
    home.mkdir()
    with browser.jupyterlab(folder, home) as jupyter:
        sandbox = workspace.join(workspace.absolute(folder) / workspace.LAB_FOLDER)
        each = principals // 2 - 1  # and two administrators
        say(f"{principals} principals, half of each account's roles in use")
        furnish(_server(sandbox), each)
        cells = [nbformat.v4.new_code_cell(source) for source in _CELLS]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = browser.KERNEL
        nbformat.write(notebook, jupyter.course / _NAME)
        with browser.chromium(program) as chromium, browser.new_page(chromium) as page:
            browser.open_notebook(page, jupyter, _NAME)
            browser.run_all(page)
            say("running its cell in JupyterLab")
            page.locator(_MAP).wait_for()
            whole, cards = page.locator(_WHOLE).count(), page.locator(f"{_MAP} .card").count()
            if (whole, cards) != (each // 2, principals):
                raise CannotRun(
                    f"the map has {whole} edges and {cards} principals, not {each // 2} and "
                    f"{principals}"
                )
            return median(_seconds(page) for _ in range(rounds))


def _server(sandbox: workspace.Running) -> Server:
    host, _, port = sandbox.endpoint.removeprefix("http://").rpartition(":")
    keys = {
        account: Keys(access_key_id=key, secret_access_key=secret)
        for account, (key, secret) in sandbox.accounts.items()
    }
    return Server(name="xacct", host=host, port=int(port), keys=keys, pid=sandbox.pid)


def _seconds(page: Any) -> float:
    """The map's cell once more, its output cleared before."""
    browser.menu(page, "Edit", "Clear Outputs of All Cells")
    page.locator(_MAP).wait_for(state="detached")
    page.locator(f"{browser.PANEL} .jp-CodeCell .jp-InputPrompt").nth(1).click()
    began = time.perf_counter()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(_DRAWN)
    page.locator(_EDGE).first.click()
    page.wait_for_function(_READ)
    return time.perf_counter() - began
