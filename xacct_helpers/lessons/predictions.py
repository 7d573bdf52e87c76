"""Commit before the machine answers.

`predict("allowed", "denied")` shows the choices; picking one, or `predict(…, answer="denied")`,
commits. After the next cell that makes an AWS call, the answer is put beside what happened.
"""

from __future__ import annotations

from typing import Any

from .. import lab as labs
from ..workspace import LabError

_pending: _Prediction | None = None
_hooked = False


class _Prediction:
    """A question that was asked, and the choice, once made."""

    def __init__(self, choices: tuple[str, ...], latest: int) -> None:
        self.choices = choices
        self.choice: str | None = None
        self.latest = latest


def predict(*choices: str, answer: str | None = None) -> None:
    """Show the choices and wait for nothing; `answer=` commits without a widget.

    Without a choice nothing is stored, so a notebook may be run from top to bottom.
    Raises LabError for an answer that is not among the choices.
    """
    global _pending
    if len(choices) < 2:
        raise LabError("predict() takes at least two choices.")
    if answer is not None and answer not in choices:
        raise LabError(f"Your answer must be one of: {', '.join(choices)}.")
    _pending = _Prediction(choices, _latest_number())
    _pending.choice = answer
    _watch_cells()
    if answer is not None:
        print(f"You predict: {answer}")
        return
    _show(_pending)


def _show(prediction: _Prediction) -> None:
    """The choices as text, and as buttons where the frontend has widgets."""
    from IPython.display import display

    text = "What do you predict?\n" + "\n".join(f"  ○ {c}" for c in prediction.choices)
    bundle: dict[str, Any] = {"text/plain": text}
    try:
        from ipywidgets import RadioButtons
    except ImportError:
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
        return
    widget = RadioButtons(
        options=prediction.choices,
        value=None,
        description="Predict:",
        layout={"width": "max-content"},
    )

    def chosen(change: dict[str, Any]) -> None:
        prediction.choice = change["new"]

    widget.observe(chosen, names="value")
    model: dict[str, Any] = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    bundle["application/vnd.jupyter.widget-view+json"] = model
    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _latest_number() -> int:
    entries = labs.current().running.get("trail/1")["entries"]
    return int(entries[-1]["number"]) if entries else 0


def _watch_cells() -> None:
    global _hooked
    if _hooked:
        return
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", _after_cell)
        _hooked = True


def _after_cell(_result: Any = None) -> None:
    """Compare a committed prediction with the first call made since."""
    global _pending
    prediction = _pending
    if prediction is None or prediction.choice is None:
        return
    entries = labs.current().running.get("trail/50")["entries"]
    calls = [entry for entry in entries if entry["number"] > prediction.latest]
    if not calls:
        return
    _pending = None
    refused = next((call for call in calls if call["error_code"]), None)
    happened = (
        f"{refused['action']} was refused ({refused['error_code']})"
        if refused
        else f"{calls[-1]['action']} was answered"
    )
    print(f"You predicted: {prediction.choice}. What happened: {happened}.")
