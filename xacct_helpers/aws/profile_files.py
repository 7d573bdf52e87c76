"""AWS's config and credentials files as sections of text, so that a change leaves the others alone.

Standard library only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEADING = re.compile(r"^(?=\[)", re.M)


class Section(NamedTuple):
    """One section: its name, as it stands between the brackets, and its text with the heading."""

    name: str
    text: str


def split(text: str) -> tuple[str, list[Section]]:
    """Return what stands before the first section, and the sections."""
    before, *sections = _HEADING.split(text)
    return before, [Section(one[1:].partition("]")[0], one) for one in sections]
