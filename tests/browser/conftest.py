"""JupyterLab as `xacct lab` opens it, and a headless Chromium to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import jupyterlab
from tests.browser.jupyterlab import Opened
from tests.tools import ROOT, require

SCREENSHOTS = ROOT / ".cache" / "screenshots"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A JupyterLab of a new user, in a fresh workspace."""
    folder, home = tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("home")
    with jupyterlab.jupyterlab(folder, home) as opened:
        yield opened


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    with jupyterlab.chromium(require("chromium", "chromium")) as browser:
        yield browser


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """What the user's system asks for."""
    return str(request.param)


@pytest.fixture
def page(chromium: Any, scheme: str) -> Iterator[Any]:
    """A page of a new user."""
    with jupyterlab.new_page(chromium, scheme) as page:
        yield page


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """A folder that git ignores."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS
