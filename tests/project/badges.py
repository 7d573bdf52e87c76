"""`make badges`: the lines of README.md that say where Binder finds each notebook.

The one place that names the address of the repository, on GitHub. The links above them are by name
([binder-03]), so a fork changes these lines and nothing else.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import quote

from tests.tools import ROOT
from xacct_helpers import course

README = ROOT / "README.md"
NOWHERE = ("OWNER", "REPOSITORY")
_LINE = re.compile(r"(?m)^\[binder-\d\d\]: .*\n")
_ADDRESS = re.compile(r"https://mybinder\.org/v2/gh/([^/]+)/([^/]+)/")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def main(arguments: list[str], readme: Path = README) -> int:
    """Write the lines, for an owner and a repository; without them, for those of before."""
    given = tuple(filter(None, arguments))
    text = readme.read_text(encoding="utf-8")
    where = given or (stated(text) or NOWHERE)
    if len(where) != 2 or not all(map(_NAME.fullmatch, where)):
        print("Say both: make badges OWNER=octocat REPOSITORY=xacct", file=sys.stderr)
        return 2
    rest = _LINE.sub("", text).rstrip("\n") + "\n"
    readme.write_text(rest + lines(*where), encoding="utf-8")
    return 0


def stated(readme: str) -> tuple[str, str] | None:
    """The owner and the repository that a README names."""
    found = _ADDRESS.search(readme)
    return (found[1], found[2]) if found else None


def lines(owner: str, repository: str) -> str:
    """One definition of a link for each notebook: Binder, opened on it in the learner's copy."""
    return "".join(
        f"[binder-{path.name[:2]}]: https://mybinder.org/v2/gh/{owner}/{repository}/HEAD"
        f"?urlpath={quote(f'lab/tree/my-course/{path.name}', safe='')}\n"
        for path in course.notebooks()
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
