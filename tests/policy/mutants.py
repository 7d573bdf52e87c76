"""`make mutants`: change the engine in one place at a time, and see whether a test turns red.

    python -m tests.policy.mutants [--workers N] [MODULE ...]

Each mutant is one comparison, operator, constant, branch or listed value of xacct_helpers/policy
changed. It lives in a child process of its own, where the import system serves the changed module:
first against the rows of the tables, which kill most in a tenth of a second, then against the rest
of tests/policy. A survivor means that a row is missing, or that the change means the same; what
means the same is listed with its reason in equivalent.toml. The run fails for a survivor that is
not listed, and for a listed one that is gone or no longer survives.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.util
import io
import os
import resource
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "xacct_helpers" / "policy"
#: The modules of the engine, by their names without the folder.
MODULES = {path.stem: path for path in sorted(POLICY.rglob("[a-z]*.py"))}
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
#: Of processor time, so that a busy machine kills nothing.
SECONDS = 120
#: Of each law: fewer than in `make test`, because a hole is better closed with a row.
EXAMPLES = 25
#: After the rows, what kills most in the least time; the laws take longest.
TESTS = (
    "test_document",
    "test_limits",
    "test_readable",
    "test_edits",
    "test_explain",
    "test_counterfactuals",
    "test_decide",
    "test_who_can",
    "test_laws",
)

#: Modules whose tests go by another name.
_TESTED_IN = {"access_matrix": "who_can"}

_FLIPPED: dict[type[ast.AST], type[ast.AST]] = {
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
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
# Outcomes and effects: flipped wherever they stand.
_WORDS = {
    "allow": "implicitDeny",
    "implicitDeny": "allow",
    "explicitDeny": "implicitDeny",
    "notApplicable": "implicitDeny",
    "Allow": "Deny",
    "Deny": "Allow",
}


@dataclass(frozen=True)
class Mutant:
    """One change of one module. name: what was done and in which function, the same while the
    code around it changes; source: the whole of the module, changed."""

    module: str
    line: int
    name: str
    source: str


def mutants(module: str, text: str) -> Iterator[Mutant]:
    """Every change of a module, one after the other."""
    tree = ast.parse(text)
    seen: Counter[str] = Counter()
    for function, node in _places(tree, "", ""):
        for variant in range(_variants(node)):
            changed = copy.deepcopy(node)
            what = _change(changed, variant)
            if not what:
                continue
            name = f"{function}: {what}" if function else what
            seen[name] += 1
            if seen[name] > 1:
                name += f" ({seen[name]})"
            before, node.__dict__ = node.__dict__, changed.__dict__
            yield Mutant(module, getattr(node, "lineno", 0), name, ast.unparse(tree))
            node.__dict__ = before


def _places(node: ast.AST, function: str, field: str) -> Iterator[tuple[str, ast.AST]]:
    """Every (function, node) that decides something: no annotations, no dataclass switches."""
    if field in ("annotation", "returns", "decorator_list", "targets") or _declares(node):
        return
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}" if function else node.name
    yield function, node
    if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
        return  # shown with its name, and not once more
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _places(child, function, name)


def _declares(node: ast.AST) -> bool:
    """True for types such as `Literal[...]`, for `field(...)` of a dataclass, and for `__all__`."""
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__"
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and node.value.id in (
            "Literal",
            "tuple",
            "Callable",
        )
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "field"


def _variants(node: ast.AST) -> int:
    """How many changes there may be of this node."""
    if isinstance(node, ast.BoolOp):
        return 1 + len(node.values)
    if isinstance(node, (ast.Tuple, ast.Set, ast.List)):
        return len(node.elts) if len(node.elts) > 1 else 0
    return 1


def _change(node: ast.AST, variant: int) -> str:
    """Change the node in place; what was done, or "" when there is nothing to change."""
    if isinstance(node, ast.Compare):
        node.ops[0] = _flip(node.ops[0])
        return f"now `{ast.unparse(node)}`"
    if isinstance(node, ast.BoolOp):
        if variant == 0:
            node.op = _flip(node.op)
            return f"now `{ast.unparse(node)}`"
        before = ast.unparse(node)
        gone = ast.unparse(node.values.pop(variant - 1))
        if len(node.values) == 1:
            node.values *= 2
        return f"without `{gone}` in `{before}`"
    if isinstance(node, ast.BinOp) and type(node.op) in (ast.Add, ast.Sub):
        node.op = _flip(node.op)
        return f"now `{ast.unparse(node)}`"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        before = ast.unparse(node)
        node.operand = ast.UnaryOp(ast.Not(), node.operand)
        return f"no longer `{before}`"
    if isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
        return f"now `{ast.unparse(node)}`"
    if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
        return _constant(node.value, f"{node.arg}=")
    if isinstance(node, ast.Constant):
        return _constant(node, "")
    if isinstance(node, (ast.Tuple, ast.Set, ast.List)) and isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        before = ast.unparse(node)
        gone = ast.unparse(node.elts.pop(variant))
        return f"without `{gone}` in `{before[:80]}`"
    return ""


def _flip(operator: ast.AST) -> Any:
    return _FLIPPED[type(operator)]()


def _constant(node: ast.Constant, shown: str) -> str:
    """A switch or a word turned round."""
    before = node.value
    if isinstance(before, bool):
        node.value = not before
    elif before in _WORDS:
        node.value = _WORDS[before]
    else:
        return ""
    return f"{shown}{before!r} is now {node.value!r}"


def main(arguments: list[str] | None = None) -> int:
    """Run the mutants; 1 when one survives that is not listed, or a listed one does not."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help="modules, for instance evaluate; all by default")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    unknown = set(options.only) - set(MODULES)
    if unknown:
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    chosen = [name for name in sorted(MODULES) if not options.only or name in options.only]
    listed = {
        (one["module"], one["name"]): one["reason"]
        for one in tomllib.loads(EQUIVALENT.read_text()).get("mutant", [])
        if one["module"] in chosen
    }
    same = Mutant(chosen[0], 0, "unchanged", MODULES[chosen[0]].read_text())
    if not _survivors([same], 1):
        print("The tests are red without any change, so they can tell nothing.")
        return 1
    failed = False
    for module in chosen:
        made = list(mutants(module, MODULES[module].read_text()))
        survived = _survivors(made, options.workers)
        print(f"{module}: {len(made) - len(survived)} of {len(made)} killed", flush=True)
        for one in survived:
            if listed.pop((one.module, one.name), None) is None:
                failed = True
                print(f"  survived, line {one.line}: {one.name}", flush=True)
    for module, name in listed:
        failed = True
        print(f"  listed, but killed or gone: {module}: {name}")
    return int(failed)


def _survivors(made: Sequence[Mutant], workers: int) -> list[Mutant]:
    """The mutants that no test notices, in order. Each runs in a child process of its own."""
    waiting = list(reversed(made))
    running: dict[int, Mutant] = {}
    survived: list[Mutant] = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = scratch
        while waiting or running:
            if waiting and len(running) < workers:
                mutant = waiting.pop()
                child = os.fork()
                if child == 0:
                    _live(mutant)
                running[child] = mutant
                continue
            child, status = os.wait()
            mutant = running.pop(child)
            if status == 0:
                survived.append(mutant)
            said = f"\n{mutant.module}: {mutant.name}\n" if status == 0 else "."
            print(said, end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return sorted(survived, key=made.index)


def _live(mutant: Mutant) -> None:
    """In the child: end with 0 when no test notices the mutant. An error and a timeout kill it."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))  # ends it wherever it hangs
    found = 1
    try:
        sys.meta_path.insert(0, _Changed(mutant))
        nowhere = io.StringIO()
        with redirect_stdout(nowhere), redirect_stderr(nowhere):
            found = int(not (_rows_hold() and _tests_pass(mutant.module)))
    finally:
        os._exit(found)


def _rows_hold() -> bool:
    from tests.policy import cases

    return not any(cases.faults(case) for case in cases.load(cases.TABLES))


def _tests_pass(module: str) -> bool:
    first = sorted(TESTS, key=lambda name: name != f"test_{_TESTED_IN.get(module, module)}")
    paths = [str(Path(__file__).with_name(f"{name}.py")) for name in first]
    cache = f"cache_dir={os.environ['HYPOTHESIS_STORAGE_DIRECTORY']}"
    once = [Phase.explicit, Phase.generate]  # that it fails is enough: no smaller example
    settings.register_profile("mutants", deadline=None, max_examples=EXAMPLES, phases=once)
    drawn = ["--hypothesis-profile=mutants", "--hypothesis-seed=0"]
    # Loading the other plugins takes longer than these tests.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    quiet = [
        "-q",
        "-x",
        "-p",
        "_hypothesis_pytestplugin",
        "-o",
        cache,
        *drawn,
        "--rootdir",
        str(ROOT),
    ]
    # Left out: the test that measures time, and what only compares who_can with the rest.
    out = "costs_a_tenth" if module == "access_matrix" else "costs_a_tenth or every_pair"
    return pytest.main([*quiet, "-k", f"not ({out})", *paths]) == pytest.ExitCode.OK


class _Changed(MetaPathFinder):
    """Serves one module of the engine changed."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        path_of_it = MODULES[self.mutant.module]
        if fullname != ".".join(path_of_it.relative_to(ROOT).with_suffix("").parts):
            return None
        file = str(path_of_it)
        loader = _Loader(fullname, file, self.mutant.source)
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self.changed = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.changed, self.path, "exec", dont_inherit=True)


if __name__ == "__main__":
    sys.exit(main())
