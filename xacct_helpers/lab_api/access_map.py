"""The access map: who can assume which role and pull from which repository, and what would change.

An edge joins a user or role to a role or repository. Across accounts it is whole when both have
agreed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Relation = Literal["can-assume", "can-pull"]


def account_of(arn: str) -> str:
    """The account in an ARN."""
    return arn.split(":")[4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One of the lab's."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user or a role."""

    arn: str
    kind: Literal["user", "role"]
    name: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository of images."""

    arn: str
    name: str
    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One pair of which at least one account has agreed.

    verdict: "allowed", "explicitDeny" or "implicitDeny". blanket: neither account means the other's
    principal or role in particular. external_id: the one that the call has to bring for this to be
    so; None when it needs none.
    """

    source: str
    target: str
    relation: Relation
    caller_agrees: bool
    resource_agrees: bool
    verdict: Literal["allowed", "explicitDeny", "implicitDeny"]
    blanket: bool
    external_id: str | None = None

    @property
    def key(self) -> str:
        """What tells it from the map's other edges."""
        return f"{self.relation} {self.source} {self.target}"

    @property
    def full(self) -> bool:
        """Whether nobody stands off."""
        return self.verdict == "allowed"

    @property
    def crosses(self) -> bool:
        """Whether it leads from one account to another."""
        return account_of(self.source) != account_of(self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An agreement with everybody, or with everything, of some accounts.

    side: "caller" when a principal may assume (or pull from) whatever they have, "resource" when
    a role (or repository) lets in whomever they have. everyone: whatever the account.
    external_id: as of an edge.
    """

    arn: str
    relation: Relation
    side: Literal["caller", "resource"]
    accounts: tuple[str, ...]
    everyone: bool
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessMap:
    """All of it, in the lab's order. GET map"""

    accounts: tuple[Account, ...]
    principals: tuple[Principal, ...]
    repositories: tuple[Repository, ...]
    edges: tuple[Edge, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkChanges:
    """The marks that come and go."""

    appear: tuple[Mark, ...] = ()
    vanish: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MapChanges:
    """What a call would change. POST preview

    complete: a half that becomes whole; break_: a whole one that is left with a half. Edges are as
    they would be then, but for those that vanish.
    """

    appear: tuple[Edge, ...]
    vanish: tuple[Edge, ...]
    complete: tuple[Edge, ...]
    break_: tuple[Edge, ...]
    marks: MarkChanges
