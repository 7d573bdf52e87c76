"""Commit before the machine answers.

`predict("allowed", "denied")` shows the choices; picking one, `predict("denied")` in a cell of its
own, or `answer="denied"` commits. Once the call that the question is about has been made, the
choice is put beside what happened, and kept with the learner's progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import course
from ..course import progress
from ..lab_api.decisions import TrailEntry
from ..view.opening import current
from ..workspace import LabError
from . import asking

if TYPE_CHECKING:
    from .question import Question

_pending: _Prediction | None = None
_hooked = False


@dataclass
class _Prediction:
    """A question that was asked. choice: once made; latest: the last call before it was asked.

    asked: what the course knows of it, None when it is the learner's own. fresh: the cell that
    asked, or that committed to a choice, has not ended.
    """

    choices: tuple[str, ...]
    about: str | None
    latest: int
    asked: course.Question | None = None
    choice: str | None = None
    widget: Question | None = None
    fresh: bool = True


def predict(*choices: str, about: str | None = None, answer: str | None = None) -> None:
    """Show the choices and wait for nothing; picking one, or `answer=`, commits.

    One choice alone commits to it: to answer the question that was shown last, `predict("denied")`
    (its beginning is enough), or where none is open, about the next call.
    about: the call that the question is about, for instance "sts:AssumeRole"; None means the next
    cell's calls, and "" a question that no single call answers.
    Without a choice nothing is stored, so a notebook may be run from top to bottom.
    Raises LabError for an answer that is not among the choices.
    """
    global _pending
    if not choices:
        raise LabError('predict() takes choices, as in predict("allowed", "denied").')
    if len(choices) == 1:
        _commit_to(choices[0] if answer is None else answer)
        return
    if answer is not None and answer not in choices:
        raise LabError(f"Your answer must be one of: {', '.join(choices)}.")
    asked = course.question(choices, cell=_cell(), notebook=progress.open_notebook())
    _pending = _Prediction(choices, about, _latest_number(), asked, answer)
    _watch_cells()
    if answer is None:
        _show(_pending)
    else:
        print(f"You predict: {answer}")


def _commit_to(choice: str) -> None:
    global _pending
    prediction = _pending
    if prediction is None or len(prediction.choices) == 1:
        prediction = _pending = _Prediction((choice,), None, _latest_number())
        _watch_cells()
        prediction.choice = choice
    else:
        prediction.choice = asking.meant(choice, prediction.choices)
        prediction.fresh = True
        if prediction.widget is not None:
            prediction.widget.choice = prediction.choice
    print(f"You predict: {prediction.choice}")


def _cell() -> str | None:
    """The id of the cell that is running, where the frontend tells (JupyterLab does)."""
    from IPython import get_ipython  # 60 ms

    parent: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
    found = parent.get("metadata", {}).get("cellId")
    return found if isinstance(found, str) else None


def _show(prediction: _Prediction) -> None:
    def chosen(choice: str) -> None:
        prediction.choice = choice or None

    prediction.widget = asking.show("What do you predict?", prediction.choices, chosen)


def _calls(count: int) -> list[TrailEntry]:
    """The latest calls, those of checks left out."""
    return [entry for entry in current().running.trail(count) if not entry.check]


def _latest_number() -> int:
    entries = current().running.trail(1)
    return entries[-1].number if entries else 0


def _watch_cells() -> None:
    global _hooked
    if _hooked:
        return
    from IPython import get_ipython  # 60 ms

    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", _after_cell)
        _hooked = True


def _after_cell(_result: Any = None) -> None:
    """Put a committed prediction beside the call that it is about, once that has been made."""
    global _pending
    prediction = _pending
    if prediction is None:
        return
    fresh, prediction.fresh = prediction.fresh, False
    if prediction.choice is None:
        return
    came: str = ""
    refused: bool | None = None
    if prediction.about == "":  # the next cell shows it, by a call or not
        if fresh:
            return
    else:
        calls = [call for call in _calls(200) if call.number > prediction.latest]
        if prediction.about:
            calls = [call for call in calls if call.action == prediction.about]
        if not calls:
            return
        came, refused = _what_came(calls)
    _pending = None
    right = _judged(prediction, refused)
    words = f"You predicted: {prediction.choice}."
    if came:
        words += f" What happened: {came}."
    if right is not None and prediction.asked is not None:
        words += " Right." if right else f" The answer was: {prediction.asked.right}."
    print(words)
    if prediction.widget is not None:
        prediction.widget.came = words
    _record(prediction, came, right)


def _what_came(calls: list[TrailEntry]) -> tuple[str, bool]:
    """What happened, in words, and whether it was a refusal."""
    refused = next((call for call in calls if call.error_code), None)
    if refused is not None:
        return f"{refused.action} was refused, {refused.error_code}", True
    return f"{calls[-1].action} was answered", False


def _judged(prediction: _Prediction, refused: bool | None) -> bool | None:
    """Whether the prediction was right; None where nobody can tell.

    That is so for a question of the learner's own, and where accounts that are not as in the course
    brought another outcome.
    """
    asked = prediction.asked
    if asked is None:
        return None
    if refused is not None and asked.refused is not None and refused != asked.refused:
        return None
    return prediction.choice == asked.right


def _record(prediction: _Prediction, came: str, right: bool | None) -> None:
    asked = prediction.asked
    kept = progress.Prediction(
        notebook=asked.notebook if asked else progress.open_notebook() or "",
        cell=asked.cell if asked else "",
        question=prediction.choices,
        choice=str(prediction.choice),
        came=came,
        right=right,
    )
    folder = current().folder
    progress.record(folder, lambda before: progress.with_prediction(before, kept))
