"""Messages to JSON and back, members that are unknown or missing, and what does not fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct_helpers.lab_api.codec import Misfit, from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    kind: Literal["a", "b"]
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """One of everything that a message may hold."""

    name: str
    break_: bool = False
    seconds: float = 0
    note: str | None = None
    some: tuple[Inner, ...] = ()
    by_name: Mapping[str, Inner] | None = None
    anything: Any = None


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
outers = st.builds(Outer, seconds=st.floats(allow_nan=False), anything=values)


@given(outers)
def test_a_message_comes_back_as_it_was(message: Outer) -> None:
    assert from_json(Outer, json.loads(json.dumps(to_json(message)))) == message


def test_members_have_the_names_and_the_order_of_the_fields() -> None:
    message = Outer(name="n", some=(Inner(kind="a"),), by_name={"x": Inner(kind="b", size=2)})
    assert json.dumps(to_json(message)) == (
        '{"name": "n", "break": false, "seconds": 0, "note": null, '
        '"some": [{"kind": "a", "size": 1}], "by_name": {"x": {"kind": "b", "size": 2}}, '
        '"anything": null}'
    )


READ = {
    "a missing member has its default": ({"name": "n"}, Outer(name="n")),
    "an unknown member is ignored": (
        {"name": "n", "new": [1], "some": [{"kind": "a", "colour": "red"}]},
        Outer(name="n", some=(Inner(kind="a"),)),
    ),
    "a whole number is a number": ({"name": "n", "seconds": 3}, Outer(name="n", seconds=3)),
    "a reserved name": ({"name": "n", "break": True}, Outer(name="n", break_=True)),
}


@pytest.mark.parametrize("row", READ)
def test_what_is_read(row: str) -> None:
    value, message = READ[row]
    assert from_json(Outer, value) == message


MISFITS = [
    ([], "it is not an object"),
    (None, "it is not an object"),
    ({}, "name is missing"),
    ({"name": 1}, "name is not text"),
    ({"name": None}, "name is not text"),
    ({"name": "n", "break": 1}, "break is not true or false"),
    ({"name": "n", "seconds": True}, "seconds is not a number"),
    ({"name": "n", "note": 1}, "note is not text"),
    ({"name": "n", "some": {}}, "some is not a list"),
    ({"name": "n", "some": [{"kind": "a"}, {}]}, "some[1].kind is missing"),
    ({"name": "n", "some": [{"kind": "c"}]}, "some[0].kind is not one of a, b"),
    ({"name": "n", "some": [{"kind": ["a"]}]}, "some[0].kind is not one of a, b"),
    ({"name": "n", "some": [{"kind": "a", "size": 1.0}]}, "some[0].size is not a whole number"),
    ({"name": "n", "by_name": [1]}, "by_name is not an object"),
    ({"name": "n", "by_name": {"x": 1}}, "by_name.x is not an object"),
]


@pytest.mark.parametrize(("value", "told"), MISFITS)
def test_what_does_not_fit(value: Any, told: str) -> None:
    with pytest.raises(Misfit) as caught:
        from_json(Outer, value)
    assert str(caught.value) == told
