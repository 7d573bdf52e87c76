"""What was acknowledged, written before it is: the lab's only lasting state besides image bytes.

A file of JSON lines. The first names the format and holds the lab's seed, sealing key and the
administrators' secrets; each further line is one change, with its time and what chance gave it
(a secret). Started again, the sandbox performs the same changes in the same order.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...atomic_files import write_whole

FORMAT = 1
Record = dict[str, Any]
# What the header and the record of a change hold at least.
_HEADER = {"format", "created", "seed", "key", "accounts"}
_CHANGE = {"t", "a", "s", "o", "r", "p"}


class JournalError(Exception):
    """The journal cannot be used; the text says what to do."""


class TooManySnapshots(Exception):
    """As many snapshots are kept as may be; the text says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A journal that was there already: its header, its records, and what was dropped."""

    header: Record
    records: list[Record]
    torn: bool


class Journal:
    """Appends records. path None keeps them in memory only (a sandbox without --state)."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._memory: list[bytes] = []

    # -- reading -----------------------------------------------------------------------------

    def open(self) -> Opened | None:
        """What the journal holds, or None before it is begun.

        A last record that a crash cut short was never acknowledged: it is dropped, and `torn`
        says so. Raises JournalError for a journal of another format or one damaged in the middle.
        """
        if self.path is None or not self.path.exists():
            return None
        raw = self.path.read_bytes()
        if not raw.strip():
            return None
        whole, _, rest = raw.rpartition(b"\n")
        if not whole:
            return None
        header, *records = whole.split(b"\n")
        found = self._header(header)
        parsed = [self._record(line, number) for number, line in enumerate(records, 2)]
        if rest:
            with self.path.open("r+b") as file:
                file.truncate(len(whole) + 1)
                os.fsync(file.fileno())
        return Opened(header=found, records=parsed, torn=bool(rest))

    def _header(self, line: bytes) -> Record:
        header = self._record(line, 1)
        if header.get("format") != FORMAT:
            raise JournalError(
                f"{self.path} is a journal of format {header.get('format')!r}; this version reads "
                f"format {FORMAT}. Use the version of xacct that wrote it, or start afresh with "
                "`xacct reset`."
            )
        if not header.keys() >= _HEADER or not isinstance(header["accounts"], dict):
            raise self._damaged(1)
        return header

    def _record(self, line: bytes, number: int) -> Record:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise self._damaged(number) from error
        if not isinstance(record, dict) or not (
            number == 1 or "clock" in record or record.keys() >= _CHANGE
        ):
            raise self._damaged(number)
        return record

    def _damaged(self, number: int) -> JournalError:
        return JournalError(
            f"{self.path} is damaged at line {number}. Move it away to keep it, then start "
            "afresh with `xacct reset`."
        )

    # -- writing -----------------------------------------------------------------------------

    def start(self, header: Record, records: list[Record] | None = None) -> None:
        """A new journal in place of what was there, in one step: whole or not at all."""
        lines = [self._line(record) for record in [{"format": FORMAT, **header}, *(records or [])]]
        if self.path is None:
            self._memory = lines
            return
        write_whole(self.path, b"".join(lines), durable=True)

    def append(self, record: Record) -> None:
        """Add a record, on disk before this returns. On OSError the journal is as before."""
        line = self._line(record)
        if self.path is None:
            self._memory.append(line)
            return
        # Unbuffered: what a full disk cut short must not be written by a later flush.
        with self.path.open("ab", buffering=0) as file:
            before = os.fstat(file.fileno()).st_size
            try:
                written = 0
                while written < len(line):
                    written += file.write(line[written:]) or 0
                os.fsync(file.fileno())
            except OSError:
                file.truncate(before)
                raise

    def records(self) -> list[Record]:
        """All records after the header."""
        if self.path is None:
            return [json.loads(line) for line in self._memory[1:]]
        opened = self.open()
        return opened.records if opened else []

    def copy_to(self, target: Path) -> None:
        """The journal as it is now, under another name."""
        if self.path is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, self.path.read_bytes(), durable=True)

    @staticmethod
    def _line(record: Record) -> bytes:
        return json.dumps(record, separators=(",", ":")).encode() + b"\n"
