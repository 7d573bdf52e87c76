"""What a save would change on the access map, in words.

The sandbox evaluates it with its engine; nothing is saved.
"""

from __future__ import annotations

from dataclasses import dataclass

from .access_map import model, words
from .editing import Target
from .opening import current

# What the sandbox tells of each edge that changes, and how a line about it begins.
_CHANGES = (
    ("complete", "+ becomes whole, both sides agree now"),
    ("appear", "+ appears"),
    ("break", "− is only half there then"),
    ("vanish", "− vanishes"),
)


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
    changes = running.post(
        "preview",
        account=target.account,
        operation=call.operation,
        parameters=dict(call.parameters),
    )
    now = model.read(running.get("map"))
    lines = tuple(
        f"{how}: {line}"
        for change, how in _CHANGES
        for line in (
            *(words.spoken(now, edge) for edge in model.edges(changes[change])),
            *(_told(now, mark) for mark in model.marks(changes["marks"].get(change, ()))),
        )
    )
    if not lines:
        return Preview(sentence="Saving this would change no edge of the access map.", lines=())
    return Preview(sentence="Saving this would change the access map:", lines=lines)


def _told(now: model.Map, mark: model.Mark) -> str:
    """An agreement with everybody or with everything, which no single edge shows."""
    verb = "is " if mark.side == "caller" else ""
    return f"{now.by_arn[mark.arn].label} {verb}{words.said(mark)}"
