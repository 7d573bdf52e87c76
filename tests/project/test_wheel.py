"""The wheel holds all a learner needs without a checkout."""

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.environments import build
from tests.tools import ROOT, clean_copy

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(build(ROOT, "wheel", tmp_path_factory.mktemp("wheel")))


def test_wheel_carries_the_pristine_notebooks(wheel: zipfile.ZipFile) -> None:
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        carried = wheel.read(f"xacct_helpers/course/notebooks/{path.name}")
        assert json.loads(carried) == json.loads(path.read_bytes()), path.name


def test_wheel_carries_every_file_of_the_package(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    package = clean_copy(tmp_path / "copy") / "xacct_helpers"
    files = {
        path.relative_to(package.parent).as_posix() for path in package.rglob("*") if path.is_file()
    }
    assert files >= {"xacct_helpers/py.typed", "xacct_helpers/lab_settings/overrides.json"}
    assert files - set(wheel.namelist()) == set()


def test_wheel_holds_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"xacct_helpers"}
    assert not [name for name in wheel.namelist() if ".ipynb_checkpoints" in name]


def test_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    (path,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "xacct = xacct_helpers.cli:main" in wheel.read(path).decode()


def test_source_distribution_builds_the_same_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    with tarfile.open(build(ROOT, "sdist", tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (project,) = (tmp_path / "unpacked").iterdir()
    again = zipfile.ZipFile(build(project, "wheel", tmp_path / "wheel"))
    assert sorted(again.namelist()) == sorted(wheel.namelist())
