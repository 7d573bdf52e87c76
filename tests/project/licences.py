"""python -m tests.project.licences: docs/licences.md, from what the packages say.

A package's own words (licence expression, else classifiers, else its licence field) become SPDX
names by the table here. A word that is not in the table stops it: somebody has to read it first.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.project.facts import lock
from tests.tools import ROOT

PAGE = ROOT / "docs" / "licences.md"
NPM_LOCK = ROOT / "xacct_helpers" / "view" / "editor_src" / "package-lock.json"

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
"""Licences under which a package may be used and passed on beside ours, which is MIT."""

SPOKEN = {
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages say, where it is no SPDX name."""

READ = {
    "docutils": (
        "0BSD AND BSD-2-Clause AND PSF-2.0",
        "mostly public domain; its file for Emacs, under the GPL, is not in the package",
    ),
}
"""Packages whose own words do not settle it: what their licence was found to be, and why."""

ELSEWHERE = {"appnope": "BSD-2-Clause", "pywin32": "PSF-2.0", "pywinpty": "MIT"}
"""Packages that only other systems install."""


class Unread(Exception):
    """A package whose licence nobody has read yet."""


def licence_of(package: metadata.Distribution) -> str:
    """The licence in SPDX names; Unread when its words are not known."""
    told = package.metadata
    name = canonicalize_name(told["Name"])
    if name in READ:
        return READ[name][0]
    classifiers = [
        line.split(" :: ")[-1]
        for line in told.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    field = (told.get("License") or "").strip()
    words = [told["License-Expression"]] if told.get("License-Expression") else classifiers
    words = words or [field]
    spdx = " OR ".join(sorted({SPOKEN.get(word, word) for word in words}))
    unknown = names_in(spdx) - ALLOWED
    if unknown or not spdx:
        raise Unread(f"{name} says {words}; read its licence and add it to the tables.")
    return spdx


def names_in(expression: str) -> set[str]:
    """The licences that an SPDX expression names."""
    return {name for name in re.split(r"\s+(?:AND|OR)\s+|[()]", expression) if name}


def licences() -> dict[str, str]:
    """By name: the licence of every package that requirements.lock pins."""
    pinned = lock().keys()
    found = dict(ELSEWHERE)
    for package in metadata.distributions():
        name = canonicalize_name(package.metadata["Name"])
        if name in pinned:
            found[name] = licence_of(package)
    return found


def bundled() -> dict[str, str]:
    """By name: the licence of every npm package in the policy editor's module."""
    packages = json.loads(NPM_LOCK.read_text())["packages"]
    return {
        path.removeprefix("node_modules/"): package["license"]
        for path, package in packages.items()
        if path and not package.get("dev")
    }


def page(found: dict[str, str]) -> str:
    """The page: a line for each package, those from PyPI first."""
    lines = [
        "# Licences",
        "",
        "xacct is under the MIT licence. What `requirements.lock` installs beside it, and under "
        "which licence it is by its own words; `python -m tests.project.licences` writes this "
        "page, and `make check` holds that it is true and that every licence is one of "
        f"{', '.join(sorted(ALLOWED))}.",
        "",
        "| package | licence |",
        "|---|---|",
        *(f"| {name} | {found[name]}{_why(name)} |" for name in sorted(found)),
        "",
        "The policy editor's module is bundled from these npm packages, and ends with their "
        "licences in full.",
        "",
        "| package | licence |",
        "|---|---|",
        *(f"| {name} | {licence} |" for name, licence in sorted(bundled().items())),
    ]
    return "\n".join(lines) + "\n"


def _why(name: str) -> str:
    return f" ({READ[name][1]})" if name in READ else ""


def main(target: Path = PAGE) -> int:
    """Write the page; 1 with a sentence when a licence has not been read."""
    try:
        target.write_text(page(licences()))
    except Unread as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
