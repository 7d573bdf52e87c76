"""Errors about a document as a whole: too long, or with characters that AWS does not take."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.language import limits
from .findings import Guess


def limits_of(text: str, kind: Guess) -> Iterator[tuple[int, str, str]]:
    """(offset, rule, message) of each limit of its kind that the document breaks."""
    if kind == "other":
        return
    too_long = limits.too_long(text, kind)
    if too_long:
        white = ", white space not counted" if kind in limits.WHITE_SPACE_FREE else ""
        measured = f"the document has {limits.size(text, kind):,} characters{white}"
        yield 0, "too-long", f"{too_long.removesuffix('.')} — {measured}."
    at = limits.strange_character(text, kind)
    if at is not None:
        yield (
            at,
            "character",
            f"Member must satisfy regular expression pattern: {limits.CHARACTERS} — the document "
            f"has {text[at]} (U+{ord(text[at]):04X}); AWS takes tabs, line ends and what is up to "
            "U+00FF.",
        )
