"""docs/fidelity.md names exactly the actions that the sandbox has."""

from __future__ import annotations

import re

import pytest

from tests.tools import ROOT
from xacct_helpers.sandbox import services

PAGE = (ROOT / "docs" / "fidelity.md").read_text()


def listed(service: str) -> list[str]:
    """The actions in the first column of a service's table."""
    found = re.search(rf"^## {service}\n(.*?)(?=^## )", PAGE, re.M | re.S | re.I)
    assert found, f"docs/fidelity.md has no section on {service.upper()}"
    rows = [line.split("|")[1] for line in found[1].splitlines() if line.startswith("| `")]
    return re.findall(r"`([A-Za-z]+)`", " ".join(rows))


@pytest.mark.parametrize("service", sorted(services.BY_SERVICE))
def test_every_action_is_listed_once(service: str) -> None:
    names = listed(service)
    assert sorted(names) == sorted(services.served(service))


def test_tables_are_whole() -> None:
    """Each row has as many cells as its table's head."""
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.M):
        widths = {line.replace("\\|", "").count("|") for line in table.splitlines()}
        assert len(widths) == 1, table.splitlines()[0]
