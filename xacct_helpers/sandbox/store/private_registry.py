"""What an account's private registry in one region keeps beside its repositories and images.

moto keeps settings too, but acts on none of them, so they are kept here as values, and the modules
that act on them read them. Repositories and images are named, not held: what is said of one that is
deleted has to be forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Place = tuple[str, str]
"""(region, account) of a registry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """A repository's lifecycle policy. evaluated: when it was last applied; None before that."""

    text: str
    since: datetime
    evaluated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a lifecycle policy would do: (digest, priority of the rule), in the order of expiry."""

    text: str
    results: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class PrivateRegistry:
    """scans: when each (repository, digest) was scanned. replications: of each of them to each
    place, the failure's code, or "" for a copy that was made."""

    policy: str | None = None
    replication: Mapping[str, Any] = field(default_factory=lambda: {"rules": []})
    scanning: Mapping[str, Any] = field(default_factory=lambda: {"scanType": "BASIC", "rules": []})
    lifecycles: dict[str, Lifecycle] = field(default_factory=dict)
    previews: dict[str, Preview] = field(default_factory=dict)
    scans: dict[tuple[str, str], datetime] = field(default_factory=dict)
    replications: dict[tuple[str, str], dict[Place, str]] = field(default_factory=dict)

    def forget_repository(self, name: str) -> None:
        """Nothing more about a repository that is gone."""
        self.lifecycles.pop(name, None)
        self.previews.pop(name, None)
        self.forget_images(name, ())

    def forget_images(self, name: str, left: Collection[str]) -> None:
        """Nothing more about the images of a repository but those whose digests are left."""
        for kept in (self.scans, self.replications):
            for key in [key for key in kept if key[0] == name and key[1] not in left]:
                del kept[key]

    def describe(self) -> dict[str, Any]:
        """Everything but times, and but what is said of single images."""
        return {
            "policy": self.policy,
            "replication": self.replication,
            "scanning": self.scanning,
            "lifecycles": {name: one.text for name, one in sorted(self.lifecycles.items())},
        }

    @property
    def is_set(self) -> bool:
        """Whether anything was set."""
        return self.describe() != PrivateRegistry().describe()
