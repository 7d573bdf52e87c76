"""What deploy/ hands to hubs, as far as it can be told from here.

tests/soak/test_class.py runs deploy/jupyterhub/xacct.py under a real JupyterHub. The chart's schema
is not on any registry of packages: docs/operations.md says what it was checked against, and when.
"""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.facts import PROJECT
from tests.tools import ROOT, clean_copy, require_module
from xacct_helpers.workspace import FIRST_NOTEBOOK

MEBIBYTES = {"M": 10**6 / 2**20, "G": 10**9 / 2**20}
NEEDED = 400  # MiB that a learner takes: tests/soak/test_class.py measures it


@pytest.fixture
def values() -> dict[str, Any]:
    """The values for Zero to JupyterHub."""
    path = ROOT / "deploy" / "zero-to-jupyterhub" / "values.yaml"
    read: dict[str, Any] = yaml.safe_load(path.read_text())
    return read


def the_hubs_spawner() -> dict[str, Any]:
    """What deploy/jupyterhub/xacct.py sets of the spawner."""
    spawner = types.SimpleNamespace()
    text = (ROOT / "deploy" / "jupyterhub" / "xacct.py").read_text()
    exec(text, {"get_config": lambda: types.SimpleNamespace(Spawner=spawner)})
    return vars(spawner)


def mebibytes(size: str) -> float:
    return float(size[:-1]) * MEBIBYTES[size[-1]]


def test_both_hubs_give_a_learner_the_same(values: dict[str, Any]) -> None:
    single, spawner = values["singleuser"], the_hubs_spawner()
    assert single["cmd"] == spawner["cmd"]
    assert single["cmd"][0] in PROJECT["scripts"]
    assert single["defaultUrl"] == spawner["default_url"]
    assert single["defaultUrl"].endswith(f"/my-course/{FIRST_NOTEBOOK}")
    assert single["memory"]["limit"] == spawner["mem_limit"]


def test_a_learner_has_the_memory_that_was_measured(values: dict[str, Any]) -> None:
    memory = values["singleuser"]["memory"]
    assert mebibytes(memory["guarantee"]) > NEEDED
    assert mebibytes(memory["limit"]) > 1.5 * NEEDED


def test_the_image_is_of_this_version(values: dict[str, Any]) -> None:
    assert values["singleuser"]["image"]["tag"] == PROJECT["version"]


def test_a_pod_reaches_the_name_server_and_nobody_outside(values: dict[str, Any]) -> None:
    rules = values["singleuser"]["networkPolicy"]["egressAllowRules"]
    assert rules == {"nonPrivateIPs": False, "privateIPs": False}


@pytest.mark.slow
def test_the_image_keeps_the_project_out_of_the_home(tmp_path: Path) -> None:
    """A volume is mounted over the home: what the image starts with must not lie there."""
    module = require_module("repo2docker", "jupyter-repo2docker")
    project = clean_copy(tmp_path / "project")
    command = [sys.executable, "-m", module, "--no-build", "--debug"]
    command += ["--target-repo-dir", "/srv/xacct", "."]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "ARG REPO_DIR=${HOME}" in done.stdout, "the option is an argument of the build"
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in done.stdout
