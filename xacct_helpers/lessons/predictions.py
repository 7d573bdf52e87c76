"""Commit before the machine answers.

`predict("allowed", "denied")` shows the choices; picking one, or `predict(…, answer="denied")`,
commits. Once the call that the question is about has been made, the choice is put beside what
happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import lab as labs
from ..workspace import LabError

_pending: _Prediction | None = None
_hooked = False


@dataclass
class _Prediction:
    """A question that was asked. choice: once made; latest: the last call before it was asked."""

    choices: tuple[str, ...]
    about: str | None
    latest: int
    choice: str | None = None


def predict(*choices: str, about: str | None = None, answer: str | None = None) -> None:
    """Show the choices and wait for nothing; `answer=` commits without a widget.

    about: the call that the question is about, for instance "sts:AssumeRole"; None means the next
    cell's calls, and "" a question that no single call answers.
    Without a choice nothing is stored, so a notebook may be run from top to bottom.
    Raises LabError for an answer that is not among the choices.
    """
    global _pending
    if len(choices) < 2:
        raise LabError("predict() takes at least two choices.")
    if answer is not None and answer not in choices:
        raise LabError(f"Your answer must be one of: {', '.join(choices)}.")
    _pending = _Prediction(choices, about, _latest_number(), answer)
    _watch_cells()
    if answer is None:
        _show(_pending)
    else:
        print(f"You predict: {answer}")


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


def _calls(count: int) -> list[dict[str, Any]]:
    """The latest calls, those of checks left out."""
    entries = labs.current().running.get(f"trail/{count}")["entries"]
    return [entry for entry in entries if not entry["check"]]


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
    """Put a committed prediction beside the call that it is about, once that has been made."""
    global _pending
    prediction = _pending
    if prediction is None or prediction.choice is None:
        return
    calls = [call for call in _calls(200) if call["number"] > prediction.latest]
    if prediction.about:
        calls = [call for call in calls if call["action"] == prediction.about]
    if not calls:
        return
    _pending = None
    start = f"You predicted: {prediction.choice}."
    if prediction.about == "":
        print(start)
        return
    refused = next((call for call in calls if call["error_code"]), None)
    if refused is not None:
        print(f"{start} What happened: {refused['action']} was refused, {refused['error_code']}.")
    else:
        print(f"{start} What happened: {calls[-1]['action']} was answered.")
