"""The access map in a notebook: a picture that follows the accounts and answers "why?".

A widget where a kernel lives, and in the same output the picture, the table and the text that stay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anywidget
import traitlets

from ...workspace import LabError
from ..account_watcher import follow
from ..card import card
from ..card_html import card_html
from ..opening import current
from . import words
from .model import Bundle, Map, read
from .svg import svg

_STATIC = Path(__file__).parent.parent / "static"
# What browsers take unquoted, so that a notebook's source stays readable.
_PLAIN_IN_A_DATA_URL = " !$&'()*+,-./:;=?@_~"
#: So many maps of a kernel follow the accounts; the oldest stop first.
_FOLLOWING = 8


class AccessMap:
    """The access map of the lab as it was when it was made; its widget goes on from there."""

    def __init__(self, found: Map) -> None:
        self._found = found

    def __repr__(self) -> str:
        return words.text(self._found)

    def _repr_html_(self) -> str:
        return still(self._found)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if not follow(_redraw):
            return data, {}
        widget = Widget(self._found)
        _maps.append(widget)
        bundle = widget._repr_mimebundle_()
        return {**(bundle[0] if bundle else {}), **data}, {}


def access_map() -> AccessMap:
    """Who can assume which role and pull from which repository, of all the lab's accounts.

    Every edge is IAM's decision about that very pair. An edge between two accounts is whole when
    both have agreed, and half drawn while one has and the other has not. In a notebook the map
    follows the accounts: each cell that changes something redraws it. Raises LabError when the
    sandbox does not answer.
    """
    return AccessMap(_fetch())


def _fetch() -> Map:
    return read(current().running.access_map())


def still(found: Map) -> str:
    """The picture and, folded, its table, for pages that have no kernel or do not trust outputs.

    The picture is an image: JupyterLab takes SVG out of an output that it does not trust, and
    leaves an image with its data in the address.
    """
    data = escape(quote(svg(found), safe=_PLAIN_IN_A_DATA_URL), quote=True)
    name = escape(words.heading(found), quote=True)
    picture = f'<img alt="{name}" src="data:image/svg+xml,{data}">'
    return f'<div class="xacct-map-still">{picture}{_table(found)}</div>'


def live(found: Map, changed: Collection[str] = ()) -> str:
    """What the widget shows: the picture, whose edges can be chosen, and its table."""
    return f'<div class="xacct-map-still">{svg(found, changed)}{_table(found)}</div>'


def _table(found: Map) -> str:
    return f"<details><summary>The same as a table</summary>{words.table(found)}</details>"


# -- the widget ------------------------------------------------------------------------------


class Widget(anywidget.AnyWidget):
    """What the front end shows. content: the still form; news: what has changed, in words;
    why: the explanation of the edge of `asked`, as HTML."""

    _esm = _STATIC / "access_map.js"
    _css = _STATIC / "access_map.css"
    content = traitlets.Unicode().tag(sync=True)
    news = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Unicode().tag(sync=True)
    why = traitlets.Unicode().tag(sync=True)

    def __init__(self, found: Map) -> None:
        super().__init__(content=live(found))
        self._found = found
        self.on_msg(self._asked)

    def _asked(self, _: Any, message: Any, buffers: Any) -> None:
        key = message.get("why") if isinstance(message, dict) else None
        if isinstance(key, str):
            why = self._explained(key) if key else ""
            with self.hold_sync():
                self.asked, self.why = key, why

    def _explained(self, key: str) -> str:
        line = next((one for one in self._found.lines if one.key == key), None)
        if line is None:
            return "<p>This edge is not there any more.</p>"
        edge = line.edges[0] if isinstance(line, Bundle) else line
        try:
            why = current().running.why(edge)
        except LabError as error:
            return f"<p>{escape(str(error))}</p>"
        more = f"<p>{escape(words.spoken(self._found, line))}. The first of them:</p>"
        return (more if isinstance(line, Bundle) else "") + card_html(card(why))

    def show(self, found: Map) -> None:
        """Another state of the accounts."""
        before, self._found = self._found, found
        with self.hold_sync():
            self.content = live(found, words.changed(before, found))
            self.news = words.news(before, found)
            if self.asked:
                self.why = self._explained(self.asked)

    def fail(self, reason: str) -> None:
        """The accounts cannot be seen."""
        self.news = f"This map is as it was before. {reason}"


_maps: deque[Widget] = deque(maxlen=_FOLLOWING)


def _redraw(trouble: str) -> None:
    try:
        found = None if trouble else _fetch()
    except LabError as error:
        found, trouble = None, str(error)
    for widget in _maps:
        if found is None:
            widget.fail(trouble)
        else:
            widget.show(found)
