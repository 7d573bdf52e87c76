"""What the pages for developers name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools import ROOT

PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]
# Where a path may begin.
PLACES = (ROOT, ROOT / "xacct_helpers", ROOT / "xacct_helpers" / "sandbox")
PATH = re.compile(r"`((?:[\w.-]+/)*[\w.-]+(?:\.(?:py|md|toml|yml)|/))`")
NAME = re.compile(r"`(\w+)(?:\(\))?`")


def named(page: Path, pattern: re.Pattern[str]) -> list[str]:
    """What stands in backquotes, outside of blocks of code."""
    return pattern.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.S))


def there(path: str) -> bool:
    return any((place / path).exists() for place in PLACES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_is_there(page: Path) -> None:
    paths = named(page, PATH)
    assert len(paths) > 5
    assert [path for path in paths if not there(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_is_there(page: Path) -> None:
    """A module, a folder, or a word of the code, the tests or the tools' settings."""
    files = [*ROOT.glob("xacct_helpers/**/*.py"), *ROOT.glob("tests/**/*.py")]
    files += [ROOT / "pyproject.toml", ROOT / "Makefile"]
    words = set(re.findall(r"\w+", "\n".join(path.read_text() for path in files)))
    modules = {path.stem for path in files} | {path.parent.name for path in files}
    assert [name for name in named(page, NAME) if name not in words | modules] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    called = set(re.findall(r"`make ([a-z]+)", page.read_text()))
    assert called
    assert called <= targets
