"""Ids and secrets: a function of what is made and of the lab's seed, so the same on replay."""

from __future__ import annotations

import hashlib
import hmac

from ..sealed_tokens import new_secret
from .moto_imports import mock_random

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Ids:
    """What moto draws its ids and secrets from.

    prefix: of the unique ids that come next. given: the secret to come next instead of a new one.
    """

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._made: dict[tuple[str, str, str], int] = {}
        self.prefix = "AIDA"
        self.given: str | None = None

    def begin(self, account: str, operation: str, name: str) -> None:
        """Make the next ids a function of what is made, not of when."""
        count = self._made.get((account, operation, name), 0)
        self._made[account, operation, name] = count + 1
        self.begin_text("\0".join((account, operation, name, str(count))))

    def begin_text(self, text: str) -> None:
        """Make the next ids a function of a text."""
        mock_random.seed(hmac.new(self._seed, text.encode(), hashlib.sha256).hexdigest())

    def undo(self, account: str, operation: str, name: str) -> None:
        """What was begun has not been made."""
        self._made[account, operation, name] -= 1

    def clear(self) -> None:
        """As if nothing had ever been made."""
        self._made.clear()

    def close(self) -> None:
        """Let moto draw at random again."""
        mock_random.seed()

    def letters(self, count: int) -> str:
        return "".join(mock_random.choice(_ALPHABET) for _ in range(count))

    def unique_id(self) -> str:
        """A unique id of the kind that is being made."""
        return self.prefix + self.letters(17)

    def secret(self, length: int) -> str:
        """The secret given, once, else characters from the operating system."""
        if self.given is not None:
            given, self.given = self.given, None
            return given
        return new_secret(length)

    def digest(self, text: str) -> bytes:
        """32 bytes for the text, of this lab alone."""
        return hmac.new(self._seed, text.encode(), hashlib.sha256).digest()
