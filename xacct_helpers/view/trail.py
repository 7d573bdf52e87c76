"""The latest calls, in the lab's words: as text, and as a table in HTML.

The same entries as `lab.trail()`, but for the calls that checkpoints made to see what happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ..lab_api.decisions import TrailEntry
from ..workspace import LabError, Running

_TITLES = ("time", "caller", "action", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call. refused: by a policy.

    time: of the lab, UTC, to the second; caller: "user/admin of 222222222222".
    """

    request_id: str
    time: str
    caller: str
    action: str
    outcome: str
    refused: bool

    @property
    def cells(self) -> tuple[str, str, str, str]:
        return self.time, self.caller, self.action, self.outcome


def latest(running: Running, count: int, *, refused: bool = False) -> tuple[Row, ...]:
    """The latest calls, oldest first.

    refused: only those that a policy refused. Raises LabError for a count below one, and when the
    sandbox does not answer.
    """
    if count < 1:
        raise LabError("The trail shows one call at least.")
    # Some of the latest may not be among those to show: then more are asked for, until enough are
    # found or the sandbox has no more.
    asked = 4 * count
    while True:
        entries = running.trail(asked)
        rows = [_row(entry) for entry in entries if not entry.check]
        shown = [row for row in rows if row.refused or not refused]
        if len(shown) >= count or len(entries) < asked:
            return tuple(shown[-count:])
        asked *= 8


def _row(entry: TrailEntry) -> Row:
    if entry.error_code is None:
        outcome = "✓ allowed"
    elif entry.denied:
        outcome = f"✗ refused by a policy: {entry.error_code}"
    else:
        outcome = f"! failed: {entry.error_code}"
    return Row(
        request_id=entry.request_id,
        time=entry.time[:19].replace("T", " "),
        caller=_caller(entry.caller),
        action=entry.action,
        outcome=outcome,
        refused=entry.denied,
    )


def _caller(arn: str | None) -> str:
    """Who called, without what every ARN begins with."""
    parts = (arn or "").split(":", 5)
    if len(parts) < 6:
        return arn or "nobody that was recognised"
    return f"{parts[5]} of {parts[4]}"


def trail_text(rows: Sequence[Row]) -> str:
    """The calls as a table of plain text, one line each."""
    if not rows:
        return "There are no calls to show."
    lines = [_TITLES, *(row.cells for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_TITLES))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def trail_html(rows: Sequence[Row]) -> str:
    """The calls as a table of HTML."""
    if not rows:
        return "<p>There are no calls to show.</p>"
    # JupyterLab sets the cells of a table flush right.
    left = 'style="text-align:left"'
    head = "".join(f'<th scope="col" {left}>{title}</th>' for title in _TITLES)
    body = "".join(
        f"<tr>{''.join(f'<td {left}>{escape(cell)}</td>' for cell in row.cells)}</tr>"
        for row in rows
    )
    caption = f"<caption {left}>{trail_caption(rows)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def trail_caption(rows: Sequence[Row]) -> str:
    """What a table of these calls is."""
    what = "The latest call" if len(rows) == 1 else f"The latest {len(rows)} calls"
    return f"{what}, oldest first"
