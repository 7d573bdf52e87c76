"""The broken accounts: break them by a seed, find the fault, mend it, have it checked.

Everything lasting is kept with the lab, so that the game goes on after a restart of the kernel.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from html import escape
from typing import Any

from ...aws.regions import DEFAULT_REGION
from ...course.checkpoint import rewind
from ...images import PulledImage
from ...lab import Lab
from ...view.calls import boto3_text
from ...view.opening import current
from ...workspace import LabError, NotThere
from ..display import show
from . import calls, contract, records
from .catalogue import FAULTS, draw, spoilt
from .deployment import Deployment, run
from .planting import call_for, forget_keys, pasted_key, plant
from .records import Game, Solved
from .world import SOUND

AFTER = 12
"""The notebook after which the accounts are broken."""
_SNAPSHOT = "broken_accounts"


def break_accounts(
    seed: int | None = None, *, number: int | None = None, faults: int = 1
) -> Broken:
    """Break the accounts as a seed says, or go on with the game that is on.

    The accounts are those after notebook 12; others are put aside first, as catch_up does.
    seed: None goes on with the game that is on, or draws one. number: chooses the kind of fault,
    1 to 27; the seed then draws which slip it is. faults: 1, or 2 at once. The same game asked for
    again goes on where it was; `again()` starts it afresh.
    Raises LabError for what cannot be drawn.
    """
    lab = current()
    game = records.load(lab).game
    on = game is not None and records.is_on(lab, game)
    if seed is None and number is not None:
        seed = 1
    if game is not None and on and not game.solved:
        the_one_that_is_on = seed is None and faults in (1, game.faults)
        if the_one_that_is_on or (seed, number, faults) == (game.seed, game.number, game.faults):
            print("You are in the middle of it. To start it afresh: broken.again()")
            return Broken()
    if seed is None:
        seed = secrets.randbelow(1000)
    _start(lab, seed, number, faults, on=on)
    return Broken()


def _start(lab: Lab, seed: int, number: int | None, faults: int, *, on: bool) -> None:
    drawn = draw(seed, number=number, faults=faults)
    _sound_accounts(lab, on=on)
    lab.running.save(_SNAPSHOT)
    world = spoilt(drawn)
    try:
        image = plant(lab, world)
        # Not marked as a check's: this refusal is the one that explain() is to explain.
        answer = calls.attempt(lambda: run(world.deployment, _session))
        since, upto = records.mark(lab)
        game = Game(
            seed=seed,
            number=number,
            faults=faults,
            since=since,
            upto=upto,
            image=image,
            symptom=str(answer),
            deployment=world.deployment,
            pasted=pasted_key(lab.folder),
        )
        records.save(lab, replace(records.load(lab), game=game))
    except BaseException:
        _rewind(lab)
        raise


def _sound_accounts(lab: Lab, *, on: bool) -> None:
    """The accounts as after notebook 12; a game's broken ones are not worth being put aside."""
    if on:
        try:
            _rewind(lab)
            return
        except NotThere:  # the snapshot went with a reset of the lab's folder
            pass
    lab.catch_up(through=AFTER)


def _rewind(lab: Lab) -> None:
    rewind(lab.running, to=_SNAPSHOT)
    forget_keys(lab.folder)
    lab.clock.followed()


class Broken:
    """The game that is on. It holds nothing itself: it is read from the lab each time."""

    def __repr__(self) -> str:
        try:
            lab, game = _game()
        except LabError as error:
            return str(error)
        count = len(records.changes(lab, game))
        what = "one fault" if game.faults == 1 else f"{game.faults} faults"
        lines = [
            f"Broken accounts, {what}. The same again: "
            + records.call_of(game.seed, game.number, game.faults),
            "The deployment ended with:",
            f"    {game.symptom}",
            f"Your changes so far: {count}." + (" Mended." if game.solved else ""),
        ]
        return "\n".join(lines)

    @property
    def deployment(self) -> Deployment:
        """What the deployment is told."""
        return _game()[1].deployment

    @property
    def contract(self) -> str:
        """What must work when all is mended, and what must not; print() it."""
        return contract.CONTRACT

    def run(self) -> PulledImage:
        """Run the deployment: the image, or AWS's error, which explain() explains."""
        return run(_game()[1].deployment, _session)

    def redeploy(self, **settings: Any) -> PulledImage:
        """Run the deployment with other settings, which it keeps: redeploy(image="…").

        Raises LabError for a setting that it does not have.
        """
        lab, game = _game()
        deployment = game.deployment.but(**settings)
        before, after = asdict(game.deployment), asdict(deployment)
        changed = [name for name in after if after[name] != before[name]]
        _remember(lab, replace(game, deployment=deployment, settings=game.settings + len(changed)))
        return run(deployment, _session)

    def changes(self) -> None:
        """Print what you have changed since the accounts were broken."""
        lab, game = _game()
        made = records.changes(lab, game)
        print("\n".join(made) if made else "Nothing has been changed.")

    def check(self) -> None:
        """Say whether all is mended, by real calls: who may, and who must not.

        Repeat it as you like; it changes nothing.
        """
        lab, game = _game()
        pulls = False
        for words, findings in contract.parts(lab.running, game.deployment, game.image):
            for finding in findings:
                if not finding.right:
                    print(f"✗ {finding.goal}")
                    print(f"    What happened: {finding.found}")
                    print(f"    Look at: {finding.next}")
                    print(
                        "    broken.changes() lists yours" if pulls else "    Stuck? broken.hint()"
                    )
                    return
            print(f"✓ {words}")
            pulls = True
        _won(lab, game)

    def hint(self) -> None:
        """The next hint; each is more specific than the one before."""
        lab, game = _game()
        at = min(game.hints, 2)
        _remember(lab, replace(game, hints=game.hints + 1))
        for number, one in enumerate(game.drawn, 1):
            which = f", fault {number}" if game.faults > 1 else ""
            print(f"Hint {at + 1} of 3{which}: {one.fault.hints[at]}")

    def answer(self) -> None:
        """Show the answer, folded. A game in which it was asked for leaves no score."""
        lab, game = _game()
        _remember(lab, replace(game, answered=True))
        text = "\n\n".join(_answers(lab, game))
        show(text, _folded(text))

    def again(self) -> Broken:
        """Break the accounts in the same way afresh; what you have changed is gone."""
        lab, game = current(), records.load(current()).game
        if game is None:
            raise LabError(_NO_GAME)
        _start(lab, game.seed, game.number, game.faults, on=records.is_on(lab, game))
        return self

    def skip(self) -> Broken:
        """Leave this one unsolved, and break the accounts by the next seed, or number."""
        lab, game = _game()
        number = None if game.number is None else game.number % len(FAULTS) + 1
        seed = game.seed + 1 if number is None else game.seed
        _start(lab, seed, number, game.faults, on=True)
        return self

    def leave(self) -> None:
        """End the game: the accounts are again as before it, the clock too."""
        lab = current()
        record = records.load(lab)
        if record.game is not None and records.is_on(lab, record.game):
            _rewind(lab)
            print(f"Your accounts are as after notebook {AFTER}.")
        else:
            forget_keys(lab.folder)
            print("No accounts are broken; yours were left as they are.")
        records.save(lab, replace(record, game=None))

    def scores(self) -> None:
        """Print the games that you have won."""
        solved = records.load(current()).solved
        if not solved:
            print("None mended yet.")
        for one in solved:
            what = "with the answer" if one.answered else f"score {one.score}"
            print(f"{one.name}: {_counted(one.changes)}, {what}")


_STUCK = "Stuck? broken.hint()"
_NO_GAME = "Nothing is broken: break_accounts() first."


def _game() -> tuple[Lab, Game]:
    """The lab and the game that is on. Raises LabError when no game is on."""
    lab = current()
    game = records.load(lab).game
    if game is None:
        raise LabError(_NO_GAME)
    if not records.is_on(lab, game):
        raise LabError(
            "These are not the broken accounts any more: a reset or a catch_up has been here. "
            "lab.restore() brings back what catch_up put aside; broken.again() breaks them afresh."
        )
    return lab, game


def _remember(lab: Lab, game: Game) -> None:
    records.save(lab, replace(records.load(lab), game=game))


def _session(profile_name: str | None = None, **keys: Any) -> Any:
    """The learner's own session: its calls are in the trail as theirs."""
    import boto3  # 150 ms

    return boto3.Session(profile_name=profile_name, **{"region_name": DEFAULT_REGION, **keys})


def _won(lab: Lab, game: Game) -> None:
    """Record it once; say the score and what there was to learn."""
    count = len(records.changes(lab, game))
    solved = Solved(
        seed=game.seed,
        number=game.number,
        faults=game.faults,
        changes=count,
        answered=game.answered,
    )
    if not game.solved:
        record = records.load(lab)
        records.save(
            lab,
            replace(record, game=replace(game, solved=True), solved=(*record.solved, solved)),
        )
    best = f"{game.faults} would do" if count > game.faults else "no fewer would do"
    print(f"Mended, by {_counted(count)}; {best}.", end=" ")
    print("No score: you have seen the answer." if game.answered else f"Score: {solved.score}.")
    for one in game.drawn:
        print(f"\nWhat it was: {one.fault.what}")
        print(f"What shows it: {one.fault.shown_by}.")
        print(f"Avoid it: {one.fault.avoid}")


def _counted(changes: int) -> str:
    return f"{changes} change" + ("" if changes == 1 else "s")


def _answers(lab: Lab, game: Game) -> list[str]:
    """For each fault what it is, and the one change that mends it."""
    texts = []
    for one in game.drawn:
        call = call_for(lab.running, SOUND, one.fault.place)
        text = one.fault.what
        if call is not None:
            text += "\n\n" + boto3_text(call).rstrip()
        texts.append(text)
    return texts


def _folded(text: str) -> str:
    shown = f'<pre style="white-space: pre-wrap; text-align: left">{escape(text)}</pre>'
    return f"<details><summary>The answer</summary>{shown}</details>"
