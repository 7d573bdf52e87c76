"""The project's own files, read for the tests that compare them."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tools import ROOT

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT: dict[str, Any] = PYPROJECT["project"]


def by_name(lines: list[str]) -> dict[str, Requirement]:
    """Requirements by their normalised name (PEP 503), each name once."""
    found: dict[str, Requirement] = {}
    for line in lines:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        assert name not in found, f"{name} is listed twice"
        found[name] = requirement
    return found


@dataclass(frozen=True)
class CondaFile:
    """An environment.yml: what conda installs, what pip installs after it, which Python."""

    conda: dict[str, Requirement]
    pip: dict[str, Requirement]
    python: str

    @classmethod
    def read(cls, path: str) -> "CondaFile":
        listed = yaml.safe_load((ROOT / path).read_text())["dependencies"]
        (pip,) = (item["pip"] for item in listed if isinstance(item, dict))
        names = [item for item in listed if isinstance(item, str)]
        (python,) = (item for item in names if re.match(r"python\b", item))
        rest = by_name([item for item in names if item != python])
        # conda warns about a pip section unless pip itself is listed; it is no dependency of ours.
        del rest["pip"]
        return cls(rest, by_name(pip), python.removeprefix("python").strip())


@dataclass(frozen=True)
class Pin:
    """One `name==version ; marker` of the lock, with its hashes."""

    requirement: Requirement
    hashes: list[str]

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        return specifier.version


def lock() -> dict[str, list[Pin]]:
    """The lock's pins by name; a name has several where the version depends on the Python."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "requirements.lock").read_text())
    pins: dict[str, list[Pin]] = {}
    for entry in text.replace("\\\n", "").splitlines():
        if entry.startswith("-"):
            continue  # an option for pip, which test_lock refuses by itself
        stated, *hashes = entry.split("--hash=")
        pin = Pin(Requirement(stated), [each.strip() for each in hashes])
        pins.setdefault(canonicalize_name(pin.requirement.name), []).append(pin)
    return pins
