"""What AWS would say of a document, as marks in its text and one sentence on the whole."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ..lint import lint
from ..lint.findings import Severity, line_column
from ..policy import Kind

_REST = re.compile(r'"(?:[^"\\\n]|\\.)*"|[^\s,]+|$')


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing to mend and where it stands: text[start:end], in a line counted from 1."""

    severity: Severity
    message: str
    line: int
    start: int
    end: int


def marks(text: str, kind: Kind, own: Collection[str]) -> tuple[Mark, ...]:
    """Everything to mend: what AWS would refuse, in its words, and what people come to regret.

    own: the ids of the learner's accounts.
    """
    found = []
    lines = [0, *(one.end() for one in re.finditer("\n", text))]
    for one in lint(text, kind, own=own):
        start = lines[one.line - 1] + one.column - 1
        found.append(_mark(text, one.severity, one.message, start))
    return tuple(found)


def _mark(text: str, severity: Severity, message: str, start: int) -> Mark:
    rest = _REST.match(text, start)
    return Mark(
        severity=severity,
        message=message,
        line=line_column(text, start)[0],
        start=start,
        end=rest.end() if rest else start,
    )


def refusal_mark(text: str, kind: Kind, message: str) -> Mark | None:
    """Where a refusal by AWS belongs; None when it speaks of the call and not of a line.

    The document's own fault, or the text that AWS quotes: Invalid principal in policy: "AWS":"…".
    """
    for one in marks(text, kind, ()):
        if one.severity == "error" and one.message.startswith(message.rstrip(".")):
            return _mark(text, "error", message, one.start)
    for quoted in reversed(re.findall(r'"([^"]+)"', message)):
        start = text.find(f'"{quoted}"')
        if start >= 0:
            return _mark(text, "error", message, start)
    return None


def sentence(found: Iterable[Mark]) -> str:
    """All the marks in one sentence. Of what is in the accounts, a save says more."""
    severities = [one.severity for one in found]
    errors, warnings = severities.count("error"), severities.count("warning")
    if errors:
        return f"AWS would refuse this document: {_count(errors, 'error')}" + (
            f", {_count(warnings, 'warning')}." if warnings else "."
        )
    more = f", with {_count(warnings, 'warning')} to think about" if warnings else ""
    return f"The document has no error{more}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
