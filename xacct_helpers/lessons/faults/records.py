"""What is remembered of the game, in a file kept with the lab; and what the learner has changed.

The file holds the seed, not the faults: they are drawn again from it.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ... import workspace
from ...lab import Lab
from ...workspace import STRANGER
from .catalogue import draw
from .deployment import Deployment
from .fault import Drawn
from .planting import pasted_key

FILE = "broken_accounts.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """The accounts as they were broken, and what has been done since outside of them.

    since, upto: how long the sandbox's journal was, and a digest of it. image: the digest of v1.
    symptom: what the deployment ended with. deployment: as the learner has it now; settings: how
    many of its settings were changed. pasted: the access key id that the profile `pasted` held.
    """

    seed: int
    number: int | None
    faults: int
    since: int
    upto: str
    image: str
    symptom: str
    deployment: Deployment
    pasted: str
    settings: int = 0
    hints: int = 0
    answered: bool = False
    solved: bool = False

    @property
    def drawn(self) -> tuple[Drawn, ...]:
        return draw(self.seed, number=self.number, faults=self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """One game that was won. answered: after a look at the answer, which leaves no score."""

    seed: int
    number: int | None
    faults: int
    changes: int
    answered: bool

    @property
    def score(self) -> int:
        """100 for the fewest changes: one for each fault. Twice as many, half of it."""
        return 0 if self.answered else min(100, 100 * self.faults // max(1, self.changes))

    @property
    def name(self) -> str:
        """How it was drawn, as break_accounts takes it."""
        return call_of(self.seed, self.number, self.faults)


def call_of(seed: int, number: int | None, faults: int) -> str:
    """The call that breaks the accounts in this way."""
    more = f", number={number}" if number is not None else ""
    more += f", faults={faults}" if faults != 1 else ""
    return f"break_accounts(seed={seed}{more})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The game that is on, if any, and those that were won, the latest last."""

    game: Game | None = None
    solved: tuple[Solved, ...] = field(default=())


def load(lab: Lab) -> Record:
    """What the file holds; nothing when it is missing or cannot be read as one of ours."""
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        content = json.loads(_path(lab).read_text())
        game = content["game"]
        if game is not None:
            game = Game(**{**game, "deployment": Deployment(**game["deployment"])})
        return Record(game=game, solved=tuple(Solved(**one) for one in content["solved"]))
    return Record()


def save(lab: Lab, record: Record) -> None:
    """Write the file, whole or not at all."""
    workspace.write(_path(lab), json.dumps(asdict(record)))


def _path(lab: Lab) -> Path:
    return lab.folder / FILE


def is_on(lab: Lab, game: Game) -> bool:
    """Whether the accounts are the broken ones, with or without the learner's changes.

    They are not after a reset or a catch_up; they are again after lab.restore().
    """
    found = lab.running.changes(game.since)
    return found.upto == game.upto and found.count >= game.since


def mark(lab: Lab) -> tuple[int, str]:
    """How long the journal is now, and a digest of it."""
    count = lab.running.changes(0).count
    return count, lab.running.changes(count).upto


def changes(lab: Lab, game: Game) -> list[str]:
    """Every change that was made since, in order; those outside of the accounts at the end.

    What happens in the stranger's account is not the learner's doing.
    """
    made = [
        f"{one.action} in account {one.account}"
        for one in lab.running.changes(game.since).changes
        if one.account != STRANGER
    ]
    made += ["a setting of the deployment"] * game.settings
    if pasted_key(lab.folder) != game.pasted:
        made.append("the keys of the profile pasted")
    return made
