"""The mutation run: what it changes, and that its list of equivalents is up to date."""

import tomllib

from tests.policy.mutants import EQUIVALENT, MODULES, mutants


def test_what_is_changed() -> None:
    text = """
Kind = Literal["Allow", "Deny"]

def f(a: bool, b: bool = True) -> bool:
    return a == b and not a or ("Allow", "Deny")[x + 1]
"""
    assert [one.name for one in mutants("m", text)] == [
        "f: True is now False",
        "f: now `(a == b and (not a)) and ('Allow', 'Deny')[x + 1]`",
        "f: without `a == b and (not a)` in `a == b and (not a) or ('Allow', 'Deny')[x + 1]`",
        "f: without `('Allow', 'Deny')[x + 1]` in `a == b and (not a) or ('Allow', 'Deny')[x + 1]`",
        "f: now `a == b or not a`",
        "f: without `a == b` in `a == b and (not a)`",
        "f: without `not a` in `a == b and (not a)`",
        "f: now `a != b`",
        "f: no longer `not a`",
        "f: without `'Allow'` in `('Allow', 'Deny')`",
        "f: without `'Deny'` in `('Allow', 'Deny')`",
        "f: 'Allow' is now 'Deny'",
        "f: 'Deny' is now 'Allow'",
        "f: now `x - 1`",
    ]


def test_each_mutant_is_one_change() -> None:
    text = "def f(a, b):\n    return a == b and a is not b\n"
    sources = [one.source for one in mutants("m", text)]
    assert len(set(sources)) == len(sources) == 5
    assert text.strip() not in sources


def test_what_is_listed_as_the_same_is_there_and_has_a_reason() -> None:
    listed: dict[str, set[str]] = {}
    for one in tomllib.loads(EQUIVALENT.read_text())["mutant"]:
        assert len(one["reason"]) > 10
        listed.setdefault(one["module"], set()).add(one["name"])
    assert listed
    for module, names in listed.items():
        made = mutants(module, MODULES[module].read_text())
        assert names <= {mutant.name for mutant in made}
