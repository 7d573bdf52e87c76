"""Labs as they are after a notebook, from a copy: `catch_up` runs once for all the tests.

The lab that is copied holds a snapshot for each notebook. It is kept under .cache, by a digest of
all that it is made from, and made when it is missing: once for all of pytest-xdist's workers.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tests.labs import named, start
from tests.tools import ROOT
from xacct_helpers import course, open_lab, workspace
from xacct_helpers.course import progress
from xacct_helpers.lab import Lab

NUMBERS = tuple(course.number(path) for path in course.notebooks())
LAST = NUMBERS[-1]
_CACHE = ROOT / ".cache" / "prepared"
_SOURCES = ("xacct_helpers/**/*.py", "notebooks/*.ipynb", "requirements.lock", "tests/prepared.py")
# What a lab is, apart from what its sandbox writes at each start.
_KEPT = ("journal.jsonl", workspace.RECORD, "snapshots", "blobs")


def snapshot(number: int) -> str:
    """Name the snapshot that holds the accounts as they are after a notebook."""
    return f"after_{number}"


def copy(folder: Path, after: int = LAST) -> None:
    """Make a lab in a folder, not there yet, with its accounts as after a notebook.

    It has the snapshots of all the other notebooks, too. No sandbox is started.
    """
    source = _made()
    shutil.copytree(source, folder)
    shutil.copyfile(source / "snapshots" / f"{snapshot(after)}.jsonl", folder / "journal.jsonl")


@contextmanager
def lab(after: int = LAST) -> Iterator[Lab]:
    """A lab of a test's own as after a notebook, which this process and its kernels use.

    Its sandbox ends with it, and the process's environment is put back.
    """
    with (
        tempfile.TemporaryDirectory(prefix="xacct-lab-") as name,
        named(Path(name) / "lab") as folder,
    ):
        copy(folder, after)
        start(folder)
        yield open_lab()


def fingerprint(number: int) -> str:
    """Tell what the accounts look like after a notebook, as `catch_up` has left them."""
    record = json.loads((_made() / workspace.RECORD).read_text())
    return str(record["after"][str(number)])


def begin(lab: Lab, after: int) -> None:
    """Put such a lab's accounts back as they are after a notebook.

    The trail is empty, and no check has passed.
    """
    put_back(lab.running, after)
    lab.clock.followed()


def add_snapshots(folder: Path) -> None:
    """Give a lab that is there already, without snapshots, those of all the notebooks."""
    source = _made()
    for kept in ("snapshots", "blobs"):
        shutil.copytree(source / kept, folder / kept, dirs_exist_ok=True)
    shutil.copyfile(source / workspace.RECORD, folder / workspace.RECORD)


def put_back(running: workspace.Running, after: int | None) -> None:
    """Put the accounts of a lab with these snapshots back as they are after a notebook.

    None: as on the first day. The trail is empty, and no check has passed.
    """
    running.post("reset")
    if after is not None:
        running.post("restore", name=snapshot(after))
    progress.empty(running.folder)
    workspace.forget_cached_credentials(running.folder)


def _made() -> Path:
    """The lab that is copied."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(path for pattern in _SOURCES for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    made = _CACHE / digest.hexdigest()[:16]
    if made.exists():
        return made
    _CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(_CACHE / "lock"):
        if not made.exists():
            _remove_old()
            command = [sys.executable, "-m", "tests.prepared", str(made)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
    return made


def _remove_old() -> None:
    """Remove what earlier states of the code have left, after a day: others may be using it."""
    for path in _CACHE.iterdir():
        if path.is_dir() and path.stat().st_mtime < time.time() - 86400:
            shutil.rmtree(path)


def main(target: Path) -> None:
    """Make the lab that is copied. A program: `open_lab` points a whole process at a lab."""
    with (
        tempfile.TemporaryDirectory(prefix="making-", dir=target.parent) as name,
        named(Path(name) / "lab") as folder,
    ):
        lab = open_lab()
        for number in NUMBERS:
            with contextlib.redirect_stdout(io.StringIO()):
                lab.catch_up(through=number)
            lab.running.post("save", name=snapshot(number))
        workspace.stop(folder)
        finished = Path(name) / "finished"
        finished.mkdir()
        for kept in _KEPT:
            (folder / kept).rename(finished / kept)
        for unmeant in set((finished / "snapshots").iterdir()) - {
            finished / "snapshots" / f"{snapshot(number)}.jsonl" for number in NUMBERS
        }:
            unmeant.unlink()
        finished.rename(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
