"""Which part may import which (the arrows point one way), and what a bare import may cost.

notebooks -> lab, view, lessons -> the sandbox over HTTP; sandbox -> policy -> the standard library.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tools import ROOT

PACKAGE = ROOT / "xacct_helpers"
HEAVY = {"IPython", "boto3", "botocore", "ipywidgets", "moto", "pandas", "uvicorn"}


def sources(part: str) -> list[Path]:
    """The Python files of a part, be it a module or a folder."""
    folder, module = PACKAGE / part, PACKAGE / f"{part}.py"
    found = sorted(folder.rglob("*.py")) if folder.is_dir() else [module]
    assert [path for path in found if path.exists()], f"there is no {part} to look at"
    return found


def imported(path: Path, source: str) -> Iterator[str]:
    """The dotted names a file imports, wherever in it; `from a import b` is both a and a.b."""
    module = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module[: len(module) - node.level] if node.level else ()
            base = ".".join([*above, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """What a file imports, as `imported` tells."""
    return tuple(imported(path, path.read_text()))


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def offences(part: str, forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(part)
        for name in imports_of(path)
        if within(name, forbidden)
    ]


@pytest.mark.parametrize("part", ["lab_api", "policy"])
def test_imports_only_the_standard_library_and_itself(part: str) -> None:
    allowed = set(sys.stdlib_module_names) | {f"xacct_helpers.{part}"}
    strangers = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(part)
        for name in imports_of(path)
        # `from .. import policy` names the package above on its way.
        if not within(name, allowed) and name != "xacct_helpers"
    ]
    assert strangers == []


@pytest.mark.parametrize("part", ["course", "lab", "lessons", "view", "workspace"])
def test_what_a_notebook_uses_speaks_to_the_sandbox_over_http(part: str) -> None:
    assert offences(part, {"xacct_helpers.sandbox"}) == []


def asks_for_the_operation(source: str) -> Iterator[str]:
    """The expressions that depend on which operation a call is for."""
    for node in ast.walk(ast.parse(source)):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.Match):
            parts = [node.subject]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # a method of the name, such as startswith, or a look for it in a table
            parts = [node.func.value, *(node.args if node.func.attr == "get" else [])]
        if any(ast.unparse(part) == "call.operation" for part in parts):
            yield ast.unparse(node)


def test_only_the_registry_asks_which_operation_a_call_is_for() -> None:
    """What is particular about an operation is in its definition."""
    found = {
        path.relative_to(PACKAGE).as_posix(): asked
        for path in sources("sandbox/services")
        if (asked := list(asks_for_the_operation(path.read_text())))
    }
    assert list(found) == ["sandbox/services/__init__.py"]


@pytest.mark.parametrize(
    "line",
    [
        'call.operation == "GetRole"',
        "call.operation not in _ABOUT_CALLER",
        'call.operation.startswith("Attach")',
        "_DOCUMENTS[call.operation]",
        "_DOCUMENTS.get(call.operation)",
    ],
)
def test_no_way_to_ask_for_the_operation_escapes(line: str) -> None:
    assert list(asks_for_the_operation(line)) == [line.replace("'", '"').replace('"', "'")]


READERS = ["cli", "course", "integrations", "lab", "lessons", "view"]


@pytest.mark.parametrize("part", READERS)
def test_the_control_api_is_asked_by_the_functions_of_its_client(part: str) -> None:
    """`Running.get` and `post` give plain JSON, whose keys nothing checks."""
    asks = re.compile(r"running(\(\))?\.(get|post)\(")
    assert [path.name for path in sources(part) if asks.search(path.read_text())] == []


def test_sandbox_knows_nothing_of_what_stands_above_it() -> None:
    above = {f"xacct_helpers.{part}" for part in ("cli", "lab", "lessons", "view")}
    assert offences("sandbox", above) == []


def users(module: str) -> set[str]:
    return {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(within(name, {module}) for name in imports_of(path))
    }


def test_one_folder_knows_moto() -> None:
    """And, beside it, the module about mock_aws in the same process."""
    assert users("moto") == {"sandbox/moto/moto_imports.py", "sandbox/moto/mock_aws.py"}
    of_parts = users("xacct_helpers.sandbox.moto.moto_imports")
    assert of_parts
    assert {path.rpartition("/")[0] for path in of_parts} == {"sandbox/moto"}


def unexplained(source: str) -> Iterator[int]:
    """The lines of imports inside functions without a comment that says why: on the import, on the
    one before it, or just above."""
    lines = source.splitlines()
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        explained = -1
        imports = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
        for node in sorted(imports, key=lambda node: node.lineno):
            around = lines[max(0, node.lineno - 3) : node.end_lineno]
            if any("#" in line for line in around) or node.lineno - explained <= 2:
                explained = node.end_lineno or node.lineno
            else:
                yield node.lineno


def test_an_import_inside_a_function_says_what_it_would_cost() -> None:
    found = [
        f"{path.relative_to(ROOT)}, line {number}"
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "lab_api" / "client.py"  # one comment there is for several functions
        for number in unexplained(path.read_text())
    ]
    assert found == []


def test_an_unexplained_import_is_found() -> None:
    assert list(unexplained("def f():\n    x = 1\n    y = 2\n    import a\n")) == [4]
    assert list(unexplained("def f():\n    import a  # 9 ms\n    import b\n")) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "module", ["xacct_helpers", "xacct_helpers.cli", "xacct_helpers.integrations.pytest_plugin"]
)
def test_import_stays_cheap(module: str) -> None:
    """`xacct --help` and a notebook's first cell must not wait for what they may not need."""
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = {name for name in json.loads(answer.stdout) if "." not in name}
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("import a.b as c", ["a.b"]),
        ("from a import b", ["a", "a.b"]),
        ("from . import x", ["xacct_helpers.sandbox", "xacct_helpers.sandbox.x"]),
        ("from ..policy import x", ["xacct_helpers.policy", "xacct_helpers.policy.x"]),
        ("def f():\n    from .. import view", ["xacct_helpers", "xacct_helpers.view"]),
    ],
)
def test_no_form_of_import_escapes(line: str, names: list[str]) -> None:
    assert list(imported(PACKAGE / "sandbox" / "gate.py", line)) == names


def test_imports_of_a_package_itself_are_relative_to_it() -> None:
    path = PACKAGE / "sandbox" / "__init__.py"
    assert next(imported(path, "from . import x")) == "xacct_helpers.sandbox"
