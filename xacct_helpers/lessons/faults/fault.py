"""What a fault is: where it is, how it is planted, what it looks like, and what is to be learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .world import Place, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault.

    number: what a learner may choose it by; the order tells nothing.
    place: the one document, or the deployment's settings, that is wrong; mended by one change.
    spoil: the world with the fault; the Random draws which typing mistake it is.
    code: of the error that the deployment ends with.
    spoke: (kind of policy, outcome) of the one that refused, in the engine's words; None when no
        policy did.
    hints: where to look, which rule, almost there. what: the fault and its mending, in one or two
    sentences. shown_by: which tool would have shown it. avoid: how not to make it.
    """

    number: int
    name: str
    place: Place
    spoil: Callable[[World, Random], World]
    code: str
    spoke: tuple[str, str] | None
    hints: tuple[str, str, str]
    what: str
    shown_by: str
    avoid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A fault and the chance with which it is made."""

    fault: Fault
    chance: str

    def spoil(self, world: World) -> World:
        """The world with this fault; the same each time."""
        return self.fault.spoil(world, Random(self.chance))


def slip(text: str, chance: Random) -> str:
    """A text with two neighbouring characters of it swapped, a slip that looks right."""
    places = [i for i in range(len(text) - 1) if text[i] != text[i + 1]]
    at = chance.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
