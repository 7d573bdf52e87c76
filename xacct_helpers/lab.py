"""The lab as a notebook sees it: start or join the sandbox, point this kernel at it, move about."""

from __future__ import annotations

import math
import operator
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import sdk_clock, workspace
from ._version import __version__
from .aws import sdk_models
from .aws.regions import DEFAULT_REGION
from .course import account_moves, progress
from .course import checkpoint as _catch_up
from .workspace import LabError, Running

if TYPE_CHECKING:
    import pandas

_current: Lab | None = None
_AUDIENCE = "sts.amazonaws.com"


def open_lab() -> Lab:
    """Start the workspace's sandbox or join the one that runs, and point this process at it.

    A notebook opens it by view.opening. Raises LabError when the sandbox cannot start.
    """
    running = workspace.join(workspace.lab_folder())
    _point_kernel(running)
    status = running.status()
    lab = Lab(running, status.notices)
    sdk_clock.follow(status.clock_offset_seconds)
    use(lab)
    if notebook := progress.open_notebook():
        progress.record(lab.folder, lambda before: progress.with_last(before, notebook))
    return lab


def opened() -> Lab | None:
    """The lab that this process has opened, if it has."""
    return _current


def use(lab: Lab | None) -> None:
    """Count a lab as the one that this process has opened; None for none."""
    global _current
    _current = lab


class Clock:
    """The lab's clock, as far as a lesson moves it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        """Move the lab's time forward: sessions expire, dates in conditions come true."""
        seconds = ((days * 24 + hours) * 60 + minutes) * 60
        if not math.isfinite(seconds):
            raise LabError("The clock is advanced by a number of days, hours or minutes.")
        self._lab.running.advance_clock(seconds)
        workspace.forget_cached_credentials(self._lab.folder)
        self.followed()

    def followed(self) -> None:
        """Have this kernel's AWS SDK renew credentials by the lab's clock as it now is."""
        sdk_clock.follow(self._lab.running.status().clock_offset_seconds)

    @property
    def now(self) -> str:
        """The lab's time, ISO 8601."""
        return self._lab.running.status().now

    @property
    def ahead(self) -> str:
        """How far the lab's clock is ahead of real time, in words; "" when it is not."""
        return workspace.ahead(self._lab.running.status().clock_offset_seconds)


@dataclass(eq=False)
class Lab:
    """Two accounts of the learner's, and two more that the lessons need."""

    running: Running

    #: What the sandbox has to say of how it found the accounts; usually nothing.
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.clock = Clock(self)

    def __repr__(self) -> str:
        lines = [
            f"Lab: account A {workspace.ACCOUNT_A}, account B {workspace.ACCOUNT_B}, "
            f"region {DEFAULT_REGION} (xacct {__version__})"
        ]
        return "\n".join([*lines, *self.notices])

    @property
    def folder(self) -> Path:
        """Where the lab keeps its accounts, on this machine only."""
        return self.running.folder

    def reset(self) -> None:
        """Empty the accounts: everything as on the first day. Sessions end.

        Your progress stays (`xacct reset` in a terminal empties that, too).
        """
        with _catch_up.record_of(self.folder) as record:
            record.unfinished = None
            record.write()
            _catch_up.rewind(self.running)
        account_moves.note(self.folder, "they are as on the first day")
        self.clock.followed()
        print("The accounts are as on the first day.")

    def catch_up(self, *, through: int) -> None:
        """Leave the accounts exactly as they are after notebook `through`.

        Accounts that are so already are left alone; accounts that are as after an earlier notebook
        get what is missing; any others are put aside (`restore()` brings them back) and built from
        nothing.

        The lab's clock counts too: afterwards it shows real time. Accounts whose clock was advanced
        are built from nothing, so that nothing is dated in the future, and the sessions handed out
        before end with them, so that none that had expired comes alive again.

        Cut short by an error or an interrupt it leaves the accounts as they were; where even that
        was cut short (a kernel that died), the next `catch_up` or `restore` does it first.
        Raises LabError for a notebook that the course does not have.
        """
        _catch_up.catch_up(self.running, through)
        self.clock.followed()

    def restore(self) -> None:
        """Bring back the accounts, and their clock, that `catch_up` found different and put aside.

        What is there now is put aside in turn: `restore()` again goes back to it.
        """
        _catch_up.restore(self.running)
        self.clock.followed()

    def service_account_token(
        self, service_account: str, *, namespace: str = "default", audience: str = _AUDIENCE
    ) -> str:
        """A token for a pod's service account, as a Kubernetes cluster would project it.

        The lab stands in for the cluster: `oidc_issuer` is its issuer. The token lives an hour of
        the lab's time. Raises LabError for names that Kubernetes does not take.
        """
        answer = self.running.service_account_token(
            service_account, namespace=namespace, audience=audience
        )
        return answer.token

    @property
    def oidc_issuer(self) -> str:
        """The URL of the lab's own issuer of tokens, https://…"""
        return self.running.status().oidc_issuer

    def trail(self, count: int = 100) -> pandas.DataFrame:
        """The latest calls, oldest first: one row each."""
        import pandas  # 310 ms

        columns = ["time", "caller", "action", "error_code", "error_message", "request_id"]
        rows = map(operator.attrgetter(*columns), self.running.trail(count))
        return pandas.DataFrame(rows, columns=columns)


# -- the kernel ------------------------------------------------------------------------------


def _point_kernel(running: Running) -> None:
    for name, value in workspace.environment(running, os.environ).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    import boto3  # 150 ms

    sdk_models.keep_to(running.folder)
    sdk_models.parse_once()
    boto3.DEFAULT_SESSION = None  # a session made before would keep the user's own settings
