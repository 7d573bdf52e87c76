"""A prediction's question as a widget: its frontend is view/static/predict.js, shipped with it."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

_STATIC = Path(__file__).resolve().parent.parent / "view" / "static"


class Question(anywidget.AnyWidget):
    """choices: what can be predicted; choice: what was, "" before; came: what happened, then."""

    _esm = _STATIC / "predict.js"
    _css = _STATIC / "predict.css"
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    choice = traitlets.Unicode("").tag(sync=True)
    came = traitlets.Unicode("").tag(sync=True)
