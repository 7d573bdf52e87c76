"""python -m tests.project.audit UV: known vulnerabilities of what requirements.lock pins.

pip-audit runs in an environment of its own, by uv. It asks the package index for each pin. Where
that cannot be reached, or does not know vulnerabilities, pip-audit itself says that none were
found, having skipped every package; here that counts as no answer, and is said.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tools import ROOT

LOCK = ROOT / "requirements.lock"


def judged(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """(exit status, lines to print) for pip-audit's report."""
    packages = report["dependencies"]
    skipped = [one for one in packages if "skip_reason" in one]
    found = [one for one in packages if one.get("vulns")]
    lines = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in found
        for flaw in one["vulns"]
    ]
    if found:
        return 1, lines
    if len(skipped) == len(packages):
        why = skipped[0]["skip_reason"] if skipped else "it looked at nothing"
        return 0, [f"pip-audit skipped: its data cannot be reached ({why})."]
    if skipped:
        return 1, [f"{one['name']} was not looked up: {one['skip_reason']}" for one in skipped]
    return 0, [f"pip-audit: no known vulnerability in {len(packages)} packages."]


def audit(uv: str) -> tuple[int, list[str]]:
    """(exit status, lines to print) for the lock."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = ["--requirement", str(LOCK), "--disable-pip", "--require-hashes"]
        written = ["--progress-spinner", "off", "--format", "json", "--output", str(report)]
        done = subprocess.run(
            [uv, "tool", "run", "--quiet", "pip-audit", *asked, *written],
            capture_output=True,
            text=True,
        )
        if report.exists() and report.stat().st_size:
            return judged(json.loads(report.read_text()))
    said = done.stderr.strip().splitlines()
    why = said[-1] if said else f"exit status {done.returncode}"
    return 0, [f"pip-audit skipped: it, or its data, cannot be reached ({why})."]


if __name__ == "__main__":
    status, told = audit(sys.argv[1])
    print("\n".join(told))
    sys.exit(status)
