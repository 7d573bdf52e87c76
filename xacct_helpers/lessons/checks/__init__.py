"""Checkpoints: each goal of a notebook, tested by real calls and never by comparing documents.

A check asks both ways, who may and who must not. It shows what is right already, stops at the first
thing that is not, says what it looked for and what it found, and leaves the accounts as they were.
The goals are tables, in part_one and part_two; the calls are in probes.
"""

from __future__ import annotations

from collections.abc import Iterator

from ... import course
from ...course import progress
from ...view.denial import note_failed_check
from ...view.opening import current
from ...workspace import LabError, NotThere
from ..answers import CHECK_AGENT, Answer, Finding
from ..diagnoses import refusing
from . import part_one, part_two
from .goals import Goal
from .probes import Tries

__all__ = [
    "CHECK_AGENT",
    "GOALS",
    "WHY",
    "Answer",
    "Finding",
    "check",
    "named",
    "passed",
    "skip",
]

GOALS: dict[str, tuple[Goal, ...]] = {**part_one.GOALS, **part_two.GOALS}

WHY = {
    "00": "Passed: every profile is who it says it is, in its own account.",
    "01": "Passed: the owner pulls, and the biggest policy of another account does not help.",
    "02": "Passed: the role pulls from my-app, and the other doors that were tried are shut.",
    "03": "Passed: account A has accepted account B, and turned away the others who tried.",
    "04": "Passed: A names B's role, B lets that role go, and the others who tried were refused.",
    "05": "Passed: two sessions, one after the other, and the image at the end.",
    "06": "Passed: both accounts agree on this role, and refused everybody else who tried.",
    "07": "Passed: the company comes when it comes for you, and only then.",
    "08": "Passed: as long as the role allows, as small as you like, and no longer in a chain.",
    "09": "Passed: you say which role, and the programs assume it.",
    "10": "Passed: one role of account B is let in at the repository, and the role's way is open.",
    "11": "Passed: the machine pulls through account A's role, and a Pod has a role of its own.",
    "12": "Passed: the chain is whole, and there is somebody who looks and does not touch.",
    "13": "Passed: found, mended, and no door left open, one fault at a time and two at once.",
}


def check(notebook: str | int) -> None:
    """Say how far the goals of a notebook ("00", "01", …) are reached; repeat it as you like.

    A check that passes is kept with your progress.
    Raises LabError for a notebook that has no check.
    """
    name = named(notebook)
    folder = current().folder
    for finding in _findings(name):
        if finding.right:
            print(f"✓ {finding.goal}")
            continue
        print(f"✗ {finding.goal}")
        print(f"    Looked for: {finding.wanted}")
        print(f"    What happened: {finding.found}")
        note_failed_check(finding.refusal)
        print(f"    Look at: {_where(finding)}")
        print(f"    {_ways_on(name)}")
        progress.record(folder, lambda before: progress.with_last(before, name))
        return
    note_failed_check("")
    print(WHY[name])
    when = progress.now()
    progress.record(folder, lambda before: progress.with_passed(before, name, when))


def _where(finding: Finding) -> str:
    """What to look at: for a refusal, who refused and by which kind of policy; explain() tells."""
    if not finding.refusal:
        return finding.next
    try:
        report = current().running.decision(finding.refusal)
    except NotThere:  # the trail has forgotten it
        return finding.next
    missing = report.asked[-1].missing if report.asked else ""
    if missing or not report.denied:
        return missing or finding.next
    return f"{' or '.join(refusing(report))}; explain() shows why it refused"


def skip(notebook: str | int) -> None:
    """Go on without a notebook's check; it is kept with your progress, and `check` takes it back.

    Raises LabError for a notebook that has no check.
    """
    name = named(notebook)
    progress.record(current().folder, lambda before: progress.with_skipped(before, name))
    print(f'The check of {name} is skipped; check("{name}") makes good for it whenever you like.')
    print(f"lab.catch_up(through={int(name)}) puts your accounts where the next notebook begins.")


def passed(notebook: str | int) -> bool:
    """Whether every goal is reached now; prints nothing and records nothing."""
    current()
    return all(finding.right for finding in _findings(named(notebook)))


def named(notebook: str | int) -> str:
    """The name of a notebook that has a check: 3 and "3" are "03"; LabError for any other."""
    name = str(notebook).zfill(2)
    if name not in GOALS:
        raise LabError(f"There are checks for the notebooks {', '.join(GOALS)}.")
    return name


def _findings(name: str) -> Iterator[Finding]:
    """What each goal's call came to. A goal may build on those before it: stop at the first that is
    not reached."""
    tries = Tries()
    for goal in GOALS[name]:
        yield goal.tried(tries)


def _ways_on(name: str) -> str:
    """Never a dead end: help, the notebook afresh, or on without."""
    before = course.begins_after(name)
    reset = "lab.reset()" if before is None else f"lab.catch_up(through={before})"
    return (
        f'Stuck? hint("{name}"). Afresh? {reset}, then run the notebook again. On? skip("{name}")'
    )
