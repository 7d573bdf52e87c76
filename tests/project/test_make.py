"""The Makefile and .ci/run, as far as they go without a network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import ROOT

PYTHON_TOO_OLD = "#!/bin/sh\nexit 1\n"
PYTHON_WITHOUT_VENV = """#!/bin/sh
case "$*" in
    *"-m venv"*) exit 1;;
    *) echo "$0";;
esac
"""
# The OS tools that .ci/run installs, each with its Debian package.
NEEDS = dict(re.findall(r"(?m)^needs (\S+) (\S+)", (ROOT / ".ci" / "run").read_text()))


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """make in a folder, as a shell calls it: without what a make around these tests hands on."""
    ours = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with what `make env` reads, and its own `tools` folder for the front of PATH."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tools").mkdir()
    return tmp_path


def put(project: Path, tool: str, script: str) -> Path:
    path = project / "tools" / tool
    path.write_text(script)
    path.chmod(0o755)
    return path


def tools_first(project: Path) -> str:
    """A PATH of the project's own tools, then the system's."""
    return f"{project / 'tools'}:/usr/bin:/bin"


def test_make_alone_lists_every_target(project: Path) -> None:
    phony = re.search(r"(?m)^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text())
    assert phony
    listed = re.findall(r"(?m)^  make (\w+)", make(project).stdout)
    assert sorted(listed) == sorted(phony[1].split())


def test_clean_leaves_the_course_and_the_lab(project: Path) -> None:
    for name in (".venv", ".cache", "my-course", ".xacct"):
        (project / name).mkdir()
    before = {path.name for path in project.iterdir()}
    make(project, "clean").check_returncode()
    assert before - {path.name for path in project.iterdir()} == {".venv", ".cache"}


def test_env_says_that_python_is_too_old(project: Path) -> None:
    old = put(project, "old-python", PYTHON_TOO_OLD)
    done = make(project, "env", f"PYTHON={old}", PATH=tools_first(project))
    assert done.returncode == 2
    assert f"Python 3.11 or newer is needed, and none of these is one: {old}" in done.stderr
    assert not (project / ".venv").exists()


def test_env_says_what_to_install_where_venv_is_missing(project: Path) -> None:
    bare = put(project, "bare-python", PYTHON_WITHOUT_VENV)
    put(project, "uv", "#!/bin/sh\nexit 1\n")
    done = make(project, "env", f"PYTHON={bare}", PATH=tools_first(project))
    assert done.returncode == 2
    assert "apt install python3-venv" in done.stderr
    assert not (project / ".cache" / "uv-env").exists()


def test_env_uses_the_uv_on_path_once_and_keeps_the_callers_settings_out(project: Path) -> None:
    """A stand-in for uv writes down how it was called; it makes .venv/bin/python, as uv does."""
    put(
        project,
        "uv",
        """#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$* VIRTUAL_ENV=$VIRTUAL_ENV PYTHONPATH=$PYTHONPATH" >> calls
[ "$1" = venv ] && mkdir -p .venv/bin && touch .venv/bin/python
exit 0
""",
    )

    def env() -> list[str]:
        done = make(
            project,
            "env",
            f"PYTHON={sys.executable}",
            PATH=tools_first(project),
            VIRTUAL_ENV="/elsewhere",
            PYTHONPATH="/elsewhere",
        )
        assert done.returncode == 0, done.stderr
        return (project / "calls").read_text().splitlines()

    first = env()
    assert [call.split(" -")[0] for call in first] == ["venv", "pip sync", "pip install"]
    assert all(call.endswith("VIRTUAL_ENV= PYTHONPATH=") for call in first)
    assert env() == first, "a second run has nothing to do"
    assert not (project / ".cache").exists()

    (project / "requirements.lock").touch()
    assert len(env()) == 2 * len(first), "a new lock makes the environment again"

    (project / ".venv" / "bin" / "python").unlink()
    assert len(env()) == 3 * len(first), "so does a Python that went away"


def test_env_is_made_again_in_a_copied_checkout(project: Path, tmp_path: Path) -> None:
    made_here = make(project, "-n", "-p", "help").stdout
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("copy"))
    made_there = make(copy, "-n", "-p", "help").stdout

    def stamp(database: str) -> str:
        found = re.search(r"(?m)^ENV := (\S+)$", database)
        assert found
        return found[1]

    assert stamp(made_here) != stamp(made_there)


@pytest.mark.parametrize(
    ("output", "code", "last"),
    [
        ("===== 3 passed in 0.10s =====", 0, "===== 3 passed in 0.10s ====="),
        ("===== 1 failed, 2 passed in 61.20s (0:01:01) =====\nmake: *** [test] Error 1", 2,
         "===== 1 failed, 2 passed in 61.20s (0:01:01) ====="),
        ("make: *** [env] Error 1", 2, "No tests were run: see above."),
    ],
    ids=["passed", "failed", "not even started"],
)  # fmt: skip
def test_ci_ends_with_the_closing_line_of_pytest(
    project: Path, output: str, code: int, last: str
) -> None:
    """With stand-ins for make and for every tool, so that nothing is installed."""
    (project / ".ci").mkdir()
    run = shutil.copy(ROOT / ".ci" / "run", project / ".ci" / "run")
    for tool in [*NEEDS, "uv"]:
        put(project, tool, "#!/bin/sh\n")
    put(project, "make", f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit {code}\n")
    done = subprocess.run(
        [run],
        env={"PATH": tools_first(project)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == code
    assert done.stdout.splitlines()[-1] == last


def test_ci_installs_every_tool_that_a_test_asks_for() -> None:
    call = re.compile(r'\brequire\(\s*"([^"]+)",\s*"([^"]+)"')
    asked = {
        match.groups()
        for path in (ROOT / "tests").rglob("*.py")
        if path.parent != Path(__file__).parent
        for match in call.finditer(path.read_text())
    }
    assert asked - set(NEEDS.items()) == set()
