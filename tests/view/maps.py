"""Access maps as the control API tells them, of a few words: for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Sequence

from xacct_helpers.lab_api.access_map import (
    AccessMap,
    Account,
    Edge,
    Mark,
    Principal,
    Relation,
    Repository,
    account_of,
)

A, B, C = "111111111111", "222222222222", "333333333333"
RELATIONS: dict[str, Relation] = {"assume": "can-assume", "pull": "can-pull"}


def arn(name: str) -> str:
    """ "A:role/x" as the ARN that it stands for."""
    account, _, rest = name.partition(":")
    number = {"A": A, "B": B, "C": C}[account]
    if rest.startswith("repository/"):
        return f"arn:aws:ecr:us-east-1:{number}:{rest}"
    return f"arn:aws:iam::{number}:{rest}"


def edge(text: str) -> Edge:
    """ "B:role/b assume A:role/a both": an edge. The end is both, caller, resource or blanket."""
    source, relation, target, agreed = text.split()
    return Edge(
        source=arn(source),
        target=arn(target),
        relation=RELATIONS[relation],
        caller_agrees=agreed != "resource",
        resource_agrees=agreed != "caller",
        verdict="implicitDeny" if agreed in ("caller", "resource") else "allowed",
        blanket=agreed == "blanket",
    )


def mark(text: str) -> Mark:
    """ "A:role/a assume resource B": a mark; the accounts are letters, or "everyone"."""
    name, relation, side, accounts = text.split()
    everyone = accounts == "everyone"
    return Mark(
        arn=arn(name),
        relation=RELATIONS[relation],
        side="resource" if side == "resource" else "caller",
        accounts=(A, B, C) if everyone else tuple({"A": A, "B": B, "C": C}[x] for x in accounts),
        everyone=everyone,
    )


def told(names: Sequence[str], edges: Sequence[str] = (), marks: Sequence[str] = ()) -> AccessMap:
    """A map of A, B and C, each with its administrator, of these users, roles and repositories."""
    administrators = [f"{one}:user/admin" for one in "ABC"]
    everything = [
        f"{one} {relation} caller everyone"
        for relation in ("assume", "pull")
        for one in administrators
    ]
    found = [arn(one) for one in (*administrators, *names)]
    stored = [one for one in found if ":repository/" in one]
    return AccessMap(
        accounts=tuple(Account(id=one) for one in (A, B, C)),
        principals=tuple(
            Principal(
                arn=one,
                kind="role" if ":role/" in one else "user",
                name=one.rsplit("/", 1)[-1],
                account=account_of(one),
            )
            for one in found
            if one not in stored
        ),
        repositories=tuple(
            Repository(
                arn=one,
                name=one.rsplit("/", 1)[-1],
                account=account_of(one),
                region=one.split(":")[3],
            )
            for one in stored
        ),
        edges=tuple(edge(one) for one in edges),
        marks=tuple(mark(one) for one in (*everything, *marks)),
    )


COURSE = ["A:role/a", "A:repository/my-app", "B:role/b", "B:user/bob"]
#: The course's own picture: both accounts agree, and the role may pull.
WHOLE = told(
    COURSE,
    [
        "B:user/admin assume B:role/b blanket",
        "B:role/b assume A:role/a both",
        "A:user/admin pull A:repository/my-app blanket",
        "A:role/a pull A:repository/my-app both",
    ],
    ["B:role/b assume resource B"],
)


def large(principals: int) -> AccessMap:
    """So many principals in two accounts, most with an edge: a third of them from B's to A's
    roles, some half; A's roles pull; B's users assume B's roles; both administrators everything."""
    each = principals // 2 - 2
    roles, users = each * 2 // 3, each - each * 2 // 3
    names = [f"{one}:role/role-{at}" for one in "AB" for at in range(roles)]
    names += [f"{one}:user/user-{at}" for one in "AB" for at in range(users)]
    names += [f"A:repository/repository-{at}" for at in range(8)]
    sides = ("both", "both", "both", "caller", "resource")
    edges = [
        f"B:role/role-{at} assume A:role/role-{at * 7 % roles} {sides[at % 5]}"
        for at in range(roles)
    ]
    edges += [f"A:role/role-{at} pull A:repository/repository-{at % 8} both" for at in range(roles)]
    edges += [f"B:user/user-{at} assume B:role/role-{at * 2} both" for at in range(users)]
    edges += [
        f"{one}:user/admin assume {one}:role/role-{at} blanket"
        for one in "AB"
        for at in range(roles)
    ]
    return told(names, edges)
