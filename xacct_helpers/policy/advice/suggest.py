"""The smallest change, to the call or to the policies, that would allow a refused request.

Every answer is proved: the changed policies are evaluated again, and a set of changes that does
not lead to allowed is never given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

from ..evaluation.decision import Decision, LayerResult, StatementResult, near_misses
from ..evaluation.evaluate import evaluate
from ..evaluation.layer_names import LAYER_NAMES
from ..evaluation.principals import Principal
from ..evaluation.request import NamedPolicy, Policies, Request, derived_context
from ..language.model import plain
from .corrections import Correction, corrections
from .edits import with_another, with_statement, without

_ORDER = ("identity", "trust", "resource", "boundary", "session", "scp", "rcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One statement to add, to remove or to correct, or something to send with the call.

    side_account: the account whose administrator, or whose program, has to do it.
    policy:       the policy's name, or what kind of policy to write where one is missing.
    statement:    the statement, as JSON would hold it; of "send" the condition key and its value.
    replaces:     of "replace": the statement as it is, in whose place the other one goes.
    level:        of an SCP or RCP to add to: which level, counted from the root.
    """

    side_account: str
    layer: str
    change: Literal["add", "remove", "replace", "send"]
    policy: str
    statement: Mapping[str, Any]
    sentence: str
    level: int = 0
    replaces: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addition:
    """An Allow to add to a layer that is silent, or one of its own to correct."""

    layer: str
    level: int
    statement: Mapping[str, Any]
    correction: Correction | None = None

    def made(self, policies: Policies) -> Policies:
        """The policies with it."""
        if self.correction is None:
            return with_statement(policies, self.layer, self.level, self.statement)
        result = self.correction.result
        before = plain(result.raw)
        return with_another(policies, self.layer, result.policy, before, self.statement)


def suggest(request: Request, policies: Policies, decision: Decision) -> tuple[Suggestion, ...]:
    """The smallest set of statements to change that flips the decision to allowed.

    Explicit denies that match have to go, each. Where a statement would do if the caller sent
    what its condition asks for, that is the answer; else the fewest Allows that suffice are added,
    or corrected where an Allow misses by a typo.
    () when the request is allowed already, and when nothing of this kind helps.
    """
    if decision.allowed:
        return ()
    cleared, removed = _without_denies(policies, decision)
    if evaluate(request, cleared).allowed:
        return removed
    sent = _sent(request, cleared)
    if sent:
        return (*removed, *sent)
    additions = _additions(request, cleared)
    for count in range(1, len(additions) + 1):
        for chosen in combinations(additions, count):
            changed = cleared
            for one in chosen:
                changed = one.made(changed)
            if evaluate(request, changed).allowed:
                told = tuple(_told(one, policies, decision) for one in chosen)
                return (*removed, *told)
    return ()


# Condition keys whose value is a parameter of the call and needs no permission of its own (tags and
# a source identity do). Source: Service Authorization Reference, AWS STS, AssumeRole.
_PARAMETERS = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
_EXACT = ("StringEquals", "StringLike", "StringEqualsIgnoreCase")


def _sent(request: Request, policies: Policies) -> tuple[Suggestion, ...]:
    """What the caller would have to send for statements that are there; () when that is not it."""
    found: list[Suggestion] = []
    decision = evaluate(request, policies)
    for _ in _PARAMETERS:
        asked = _asked_for(decision)
        if asked is None:
            return ()
        layer, one, key, value = asked
        request = replace(request, context={**request.context, key: value})
        decision = evaluate(request, policies)
        found.append(
            Suggestion(
                side_account=decision.caller_account,
                layer=layer,
                change="send",
                policy=one.policy,
                statement={key: value},
                sentence=(
                    f"{_who(decision.caller_account)} sends {_PARAMETERS[key.lower()]} "
                    f'"{value}" with the call: {one.policy} asks for it.'
                ),
            )
        )
        if decision.allowed:
            return tuple(found)
    return ()


def _asked_for(decision: Decision) -> tuple[str, StatementResult, str, str] | None:
    """A layer's statement that lacks nothing but a parameter of the call, and which value."""
    for layer in decision.layers:
        for one in near_misses(layer) if layer.outcome == "implicitDeny" else ():
            mismatch = one.mismatch
            assert mismatch is not None  # no near miss is without
            if mismatch.key.lower() not in _PARAMETERS or mismatch.operator not in _EXACT:
                continue
            wanted = one.raw["Condition"][mismatch.operator][mismatch.key]
            for value in [wanted] if isinstance(wanted, str) else wanted:
                if not re.search(r"[*?$]", str(value)):
                    return layer.layer, one, mismatch.key, str(value)
    return None


def _without_denies(
    policies: Policies, decision: Decision
) -> tuple[Policies, tuple[Suggestion, ...]]:
    """The policies without the Deny statements that matched, and those statements."""
    removed: list[Suggestion] = []
    for layer in decision.layers:
        denying = [one for one in layer.statements if one.matched and one.effect == "Deny"]
        if not denying:
            continue
        policies = without(policies, layer.layer, denying)
        for one in denying:
            removed.append(
                Suggestion(
                    side_account=layer.account,
                    layer=layer.layer,
                    change="remove",
                    policy=one.policy,
                    statement=plain(one.raw),
                    sentence=(
                        f"{_who(layer.account)} removes the Deny statement {one.label} from "
                        f"{one.policy}, or narrows it."
                    ),
                )
            )
    return policies, tuple(removed)


def _who(account: str) -> str:
    return f"Account {account}" if account else "The resource's owner"


def _additions(request: Request, policies: Policies) -> list[_Addition]:
    """One Allow for each layer, and level of SCPs and RCPs, that is silent."""
    layers = evaluate(request, policies).layers
    silent = {one.layer: one for one in layers if one.outcome == "implicitDeny"}
    found: list[_Addition] = []
    for layer in _ORDER:
        if layer not in silent:
            continue
        correction = _correction(request, policies, silent[layer])
        if correction is not None:
            found.append(correction)
            continue
        statement = _statement(request, layer)
        if layer in ("scp", "rcp"):
            levels = policies.scps if layer == "scp" else policies.rcps
            found.extend(
                _Addition(layer=layer, level=at, statement=statement)
                for at in range(len(levels))
                if _level_silent(request, layer, levels[at])
            )
        else:
            found.append(_Addition(layer=layer, level=0, statement=statement))
    return found


def _correction(request: Request, policies: Policies, silent: LayerResult) -> _Addition | None:
    """The first of a layer's statements that allows the request once a typo in it is corrected."""
    if silent.layer in ("scp", "rcp"):  # each level of them has to allow it
        return None
    for one in corrections(request, silent):
        addition = _Addition(layer=silent.layer, level=0, statement=one.statement, correction=one)
        after = evaluate(request, addition.made(policies)).layer(silent.layer)
        if after is not None and after.outcome == "allow":
            return addition
    return None


def _level_silent(request: Request, layer: str, level: tuple[NamedPolicy, ...]) -> bool:
    alone = Policies(scps=(level,)) if layer == "scp" else Policies(rcps=(level,))
    scp, rcp, *_ = evaluate(request, alone).layers
    return (scp if layer == "scp" else rcp).outcome == "implicitDeny"


def _statement(request: Request, layer: str) -> dict[str, Any]:
    """The narrowest Allow for this request. Trust and repository policies have no Resource."""
    statement: dict[str, Any] = {"Effect": "Allow"}
    if layer in ("resource", "trust"):
        statement["Principal"] = _principal(request)
    elif layer == "rcp":
        statement["Principal"] = "*"
    statement["Action"] = request.action
    owned = layer == "resource" and request.action.lower().startswith("ecr:")
    if layer != "trust" and not owned:
        statement["Resource"] = _literal(request.resource)
    return statement


def _literal(resource: str) -> str:
    """A Resource that fits this resource only."""
    return resource if resource == "*" else re.sub(r"[*?$]", r"${\g<0>}", resource)


def _principal(request: Request) -> str | dict[str, str]:
    caller: Principal = request.principal
    if caller.kind == "service":
        return {"Service": caller.arn}
    if caller.kind == "anonymous":
        return "*"
    if caller.kind == "role-session":
        return {"AWS": derived_context(caller)["aws:PrincipalArn"]}
    return {"AWS": caller.arn}


def _told(added: _Addition, policies: Policies, decision: Decision) -> Suggestion:
    layer = decision.layer(added.layer)
    account = layer.account if layer else ""
    if added.correction is not None:
        return _corrected(added.correction, added.layer, account)
    existing = _existing(added, policies)
    policy = existing or LAYER_NAMES[added.layer].particular
    does = f"adds a statement to {policy}" if existing else f"writes {policy}"
    return Suggestion(
        side_account=account,
        layer=added.layer,
        change="add",
        policy=policy,
        statement=plain(added.statement),
        level=added.level,
        sentence=f"{_who(account)} {does} that allows {_what(added)}.",
    )


def _corrected(correction: Correction, layer: str, account: str) -> Suggestion:
    result = correction.result
    return Suggestion(
        side_account=account,
        layer=layer,
        change="replace",
        policy=result.policy,
        statement=correction.statement,
        replaces=plain(result.raw),
        sentence=(
            f"{_who(account)} corrects {correction.element} in statement {result.label} of "
            f"{result.policy}: {correction.meant} instead of {correction.written}."
        ),
    )


def _what(added: _Addition) -> str:
    statement = added.statement
    named = statement.get("Principal")
    who = f"{next(iter(named.values()))} " if isinstance(named, dict) else ""
    on = f" on {statement['Resource']}" if "Resource" in statement else ""
    return f"{who}{statement['Action']}{on}"


def _editable(policies: tuple[NamedPolicy, ...]) -> tuple[NamedPolicy, ...]:
    """Inline policies first; AWS's own managed policies cannot be changed."""
    own = [one for one in policies if ":iam::aws:policy/" not in (one.arn or "")]
    return tuple(sorted(own, key=lambda one: one.arn is not None))


def _existing(added: _Addition, policies: Policies) -> str | None:
    """The name of a policy of this layer to which a statement can be added."""
    many: tuple[NamedPolicy, ...] | None = None
    if added.layer in ("resource", "trust"):
        many = (policies.resource,) if policies.resource else None
    elif added.layer == "identity":
        many = _editable(policies.identity)
    elif added.layer == "boundary":
        many = policies.boundary
    elif added.layer == "session":
        many = policies.session
    else:
        many = (policies.scps if added.layer == "scp" else policies.rcps)[added.level]
    return many[0].name if many else None
