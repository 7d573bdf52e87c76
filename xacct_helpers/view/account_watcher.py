"""Tell views that the accounts have changed: after each cell, and after what a widget saved.

The sandbox counts changes; where its count has not moved, nobody is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..workspace import LabError
from .opening import current

#: Called with "" when the accounts have changed, else with why they cannot be seen.
Listener = Callable[[str], None]

_listeners: list[Listener] = []
_seen: tuple[int, int] | None = None


def follow(listener: Listener) -> bool:
    """Have a listener told from now on; False, and nothing, where there is no kernel."""
    global _seen
    try:
        from IPython import get_ipython  # 60 ms
    except ImportError:
        return False
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return False
    if not _listeners:
        _seen = _changes()
        shell.events.register("post_run_cell", look)
    if listener not in _listeners:
        _listeners.append(listener)
    return True


def look(*_: Any) -> None:
    """Tell the listeners, if there is something to tell."""
    global _seen
    if not _listeners:
        return
    trouble = ""
    try:
        now = _changes()
        if now == _seen:
            return
        _seen = now
    except LabError as error:
        trouble = str(error)
    for listener in _listeners:
        listener(trouble)


def _changes() -> tuple[int, int]:
    """Moves when the accounts do: the sandbox's process, and its count of changes."""
    status = current().running.status()
    return status.pid, status.changes
