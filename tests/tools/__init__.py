"""What tests of every part need: the project's folder, and the tools of the operating system.

Beside it, the tests that run such tools unmodified against a lab.
"""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent.parent


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def require(tool: str, package: str) -> str:
    """The path of a program.

    A program that is missing skips the test that asked, saying which Debian package holds it; with
    CI=true, where `.ci/run` was to install it, it fails the test.
    """
    return shutil.which(tool) or missing(f"{tool} is missing: apt install {package}")


def as_root() -> tuple[str, ...]:
    """What stands before a command that only root may run: for root nothing, else sudo.

    Where sudo asks for a password, or is not there, the test that asked is as by `missing`.
    """
    if os.geteuid() == 0:
        return ()
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return (sudo, "-n")
    missing("only root may run this, or a user for whom sudo asks no password")


def require_module(module: str, package: str) -> str:
    """The name of a Python module that only the dev extra brings; missing is as for `require`."""
    if importlib.util.find_spec(module):
        return module
    missing(f"{module} is missing: pip install {package}")


def npm_installed(source: Path, environment: Mapping[str, str] | None = None) -> Path:
    """A copy of a folder under .cache, with the packages of its lock; remade when that changes."""
    npm = require("npm", "npm")
    made = ROOT / ".cache" / source.name
    made.mkdir(parents=True, exist_ok=True)
    with FileLock(made.with_name(f"{made.name}.lock")):
        _bring_up_to_date(made, source, npm, environment)
    return made


def _bring_up_to_date(
    made: Path, source: Path, npm: str, environment: Mapping[str, str] | None
) -> None:
    for path in source.iterdir():
        if not (made / path.name).exists() or (made / path.name).read_bytes() != path.read_bytes():
            shutil.copyfile(path, made / path.name)
            (made / "installed").unlink(missing_ok=True)
    if not (made / "installed").exists():
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(
            command, cwd=made, env=environment, check=True, capture_output=True, timeout=300
        )
        (made / "installed").touch()


def missing(message: str) -> NoReturn:
    """Skip the test that needs what this machine has not; with CI=true, fail it."""
    __tracebackhide__ = True
    if in_ci():
        pytest.fail(message, pytrace=False)
    pytest.skip(message, allow_module_level=True)


def clean_copy(destination: Path) -> Path:
    """The project as a fresh clone has it, and what is not committed yet: all but ignored files."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    ignored = [line.strip("/") for line in lines if line and not line.startswith("#")]
    return shutil.copytree(ROOT, destination, ignore=shutil.ignore_patterns(".git", *ignored))
