"""requirements.lock holds what pyproject.toml asks for, hashed, and nothing of one machine."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.facts import PROJECT, PYPROJECT, lock
from tests.tools import ROOT

LOCK = lock()
WANTED = [
    *PROJECT["dependencies"],
    *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    *PYPROJECT["build-system"]["requires"],
]
# An extra may name another of our own: "xacct[test]".
WANTED = sorted({line for line in WANTED if Requirement(line).name != PROJECT["name"]})


@pytest.mark.parametrize("line", WANTED)
def test_lock_holds_a_version_that_fits(line: str) -> None:
    wanted = Requirement(line)
    pins = LOCK.get(canonicalize_name(wanted.name))
    assert pins, "run `make lock`"
    misfits = [pin.version for pin in pins if not wanted.specifier.contains(pin.version)]
    assert misfits == [], "run `make lock`"


def test_every_pin_is_one_version_with_sha256_hashes() -> None:
    pins = [pin for named in LOCK.values() for pin in named]
    loose = [
        str(pin.requirement)
        for pin in pins
        if [specifier.operator for specifier in pin.requirement.specifier] != ["=="]
    ]
    unhashed = [
        str(pin.requirement)
        for pin in pins
        if not pin.hashes or not all(re.fullmatch("sha256:[0-9a-f]{64}", h) for h in pin.hashes)
    ]
    assert (loose, unhashed) == ([], [])


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("an option but a hash", r"(?m)^\s*-(?!-hash=)\S*"),
        ("an address", r"\w+://\S+|\bfile:\S+|\bwww\.\S+"),
        ("a requirement by address", r" @ .*"),
        ("a path", r"(?m)(?:^|[\s=\"'(])(?:/|\./|\.\./|~/|[A-Za-z]:\\)\S*"),
    ],
    ids=["option", "address", "requirement by address", "path"],
)
def test_lock_names_no_registry_and_no_path(what: str, pattern: str) -> None:
    found = re.findall(pattern, (ROOT / "requirements.lock").read_text())
    assert found == [], f"the lock holds {what}"
