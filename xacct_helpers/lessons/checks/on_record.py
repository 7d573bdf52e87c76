"""What the sandbox has on record of the learner's own doing, for goals that no state can show.

The trail has every call, and is in memory: it begins again with the sandbox and with a reset. The
journal has what changed the accounts, and lasts as long as they do. A check that has passed once
asks neither again: what was done stays done.
"""

from __future__ import annotations

from collections.abc import Callable

from ...aws.regions import DEFAULT_REGION
from ...course import progress
from ...lab_api.decisions import TrailEntry
from ...view.opening import current
from ...workspace import ACCOUNT_A, ACCOUNT_B
from ..answers import Answer
from .probes import REPOSITORY, ROLE_A, ROLE_B, Tries

_MY_APP = f"arn:aws:ecr:{DEFAULT_REGION}:{ACCOUNT_A}:repository/{REPOSITORY}"
_NAME_B = ROLE_B.rpartition("/")[2]
_SESSION_OF_B = f"arn:aws:sts::{ACCOUNT_B}:assumed-role/{_NAME_B}/"


def unless_passed(notebook: str, look: Callable[[], Answer]) -> Callable[[Tries], Answer]:
    """Look, unless the notebook's check has passed before."""

    def probe(_: Tries) -> Answer:
        kept = notebook in progress.read(current().folder).passed
        return Answer(value="this check has passed before") if kept else look()

    return probe


def pulled_in_a_chain() -> Answer:
    """Whether account B's role assumed account A's, and my-app was pulled with what that gave."""
    given: set[str] = set()
    for entry in current().running.trail():
        if entry.check or entry.error_code is not None:
            continue
        if _assumes(entry):
            if entry.gave:
                given.add(entry.gave)
        elif entry.access_key_id in given and _pulls(entry):
            return Answer()
    if given:
        return _not_yet("the role was assumed, and nothing was pulled with what that gave")
    return _not_yet("some-role-name has not assumed account-a-role-name, as far as the trail goes")


def remade() -> Answer:
    """Whether account B's role was made more than once."""
    changes = current().running.changes(0).changes
    made = [
        change
        for change in changes
        if (change.account, change.action) == (ACCOUNT_B, "iam:CreateRole")
        and change.parameters["RoleName"] == _NAME_B
    ]
    return Answer() if len(made) > 1 else _not_yet(f"{_NAME_B} is the only one there ever was")


def _assumes(entry: TrailEntry) -> bool:
    by_b = (entry.caller or "").startswith(_SESSION_OF_B)
    return by_b and entry.action == "sts:AssumeRole" and ROLE_A in entry.resources


def _pulls(entry: TrailEntry) -> bool:
    """The call that gives the manifest; where the layers are at hand already it is the only one."""
    return entry.action == "ecr:BatchGetImage" and _MY_APP in entry.resources


def _not_yet(message: str) -> Answer:
    return Answer(code="NotYet", message=message)
