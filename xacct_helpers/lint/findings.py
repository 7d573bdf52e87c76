"""What a finding is, and the words that all findings share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..policy import Kind

Severity = Literal["error", "warning"]


#: "other" is the resource policy of a service that `policy.check` does not know, such as S3's.
Guess = Kind | Literal["other"]


Fault = tuple[str, str]  # path, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend.

    rule:    a stable name, for filters and for looking up RULES.
    message: what is wrong and what may have been meant; an error begins with AWS's own words.
    path:    the element, such as "Statement[0].Action[1]"; "" for the whole document.
    line, column: where the element begins in the text, counted from 1.
    """

    severity: Severity
    rule: str
    message: str
    path: str
    line: int
    column: int


def statements_of(raw: Any) -> list[Any]:
    return listed(raw.get("Statement", [])) if isinstance(raw, dict) else []


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def finding_at(
    text: str, severity: Severity, rule: str, message: str, path: str, offset: int
) -> Finding:
    line, column = line_column(text, offset)
    return Finding(
        severity=severity,
        rule=rule,
        message=_printable(message),
        path=_printable(path),
        line=line,
        column=column,
    )


def _printable(text: str) -> str:
    """On one line, and without what a terminal would obey."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def line_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def similar(word: str, known: Iterable[str], limit: int = 1) -> list[str]:
    """Known words like a word, best first; case does not matter."""
    spelled = {one.lower(): one for one in known}
    cutoff = 0.6 if len(word) < 5 else 0.7  # of "erc" and "ecr" two letters in three agree
    close = difflib.get_close_matches(word[:128].lower(), list(spelled), n=limit, cutoff=cutoff)
    return [spelled[one] for one in close]


def did_you_mean(words: Iterable[str]) -> str:
    listed = list(words)
    return f" Did you mean {' and '.join(listed)}?" if listed else ""
