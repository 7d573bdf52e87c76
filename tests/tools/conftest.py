"""A lab as after notebook 10, and a terminal that `xacct env` points at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import prepared
from tests.labs import pointed_at
from tests.tools import npm_installed
from xacct_helpers import workspace
from xacct_helpers.lab import Lab, open_lab

REGISTRY = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
ROLE_B = "arn:aws:iam::222222222222:role/some-role-name"
ROLE_A = "arn:aws:iam::111111111111:role/account-a-role-name"
SESSION_OF_A = "arn:aws:sts::111111111111:assumed-role/account-a-role-name/"
SECONDS = 120
# As it was before a lab was opened: from a lab's environment no registry of packages is reached.
OUTSIDE = dict(os.environ)
# What a learner adds in notebook 09: the same chain, once for the SDKs and once for a program.
PROFILES = f"""
[profile pull-from-a]
region = us-east-1
role_arn = {ROLE_A}
source_profile = account-b
role_session_name = pull-from-a

[profile by-process]
region = us-east-1
credential_process = xacct credential-process --role-arn {ROLE_B} --role-arn {ROLE_A}
"""


@dataclass(frozen=True)
class Terminal:
    """A shell in the lab's environment. work: an empty folder of its own."""

    lab: Lab
    work: Path
    environment: dict[str, str]

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a bash script; $R is account A's registry, $W the folder, $PYTHON this Python."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={
                **self.environment,
                "R": REGISTRY,
                "W": str(self.work),
                "PYTHON": sys.executable,
                **variables,
            },
            cwd=self.work,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def ok(self, script: str, **variables: str) -> str:
        """Run it; what it printed. It has to end well."""
        done = self.run(script, **variables)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def callers(self, action: str) -> list[str]:
        """Who has made a call ("ecr:BatchGetImage") and was let through, the latest last."""
        entries: list[dict[str, Any]] = self.lab.running.get("trail/500")["entries"]
        done = [e for e in entries if e["action"] == action and not e["error_code"]]
        return [entry["caller"] for entry in sorted(done, key=lambda entry: entry["number"])]


# On a path of this length podman itself would not end: the lab has to see to that.
FOLDER = "a-folder-of-somebody-who-likes-names-that-say-what-is-in-it"


@pytest.fixture(scope="package")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a lab as after notebook 10, with what a learner adds in notebook 09."""
    folder = workspace.absolute(tmp_path_factory.mktemp(FOLDER)) / "lab"
    prepared.copy(folder, after=10)
    workspace.join(folder)
    with (folder / "aws" / "config").open("a") as config:
        config.write(PROFILES)
    yield folder
    workspace.stop(folder)


@pytest.fixture
def terminal(_folder: Path, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal on the lab, its accounts as after notebook 10 and nobody logged in."""
    with pointed_at(_folder):
        lab = open_lab()
        lab.running.post("restore", name=prepared.snapshot(10))
        (_folder / "containers" / "config.json").write_text("{}")
        changes = workspace.environment(lab.running, os.environ)
        environment = {**os.environ, **{k: v for k, v in changes.items() if v is not None}}
        for name in (name for name, value in changes.items() if value is None):
            environment.pop(name, None)
        environment["AWS_ECR_DISABLE_CACHE"] = "true"
        yield Terminal(lab, tmp_path, environment)


def wait_for(there: Path, process: subprocess.Popen[Any]) -> None:
    """Return once a path exists; fails when the process that makes it ends, or takes too long."""
    deadline = time.monotonic() + 30
    while not there.exists():
        assert process.poll() is None, f"the program ended with {process.returncode}"
        assert time.monotonic() < deadline, f"{there} did not appear"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def javascript() -> str:
    """The folder of the JavaScript program, with the packages it needs; "" without npm."""
    if shutil.which("npm") is None:
        return ""
    return str(npm_installed(Path(__file__).parent / "javascript", OUTSIDE))
