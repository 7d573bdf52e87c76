"""Which kernel has moved the accounts last: reset them, caught up or brought others back.

Two notebooks share a lab. When one moves the accounts, the other has no way to see why its next
call is refused; so what was done is noted in the lab's folder, and read before each cell.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import dataclass
from pathlib import Path

from .. import workspace
from . import progress

_FILE = "moved.json"
#: This process, as told from every other.
_OURS = uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What was done to the accounts.

    by: the process; notebook: "06", or "" where it is not known; words: how the accounts are now.
    """

    by: str
    notebook: str
    words: str


def note(folder: Path, words: str) -> None:
    """Note that this process has moved the accounts of the lab in a folder."""
    content = {"by": _OURS, "notebook": progress.open_notebook() or "", "words": words}
    workspace.write(folder / _FILE, json.dumps(content))


class Watcher:
    """Tells of moves by other processes, each once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._seen = self._stamp()

    def news(self) -> Move | None:
        """The last move since this was asked before, unless it was this process's own."""
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        self._seen = stamp
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            content = json.loads(self._path.read_text(encoding="utf-8"))
            move = Move(by=content["by"], notebook=content["notebook"], words=content["words"])
            return None if move.by == _OURS else move
        return None

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino
