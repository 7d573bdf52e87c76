"""What a notebook of the course imports: open_lab, explain, predict, check, hint and the image.

And, for other people's tests, `Sandbox`: the accounts inside this process.

Names are loaded when first used, so that the `xacct` command starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .images import build_image, pull_image, push_image
    from .lab import Lab
    from .lessons import check, diagnose, hint, predict, progress, recall, skip, summary
    from .lessons.demonstration import demonstration
    from .lessons.faults import break_accounts
    from .sandbox.in_process import Sandbox
    from .view import explain
    from .view.access_map import access_map
    from .view.opening import open_lab
    from .view.policy_editor import edit_policy
    from .view.trail_table import show_trail
    from .workspace import LabError

_HOME = {
    "Lab": "lab",
    "LabError": "workspace",
    "Sandbox": "sandbox.in_process",
    "access_map": "view.access_map",
    "break_accounts": "lessons.faults",
    "build_image": "images",
    "check": "lessons",
    "demonstration": "lessons.demonstration",
    "diagnose": "lessons",
    "edit_policy": "view.policy_editor",
    "explain": "view",
    "hint": "lessons",
    "open_lab": "view.opening",
    "predict": "lessons",
    "progress": "lessons",
    "pull_image": "images",
    "push_image": "images",
    "recall": "lessons",
    "show_trail": "view.trail_table",
    "skip": "lessons",
    "summary": "lessons",
}

__all__ = [
    "Lab",
    "LabError",
    "Sandbox",
    "__version__",
    "access_map",
    "break_accounts",
    "build_image",
    "check",
    "demonstration",
    "diagnose",
    "edit_policy",
    "explain",
    "hint",
    "open_lab",
    "predict",
    "progress",
    "pull_image",
    "push_image",
    "recall",
    "show_trail",
    "skip",
    "summary",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
