"""What a save would change on the access map, in words.

The sandbox evaluates it with its engine; nothing is saved.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..lab_api.access_map import Edge, Mark
from .access_map import model, words
from .editing import Target
from .opening import current


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A sentence, and a line for each edge that changes."""

    sentence: str
    lines: tuple[str, ...]


def preview(target: Target, text: str) -> Preview:
    """The edges that would appear or vanish if this text were saved now.

    Raises LabError with the sandbox's words.
    """
    call, running = target.saving(text), current().running
    changes = running.preview(target.account, call.operation, call.parameters)
    now = model.read(running.access_map())
    marks = changes.marks
    # How a line begins, and the edges and marks that it is said of.
    kinds: tuple[tuple[str, tuple[Edge, ...], tuple[Mark, ...]], ...] = (
        ("+ becomes whole, both sides agree now", changes.complete, ()),
        ("+ appears", changes.appear, marks.appear),
        ("− is only half there then", changes.break_, ()),
        ("− vanishes", changes.vanish, marks.vanish),
    )
    lines = tuple(
        f"{how}: {line}"
        for how, edges, some in kinds
        for line in (
            *(words.spoken(now, edge) for edge in edges),
            *(_mark_line(now, mark) for mark in some),
        )
    )
    if not lines:
        return Preview(sentence="Saving this would change no edge of the access map.", lines=())
    return Preview(sentence="Saving this would change the access map:", lines=lines)


def _mark_line(now: model.Map, mark: Mark) -> str:
    """An agreement with everybody or with everything, which no single edge shows."""
    verb = "is " if mark.side == "caller" else ""
    return f"{now.by_arn[mark.arn].label} {verb}{words.phrase(mark)}"
