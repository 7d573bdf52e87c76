"""The lab as a notebook sees it: start or join the sandbox, point this kernel at it, move about."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import course, workspace
from .workspace import LabError, Running

if TYPE_CHECKING:
    import pandas

_SNAPSHOT = "before_catch_up"
_current: Lab | None = None


def open_lab() -> Lab:
    """Start the workspace's sandbox or join the one that runs, and point this kernel at it.

    From here on boto3 and the AWS CLI of this kernel reach the lab, with the profiles `account-a`,
    `account-b-admin` and `account-b`, and nothing of the user's own AWS set-up.
    Raises LabError when the sandbox cannot start.
    """
    global _current
    running = workspace.join(workspace.lab_folder())
    _point_kernel(running)
    lab = Lab(running)
    _current = lab
    return lab


def current() -> Lab:
    """The lab this kernel has opened; opened now if it has not."""
    return _current if _current is not None else open_lab()


class Clock:
    """The lab's clock, as far as a lesson moves it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        """Move the lab's time forward: sessions expire, dates in conditions come true."""
        seconds = ((days * 24 + hours) * 60 + minutes) * 60
        self._lab.running.post("clock", advance_seconds=seconds)
        workspace.forget_cached_credentials(self._lab.running.folder)

    @property
    def now(self) -> str:
        """The lab's time, ISO 8601."""
        return str(self._lab.running.get("status")["now"])


@dataclass(eq=False)
class Lab:
    """Two accounts of the learner's, and two more that the lessons need."""

    running: Running

    def __post_init__(self) -> None:
        self.clock = Clock(self)

    def __repr__(self) -> str:
        return (
            f"Lab: account A {workspace.ACCOUNT_A}, account B {workspace.ACCOUNT_B}, "
            f"region {workspace.REGION}"
        )

    @property
    def folder(self) -> Path:
        """Where the lab keeps its accounts, on this machine only."""
        return self.running.folder

    def reset(self) -> None:
        """Empty the accounts: everything as on the first day."""
        self.running.post("reset")
        workspace.forget_cached_credentials(self.folder)
        print("The accounts are as on the first day.")

    def trail(self, count: int = 100) -> pandas.DataFrame:
        """The latest calls, oldest first: one row each."""
        import pandas

        entries = self.running.get(f"trail/{count}")["entries"]
        columns = ["time", "caller", "action", "error_code", "error_message", "request_id"]
        return pandas.DataFrame(entries, columns=columns)

    # -- moving through the course -----------------------------------------------------------

    def catch_up(self, *, through: int) -> None:
        """Leave the accounts exactly as they are after notebook `through`.

        Does nothing when they are; goes on from where they are when they are as after an earlier
        notebook; otherwise it keeps what is there (`restore()` brings it back) and starts afresh.
        What is run are the cells tagged `build` of the pristine notebooks.
        """
        numbers = [int(path.name[:2]) for path in course.notebooks()]
        if through not in numbers:
            raise LabError(f"The course has the notebooks {numbers[0]} to {numbers[-1]}.")
        known = _Milestones(self.folder)
        now = self._fingerprint()
        if known.get(through) == now:
            print(f"Your accounts are as after notebook {through:02}.")
            return
        start = next((n for n in range(through - 1, -1, -1) if known.get(n) == now), None)
        empty = start is None and not self._used()
        if start is None and not empty:
            self.running.post("save", name=_SNAPSHOT)
            self.running.post("reset")
            workspace.forget_cached_credentials(self.folder)
        if start is None:
            start = -1
        for path in course.notebooks():
            number = int(path.name[:2])
            if start < number <= through:
                _run_build_cells(path)
                known.set(number, self._fingerprint())
        self._say_caught_up(through, changed=now != known.get(through), kept=not empty and start < 0)

    def _say_caught_up(self, through: int, *, changed: bool, kept: bool) -> None:
        if kept and not changed:
            self.running.post("restore", name=_SNAPSHOT)
        text = f"Your accounts are as after notebook {through:02}."
        if kept and changed:
            text += " They were different before: lab.restore() brings that back."
        print(text)

    def restore(self) -> None:
        """Bring back what `catch_up` put aside."""
        self.running.post("restore", name=_SNAPSHOT)
        workspace.forget_cached_credentials(self.folder)
        print("Your accounts are as they were before the last catch_up.")

    def _fingerprint(self) -> str:
        return str(self.running.get("fingerprint")["fingerprint"])

    def _used(self) -> bool:
        """Whether anything has been made in the accounts since the first day."""
        accounts = self.running.get("describe")
        return any(
            len(account["iam"]) > 1 or account["policies"] or account["repositories"]
            for account in accounts.values()
        )


class _Milestones:
    """What the accounts looked like after each notebook, kept with the lab.

    Only good for the notebooks that made them: a course whose build cells changed starts afresh.
    """

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256()
        for path in course.notebooks():
            digest.update(path.read_bytes())
        self._path = folder / "milestones.json"
        self._course = digest.hexdigest()
        self._known: dict[str, str] = {}
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
            content = json.loads(self._path.read_text())
            if content["course"] == self._course:
                self._known = content["after"]

    def get(self, number: int) -> str | None:
        return self._known.get(str(number))

    def set(self, number: int, fingerprint: str) -> None:
        self._known[str(number)] = fingerprint
        temporary = self._path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({"course": self._course, "after": self._known}))
        temporary.replace(self._path)


def build_cells(path: Path) -> Iterator[str]:
    """The sources of a notebook's cells tagged `build`, in order."""
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code" and "build" in cell["metadata"].get("tags", []):
            yield "".join(cell["source"])


def _run_build_cells(path: Path) -> None:
    """Run a notebook's build cells as plain Python in a namespace of their own, silently."""
    namespace: dict[str, Any] = {"__name__": f"course_{path.stem[:2]}"}
    for number, source in enumerate(build_cells(path), 1):
        code = compile(source, f"{path.name}, build cell {number}", "exec")
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, namespace)


# -- the kernel ------------------------------------------------------------------------------


def _point_kernel(running: Running) -> None:
    for name, value in workspace.environment(running, os.environ).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    import boto3
    from botocore.loaders import Loader

    # boto3 looks for service models in the user's home; the lab has a home of its own.
    Loader.CUSTOMER_DATA_PATH = str(running.folder / "home" / ".aws" / "models")
    boto3.DEFAULT_SESSION = None  # a session made before would keep the user's own settings
    _quiet_errors()
    _short_answers()


def _short_answers() -> None:
    """Show AWS answers without what HTTP added to them, where there is a notebook."""
    try:
        import IPython  # noqa: F401
    except ImportError:
        return
    from .view.answers import shorten_answers

    shorten_answers()


def _quiet_errors() -> None:
    """Show an error as its class and AWS's words: a botocore traceback teaches nothing."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()  # type: ignore[no-untyped-call]
    if shell is not None:
        with contextlib.redirect_stdout(io.StringIO()):
            shell.run_line_magic("xmode", "Minimal")
