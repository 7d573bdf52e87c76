"""Runs copies of the committed notebooks and says what of them came out differently.

A program of its own, so that tests can start it where there is no network, or under strace.
"""

from __future__ import annotations

import difflib
import json
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from tests.notebooks.execute import rewrite
from xacct_helpers import course


def main(numbers: list[str]) -> int:
    """Run the notebooks of these numbers (all by default); one line of JSON says how it went."""
    differ, same = {}, []
    with tempfile.TemporaryDirectory(prefix="xacct-offline-") as name:
        folder = Path(shutil.copytree(course.pristine(), Path(name) / "course"))
        for path in sorted(folder.glob("[0-9][0-9]-*.ipynb")):
            if not numbers or path.name[:2] in numbers:
                before = path.read_text()
                if rewrite(path):
                    differ[path.name] = _changed(before, path.read_text())
                else:
                    same.append(path.name)
    interfaces = [name for _, name in socket.if_nameindex()]
    print(json.dumps({"interfaces": interfaces, "same": same, "differ": differ}))
    return 0


def _changed(before: str, after: str) -> str:
    return "".join(difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=0))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
