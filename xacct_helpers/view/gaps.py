"""Gaps that a learner has still to fill: `...` in a cell, named before the cell runs.

A notebook leaves a document, an argument or an option open by `...`. Python would run on with it
and fail somewhere else, so such a cell is not run: one sentence names the gap, with the comment
that stands beside it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from IPython.core.error import InputRejected

from .. import course
from ..course import progress

_BASH = re.compile(r"%%(bash|sh)\b")
# An open word; in quotes only after an option, for a text may hold three dots.
_OPEN_WORD = re.compile(
    r"(?<!\S)(?:(?P<option>--[\w-]+)\s+)?(?P<quote>[\"']?)\.\.\.(?P=quote)(?!\S)"
)
_MAGIC = re.compile(r"^[!%].*$", re.M)
_COMMENT = re.compile(r"#\s*(.+)$")
_OWN = "This cell is still yours to write"


class StillToWrite(InputRejected):
    """A cell with a gap was not run; the text says which gap."""


def gap(code: str) -> str | None:
    """Say which gap a cell still has, in one sentence; None for a cell that can run.

    code: a cell's whole text, a %%bash cell's included. Text that is no Python has no gaps here:
    Python says what is wrong with it.
    """
    if code.startswith("%%"):
        return _bash_gap(code) if _BASH.match(code) else None
    try:
        tree = ast.parse(_MAGIC.sub("pass", code))
    except (SyntaxError, ValueError):
        return None
    for node, name in _gaps(tree, ""):
        return _sentence(name, code.splitlines()[node.lineno - 1])
    return None if tree.body else _only_a_task(code)


def unmade(name: str) -> str | None:
    """Say which task is to make a name that is not there; None where no task does."""
    found = course.task_that_makes(name, notebook=progress.open_notebook())
    if found is None:
        return None
    return f"`{name}` is yours to make, in the cell with this task: {found}"


def _only_a_task(code: str) -> str | None:
    """The sentence for a cell of which nothing but its task is left."""
    words = [line.lstrip("# ") for line in code.splitlines() if line.startswith("# ")]
    _, yours, task = " ".join(words).partition(course.YOURS)
    return f"{_OWN}:{task}" if yours else None


def _sentence(name: str, line: str) -> str:
    comment = _COMMENT.search(line.partition("...")[2])
    what = f"{name} is still `...`" if name else _OWN
    return f"{what}: {comment[1].rstrip('.')}." if comment else f"{what}."


def _bash_gap(code: str) -> str | None:
    if all(line.startswith("#") or not line.strip() for line in code.splitlines()[1:]):
        return _only_a_task(code)
    for line in code.splitlines()[1:]:
        text = line.partition(" #")[0]
        found = None if text.lstrip().startswith("#") else _OPEN_WORD.search(text)
        if found is None or (found["quote"] and not found["option"]):
            continue
        before = text[: found.start()].split()
        if found["option"]:
            return _sentence(f"The option `{found['option']}`", line)
        return _sentence(f"What follows `{before[-1]}`" if before else "", line)
    return None


def _gaps(node: ast.AST, path: str) -> Iterator[tuple[ast.expr, str]]:
    """Each `...` that stands for a value, with its name; path: the way into a document."""
    if isinstance(node, ast.Constant) and node.value is ...:
        yield node, f"`{path}`" if path else ""
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            name = str(key.value) if isinstance(key, ast.Constant) else ""
            if isinstance(key, ast.Constant) and key.value is ...:
                yield key, f"A key of `{path}`" if path else "A key"
            yield from _gaps(value, _joined(path, name))
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            if isinstance(item, ast.Constant) and item.value is ... and path:
                yield item, f"An entry of `{path}`"
            else:
                yield from _gaps(item, path)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if node.value is not None:
            whole = isinstance(node.value, ast.Constant)
            yield from _gaps(node.value, ast.unparse(target) if whole else "")
    elif isinstance(node, ast.Call):
        yield from _gaps_of_call(node)
    elif isinstance(node, ast.Subscript):
        yield from _gaps(node.value, "")  # `values[...]` means something in Python
    elif not isinstance(node, ast.FunctionDef | ast.ClassDef):
        # So does a body that is only `...`.
        for child in ast.iter_child_nodes(node):
            yield from _gaps(child, path)


def _gaps_of_call(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    called = ast.unparse(node.func).rpartition(".")[2]
    yield from _gaps(node.func, "")
    for argument in node.args:
        if isinstance(argument, ast.Constant) and argument.value is ...:
            yield argument, f"An argument of `{called}`"
        else:
            yield from _gaps(argument, "")
    for keyword in node.keywords:
        whole = isinstance(keyword.value, ast.Constant)
        yield from _gaps(keyword.value, (keyword.arg or "") if whole else "")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


class _Check(ast.NodeTransformer):
    """Looks at each cell before it runs. IPython keeps a transformer that raises InputRejected."""

    def __init__(self) -> None:
        self.text = ""

    def before_cell(self, info: Any) -> None:
        self.text = info.raw_cell

    def visit(self, node: ast.AST) -> ast.AST:
        found, self.text = gap(self.text), ""
        if found is not None:
            raise StillToWrite(found)
        return node


def refuse_cells_with_gaps(shell: Any) -> None:
    """Have a shell say which gap a cell still has, and not run that cell."""
    check = _Check()
    shell.events.register("pre_run_cell", check.before_cell)
    shell.ast_transformers.append(check)
