"""show_trail(): the latest calls in a notebook, to be filtered and opened.

A widget where a kernel lives, and in the same output the table and the text that stay.
"""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..workspace import LabError
from .card_html import card_html
from .opening import current
from .refusals import call_card
from .trail import Row, latest, trail_caption, trail_html, trail_text

_STATIC = Path(__file__).parent / "static"


class Trail:
    """The latest calls as they were when it was made; its widget can look again."""

    def __init__(self, rows: tuple[Row, ...], count: int, refused: bool) -> None:
        self._rows, self._count, self._refused = rows, count, refused

    def __repr__(self) -> str:
        return trail_text(self._rows)

    def _repr_html_(self) -> str:
        return trail_html(self._rows)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        data: dict[str, Any] = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if not _in_a_notebook():
            return data
        bundle = Widget(self._rows, self._count, self._refused)._repr_mimebundle_()
        return {**(bundle[0] if bundle else {}), **data}


def show_trail(count: int = 30, *, refused: bool = False) -> Trail:
    """The latest calls: when, who, what, and what became of it. A call opens into its denial card.

    count: how many at most; refused: only those that a policy refused. What checkpoints tried is
    left out. Raises LabError when the sandbox does not answer.
    """
    return Trail(latest(current().running, count, refused=refused), count, refused)


def _in_a_notebook() -> bool:
    try:
        from IPython import get_ipython  # 60 ms
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


class Widget(anywidget.AnyWidget):
    """What the front end shows. rows: the calls as objects; caption: what they are.

    The front end asks {"open": request id} and gets {"opened": request id, "html": its card};
    {"again": true} looks for newer calls.
    """

    _esm = _STATIC / "trail.js"
    _css = _STATIC / "trail.css"
    rows: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    refused = traitlets.Bool().tag(sync=True)

    def __init__(self, rows: tuple[Row, ...], count: int, refused: bool) -> None:
        super().__init__(refused=refused, **_shown(rows))
        self._count, self._only_refused = count, refused
        self.on_msg(self._asked)

    def _asked(self, _: Any, message: Any, buffers: Any) -> None:
        if not isinstance(message, dict):
            return
        opened = message.get("open")
        if isinstance(opened, str):
            self.send({"opened": opened, "html": _card_of(opened)})
        elif message.get("again"):
            self._look_again()

    def _look_again(self) -> None:
        try:
            rows = latest(current().running, self._count, refused=self._only_refused)
        except LabError as error:
            self.send({"trouble": str(error)})
            return
        with self.hold_sync():
            for name, value in _shown(rows).items():
                setattr(self, name, value)


def _shown(rows: tuple[Row, ...]) -> dict[str, Any]:
    return {"rows": [asdict(row) for row in rows], "caption": trail_caption(rows)}


def _card_of(request_id: str) -> str:
    """The card of a call as HTML; a sentence for a call without one."""
    try:
        found = current().running.decision(request_id)
    except LabError as error:
        return f"<p>{escape(str(error))}</p>"
    if found.asked:
        return card_html(call_card(found))
    code, message = found.error_code, found.error_message
    answer = f" AWS's answer: {code}: {message}" if code else ""
    return f"<p>No policy had a part in this.{escape(answer)}</p>"
