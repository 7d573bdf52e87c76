"""The policies of a request with a statement less, more or another: new values, no change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..evaluation.decision import StatementResult
from ..evaluation.request import NamedPolicy, Policies
from ..language.document import parse
from ..language.model import Statement, plain


def without(policies: Policies, layer: str, statements: Iterable[StatementResult]) -> Policies:
    """The policies without these statements of a layer, as `evaluate` told of them."""
    # A result holds the very object its statement holds: the one sure way back to it.
    cut = {id(one.raw) for one in statements}

    def change(policy: NamedPolicy) -> NamedPolicy:
        kept = tuple(one for one in policy.document.statements if id(one.raw) not in cut)
        return replace(policy, document=replace(policy.document, statements=kept))

    return _map(policies, layer, change)


def with_another(
    policies: Policies,
    layer: str,
    policy: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Policies:
    """The policies with a statement of one of them written otherwise.

    policy: the policy's name; before, after: the statement as JSON would hold it.
    """
    (new,) = parse({"Version": "2012-10-17", "Statement": [plain(after)]}).statements

    def each(one: Statement) -> Statement:
        return replace(new, index=one.index) if plain(one.raw) == before else one

    def change(named: NamedPolicy) -> NamedPolicy:
        if named.name != policy:
            return named
        changed = tuple(each(one) for one in named.document.statements)
        return replace(named, document=replace(named.document, statements=changed))

    return _map(policies, layer, change)


def with_statement(
    policies: Policies, layer: str, level: int, statement: Mapping[str, Any]
) -> Policies:
    """The policies with one statement more in a layer.

    level: of SCPs and RCPs, counted from the root.
    """
    document = parse({"Version": "2012-10-17", "Statement": [statement]})
    new = (NamedPolicy(name="the suggested statement", document=document),)
    if layer == "identity":
        return replace(policies, identity=policies.identity + new)
    if layer == "boundary":
        return replace(policies, boundary=(policies.boundary or ()) + new)
    if layer == "session":
        return replace(policies, session=(policies.session or ()) + new)
    if layer == "scp":
        return replace(policies, scps=_at_level(policies.scps, level, new))
    if layer == "rcp":
        return replace(policies, rcps=_at_level(policies.rcps, level, new))
    if policies.resource is None:
        return replace(policies, resource=new[0])
    merged = replace(
        policies.resource.document,
        statements=policies.resource.document.statements + document.statements,
    )
    return replace(policies, resource=replace(policies.resource, document=merged))


def _map(policies: Policies, layer: str, change: Callable[[NamedPolicy], NamedPolicy]) -> Policies:
    """The policies with each policy of one layer changed."""

    def each(many: tuple[NamedPolicy, ...] | None) -> tuple[NamedPolicy, ...]:
        assert many is not None  # where there are statements there are policies
        return tuple(change(one) for one in many)

    if layer == "identity":
        return replace(policies, identity=each(policies.identity))
    if layer == "boundary":
        return replace(policies, boundary=each(policies.boundary))
    if layer == "session":
        return replace(policies, session=each(policies.session))
    if layer == "scp":
        return replace(policies, scps=tuple(each(level) for level in policies.scps))
    if layer == "rcp":
        return replace(policies, rcps=tuple(each(level) for level in policies.rcps))
    return replace(
        policies,
        resource=change(policies.resource) if policies.resource else None,
        registry=change(policies.registry) if policies.registry else None,
    )


def _at_level(
    levels: tuple[tuple[NamedPolicy, ...], ...], at: int, new: tuple[NamedPolicy, ...]
) -> tuple[tuple[NamedPolicy, ...], ...]:
    return (*levels[:at], levels[at] + new, *levels[at + 1 :])
