"""Import a package without the parts of it that this process never uses.

Most of the sandbox's start is imports, and a third of those serve what a server never does: moto's
mock_aws and the whole SDK under it, uvicorn's command line. See `make bench`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Inside, importing one of these modules gives a stand-in; one that is loaded stays itself.

    Any name can be imported from a stand-in, subclassed and passed around; using it raises
    RuntimeError. After the block the modules can be imported as ever.
    """
    placed = [name for name in modules if name not in sys.modules]
    sys.modules.update({name: _StandIn(name) for name in placed})
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        text = f"{self.__name__}.{name} was left out of this process"

        def unusable(*_: Any, **__: Any) -> NoReturn:
            raise RuntimeError(text)

        return type(name, (), {"__new__": unusable})
