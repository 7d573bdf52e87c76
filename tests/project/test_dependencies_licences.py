"""Every dependency's licence has been read, and pip-audit's silence is not taken for an answer."""

from __future__ import annotations

import re
from email.message import Message
from importlib import metadata
from typing import Any

import pytest

from tests.project import licences
from tests.project.audit import audit, judged
from tests.project.facts import lock


def rows(page: str) -> tuple[dict[str, str], dict[str, str]]:
    """The licences of a page by package: those from PyPI, those from npm."""
    tables = [part.split("\n\n")[0].splitlines() for part in page.split("|---|---|\n")[1:]]
    found = [re.findall(r"(?m)^\| (\S+) \| (.*) \|$", "\n".join(lines)) for lines in tables]
    assert [len(dict(one)) for one in found] == [len(lines) for lines in tables]
    pypi, npm = map(dict, found)
    return pypi, npm


def test_the_page_says_what_the_packages_say() -> None:
    there, there_npm = rows(licences.PAGE.read_text())
    assert there.keys() == lock().keys(), "run python -m tests.project.licences"
    found = licences.licences()
    wanted, wanted_npm = rows(licences.page(found))
    assert {name: there[name] for name in wanted} == wanted
    assert there_npm == wanted_npm == licences.bundled()
    for name, licence in {**found, **there_npm}.items():
        assert licences.names_in(licence) <= licences.ALLOWED, name


class Package(metadata.Distribution):
    """A package that says of its licence what a test has it say."""

    def __init__(self, *told: tuple[str, str]) -> None:
        self._told = Message()
        for name, value in (("Name", "some-package"), *told):
            self._told[name] = value

    @property
    def metadata(self) -> Any:
        return self._told

    def read_text(self, filename: str) -> str | None:
        return None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


AGPL = "License :: OSI Approved :: GNU Affero General Public License v3"
MIT = "License :: OSI Approved :: MIT License"
SAID = {
    "an expression": ((("License-Expression", "MIT AND (Apache-2.0 OR BSD-3-Clause)"),), True),
    "a classifier": ((("Classifier", MIT), ("License", "see the file")), True),
    "a field": ((("License", "Apache 2.0"),), True),
    "an expression of another": ((("License-Expression", "MIT AND AGPL-3.0-only"),), False),
    "a classifier of another": ((("Classifier", AGPL), ("Classifier", MIT)), False),
    "nothing": ((), False),
    "something unheard of": ((("License", "as is"),), False),
}


@pytest.mark.parametrize("name", SAID)
def test_a_licence_that_nobody_has_read_stops_it(name: str) -> None:
    told, fine = SAID[name]
    package = Package(*told)
    if fine:
        assert licences.names_in(licences.licence_of(package)) <= licences.ALLOWED
    else:
        with pytest.raises(licences.Unread, match="some-package says"):
            licences.licence_of(package)


SKIPPED = {"name": "one", "skip_reason": "not found"}
SOUND = {"name": "two", "version": "1.0", "vulns": []}
FLAWED = {"name": "three", "version": "1.0", "vulns": [{"id": "X-1", "fix_versions": ["1.1"]}]}
REPORTS = {
    "all sound": ([SOUND], 0, "no known vulnerability in 1 packages"),
    "one flawed": ([SOUND, FLAWED, SKIPPED], 1, "three 1.0: X-1, mended in 1.1"),
    "all skipped": ([SKIPPED, SKIPPED], 0, "its data cannot be reached (not found)"),
    "one skipped": ([SOUND, SKIPPED], 1, "one was not looked up: not found"),
    "none at all": ([], 0, "it looked at nothing"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_what_pip_audit_reports(name: str) -> None:
    packages, status, told = REPORTS[name]
    found, lines = judged({"dependencies": packages})
    assert (found, told in "\n".join(lines)) == (status, True)


def test_an_audit_that_cannot_run_says_why(tmp_path: Any) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho no route to anywhere >&2\nexit 2\n")
    uv.chmod(0o755)
    status, [line] = audit(str(uv))
    assert status == 0
    assert "skipped" in line
    assert "no route to anywhere" in line
