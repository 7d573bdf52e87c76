"""pyproject.toml, environment.yml and binder/environment.yml state one list of dependencies."""

import pytest
from packaging.specifiers import SpecifierSet

from tests.project.facts import PROJECT, CondaFile, by_name

OURS = by_name(PROJECT["dependencies"])
FILES = ["environment.yml", "binder/environment.yml"]


@pytest.mark.parametrize("path", FILES)
def test_conda_file_lists_what_pyproject_lists(path: str) -> None:
    theirs = CondaFile.read(path)
    assert not set(theirs.conda) & set(theirs.pip), "listed for conda and for pip"
    assert sorted({*theirs.conda, *theirs.pip}) == sorted(OURS)


@pytest.mark.parametrize("path", FILES)
def test_conda_file_states_the_same_bounds(path: str) -> None:
    theirs = CondaFile.read(path)
    bounds = {
        name: requirement.specifier
        for name, requirement in {**theirs.conda, **theirs.pip}.items()
        if requirement.specifier
    }
    assert bounds == {name: OURS[name].specifier for name in bounds}


@pytest.mark.parametrize("path", FILES)
def test_pip_section_has_the_requirement_as_pyproject_has_it(path: str) -> None:
    """Markers and extras too: pip reads them, conda cannot."""
    pip = CondaFile.read(path).pip
    assert pip == {name: OURS[name] for name in pip}
    assert pip["moto"].extras == {"server"}


@pytest.mark.parametrize("path", FILES)
def test_conda_file_asks_for_a_python_we_support(path: str) -> None:
    stated = CondaFile.read(path).python
    supported = PROJECT["requires-python"]
    if stated.startswith("="):
        assert SpecifierSet(supported).contains(stated.strip("=")), stated
    else:
        assert stated == supported


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_dependency_has_a_lower_bound(name: str) -> None:
    operators = {specifier.operator for specifier in OURS[name].specifier}
    assert operators & {">=", ">", "==", "~="}
