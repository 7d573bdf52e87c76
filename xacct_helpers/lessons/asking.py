"""A question with choices in a notebook: as text, as HTML, and as a widget where there are some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

from ..workspace import LabError

if TYPE_CHECKING:
    from .question import Question


def show(
    legend: str, choices: Sequence[str], chosen: Callable[[str], None], **traits: str
) -> Question:
    """Show a question and wait for nothing.

    chosen: called with each choice that is committed. traits: those of the widget.
    """
    from IPython.display import display  # 60 ms

    from .question import Question

    widget = Question(legend=legend, choices=list(choices), **traits)
    widget.observe(lambda change: chosen(change["new"]), names="choice")
    items = "".join(f"<li>{escape(choice)}</li>" for choice in choices)
    bundle = {
        "text/plain": "\n".join([legend, *(f"  ○ {choice}" for choice in choices)]),
        "text/html": f"<p><strong>{escape(legend)}</strong></p><ul>{items}</ul>",
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 1,
            "model_id": widget.model_id,
        },
    }
    display(bundle, raw=True)  # type: ignore[no-untyped-call]
    return widget


def meant(text: str, choices: Sequence[str]) -> str:
    """The choice that is this text, or the only one that begins with it; LabError without one."""
    found = [choice for choice in choices if choice == text] or [
        choice for choice in choices if choice.lower().startswith(text.lower())
    ]
    if len(found) != 1:
        raise LabError(f"Your answer must be one of: {', '.join(choices)}.")
    return found[0]
