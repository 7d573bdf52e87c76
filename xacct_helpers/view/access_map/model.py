"""The access map as the control API tells it, in values: who, what, and the edges between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...workspace import ACCOUNT_A, ACCOUNT_B, account_name

#: A source that has agreed to everything gets one line into an account where it has more than this.
BUNDLE_OVER = 3


@dataclass(frozen=True, kw_only=True)
class Node:
    """A user, a role or a repository."""

    arn: str
    kind: str
    name: str
    account: str

    @property
    def label(self) -> str:
        return f"{self.name} ({account_name(self.account)})"


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Who "can-assume" or "can-pull" what, wholly or by half. blanket: no one is meant by name."""

    source: str
    target: str
    relation: str
    caller_agrees: bool
    resource_agrees: bool
    verdict: str
    blanket: bool
    external_id: str | None = None

    @property
    def key(self) -> str:
        return f"{self.relation} {self.source} {self.target}"

    @property
    def full(self) -> bool:
        return self.verdict == "allowed"

    @property
    def crosses(self) -> bool:
        return account_of(self.source) != account_of(self.target)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What one who agrees to everything may reach in one account, all that does likewise."""

    edges: tuple[Edge, ...]

    @property
    def source(self) -> str:
        return self.edges[0].source

    @property
    def relation(self) -> str:
        return self.edges[0].relation

    @property
    def account(self) -> str:
        return account_of(self.edges[0].target)

    @property
    def key(self) -> str:
        return f"{self.relation} {self.source} {self.account}"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Agreement with everybody ("resource") or with everything ("caller") of some accounts."""

    arn: str
    relation: str
    side: str
    accounts: tuple[str, ...]
    everyone: bool
    external_id: str | None = None


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


def account_of(arn: str) -> str:
    """The account in an ARN."""
    return arn.split(":")[4]


def read(told: Mapping[str, Any]) -> Map:
    """The answer of GET /_lab/map."""

    def nodes(some: Sequence[Mapping[str, Any]], kind: str = "") -> tuple[Node, ...]:
        return tuple(
            Node(
                arn=one["arn"],
                kind=kind or one["kind"],
                name=one["name"],
                account=one["account"],
            )
            for one in some
        )

    return Map(
        accounts=tuple(one["id"] for one in told["accounts"]),
        nodes=nodes(told["principals"]) + nodes(told["repositories"], "repository"),
        edges=edges(told["edges"]),
        marks=marks(told["marks"]),
    )


def edges(told: Iterable[Mapping[str, Any]]) -> tuple[Edge, ...]:
    """Edges as the control API tells them."""
    return tuple(Edge(**one) for one in told)


def marks(told: Iterable[Mapping[str, Any]]) -> tuple[Mark, ...]:
    """Marks as the control API tells them."""
    return tuple(Mark(**{**one, "accounts": tuple(one["accounts"])}) for one in told)
