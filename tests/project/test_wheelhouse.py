"""`make wheelhouse`, and `make env` from it where there is no network.

With a lock of a few small packages; `make soak` has all of them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.environments import plain
from tests.isolation import without_network
from tests.soak import scaled
from tests.tools import ROOT, clean_copy

pytestmark = pytest.mark.slow
WHOLE = scaled(1) > 1
SMALL = {"hatchling", "editables", "packaging", "pathspec", "pluggy", "trove-classifiers", "segno"}
VERSION = re.search(r'(?m)^version = "(.*)"$', (ROOT / "pyproject.toml").read_text())


def shortened(lock: str) -> str:
    """The lock with the small packages alone."""
    entries = re.split(r"(?m)^(?=[a-z0-9])", lock)[1:]
    kept = [entry for entry in entries if entry.partition("==")[0] in SMALL]
    assert len(kept) == len(SMALL)
    return "".join(kept)


def make(
    project: Path, *arguments: str, network: bool = True, path: str = "/usr/bin:/bin"
) -> subprocess.CompletedProcess[str]:
    """make, with a uv that it has to get itself, but for one on the path, and its own cache."""
    command = ["make", "-C", str(project), f"PYTHON={sys.executable}", *arguments]
    kept = {"PATH": path, "UV_CACHE_DIR": str(project / ".cache" / "uv")}
    variables = plain(**kept, MAKEFLAGS="", MAKELEVEL="", HOME=str(project))
    if network:
        return subprocess.run(command, env=variables, capture_output=True, text=True)
    variables |= {"PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}  # it does not come back
    return without_network("env", "-i", *(f"{k}={v}" for k, v in variables.items()), *command)


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the wheels were fetched."""
    project = clean_copy(tmp_path_factory.mktemp("teacher") / "project")
    if not WHOLE:
        lock = project / "requirements.lock"
        lock.write_text(shortened(lock.read_text()))
    done = make(project, "wheelhouse")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def learners(teachers: Path, tmp_path: Path) -> Path:
    """A learner's checkout with the teacher's wheels, and nothing else that was fetched."""
    project = clean_copy(tmp_path / "project")
    (project / "requirements.lock").write_text((teachers / "requirements.lock").read_text())
    (project / "wheels").symlink_to(teachers / "wheelhouse")
    return project


def test_it_holds_the_lock_uv_and_the_course(teachers: Path) -> None:
    names = {path.name.partition("-")[0] for path in (teachers / "wheelhouse").glob("*.whl")}
    assert names >= {"uv", "xacct", "hatchling", "segno"}
    assert [path for path in (teachers / "wheelhouse").iterdir() if path.suffix != ".whl"] == []


def test_an_environment_without_a_network(teachers: Path, learners: Path) -> None:
    path = f"{teachers / '.cache' / 'uv-env' / 'bin'}:/usr/bin:/bin"
    assert make(learners, "env", path=path, network=False).returncode != 0, "there is no network"
    assert not (learners / ".cache" / "uv-env").exists()
    done = make(learners, "env", "WHEELHOUSE=wheels", network=False)
    assert done.returncode == 0, done.stderr
    assert (learners / ".cache" / "uv-env" / "bin" / "uv").exists(), "uv came from there, too"
    said = subprocess.run(
        [learners / ".venv" / "bin" / "xacct", "--version"],
        env=plain(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert VERSION
    assert said.stdout == f"xacct {VERSION[1]}\n"
    again = make(learners, "env", network=False)
    assert again.returncode == 0, "once made, it needs neither"


def test_the_course_from_its_wheel_without_a_network(teachers: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "environment", symlinks=True)
    pip = [str(teachers / ".cache" / "uv-env" / "bin" / "python"), "-m", "pip"]
    pip += ["--python", str(tmp_path / "environment"), "install", "--no-index"]
    pip += [] if WHOLE else ["--no-deps"]
    done = without_network(*pip, "--find-links", str(teachers / "wheelhouse"), "xacct")
    assert done.returncode == 0, done.stderr
    xacct = str(tmp_path / "environment" / "bin" / "xacct")
    copied = without_network(
        xacct, "lab", "--prepare-only", "--course", str(tmp_path / "my-course"), PYTHONPATH=""
    )
    assert copied.returncode == 0, copied.stderr
    assert (tmp_path / "my-course" / "00-start-here.ipynb").exists()


def test_an_empty_wheelhouse_is_said(learners: Path) -> None:
    (learners / "empty").mkdir()
    done = make(learners, "env", "WHEELHOUSE=empty")
    assert done.returncode == 2
    assert "There are no wheels in empty; `make wheelhouse` fetches them" in done.stderr
    assert not (learners / ".venv").exists()
