"""A bar for long work, in a terminal and in a notebook, that leaves nothing but a line behind.

It is text over which the next text is written (a carriage return): JupyterLab and terminals show
the bar moving, nbval and nbconvert see only the last line. Elsewhere (a pipe, a file, output that
is caught) nothing is drawn.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

#: Work that is done sooner shows no bar.
QUIET_SECONDS = 0.5
#: Bytes from which on moving them may be long. By size and not by time, so that the line that is
#: left behind is there on every machine or on none.
LARGE = 8 * 1024 * 1024
_BETWEEN_SECONDS = 0.1
_CELLS = 24


@contextmanager
def progress_bar(
    what: str, total: int, words: Callable[[int], str], *, leaves: str = ""
) -> Iterator[Callable[[int], None]]:
    """Gives a function to call with how much is done, from 0 to total.

    what: the work, as the bar begins. words: how much is done, said of that number.
    leaves: the line to leave behind when the work is done, however long it took; "" where the
            caller prints one. The bar is gone when the work ends, in an error too.
    """
    stream = sys.stdout
    if not _is_watched(stream):
        yield _nothing
        return
    begun = drawn = time.monotonic()
    width = 0

    def done(count: int) -> None:
        nonlocal drawn, width
        now = time.monotonic()
        if now - begun < QUIET_SECONDS or (width and now - drawn < _BETWEEN_SECONDS):
            return
        drawn = now
        filled = _CELLS * min(count, total) // max(total, 1)
        line = f"{what} [{'#' * filled}{'-' * (_CELLS - filled)}] {words(count)}"
        _overwrite(stream, line.ljust(width))
        width = max(width, len(line))

    try:
        yield done
    finally:
        if width:
            _overwrite(stream, " " * width)
            _overwrite(stream, "")
    if leaves:
        print(leaves, file=stream)


@contextmanager
def bytes_bar(what: str, done: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar for `total` bytes when they are many; gives a function to call with how many more.

    what: the work, as the bar begins; done: as the line that it leaves begins.
    """
    if total < LARGE:
        yield _nothing
        return
    moved = 0
    line = f"{done}: {total:,} bytes."
    with progress_bar(what, total, lambda n: f"{n >> 20} of {total >> 20} MiB", leaves=line) as bar:

        def more(count: int) -> None:
            nonlocal moved
            moved += count
            bar(moved)

        yield more


def _overwrite(stream: TextIO, line: str) -> None:
    stream.write(f"\r{line}")
    stream.flush()


def _nothing(count: int) -> None:
    """The progress of work that nobody watches."""


def _is_watched(stream: TextIO) -> bool:
    """A terminal, or a notebook's cell."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel.")
