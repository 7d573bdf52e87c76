"""Python environments beside this one, as somebody makes them who installs the wheel.

uv makes them; like the Makefile, the one on PATH or one of the project's own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tests.tools import ROOT

LOCK = ROOT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13")
# What leads to other environments must not reach one of these.
_FOREIGN = ("PYTHON", "PIP_", "UV_", "VIRTUAL_ENV", "CONDA", "JUPYTER", "XACCT", "AWS_")
_KEPT = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_CONFIG_FILE")


def plain(**more: str) -> dict[str, str]:
    """The environment variables of a user who has set nothing up, but for where packages are."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) or name in _KEPT or name.startswith("UV_INDEX")
    }
    return mine | more


def build(project: Path, kind: str, destination: Path) -> Path:
    """What pip makes of a checkout, with the build backend at hand and so without a network.

    kind: "wheel" or "sdist".
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(destination)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = destination.iterdir()
    return built


def uv() -> str:
    """A uv to call."""
    own = ROOT / ".cache" / "uv-env"
    found = shutil.which("uv") or shutil.which("uv", path=own / "bin")
    if found is not None:
        return found
    own.parent.mkdir(exist_ok=True)
    with FileLock(own.with_name("uv-env.lock")):
        if not (own / "bin" / "uv").exists():
            venv.create(own, with_pip=True)
            command = [own / "bin" / "python", "-m", "pip", "install", "--quiet", "uv>=0.5"]
            subprocess.run(command, check=True, timeout=300)
    return str(own / "bin" / "uv")


def interpreters() -> dict[str, str]:
    """The Pythons of this machine that the project supports: version to program.

    Beside the one that runs this, those on the PATH and pyenv's.
    """
    running = "{}.{}".format(*sys.version_info)
    found = {running: sys.executable}
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in PYTHONS:
        candidates = [shutil.which(f"python{version}")]
        candidates += [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python"))]
        for program in filter(None, candidates):
            if version not in found and _is(program, version):
                found[version] = program
    return dict(sorted(found.items()))


def _is(program: str, version: str) -> bool:
    code = "import sys; print('{}.{}'.format(*sys.version_info))"
    done = subprocess.run([program, "-I", "-c", code], capture_output=True, text=True)
    return done.stdout.strip() == version


def make(folder: Path, python: str, *what: str) -> Path:
    """A fresh environment with these requirements, in the versions of the lock; its `bin`."""
    run_uv("venv", "--quiet", "--no-project", "--python", python, str(folder))
    install(folder, *what)
    return folder / "bin"


@contextmanager
def kept(python: str, wheel: Path, *files: Path) -> Iterator[Path]:
    """The folder of an environment with this wheel and these files of requirements.

    What the wheel needs stays installed under .cache, by a digest of what the wheel says that it
    needs, the lock, the files and the Python. The wheel itself is installed again each time. Nobody
    else has the environment until the block ends.
    """
    digest = hashlib.sha256(repr((python, sys.version, _requirements(wheel))).encode())
    for path in (LOCK, *files):
        digest.update(path.read_bytes())
    folder = ROOT / ".cache" / "environments" / digest.hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder, python, str(wheel), *(f"--requirement={path}" for path in files))
            (folder / "made").touch()
        else:
            install(folder, "--reinstall-package", "xacct", str(wheel))
        yield folder


def _requirements(wheel: Path) -> list[str]:
    """What a wheel says that it needs."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    return [line for line in lines if line.startswith(("Requires-Dist:", "Requires-Python:"))]


def install(folder: Path, *what: str) -> None:
    """Install into an environment, with what that brings in the versions of the lock."""
    python = str(folder / "bin" / "python")
    run_uv("pip", "install", "--quiet", "--python", python, "--constraint", str(LOCK), *what)


def run_uv(*arguments: str) -> None:
    done = subprocess.run(
        [uv(), *arguments],
        cwd=ROOT / ".cache",  # not in the checkout: it has settings of its own
        env=plain(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
