"""JupyterLab as `xacct lab` opens it, and a headless Chromium to look at it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import programs
from tests.tools import ROOT, require
from xacct_helpers import workspace

SCREENSHOTS = ROOT / ".cache" / "screenshots"
TOKEN = "a-token-of-the-tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A running JupyterLab: its address and process, and the learner's copy that it shows."""

    address: str
    pid: int
    course: Path
    printed: str


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """`xacct lab` in a fresh workspace, by a user with no settings of JupyterLab's.

    But one: its own objects can be asked by the tests' scripts, as `jupyterapp`.
    """
    folder = workspace.absolute(tmp_path_factory.mktemp("workspace"))
    home = tmp_path_factory.mktemp("home")
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
    command = [sys.executable, "-m", "xacct_helpers", "lab", "--no-browser", "--port", str(port)]
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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    program = require("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """What the user's system asks for."""
    return str(request.param)


@pytest.fixture
def page(chromium: Any, scheme: str) -> Iterator[Any]:
    """A page of a new user. Tall: JupyterLab does not draw cells that are far away."""
    context = chromium.new_context(
        viewport={"width": 1400, "height": 1600},
        color_scheme=scheme,
        extra_http_headers={"Authorization": f"token {TOKEN}"},
    )
    context.set_default_timeout(180_000)  # a machine that does other work, too
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """A folder that git ignores."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS
