"""Say before a cell runs that another notebook has moved the accounts meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..course import account_moves, progress


def watch(shell: Any, folder: Path) -> None:
    """Look before each cell of a shell at what others did to the accounts of a lab."""
    watcher = account_moves.Watcher(folder)

    def before_cell(_info: Any) -> None:
        move = watcher.news()
        if move is not None:
            print(sentence(move, progress.open_notebook()))

    shell.events.register("pre_run_cell", before_cell)


def sentence(move: account_moves.Move, here: str | None) -> str:
    """What was done, by which notebook, and how to go on. here: the notebook that is told."""
    by = f"Notebook {move.notebook}" if move.notebook else "Another notebook or program"
    words = f"{by} has moved your accounts: {move.words}."
    if here is None:
        return words
    before = int(here) - 1
    way = f"lab.catch_up(through={before})" if before >= 0 else "lab.reset()"
    return f"{words} {way} puts them where this notebook begins."
