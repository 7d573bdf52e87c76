"""What was learnt, on one page to print: the notebooks' own closing lines, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from .. import course
from ..view.opening import current
from ..workspace import LabError

FILE = "summary.html"
TITLE = "Two accounts, one image: what to remember"
# What follows the word, in the same line or below it, to the end of the paragraph.
_REMEMBER = re.compile(r"^\*\*Remember\.?\*\*\s+(.+?)(?=\n\s*\n|\n\*\*|\Z)", re.M | re.S)

_STYLE = """\
body { font: 11pt/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 48rem; padding: 0 1rem; }
h1 { font-size: 1.4em; margin: 0 0 .6em; }
dt { font-weight: 600; margin-top: .55em; }
dd { margin: 0; }
code { font-size: .95em; overflow-wrap: anywhere; }
@page { size: A4; margin: 12mm; }
@media print {
  body { font-size: 9pt; line-height: 1.28; margin: 0; max-width: none; padding: 0; }
  dt { break-after: avoid; margin-top: .4em; }
  dd { break-inside: avoid; }
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What each notebook asks to remember. Its text form and its HTML form say the same."""

    rows: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        lines = [TITLE, ""]
        for title, text in self.rows:
            lines += [title, f"    {_plain(text)}"]
        return "\n".join([*lines, "", _WHERE])

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(TITLE)}</strong></p>{_list(self.rows)}<p>{_html(_WHERE)}</p>"


_WHERE = f"To print it, open {FILE}, which lies beside your notebooks."


def summary() -> Summary:
    """What the course asks you to remember; written as a page to print, too.

    The page is `summary.html` in the current folder (in the lab's own where that is the course
    itself). Raises LabError where it cannot be written.
    """
    found = Summary(rows=tuple(_rows()))
    here = Path.cwd()
    folder = current().folder if here == course.pristine() else here
    try:
        (folder / FILE).write_text(_page(found), encoding="utf-8")
    except OSError as error:
        raise LabError(f"{FILE} cannot be written to {folder} ({error.strerror}).") from error
    return found


def _rows() -> list[tuple[str, str]]:
    """Each notebook's heading and what it asks to remember."""
    titles = course.titles()
    return [(titles[path.name[:2]], to_remember(path)) for path in course.notebooks()]


def to_remember(path: Path) -> str:
    """The paragraph that follows **Remember** in a notebook, in one line."""
    texts = [course.source(cell) for cell in course.cells(path) if cell["cell_type"] == "markdown"]
    found = next(match for text in texts if (match := _REMEMBER.search(text)))
    return " ".join(found[1].split())


def _page(found: Summary) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(TITLE)}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<main>\n<h1>{escape(TITLE)}</h1>\n"
        f"{_list(found.rows)}\n</main>\n</body>\n</html>\n"
    )


def _list(rows: tuple[tuple[str, str], ...]) -> str:
    items = "".join(f"<dt>{escape(title)}</dt><dd>{_html(text)}</dd>" for title, text in rows)
    return f"<dl>{items}</dl>"


# -- the little Markdown that these lines hold -----------------------------------------------


def _without_links(text: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)


def _plain(text: str) -> str:
    return re.sub(r"\*\*?([^*`]+)\*\*?", r"\1", _without_links(text))


def _html(text: str) -> str:
    parts = re.split(r"(`[^`]+`)", _without_links(text))
    return "".join(
        f"<code>{escape(part[1:-1])}</code>" if part.startswith("`") else _emphasised(escape(part))
        for part in parts
    )


def _emphasised(text: str) -> str:
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", text)
