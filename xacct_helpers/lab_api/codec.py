"""Messages as JSON, and JSON as messages, by the type hints of their dataclasses.

A message is a frozen dataclass; its fields are, in their order, the members of a JSON object. An
underscore at the end of a name that Python reserves is not part of the member's name.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_Convert = Callable[[Any], Any]
_PLAIN: Mapping[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "text"),
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((float, int), "a number"),
}


class Misfit(ValueError):
    """JSON that is not the expected message: at which member, and why."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(f"{path.removeprefix('.') or 'it'} {problem}")
        self.problem, self.path = problem, path

    def inside(self, step: str) -> Misfit:
        """The same, as seen from the value that holds this one."""
        return Misfit(self.problem, step + self.path)


def to_json(message: object) -> Any:
    """The message as JSON types: dataclasses and mappings as dict, tuples as list."""
    kind: Any = type(message)
    return _writer(kind)(message)


def from_json(kind: type[T], value: object) -> T:
    """The message of this kind that a JSON value holds.

    kind: a dataclass, or a dict of them. Members that the kind does not know are ignored; a missing
    one takes the field's default. Raises Misfit when there is no default, and for another type.
    """
    hint: Any = kind
    message: T = _reader(hint)(value)
    return message


def _members(kind: Any) -> list[tuple[str, str, Any, bool]]:
    """Of each field: its name, the member's name, its type, and whether it must be there."""
    hints = get_type_hints(kind)
    return [
        (
            field.name,
            field.name.removesuffix("_"),
            hints[field.name],
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    ]


# -- to JSON ---------------------------------------------------------------------------------


@cache
def _writer(kind: Any) -> _Convert:
    if is_dataclass(kind):
        return _object_writer(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        write_item = _writer(arguments[0])
        if write_item is _as_it_is:
            return list
        return lambda items: [write_item(item) for item in items]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        write_value = _writer(arguments[1])
        return lambda found: {name: write_value(value) for name, value in found.items()}
    if origin in (Union, types.UnionType):
        write_present = _writer(_present(kind))
        if write_present is _as_it_is:
            return _as_it_is
        return lambda value: None if value is None else write_present(value)
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _object_writer(kind: Any) -> _Convert:
    members = [(name, member, _writer(hint)) for name, member, hint, _ in _members(kind)]
    names = [(name, member) for name, member, _ in members]
    nested = [(member, write_one) for _, member, write_one in members if write_one is not _as_it_is]

    def write(message: Any) -> dict[str, Any]:
        # A trail has seventy thousand members, of which most need no call of their own.
        written = {member: getattr(message, name) for name, member in names}
        for member, write_one in nested:
            written[member] = write_one(written[member])
        return written

    return write


# -- from JSON -------------------------------------------------------------------------------


@cache
def _reader(kind: Any) -> _Convert:
    if is_dataclass(kind):
        return _object_reader(kind)
    if kind in _PLAIN:
        return _plain_reader(*_PLAIN[kind])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _choice_reader(arguments)
    if origin is tuple:
        return _list_reader(_reader(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_reader(_reader(arguments[1]))
    if origin in (Union, types.UnionType):
        read_present = _reader(_present(kind))
        return lambda value: None if value is None else read_present(value)
    assert kind is Any, f"a message cannot hold {kind}"
    return _as_it_is


def _plain_types(kind: Any) -> tuple[type, ...]:
    """The types of JSON values that are a value of this kind without a further look."""
    if get_origin(kind) in (Union, types.UnionType):
        return (*_plain_types(_present(kind)), types.NoneType)
    return _PLAIN[kind][0] if kind in _PLAIN else ()


def _object_reader(kind: Any) -> _Convert:
    members = [
        (name, member, _plain_types(hint), _reader(hint), required)
        for name, member, hint, required in _members(kind)
    ]

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Misfit("is not an object")
        found = {}
        for name, member, plain, read_one, required in members:
            held = value.get(member, MISSING)
            if type(held) in plain:
                found[name] = held
            elif held is not MISSING:
                try:
                    found[name] = read_one(held)
                except Misfit as error:
                    raise error.inside(f".{member}") from None
            elif required:
                raise Misfit("is missing", f".{member}")
        return kind(**found)

    return read


def _plain_reader(expected: tuple[type, ...], words: str) -> _Convert:
    def read(value: Any) -> Any:
        if type(value) not in expected:  # not isinstance: True is an int to Python
            raise Misfit(f"is not {words}")
        return value

    return read


def _choice_reader(choices: tuple[Any, ...]) -> _Convert:
    def read(value: Any) -> Any:
        if value not in choices:
            raise Misfit(f"is not one of {', '.join(map(str, choices))}")
        return value

    return read


def _list_reader(read_item: _Convert) -> _Convert:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Misfit("is not a list")
        found = []
        for item in value:
            try:
                found.append(read_item(item))
            except Misfit as error:
                raise error.inside(f"[{len(found)}]") from None
        return tuple(found)

    return read


def _mapping_reader(read_value: _Convert) -> _Convert:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Misfit("is not an object")
        found = {}
        for name, item in value.items():
            try:
                found[name] = read_value(item)
            except Misfit as error:
                raise error.inside(f".{name}") from None
        return found

    return read


def _present(kind: Any) -> Any:
    """X of `X | None`, the only union that a message may hold."""
    (present,) = [one for one in get_args(kind) if one is not types.NoneType]
    return present
