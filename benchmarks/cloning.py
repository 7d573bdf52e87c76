"""From `git clone` to the course: `make lab` until JupyterLab answers, and `make test` to its end.

Each with a cold cache, as on a new machine, and with a warm one. The peer is the environment that
venv and pip make of the same lock, with a cache in the same state; it has no JupyterLab to start
and no test to run yet.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import ROOT, clean_environment, ran

LIMIT = 1.0
TESTS_LIMIT = 600.0
"""Seconds that `make test` may take in a fresh clone, on two processors without other work."""
_DEADLINE = 900.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S*")


def measure(*, tests: bool = True) -> list[Row]:
    """Two rows for `make lab`, and two for `make test` unless `tests` is false.

    The tests themselves run once: only making the environment knows whether the cache is warm.
    """
    rows, tests_took = [], 0.0
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for state in ("cold", "warm"):
            clone = top / f"clone-{state}"
            say(f"make lab, {state} cache")
            lab = _seconds(lambda clone=clone: _lab(_cloned(clone), top))
            say(f"venv and pip, {state} cache")
            peer = _seconds(lambda state=state: _pip(top / f"pip-{state}", top))
            rows.append(_against_pip(f"git clone and make lab, {state} cache", lab, peer))
            if not tests:
                continue
            env = _seconds(lambda state=state: _make(_cloned(top / f"test-{state}"), top, "env"))
            if not tests_took:
                say("make test in the clone")
                tests_took = _seconds(lambda state=state: _make(top / f"test-{state}", top, "test"))
            what = f"git clone and make test, {state} cache (one run of the tests for both)"
            rows.append(_against_time(what, env + tests_took))
    return rows


def _against_pip(what: str, ours: float, peer: float) -> Row:
    told = f"{ours:.1f} s", f"{peer:.1f} s"
    return Row(what=what, ours=told[0], peer=told[1], value=ours / peer, limit=LIMIT)


def _against_time(what: str, seconds: float) -> Row:
    ours = f"{seconds:.0f} s"
    return Row(what=what, ours=ours, peer="-", value=seconds, limit=TESTS_LIMIT, unit=" s")


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _environment(top: Path) -> dict[str, str]:
    """With caches and a home of the benchmark's own, and no browser that would open."""
    (top / "home").mkdir(exist_ok=True)
    return clean_environment() | {
        "HOME": str(top / "home"),
        "UV_CACHE_DIR": str(top / "uv-cache"),
        "PIP_CACHE_DIR": str(top / "pip-cache"),
        "BROWSER": "true",
    }


def _cloned(target: Path) -> Path:
    ran(["git", "clone", "--quiet", str(ROOT), str(target)], target.parent, dict(os.environ))
    return target


def _make(clone: Path, top: Path, goal: str) -> None:
    ran(["make", goal], clone, _environment(top))


def _pip(target: Path, top: Path) -> None:
    """What `make env` does, by what comes with Python."""
    environment = _environment(top)
    ran([sys.executable, "-m", "venv", str(target)], top, environment)
    python = str(target / "bin" / "python")
    wanted = ["--require-hashes", "--requirement", str(ROOT / "requirements.lock")]
    quiet = ["--quiet", "--disable-pip-version-check"]
    ran([python, "-m", "pip", "install", *quiet, *wanted], top, environment)


def _lab(clone: Path, top: Path) -> None:
    """`make lab` until its address answers; then it is ended, with all that it started."""
    log = top / f"{clone.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "lab"],
            cwd=clone,
            env=_environment(top),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _DEADLINE
    while time.monotonic() < until:
        text = log.read_text(errors="replace")
        found = _ADDRESS.search(text)
        if found and _answers(found[0]):
            return
        if process.poll() is not None:
            raise CannotRun(f"make lab ended:\n{text[-500:]}")
        time.sleep(0.05)
    raise CannotRun(f"make lab did not answer within {_DEADLINE:.0f} seconds:\n{text[-500:]}")


def _answers(address: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False
