"""The access map as it is drawn: whom and what it shows, and which edges go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ...lab_api.access_map import AccessMap, Edge, Mark, Relation, account_of
from ...workspace import ACCOUNT_A, ACCOUNT_B, account_name

#: A source that has agreed to everything gets one line into an account where it has more than this.
BUNDLE_OVER = 3


@dataclass(frozen=True, kw_only=True)
class Node:
    """A user, a role or a repository."""

    arn: str
    kind: Literal["user", "role", "repository"]
    name: str
    account: str

    @property
    def label(self) -> str:
        return f"{self.name} ({account_name(self.account)})"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What one who agrees to everything may reach in one account, all that does likewise."""

    edges: tuple[Edge, ...]

    @property
    def source(self) -> str:
        return self.edges[0].source

    @property
    def relation(self) -> Relation:
        return self.edges[0].relation

    @property
    def account(self) -> str:
        return account_of(self.edges[0].target)

    @property
    def key(self) -> str:
        return f"{self.relation} {self.source} {self.account}"


@dataclass(frozen=True)
class Map:
    """All of it. `nodes` in the lab's order, principals before repositories."""

    accounts: tuple[str, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    marks: tuple[Mark, ...]

    @cached_property
    def by_arn(self) -> Mapping[str, Node]:
        return {node.arn: node for node in self.nodes}

    @cached_property
    def touched(self) -> frozenset[str]:
        """The ARNs at which an edge begins or ends."""
        return frozenset(arn for edge in self.edges for arn in (edge.source, edge.target))

    @cached_property
    def administrators(self) -> frozenset[str]:
        """Whose own account lets them assume any role and pull any image."""
        by_relation = [
            {m.arn for m in self.marks if m.side == "caller" and m.everyone and m.relation == one}
            for one in ("can-assume", "can-pull")
        ]
        return frozenset(by_relation[0] & by_relation[1])

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """The accounts in which there is something to see: the learner's two, and others that
        hold more than an administrator without any edge. All of them, when that would be none."""
        lively = {
            node.account
            for node in self.nodes
            if node.arn not in self.administrators or node.arn in self.touched
        }
        found = tuple(
            one for one in self.accounts if one in lively or one in (ACCOUNT_A, ACCOUNT_B)
        )
        return found or self.accounts

    @cached_property
    def lines(self) -> tuple[Edge | Bundle, ...]:
        """The edges as they are drawn: those that a "*" makes many of, bundled."""
        groups: dict[tuple[str, str, str], list[Edge]] = {}
        for edge in self.edges:
            if edge.blanket and edge.full:
                place = (edge.source, edge.relation, account_of(edge.target))
                groups.setdefault(place, []).append(edge)
        many = {
            edge: tuple(some)
            for some in groups.values()
            if len(some) > BUNDLE_OVER
            for edge in some
        }
        found: dict[str, Edge | Bundle] = {}
        for edge in self.edges:
            line = Bundle(edges=many[edge]) if edge in many else edge
            found.setdefault(line.key, line)
        return tuple(found.values())

    @cached_property
    def at_a_line(self) -> frozenset[str]:
        """The ARNs at which something is drawn; what a bundle reaches is not among them."""
        ends = (
            (line.source,) if isinstance(line, Bundle) else (line.source, line.target)
            for line in self.lines
        )
        return frozenset(arn for some in ends for arn in some)


def read(found: AccessMap) -> Map:
    """The map that the sandbox sent."""
    principals = (
        Node(arn=one.arn, kind=one.kind, name=one.name, account=one.account)
        for one in found.principals
    )
    repositories = (
        Node(arn=one.arn, kind="repository", name=one.name, account=one.account)
        for one in found.repositories
    )
    return Map(
        accounts=tuple(one.id for one in found.accounts),
        nodes=(*principals, *repositories),
        edges=found.edges,
        marks=found.marks,
    )
