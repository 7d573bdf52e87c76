"""What Codespaces makes of the project, as far as it can be told without Docker."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from tests.cli.xacct import xacct
from tests.project.facts import PROJECT
from tests.tools import ROOT


@pytest.fixture
def stated() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    return read


def test_its_python_is_one_we_support(stated: dict[str, Any]) -> None:
    found = re.search(r"python:(\d+\.\d+)", stated["image"])
    assert found
    assert SpecifierSet(PROJECT["requires-python"]).contains(found[1])


@pytest.mark.slow
def test_what_it_runs_exists_and_makes_what_it_opens(
    stated: dict[str, Any], tmp_path: Path
) -> None:
    made, copied = (shlex.split(part) for part in stated["postCreateCommand"].split("&&"))
    assert made[0] == "make"
    planned = subprocess.run([*made, "-n"], cwd=ROOT, capture_output=True, text=True)
    assert planned.returncode == 0, planned.stderr
    program = Path(copied[0])
    assert program.parent == Path(".venv/bin"), "where make puts it"
    assert program.name in PROJECT["scripts"]
    done = xacct(*copied[1:], cwd=tmp_path, XACCT_LAB="")
    assert done.returncode == 0, done.stderr
    (opened,) = stated["customizations"]["codespaces"]["openFiles"]
    assert (tmp_path / opened).is_file()


def test_only_jupyterlab_is_offered(stated: dict[str, Any]) -> None:
    assert list(stated["portsAttributes"]) == ["8888"]
    assert stated["otherPortsAttributes"] == {"onAutoForward": "ignore"}
    assert "forwardPorts" not in stated


def test_its_paths_are_where_make_puts_the_environment(stated: dict[str, Any]) -> None:
    folder = "${containerWorkspaceFolder}/.venv/bin"
    assert stated["remoteEnv"]["PATH"].split(":")[0] == folder
    settings = stated["customizations"]["vscode"]["settings"]
    assert settings["python.defaultInterpreterPath"] == f"{folder}/python"
