"""An organization: accounts under a root and organizational units, and the policies on each.

The sandbox's own and not moto's, which knows no invitations and makes member accounts of its own.
Values and plain changes only; `services/organizations` decides what is allowed, and when.
Source: AWS Organizations User Guide, terminology, inviting accounts, managing policies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
FULL_ACCESS = {SCP: "p-FullAWSAccess", RCP: "p-RCPFullAWSAccess"}
_FULL_NAME = {SCP: "FullAWSAccess", RCP: "RCPFullAWSAccess"}
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(slots=True, kw_only=True)
class Policy:
    """An SCP or RCP. content: the JSON text."""

    id: str
    name: str
    type: str
    description: str
    content: str
    aws_managed: bool = False


@dataclass(slots=True, kw_only=True)
class Node:
    """The root, an organizational unit or an account. attached: ids of policies, in order.

    joined: of an account: when, and how ("CREATED" for the management account, else "INVITED").
    """

    id: str
    kind: str
    name: str
    parent: str | None
    attached: list[str] = field(default_factory=list)
    joined: tuple[datetime, str] | None = None


@dataclass(slots=True, kw_only=True)
class Handshake:
    """An invitation. state: REQUESTED, ACCEPTED, DECLINED, CANCELED or EXPIRED."""

    id: str
    account: str
    state: str
    requested: datetime
    expires: datetime
    notes: str


@dataclass(slots=True, kw_only=True)
class Organization:
    """seed: what ids are derived from; made: how many of each kind have been."""

    id: str
    management: str
    root: str
    seed: str
    nodes: dict[str, Node]
    policies: dict[str, Policy]
    enabled: list[str]
    handshakes: dict[str, Handshake] = field(default_factory=dict)
    made: int = 0

    def new_id(self, prefix: str, length: int) -> str:
        """An id that is the same each time the same things are made in the same order."""
        self.made += 1
        return prefix + _letters(f"{self.seed}\0{prefix}\0{self.made}", length)

    def arn(self, kind: str, rest: str) -> str:
        """arn:aws:organizations::MANAGEMENT:KIND/o-…/REST"""
        return f"arn:aws:organizations::{self.management}:{kind}/{self.id}/{rest}"

    def node_arn(self, node: Node) -> str:
        kinds = {"ROOT": "root", "ORGANIZATIONAL_UNIT": "ou", "ACCOUNT": "account"}
        return self.arn(kinds[node.kind], node.id)

    def policy_arn(self, policy: Policy) -> str:
        owner = "aws" if policy.aws_managed else self.management
        middle = "" if policy.aws_managed else f"{self.id}/"
        return f"arn:aws:organizations::{owner}:policy/{middle}{policy.type.lower()}/{policy.id}"

    def path(self, node_id: str) -> list[Node]:
        """The nodes from the root down to one."""
        found: list[Node] = []
        at: str | None = node_id
        while at is not None:
            found.insert(0, self.nodes[at])
            at = self.nodes[at].parent
        return found

    def org_path(self, account: str) -> str:
        """The account's place as aws:PrincipalOrgPaths has it: o-…/r-…/ou-…/"""
        return "/".join([self.id, *(n.id for n in self.path(account) if n.kind != "ACCOUNT"), ""])

    def of_type(self, node: Node, kind: str) -> list[Policy]:
        """The policies of a type that are attached to a node."""
        return [p for p in (self.policies[i] for i in node.attached) if p.type == kind]

    def levels(self, account: str, kind: str) -> Iterator[tuple[Node, list[Policy]]]:
        """From the root to the account: each node and its policies of a type. Nothing when the
        type is not enabled, and for the management account, which policies do not bind."""
        if kind in self.enabled and account != self.management:
            for node in self.path(account):
                yield node, self.of_type(node, kind)

    def children(self, parent: str, kind: str) -> list[Node]:
        return [n for n in self.nodes.values() if n.parent == parent and n.kind == kind]

    def targets(self, policy: str) -> list[Node]:
        return [node for node in self.nodes.values() if policy in node.attached]

    def add(self, node: Node) -> None:
        """Put a node under its parent, with full access of each type that is enabled."""
        node.attached = [FULL_ACCESS[kind] for kind in self.enabled]
        self.nodes[node.id] = node

    def enable(self, kind: str) -> None:
        """Switch a type of policy on: full access is attached everywhere, so nothing changes."""
        self.enabled.append(kind)
        self.policies.setdefault(FULL_ACCESS[kind], full_access(kind))
        for node in self.nodes.values():
            node.attached.append(FULL_ACCESS[kind])

    def disable(self, kind: str) -> None:
        """Switch it off: every policy of the type is detached from everything."""
        self.enabled.remove(kind)
        for node in self.nodes.values():
            node.attached = [i for i in node.attached if self.policies[i].type != kind]

    def describe(self) -> dict[str, Any]:
        """What it holds, times apart: what two labs are compared by."""
        return {
            "id": self.id,
            "enabled": sorted(self.enabled),
            "nodes": {
                node.id: [node.kind, node.name, node.parent, sorted(node.attached)]
                for node in self.nodes.values()
            },
            "policies": {
                p.id: [p.name, p.type, p.description, json.loads(p.content)]
                for p in self.policies.values()
            },
            "handshakes": {h.id: [h.account, h.state] for h in self.handshakes.values()},
        }


def found(seed: str, management: str, count: int, now: datetime) -> Organization:
    """A new organization, all its features on, with nothing in it but the management account.

    count: how many this account founded before.
    """
    text = f"{seed}\0{management}\0{count}"
    made = Organization(
        id="o-" + _letters(f"{text}\0organization", 10),
        management=management,
        root="r-" + _letters(f"{text}\0root", 4),
        seed=text,
        nodes={},
        policies={FULL_ACCESS[SCP]: full_access(SCP)},
        enabled=[],
    )
    made.add(Node(id=made.root, kind="ROOT", name="Root", parent=None))
    made.add(account_node(management, made.root, now, "CREATED"))
    return made


def account_node(account: str, parent: str, now: datetime, how: str) -> Node:
    name = f"account-{account}"
    return Node(id=account, kind="ACCOUNT", name=name, parent=parent, joined=(now, how))


def full_access(kind: str) -> Policy:
    """AWS's own policy of a type, which allows everything."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    if kind == RCP:
        statement["Principal"] = "*"
    return Policy(
        id=FULL_ACCESS[kind],
        name=_FULL_NAME[kind],
        type=kind,
        description="Allows access to every operation",
        content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        aws_managed=True,
    )


def _letters(text: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    letters = []
    for _ in range(length):
        number, at = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[at])
    return "".join(letters)
