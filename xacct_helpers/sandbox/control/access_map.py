"""The access map: who can assume which role and pull from which repository, asked of the engine.

Every user and role is put to every role and repository, with what the gate would gather for them,
and both halves of the answer are kept. Across accounts a half alone is worth an edge when it is
meant for this very pair; one that would hold for anybody of the other account (an administrator's
"*", a trust in the whole account) is a mark on its principal or role instead. Which of the two it
is the engine tells as well: it is asked about principals and roles that do not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ...lab_api.access_map import AccessMap, Account, Edge, Mark, Principal, Relation
from ...policy import Answer, Target, build_request, evaluate, who_can
from ..permission_checks import CheckedPermission
from .map_inputs import ACTIONS, Accounts, Who, gathered

if TYPE_CHECKING:
    from ..store.state import State


_EXTERNAL_ID = "sts:ExternalId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the engine said."""

    edges: tuple[Edge, ...]
    marks: tuple[Mark, ...]


# -- asking the engine -----------------------------------------------------------------------


def drawn(accounts: Accounts) -> Drawn:
    """Every edge and every mark, in the order of the principals and of the targets."""
    edges: list[Edge] = []
    marks: list[Mark] = []
    for relation in ACTIONS:
        some, more = _drawn(accounts, relation)
        edges += some
        marks += more
    return Drawn(edges=tuple(edges), marks=tuple(marks))


def _drawn(accounts: Accounts, relation: Relation) -> tuple[list[Edge], list[Mark]]:
    principals = accounts.principals
    ways = {action: _ways(accounts.targets[action]) for action in ACTIONS[relation]}
    targets = ways[ACTIONS[relation][0]]
    everywhere = tuple(one.principal.account for one in accounts.anybody)
    requesters = [*(who.requester for who in principals), *accounts.anybody]
    answers = [
        who_can(action, requesters, [*some, *accounts.anything[action]])
        for action, some in ways.items()
    ]

    def answers_to(at: int, to: int) -> list[Answer]:
        return [rows[at][to] for rows in answers]

    # For each principal the accounts of which it may reach anything; for each target, those of
    # which it lets in anybody.
    reaching = [
        {
            account
            for offset, account in enumerate(everywhere, len(targets))
            if all(one.caller_agrees for one in answers_to(at, offset))
        }
        for at in range(len(principals))
    ]
    letting = [
        {
            account
            for offset, account in enumerate(everywhere, len(principals))
            if all(one.resource_agrees for one in answers_to(offset, to))
        }
        for to in range(len(targets))
    ]
    edges = [
        edge
        for at, who in enumerate(principals)
        for to, first in enumerate(answers[0][at][: len(targets)])
        if (first.caller_agrees or first.resource_agrees)
        and (
            edge := _edge(who, targets[to], relation, answers_to(at, to), reaching[at], letting[to])
        )
    ]
    marks = [
        _mark(who.arn, relation, "caller", reaching[at], everywhere)
        for at, who in enumerate(principals)
    ]
    plainly: dict[str, set[str]] = {}
    for to, one in enumerate(targets):
        # Within an account a repository needs no policy to let in whoever has the permission.
        known = plainly.setdefault(one.arn, {one.account} if relation == "can-pull" else set())
        mark = _mark(one.arn, relation, "resource", letting[to] - known, everywhere)
        marks.append(replace(mark, external_id=_external_id(one)))
        known |= letting[to]
    return _best(edges), [mark for mark in marks if mark.accounts or mark.everyone]


def _ways(targets: Iterable[Target]) -> list[Target]:
    """Each target as a plain call asks for it, and then with each external id that its trust
    policy speaks of. Which of them it takes is for the engine to say."""
    return [
        way
        for one in targets
        for way in (
            one,
            *(
                replace(one, context={**one.context, _EXTERNAL_ID: value})
                for value in _external_ids(one)
            ),
        )
    ]


def _external_ids(target: Target) -> tuple[str, ...]:
    statements = target.policy.document.statements if target.policy else ()
    found = (
        value
        for statement in statements
        for condition in statement.conditions
        if condition.key.lower() == _EXTERNAL_ID.lower()
        for value in condition.values
    )
    return tuple(dict.fromkeys(found))


def _external_id(target: Target) -> str | None:
    value = target.context.get(_EXTERNAL_ID)
    return value if isinstance(value, str) else None


def _best(edges: Sequence[Edge]) -> list[Edge]:
    """One edge for a pair: a whole one rather than a half, and without an external id if it goes
    without."""
    found: dict[str, Edge] = {}
    for edge in edges:
        known = found.get(edge.key)
        if known is None or edge.full > known.full:
            found[edge.key] = edge
    return list(found.values())


def _edge(
    who: Who,
    target: Target,
    relation: Relation,
    answers: Sequence[Answer],
    reaching: set[str],
    letting: set[str],
) -> Edge | None:
    """The pair as an edge; None when all there is is one account's agreement with everybody."""
    refused = next((one for one in answers if one.verdict != "allowed"), None)
    any_target, anybody = target.account in reaching, who.account in letting
    edge = Edge(
        source=who.arn,
        target=target.arn,
        relation=relation,
        caller_agrees=all(one.caller_agrees for one in answers),
        resource_agrees=all(one.resource_agrees for one in answers),
        verdict=refused.verdict if refused else "allowed",
        blanket=any_target and anybody,
        external_id=_external_id(target),
    )
    if edge.full:
        return edge
    if edge.caller_agrees == edge.resource_agrees:
        return None
    return None if (any_target if edge.caller_agrees else anybody) else edge


def _mark(
    arn: str,
    relation: Relation,
    side: Literal["caller", "resource"],
    accounts: set[str],
    everywhere: Sequence[str],
) -> Mark:
    return Mark(
        arn=arn,
        relation=relation,
        side=side,
        accounts=tuple(one for one in everywhere[:-1] if one in accounts),
        everyone=all(one in accounts for one in everywhere),
        external_id=None,
    )


# -- answers of the control API --------------------------------------------------------------


def map_of(state: State) -> AccessMap:
    """GET /_lab/map."""
    accounts = gathered(state)
    found = drawn(accounts)
    return AccessMap(
        accounts=tuple(Account(id=account) for account in accounts.ids),
        principals=tuple(
            Principal(arn=who.arn, kind=who.kind, name=who.name, account=who.account)
            for who in accounts.principals
        ),
        repositories=accounts.repositories,
        edges=found.edges,
        marks=found.marks,
    )


def why(state: State, source: str, target: str, relation: str) -> CheckedPermission:
    """One pair of the map with every step of the decision: the action that is refused, or the
    first when all are allowed, with an external id if it takes one. ValueError for a pair that
    the map does not have."""
    actions = next((found for name, found in ACTIONS.items() if name == relation), None)
    if actions is None:
        raise ValueError(f"A relation is one of {', '.join(ACTIONS)}.")
    accounts = gathered(state)
    who = next((one for one in accounts.principals if one.arn == source), None)
    if who is None:
        raise ValueError(f"The map has no user or role {source}.")
    decided: list[CheckedPermission] = []
    for action in actions:
        found = [one for one in accounts.targets[action] if one.arn == target]
        if not found:
            kind = "role" if relation == "can-assume" else "repository"
            raise ValueError(f"The map has no {kind} {target}.")
        ways = [_decided(action, who, way) for way in _ways(found)]
        decided.append(next((one for one in ways if one.decision.allowed), ways[0]))
    return next((one for one in decided if not one.decision.allowed), decided[0])


def _decided(action: str, who: Who, target: Target) -> CheckedPermission:
    request, policies = build_request(action, who.requester, target)
    return CheckedPermission(
        request=request, policies=policies, decision=evaluate(request, policies)
    )
