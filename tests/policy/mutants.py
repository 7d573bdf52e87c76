"""`make mutants`: change the engine in one place at a time, and see whether a test turns red.

    python -m tests.policy.mutants [MODULE ...]

Each mutant is one comparison, boolean operator, constant or return value of xacct_helpers/policy
changed in a copy of the project; the tables run against it first, then all of tests/policy. What
survives is printed: a row is missing, or the change means the same. It takes a quarter of an hour,
so it is no part of `make test`.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[2]
POLICY = Path("xacct_helpers") / "policy"
SECONDS = 120
# The tables kill most, in half a second; what they leave alone meets all the tests.
STAGES = (["tests/policy/test_tables.py"], ["tests/policy"])

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True)
class Mutant:
    """One change of one module. source: the whole of it, changed."""

    module: str
    line: int
    what: str
    source: str


def mutants(module: str, text: str) -> Iterator[Mutant]:
    """Every change of a module, one after the other."""
    tree = ast.parse(text)
    count = sum(1 for _ in ast.walk(tree))
    for at in range(count):
        for variant in range(2):
            changed = copy.deepcopy(tree)
            node = next(one for number, one in enumerate(ast.walk(changed)) if number == at)
            what = _change(node, variant)
            if what:
                ast.fix_missing_locations(changed)
                yield Mutant(module, getattr(node, "lineno", 0), what, ast.unparse(changed))


def _change(node: ast.AST, variant: int) -> str:
    """Change the node in place; what was done, or "" when there is nothing to change."""
    if variant == 1:
        # An operator of `and` or `or` taken away.
        if isinstance(node, ast.BoolOp):
            gone = node.values.pop()
            if len(node.values) == 1:
                node.values.append(node.values[0])
            return f"without `{ast.unparse(gone)}`"
        return ""
    if isinstance(node, ast.Compare):
        old = node.ops[0]
        node.ops[0] = _COMPARISONS[type(old)]()
        return f"{type(old).__name__} -> {type(node.ops[0]).__name__}: {ast.unparse(node)}"
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return f"and <-> or: {ast.unparse(node)}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node.op = ast.UAdd()
        node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        return f"not removed: {ast.unparse(node)}"
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
        return f"constant -> {node.value}"
    if isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
        return f"branches swapped: {ast.unparse(node)}"
    if isinstance(node, ast.Constant) and node.value in _WORDS:
        node.value = _WORDS[node.value]
        return f"outcome -> {node.value}"
    return ""


# Outcomes and effects: flipped wherever they stand.
_WORDS = {
    "allow": "implicitDeny",
    "implicitDeny": "allow",
    "explicitDeny": "implicitDeny",
    "notApplicable": "implicitDeny",
    "Allow": "Deny",
    "Deny": "Allow",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the mutants; 1 when one survives."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help="modules, for instance evaluate; all by default")
    options = parser.parse_args(arguments)
    modules = sorted(path.stem for path in (ROOT / POLICY).glob("[a-z]*.py"))
    chosen = [name for name in modules if not options.only or name in options.only]
    made = [
        mutant
        for name in chosen
        for mutant in mutants(name, (ROOT / POLICY / f"{name}.py").read_text())
    ]
    workers = min(4, os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as scratch:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(workers):
            copies.put(_copy(Path(scratch) / str(number)))
        with ThreadPoolExecutor(workers) as pool:
            survived = [one for one in pool.map(lambda m: _run(m, copies, len(made)), made) if one]
    print(f"\n{len(made) - len(survived)} of {len(made)} mutants were killed.")
    for one in survived:
        print(f"{one.module}.py:{one.line}: {one.what}")
    return int(bool(survived))


def _copy(target: Path) -> Path:
    for name in ("xacct_helpers", "tests"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", target / "pyproject.toml")
    return target


def _run(mutant: Mutant, copies: SimpleQueue[Path], total: int) -> Mutant | None:
    """The mutant when it survives."""
    folder = copies.get()
    path = folder / POLICY / f"{mutant.module}.py"
    before = path.read_text()
    try:
        path.write_text(mutant.source)
        killed = any(not _green(folder, tests) for tests in STAGES)
    finally:
        path.write_text(before)
        copies.put(folder)
    print("." if killed else "S", end="", file=sys.stderr, flush=True)
    return None if killed else mutant


def _green(folder: Path, tests: list[str]) -> bool:
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
