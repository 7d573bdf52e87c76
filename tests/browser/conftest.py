"""JupyterLab as `xacct lab` opens it, and a headless Chromium to look at it.

Both are the same for all tests of this folder, and so is the page, which is not loaded again. Not
for the whole session: while Playwright runs, nothing else in the process can use asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import prepared
from tests.browser import jupyterlab
from tests.browser.jupyterlab import Opened
from tests.browser.visits import Visit, visit
from tests.tools import ROOT, require
from xacct_helpers import workspace

SCREENSHOTS = ROOT / ".cache" / "screenshots"


@pytest.fixture(scope="package")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A JupyterLab in a fresh workspace."""
    folder, home = tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("home")
    with jupyterlab.jupyterlab(folder, home) as opened:
        yield opened


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    with jupyterlab.chromium(require("chromium", "chromium")) as browser:
        yield browser


class Tab:
    """The page that the tests share, and what becomes of it."""

    def __init__(self, chromium: Any, jupyter: Opened) -> None:
        self._chromium, self._jupyter = chromium, jupyter
        self._open = ExitStack()
        self._page: Any = None

    def page(self) -> Any:
        """The page as it was left; or a new one, as of a new user."""
        if self._page is None:
            jupyterlab.forget_user(self._jupyter)
            self._page = self._open.enter_context(jupyterlab.new_page(self._chromium))
        return self._page

    def close(self) -> None:
        self._open.close()
        self._page = None


@pytest.fixture(scope="package")
def tab(chromium: Any, jupyter: Opened) -> Iterator[Tab]:
    tab = Tab(chromium, jupyter)
    yield tab
    tab.close()


@pytest.fixture
def page(tab: Tab, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page in the light as the test before has left it; a new one if that test failed."""
    failed = request.session.testsfailed
    page = tab.page()
    page.set_viewport_size(jupyterlab.WINDOW)
    jupyterlab.set_scheme(page, "light")
    yield page
    if request.session.testsfailed > failed:
        tab.close()


@pytest.fixture(scope="package")
def _snapshots(jupyter: Opened) -> None:
    prepared.add_snapshots(jupyter.lab)


@pytest.fixture
def put_back(jupyter: Opened, _snapshots: None) -> Callable[[int | None], None]:
    """Put the accounts back as they are after a notebook; None: as on the first day.

    Where no kernel has opened the lab yet, there is nothing to put back.
    """

    def put_back(after: int | None) -> None:
        running = workspace.find(jupyter.lab)
        if running is not None:
            prepared.put_back(running, after)

    return put_back


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """A folder that git ignores."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS


@pytest.fixture
def new_page(tab: Tab, page: Any) -> Any:
    """The page of a new user, for this test and those after it."""
    tab.close()
    return tab.page()


@pytest.fixture(scope="package")
def visits() -> dict[Path, Visit]:
    """What the visits that were made have shown."""
    return {}


@pytest.fixture
def visited(
    visits: dict[Path, Visit], tab: Tab, page: Any, jupyter: Opened, screenshots: Path
) -> Callable[[Path], Visit]:
    """What a visit to a notebook of the course shows. There is one visit to each."""

    def visited(path: Path) -> Visit:
        if path not in visits:
            visits[path] = visit(tab.page(), jupyter, path, screenshots)
        return visits[path]

    return visited
