"""Import a package without the parts of it that this process never uses, or uses later.

Most of the sandbox's start is imports, and a third of those serve what a server never does: moto's
mock_aws and the whole SDK under it, uvicorn's command line. See `make bench`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Inside, importing one of these modules gives a stand-in; one that is loaded stays itself.

    Any name can be imported from a stand-in, subclassed and passed around; using it raises
    RuntimeError. After the block the modules can be imported as ever.
    """
    with _placed(modules, _StandIn):
        yield


@contextmanager
def later(*modules: str) -> Iterator[None]:
    """Inside, importing from one of these modules gives a stand-in that imports it when used.

    For names that are only called, or looked into, once the block is left. A module that is loaded
    stays itself.
    """
    with _placed(modules, _Deferred):
        yield


@contextmanager
def _placed(modules: tuple[str, ...], make: Callable[[str], ModuleType]) -> Iterator[None]:
    placed = [name for name in modules if name not in sys.modules]
    sys.modules.update({name: make(name) for name in placed})
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


class _Deferred(ModuleType):
    def __getattr__(self, name: str) -> _DeferredName:
        if name.startswith("__"):
            raise AttributeError(name)
        return _DeferredName(self.__name__, name)


class _DeferredName:
    """A function or a submodule of a module, imported when it is called or looked into."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def _real(self) -> Any:
        try:
            return getattr(import_module(self._module), self._name)
        except AttributeError:
            return import_module(f"{self._module}.{self._name}")

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._real()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)
