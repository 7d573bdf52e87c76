"""The engine reads no file, opens no socket, looks at no clock: it is told everything.

Nor do the messages of the control API; only their client speaks to a sandbox.
"""

import ast
import sys
from pathlib import Path

import pytest

from tests.tools import ROOT

IMPURE = """
    asyncio builtins calendar datetime http io locale logging os pathlib platform random secrets
    select shutil socket sqlite3 ssl subprocess sys tempfile threading time urllib uuid
"""
PURE = set(sys.stdlib_module_names) - set(IMPURE.split())


def sources(part: str) -> list[Path]:
    return sorted((ROOT / "xacct_helpers" / part).rglob("*.py"))


CLIENT = ROOT / "xacct_helpers" / "lab_api" / "client.py"


@pytest.mark.parametrize("part", ["policy", "lab_api"])
def test_imports_only_what_is_pure(part: str) -> None:
    paths = [path for path in sources(part) if path != CLIENT]
    assert len(paths) > 2
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= PURE, path.name
            elif isinstance(node, ast.ImportFrom) and not node.level:
                assert (node.module or "").split(".")[0] in PURE, path.name
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "print", "input", "exec", "eval"), path.name
