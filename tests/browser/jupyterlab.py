"""JupyterLab as `xacct lab` opens it, a headless Chromium, and the steps that all of them share.

Nothing here asks for pytest: the fixtures of conftest.py are made of this, and so is a benchmark.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from tests import programs
from tests.servers import Server
from xacct_helpers import workspace

TOKEN = "a-token-of-the-tests"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
IDLE = f"{PANEL} .jp-Notebook-ExecutionIndicator[data-status='idle']"
# Asked of the notebook itself: what is far from the window is drawn later, or not at all.
CODE_CELLS = """
() => [...jupyterapp.shell.currentWidget.content.model.cells].filter(cell => cell.type === 'code')
"""
NONE_RAN = f"() => ({CODE_CELLS})().every(cell => !cell.executionCount)"
STARTED = (
    f"() => ({CODE_CELLS})().some(cell => cell.executionState === 'running' || cell.executionCount)"
)
ALL_RAN = (
    f"() => ({CODE_CELLS})().every(cell => cell.executionState === 'idle' && cell.executionCount)"
)

_SHOWS = "name => window.jupyterapp?.shell.currentWidget?.context?.path === name"
# It returns nothing: a widget would be sent to us with all that it holds.
_SHOW = """
async name => {
    const open = () => [...jupyterapp.shell.widgets('main')];
    open().forEach(widget => widget.dispose());
    await jupyterapp.serviceManager.sessions.shutdownAll();
    const shown = await jupyterapp.commands.execute('docmanager:open', { path: name });
    open().filter(widget => widget !== shown).forEach(widget => widget.dispose());
}
"""
# While it changes the theme, JupyterLab covers the page.
_THEME = """
scheme => document.body.dataset.jpThemeLight === String(scheme === 'light')
    && !document.getElementById('jupyterlab-splash')
    && !document.getAnimations().some(one => one instanceof CSSTransition)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A running JupyterLab: its address and process, and the learner's copy that it shows."""

    address: str
    pid: int
    course: Path
    printed: str

    @property
    def lab(self) -> Path:
        """The folder of the lab beside the course."""
        return self.course.parent / workspace.LAB_FOLDER


@contextmanager
def jupyterlab(folder: Path, home: Path) -> Iterator[Opened]:
    """`xacct lab --with-answers` in a fresh workspace, by a user with no settings of JupyterLab's.

    But one: its own objects can be asked by scripts in the page, as `jupyterapp`. home: an empty
    folder. Raises programs.Ended when it ends before it has started.
    """
    folder = workspace.absolute(folder)
    settings = home / ".jupyter" / "labconfig"
    settings.mkdir(parents=True)
    (settings / "page_config.json").write_text('{"exposeAppInBrowser": true}')
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
        "HOME": str(home),
        "XACCT_LAB": "",
        "JUPYTER_TOKEN": TOKEN,
    }
    (port,) = programs.free_ports(1)
    command = [sys.executable, "-m", "xacct_helpers", "lab", "--with-answers"]
    command += ["--no-browser", "--port", str(port)]
    try:
        with programs.running(
            command, said="is running at", cwd=folder, env=environment
        ) as jupyterlab:
            yield Opened(
                address=f"http://127.0.0.1:{port}",
                pid=jupyterlab.process.pid,
                course=folder / "my-course",
                printed="".join(jupyterlab.lines),
            )
    finally:
        workspace.stop(folder / workspace.LAB_FOLDER)


@contextmanager
def chromium(program: str) -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


WINDOW = {"width": 1400, "height": 1600}  # tall: JupyterLab does not draw cells that are far away


@contextmanager
def new_page(browser: Any, scheme: str = "light") -> Iterator[Any]:
    """A page of a new user, whose system asks for this scheme."""
    context = browser.new_context(
        viewport=WINDOW,
        color_scheme=scheme,
        extra_http_headers={"Authorization": f"token {TOKEN}"},
    )
    context.set_default_timeout(180_000)  # a machine that does other work, too
    yield context.new_page()
    context.close()


def forget_user(jupyter: Opened) -> None:
    """End all kernels, and forget what was open: the next page is that of a new user."""
    server = Server(address=jupyter.address, token=TOKEN)
    server.wait()
    for session in server.ask("GET", "api/sessions"):
        server.ask("DELETE", f"api/sessions/{session['id']}")
    for name in server.ask("GET", "lab/api/workspaces")["workspaces"]["ids"]:
        server.ask("DELETE", f"lab/api/workspaces/{name}")


def set_scheme(page: Any, scheme: str) -> None:
    """Have the user's system ask for this scheme; JupyterLab follows.

    Without a style for a moment, what has the focus may lose it: it is given back.
    """
    focused = page.evaluate_handle("document.activeElement")
    page.emulate_media(color_scheme=scheme)
    if page.evaluate("'jupyterapp' in window"):
        page.wait_for_function(_THEME, arg=scheme)
    focused.evaluate("element => element?.focus({ preventScroll: true })")


def scheme(page: Any) -> str:
    """The scheme that the user's system asks for."""
    light = page.evaluate("matchMedia('(prefers-color-scheme: light)').matches")
    return "light" if light else "dark"


def other_scheme(page: Any) -> str:
    """The scheme that the user's system does not ask for."""
    return "dark" if scheme(page) == "light" else "light"


def open_notebook(page: Any, jupyter: Opened, name: str) -> None:
    """A notebook of the course's copy, by its address, until it can be run; nothing else is open.

    JupyterLab would open what an earlier page had open, too, and show the one or the other.
    """
    page.goto(f"{jupyter.address}/lab/tree/{name}?reset")
    wait_for_kernel(page)


def show_notebook(page: Any, jupyter: Opened, name: str) -> None:
    """A notebook of the course's copy, until its cells are there; nothing else is open.

    A page that has JupyterLab already is not loaded again. One that shows the notebook is left as
    it is; otherwise what is open is closed, and its kernel ends.
    """
    if not page.evaluate("'jupyterapp' in window"):
        page.goto(f"{jupyter.address}/lab/tree/{name}?reset")
    elif not page.evaluate(_SHOWS, name):
        page.evaluate(_SHOW, name)
    page.wait_for_selector(f"{PANEL} .jp-Cell")


def wait_for_kernel(page: Any) -> None:
    """Until the notebook that is shown can be run."""
    page.wait_for_selector(IDLE)
    # Asked to run before it has a kernel, JupyterLab asks which one is meant.
    page.get_by_text("| Idle").wait_for()


def run_notebook(
    page: Any, jupyter: Opened, name: str, sources: Sequence[str], tags: Sequence[str] = ()
) -> Path:
    """A notebook of these cells, shown and run from the menu.

    The kernel is a new one, unless the notebook is shown already.
    """
    path = jupyter.course / name
    cells = [nbformat.v4.new_code_cell(one, metadata={"tags": [*tags]}) for one in sources]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, path)
    if page.evaluate(_SHOWS, name):
        page.evaluate("async () => { await jupyterapp.shell.currentWidget.context.revert(); }")
    else:
        show_notebook(page, jupyter, name)
    wait_for_kernel(page)
    run_all(page)
    return path


def menu(page: Any, name: str, item: str) -> None:
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.get_by_text(item, exact=True).click()


def run_all(page: Any) -> None:
    """Clear the committed outputs, then run every cell from the menu."""
    from playwright.sync_api import TimeoutError as TooLate

    menu(page, "Edit", "Clear Outputs of All Cells")
    page.wait_for_function(NONE_RAN)
    menu(page, "Run", "Run All Cells")
    try:
        page.wait_for_function(STARTED, timeout=15_000)
    except TooLate:  # a click before the kernel was connected goes nowhere
        menu(page, "Run", "Run All Cells")
    page.wait_for_function(ALL_RAN, timeout=300_000)  # a machine that does other work too


def save(page: Any) -> None:
    with page.expect_response(
        lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url
    ) as saved:
        page.keyboard.press("Control+s")
    assert saved.value.ok
