"""What a save would change on the access map, in words.

The sandbox evaluates it with its engine; nothing is saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import lab as labs
from .editing import Target

_RELATIONS = {"can-assume": "can assume", "can-pull": "can pull from"}
_OPENS = {"can-assume": "may be assumed by", "can-pull": "may be pulled from by"}
_REACHES = {"can-assume": "may assume", "can-pull": "may pull from"}
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
    call = target.saving(text)
    found = labs.current().running.post(
        "preview",
        account=target.account,
        operation=call.operation,
        parameters=dict(call.parameters),
    )
    marks = found.get("marks", {})
    lines = tuple(
        f"{words}: {line}"
        for change, words in _CHANGES
        for line in (*map(_edge, found[change]), *map(_mark, marks.get(change, ())))
    )
    if not lines:
        return Preview(sentence="Saving this would change no edge of the access map.", lines=())
    return Preview(sentence="Saving this would change the access map:", lines=lines)


def _edge(edge: Mapping[str, Any]) -> str:
    source, target = _short(edge["source"]), _short(edge["target"])
    line = f"{source} {_RELATIONS[edge['relation']]} {target}"
    if edge["verdict"] == "allowed":
        return line
    if edge["caller_agrees"] == edge["resource_agrees"]:
        return f"{line} (refused nevertheless)"
    agrees, silent = (source, target) if edge["caller_agrees"] else (target, source)
    return f"{line} (half: {agrees} agrees, {silent} does not yet)"


def _mark(mark: Mapping[str, Any]) -> str:
    """An agreement with everybody or everything, which no single edge shows."""
    whose = "any account" if mark["everyone"] else f"account {', '.join(mark['accounts'])}"
    if mark["side"] == "resource":
        return f"{_short(mark['arn'])} {_OPENS[mark['relation']]} everybody of {whose}"
    return f"{_short(mark['arn'])} {_REACHES[mark['relation']]} anything of {whose}"


def _short(arn: str) -> str:
    """arn:aws:iam::111111111111:role/x as role x of 111111111111."""
    parts = arn.split(":", 5)
    return f"{parts[5].replace('/', ' ', 1)} of {parts[4]}"
