"""The wheel in a clean environment: the course from there, and a later wheel over it.

On each Python of this machine that the project supports (CI has one for each).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.environments import build, install, interpreters, kept, plain
from tests.project.facts import PROJECT
from tests.tools import ROOT, clean_copy

pytestmark = pytest.mark.slow
INTERPRETERS = interpreters()
VERSION, LATER = str(PROJECT["version"]), "0.9.0"
CHANGED = "03-the-trust-policy.ipynb"
FIRST_STEPS = """
import json
import boto3
import xacct_helpers
from xacct_helpers import open_lab

lab = open_lab()
try:
    boto3.Session(profile_name="account-b").client("sts").get_caller_identity()
except Exception as error:
    refusal = str(error)
print(json.dumps({
    "package": xacct_helpers.__file__,
    "refusal": refusal,
    "explained": str(xacct_helpers.explain()),
}))
"""


def project_of_a_later_version(folder: Path) -> Path:
    """A checkout in which the version is another one, and one notebook."""
    project = clean_copy(folder)
    for name in ("pyproject.toml", "xacct_helpers/_version.py"):
        text = (project / name).read_text()
        assert text.count(f'version__ = "{VERSION}"') + text.count(f'\nversion = "{VERSION}"') == 1
        (project / name).write_text(text.replace(f'"{VERSION}"', f'"{LATER}"'))
    notebook = project / "notebooks" / CHANGED
    notebook.write_text(notebook.read_text().replace("trust", "Trust"))
    return project


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """This version's wheel, and a later one's."""
    top = tmp_path_factory.mktemp("wheels")
    later = project_of_a_later_version(top / "project")
    return build(ROOT, "wheel", top / "now"), build(later, "wheel", top / "later")


@dataclass(frozen=True)
class Installed:
    """Somebody who has installed the wheel, in an empty folder of theirs."""

    environment: Path
    home: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.environment / "bin" / program, *arguments],
            cwd=self.home,
            env=plain(HOME=str(self.home)),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def ok(self, program: str, *arguments: str) -> str:
        done = self.run(program, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=INTERPRETERS)
def installed(
    request: pytest.FixtureRequest,
    wheels: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installed]:
    with kept(INTERPRETERS[request.param], wheels[0]) as environment:
        one = Installed(environment, tmp_path_factory.mktemp("home"))
        yield one
        one.run("xacct", "stop")


def test_the_course_from_a_wheel(installed: Installed) -> None:
    said = installed.ok("xacct", "lab", "--prepare-only")
    assert f"Your course: {installed.home / 'my-course'} (" in said
    told = json.loads(installed.ok("python", "-c", FIRST_STEPS))
    assert str(installed.environment) in told["package"], "not the checkout's"
    assert "(AccessDenied)" in told["refusal"]
    assert "is not authorized to perform: sts:AssumeRole on resource" in told["refusal"]
    assert "some-role-name" in told["explained"]
    assert "The sandbox answers at http://127.0.0.1:" in installed.ok("xacct", "status")
    assert installed.ok("xacct", "stop").startswith("Stopped the sandbox of ")
    assert installed.run("xacct", "status").returncode == 1


def test_nothing_is_missing(installed: Installed) -> None:
    """What the wheel says it needs is all it needs: every module of it can be imported."""
    code = (
        "import importlib, pkgutil, xacct_helpers as x\n"
        "names = [m.name for m in pkgutil.walk_packages(x.__path__, 'xacct_helpers.')]\n"
        "[importlib.import_module(n) for n in names if not n.endswith(('__main__', '_plugin'))]\n"
        "print(len(names))\n"
    )
    assert int(installed.ok("python", "-c", code)) > 50


def test_a_later_wheel_leaves_the_learners_work(
    installed: Installed, wheels: tuple[Path, Path]
) -> None:
    installed.ok("xacct", "lab", "--prepare-only")
    copy = installed.home / "my-course"
    mine = copy / "05-assume-and-pull.ipynb"
    mine.write_text("mine")
    before = (copy / CHANGED).read_text()
    install(installed.environment, "--reinstall-package", "xacct", str(wheels[1]))
    assert installed.ok("xacct", "--version") == f"xacct {LATER}\n"
    said = installed.ok("xacct", "lab", "--prepare-only")
    assert f"xacct {LATER} has these files anew, and you have not changed yours: {CHANGED}" in said
    assert (copy / CHANGED).read_text() == before
    installed.ok("xacct", "lab", "--prepare-only", "--update")
    assert (copy / CHANGED).read_text() == before.replace("trust", "Trust")
    assert mine.read_text() == "mine"
