"""The proof that a fault is one: the engine refuses, the repair mends, and nothing else does.

Every step is a real call to the sandbox, which decides it as it decides the learner's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from ...course.checkpoint import rewind
from ...lab import Lab
from . import calls, contract
from .catalogue import spoilt
from .deployment import Deployment, run
from .fault import Drawn, Fault
from .planting import plant, write
from .world import SOUND, Place, World


class NotProved(Exception):
    """A fault breaks nothing, or cannot be mended as its entry says; the text has the step."""


def prove(lab: Lab, drawn: tuple[Drawn, ...], *, snapshot: str) -> None:
    """Plant the faults, and prove each of these.

    1. The deployment is refused. With one fault: with the code, and by the kind of policy, that the
       fault's entry says.
    2. Every other document written again as it should be: still refused.
    3. With two faults, either mended alone: still refused.
    4. All mended, by one change each: who may can, and who must not cannot.

    snapshot: the name under which the sandbox keeps the accounts as after notebook 12.
    Raises NotProved.
    """
    world = spoilt(drawn)
    places = [one.fault.place for one in drawn]
    digest = _planted(lab, world, snapshot)
    if len(drawn) == 1:
        _prove_symptom(lab, drawn[0].fault, world.deployment)
    _mend(lab, world, [place for place in get_args(Place) if place not in places])
    _prove_refused(world.deployment, "with everything else as it should be")
    if len(drawn) > 1:
        for place in places:
            _planted(lab, world, snapshot)
            mended = _mend(lab, world, [place])
            _prove_refused(mended.deployment, f"with only {place} mended")
        _planted(lab, world, snapshot)
    mended = _mend(lab, world, places)
    for finding in contract.findings(lab.running, mended.deployment, digest):
        if not finding.right:
            raise NotProved(f"mended, and yet not so: {finding.goal}. {finding.found}")


def _planted(lab: Lab, world: World, snapshot: str) -> str:
    rewind(lab.running, to=snapshot)
    lab.clock.followed()
    return plant(lab, world)


def _mend(lab: Lab, world: World, places: Iterable[Place]) -> World:
    for place in places:
        write(lab.running, SOUND, place)
        world = replace(world, **{place: getattr(SOUND, place)})
    return world


def _prove_refused(deployment: Deployment, when: str) -> None:
    if calls.attempt(lambda: run(deployment, calls.new_session)).ok:
        raise NotProved(f"the deployment goes through {when}")


def _prove_symptom(lab: Lab, fault: Fault, deployment: Deployment) -> None:
    answer = calls.attempt(lambda: run(deployment, calls.new_session))
    if answer.code != fault.code:
        raise NotProved(f"the deployment ends with {answer.code}, not {fault.code}")
    spoke = _refused_by(lab)
    if spoke != fault.spoke:
        raise NotProved(f"refused by {spoke}, not by {fault.spoke}")


def _refused_by(lab: Lab) -> tuple[str, str] | None:
    """The kind of policy that refused the latest call, and how; None when no policy did."""
    (latest,) = lab.running.trail(1)
    if not latest.denied:
        return None
    decisive = lab.running.decision(latest.request_id).asked[-1].decision.decisive
    return (decisive.layer, decisive.outcome) if decisive else None
