"""The version stands in pyproject.toml; what else states it agrees."""

import re

import xacct_helpers
from tests.project.facts import PROJECT
from tests.tools import ROOT


def test_changelog_has_this_version_or_unreleased_changes_first() -> None:
    headings = re.findall(r"(?m)^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text())
    assert headings[0] in {PROJECT["version"], "Unreleased"}


def test_package_states_the_same_version() -> None:
    assert xacct_helpers.__version__ == PROJECT["version"]
