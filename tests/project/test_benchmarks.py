"""The page of figures says what the table says, of one whole run; what counts as a move."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

import xacct_helpers
from benchmarks import moves
from benchmarks.__main__ import main
from benchmarks.report import Row, header, page, table

ROWS = [
    Row(what="a call | two", ours="2.10 ms", peer="7.00 ms", value=0.3, limit=0.45),
    Row(what="all of it", ours="120.5 s", peer="-", value=120.5, limit=150.0, unit=" s"),
    Row(what="slow", ours="2 s", peer="1 s", value=2.0, limit=1.0),
    Row(what="a part", ours="1 s", peer="4 s", value=0.25, limit=None),
]


def test_the_page_of_a_run() -> None:
    text = page(ROWS, ["images could not run: it is not installed"], date(2026, 11, 25))
    assert f"Measured on 2026-11-25: {header().splitlines()[0]}; " in text
    assert "| a call \\| two | 2.10 ms | 7.00 ms | 0.30 | 0.45 |\n" in text
    assert "| all of it | 120.5 s | - | 120.50 s | 150.00 s |\n" in text
    assert "| slow | 2 s | 1 s | 2.00 (over) | 1.00 |\n" in text
    assert "| a part | 1 s | 4 s | 0.25 | - |\n" in text
    assert text.endswith("\nimages could not run: it is not installed\n")
    assert (table(ROWS).count("within"), table(ROWS).count("OVER")) == (2, 1)


def test_a_page_of_a_part_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "start", "--markdown", str(tmp_path / "page.md")])
    assert "leave --only out" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# Source by file: those of the package that count, the engine's, and code without a file.
_CODE = {
    "a.py": """
def engine(): decide(helper)
def generator(): list(numbers())
def library(): sorted([2, 1], key=helper)
def own(): helper()
def there(): other()
def there_and_back(): back(helper)
def through_generated_code(): generated(other)
def helper(*_): return 0
""",
    "b.py": """
def back(call): call()
def numbers(): yield 1
def other(): pass
""",
    "policy/c.py": "def decide(call): call()",
    "<string>": "def generated(call): call()",
}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("engine", []),
        ("generator", ["a.py:generator > b.py:numbers", "a.py:generator > b.py:numbers"]),
        ("library", []),
        ("own", []),
        ("there", ["a.py:there > b.py:other"]),
        ("there_and_back", ["a.py:there_and_back > b.py:back", "b.py:back > a.py:helper"]),
        ("through_generated_code", ["a.py:through_generated_code > b.py:other"]),
    ],
)
def test_what_is_a_move(function: str, expected: list[str]) -> None:
    package = Path(xacct_helpers.__file__).parent
    names: dict[str, Any] = {}
    for file, text in _CODE.items():
        exec(compile(text, file if file.startswith("<") else str(package / file), "exec"), names)
    trace = moves.traced(names[function])
    assert [f"{start} > {end}" for start, end in trace.moves] == expected
    assert set(trace.files) == {"a.py"} | ({"b.py"} if expected else set())
