"""All the kinds of fault, and how a seed draws from them."""

from __future__ import annotations

from functools import reduce
from random import Random

from ...workspace import LabError
from . import caller_side, owner_side, program_side
from .fault import Drawn, Fault
from .world import SOUND, World

FAULTS: dict[int, Fault] = {
    fault.number: fault
    for fault in sorted(
        (*caller_side.FAULTS, *owner_side.FAULTS, *program_side.FAULTS),
        key=lambda fault: fault.number,
    )
}


def draw(seed: int, *, number: int | None = None, faults: int = 1) -> tuple[Drawn, ...]:
    """The faults that a seed stands for, the same each time.

    number: a kind chosen by its number, so that the seed only draws which slip it is.
    faults: 1, or 2: then they are in two different places, so that each has to be mended.
    Raises LabError for what cannot be drawn.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise LabError(f"A seed is a whole number, not {seed!r}.")
    if faults not in (1, 2):
        raise LabError(f"One fault at once, or two; not {faults!r}.")
    if number is not None and number not in FAULTS:
        raise LabError(f"The kinds of fault have the numbers 1 to {len(FAULTS)}, not {number!r}.")
    chance = Random(f"xacct {seed}")
    chosen = [FAULTS[number] if number is not None else chance.choice([*FAULTS.values()])]
    while len(chosen) < faults:
        chosen.append(chance.choice([f for f in FAULTS.values() if compatible(chosen[0], f)]))
    return tuple(Drawn(fault=fault, chance=f"{seed} {fault.name}") for fault in chosen)


def compatible(one: Fault, other: Fault) -> bool:
    """Whether the two can be planted together: in two places, so that no one change mends both."""
    return one.place != other.place


def spoilt(drawn: tuple[Drawn, ...]) -> World:
    """The sound world with all these faults."""
    return reduce(lambda world, one: one.spoil(world), drawn, SOUND)
