"""The lab's clock: real time plus an offset that a lesson can advance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class Clock:
    """now() is real time moved by what `advance` added; `pinned` holds it still during a replay."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._pinned: datetime | None = None

    def now(self) -> datetime:
        """Aware, in UTC."""
        return self._pinned or datetime.now(UTC) + self.offset

    def second(self) -> datetime:
        """The same without a fraction of a second, as AWS keeps most times."""
        return self.now().replace(microsecond=0)

    def real(self) -> datetime:
        """Real time: what signatures are judged by, because clients sign with their own clock."""
        return datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Move the lab's time forward; ValueError as for `check`."""
        self.check(seconds)
        self.offset += timedelta(seconds=seconds)

    def check(self, seconds: float) -> None:
        """ValueError for a step that the clock cannot make: backwards, or out of the calendar."""
        if not seconds >= 0:
            raise ValueError("The clock moves forward only; reset the lab to go back.")
        try:
            # a year to spare, for what is dated ahead of now
            datetime.now(UTC) + self.offset + timedelta(seconds=seconds, days=366)
        except OverflowError as error:
            raise ValueError("The clock cannot go beyond the year 9998.") from error

    def pin(self, moment: datetime | None) -> None:
        """Hold the clock at a moment (a replayed call's time), or let it run again with None."""
        self._pinned = moment

    @contextmanager
    def held(self) -> Iterator[None]:
        """One call, one time: what it does, what it answers and what is journalled agree."""
        self.pin(self.now())
        try:
            yield
        finally:
            self.pin(None)
