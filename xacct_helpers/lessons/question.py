"""A question with choices as a widget: its frontend is view/static/predict.js, shipped with it."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

_STATIC = Path(__file__).resolve().parent.parent / "view" / "static"


class Question(anywidget.AnyWidget):
    """Ask something with choices.

    legend: the question. choice: what was chosen, "" before; committed: what is said then, with {}
    for the choice; came: the answer, once it is there.
    """

    _esm = _STATIC / "predict.js"
    _css = _STATIC / "predict.css"
    legend = traitlets.Unicode("What do you predict?").tag(sync=True)
    committed = traitlets.Unicode("You predict: {}. Now run the next cell.").tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    choice = traitlets.Unicode("").tag(sync=True)
    came = traitlets.Unicode("").tag(sync=True)
