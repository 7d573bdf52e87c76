"""The cells of a notebook without a kernel: as plain Python, in this process."""

from __future__ import annotations

import ast
import os
import subprocess
from typing import Any

from tests.tools import ROOT

_BASH = "%%bash\n"


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell with the names of the cells before; the value of its last line, if it has one.

    A cell that begins with %%bash is run by bash, which must end well.
    """
    if source.startswith(_BASH):
        script = source.removeprefix(_BASH)
        done = subprocess.run(
            ["bash", "-c", script],
            env=os.environ,
            cwd=ROOT / "notebooks",
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return None
    body = ast.parse(source)
    last = body.body.pop() if body.body and isinstance(body.body[-1], ast.Expr) else None
    exec(compile(body, "a cell", "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "a cell's last line", "eval"), names)
