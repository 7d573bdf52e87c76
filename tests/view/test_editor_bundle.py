"""The policy editor's ES module is what its sources make, carries its licences, and is offline."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.tools import ROOT, require

SOURCES = ROOT / "xacct_helpers" / "view" / "editor_src"
BUNDLE = ROOT / "xacct_helpers" / "view" / "static" / "policy_editor.js"


@pytest.mark.tools
def test_the_sources_make_the_bundle(tmp_path: Path) -> None:
    require("npm", "npm")
    made = tmp_path / "made.js"
    done = subprocess.run(
        ["make", "--no-print-directory", "editor", f"EDITOR={made}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert made.read_bytes() == BUNDLE.read_bytes(), "run `make editor` and commit the bundle"


def test_the_bundle_carries_its_licences() -> None:
    text = BUNDLE.read_text()
    packages = json.loads((SOURCES / "package.json").read_text())["dependencies"]
    for name, version in packages.items():
        assert f"{name} {version}" in text
    assert text.count("Permission is hereby granted, free of charge") >= 1


def test_the_bundle_loads_nothing() -> None:
    code = BUNDLE.read_text()
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", code))
    assert addresses == {"http://www.w3.org/2000/svg"}, "a name of a language, never fetched"
    assert not re.search(r"\bimport\s*[({\"']|\bfetch\(|XMLHttpRequest|@import", code)


def test_the_lock_names_no_host() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert lock["packages"]
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package["integrity"], name
