"""The page of figures says what the table says, of one whole run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.report import Row, header, page, table

ROWS = [
    Row(what="a call | two", ours="2.10 ms", peer="7.00 ms", value=0.3, limit=0.45),
    Row(what="all of it", ours="120.5 s", peer="-", value=120.5, limit=150.0, unit=" s"),
    Row(what="slow", ours="2 s", peer="1 s", value=2.0, limit=1.0),
]


def test_the_page_of_a_run() -> None:
    text = page(ROWS, ["images could not run: it is not installed"], date(2026, 11, 25))
    assert f"Measured on 2026-11-25: {header().splitlines()[0]}; " in text
    assert "| a call \\| two | 2.10 ms | 7.00 ms | 0.30 | 0.45 |\n" in text
    assert "| all of it | 120.5 s | - | 120.50 s | 150.00 s |\n" in text
    assert "| slow | 2 s | 1 s | 2.00 (over) | 1.00 |\n" in text
    assert text.endswith("\nimages could not run: it is not installed\n")
    assert (table(ROWS).count("within"), table(ROWS).count("OVER")) == (2, 1)


def test_a_page_of_a_part_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "start", "--markdown", str(tmp_path / "page.md")])
    assert "leave --only out" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
