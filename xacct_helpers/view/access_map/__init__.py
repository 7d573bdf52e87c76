"""The access map: who may become whom, and who may pull what, in both accounts at a glance.

`model` is what there is to draw, `layout` where it goes, `svg` the picture, `words` the same
in words, `widget` what a notebook shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .widget import AccessMap, access_map

__all__ = ["AccessMap", "access_map"]


def __getattr__(name: str) -> Any:
    # The widget's packages take a third of a second, which `xacct map` does not need.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import widget  # 300 ms

    return getattr(widget, name)
