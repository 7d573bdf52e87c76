"""One statement against one request: does it match, and if not, which element did not.

The elements are tried in the order Principal, Action, Resource, Condition, and the first that
fails is reported. Elements that a kind of policy must have or must not have are part of this: a
document that AWS would have refused fails closed, its Allow matching nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..language import conditions
from ..language.conditions import Context
from ..language.model import Principals, Statement
from ..language.patterns import action_set, expand, like, like_tokens, resource_fault
from .decision import LayerName, Mismatch, StatementResult
from .principals import Reach, account_of, excepted, is_unique_id, reach
from .request import NamedPolicy, Request

_PROVIDER_ACTIONS = ("sts:assumerolewithwebidentity", "sts:assumerolewithsaml")
_ALONG_WITH_THEM = ("sts:tagsession", "sts:setsourceidentity")
_WITH_PRINCIPAL = ("resource", "trust", "rcp")
_SHOWN = 8
_MEMO = 256
_NOTHING: dict[int, StatementResult] = {}


def results(
    policies: Iterable[NamedPolicy],
    request: Request,
    context: Context,
    layer: LayerName,
    bounded: bool,
) -> tuple[StatementResult, ...]:
    """What became of each statement of these policies, in order.

    bounded: True when the caller has a permissions boundary; see `match_principal`.
    """
    found: list[StatementResult] = []
    about_callers = layer in _WITH_PRINCIPAL
    for policy in policies:
        document = policy.document
        variables = document.has_variables
        settled = _NOTHING if about_callers else _other_actions(policy, request.action)
        for at, statement in enumerate(document.statements):
            known = settled.get(at)
            if known is not None:
                found.append(known)
                continue
            far, mismatch = match_principal(statement, request, context, layer, bounded)
            if mismatch is None:
                sorted_out = not about_callers and _names_nobody(statement)
                mismatch = (
                    (None if sorted_out else match_action(statement, request.action))
                    or match_resource(statement, request.resource, context, layer, variables)
                    or (
                        match_conditions(statement, context, variables)
                        if statement.conditions
                        else None
                    )
                )
            if mismatch is None:
                found.append(_matched(policy, at, statement, far))
            else:
                found.append(_result(policy, statement, mismatch, Reach.NONE))
    return tuple(found)


def _result(
    policy: NamedPolicy, statement: Statement, mismatch: Mismatch | None, far: Reach
) -> StatementResult:
    return StatementResult(
        policy=policy.name,
        policy_arn=policy.arn,
        index=statement.index,
        sid=statement.sid,
        effect=statement.effect,
        matched=mismatch is None,
        mismatch=mismatch,
        raw=statement.raw,
        reach=far,
    )


def _matched(policy: NamedPolicy, at: int, statement: Statement, far: Reach) -> StatementResult:
    """That the statement applies: the same value whenever it does."""
    memo = policy.document.memo
    key = (at, far, policy.name, policy.arn)
    found: StatementResult | None = memo.get(key)
    if found is None:
        found = _remember(memo, key, _result(policy, statement, None, far))
    return found


def _other_actions(policy: NamedPolicy, action: str) -> dict[int, StatementResult]:
    """By place, the statements that are about other actions: of those nothing else is looked at.

    By place and not by `index`: in a document put together of two, two may bear the same one.

    For kinds of policy without a Principal, whose statements are tried by their action first. A
    long policy is so sorted once for each action, and costs by the statements that are left.
    """
    memo = policy.document.memo
    key = (action, policy.name, policy.arn)
    found: dict[int, StatementResult] | None = memo.get(key)
    if found is None:
        others = {}
        for at, statement in enumerate(policy.document.statements):
            if _names_nobody(statement):
                mismatch = match_action(statement, action)
                if mismatch is not None:
                    others[at] = _result(policy, statement, mismatch, Reach.NONE)
        found = _remember(memo, key, others)
    return found


def _names_nobody(statement: Statement) -> bool:
    return statement.principals is None and statement.not_principals is None


def _remember(memo: dict[Any, Any], key: Any, value: Any) -> Any:
    if len(memo) >= _MEMO:  # simple, and enough: a document meets few actions and few names
        memo.clear()
    memo[key] = value
    return value


def match_principal(
    statement: Statement, request: Request, context: Context, layer: LayerName, bounded: bool
) -> tuple[Reach, Mismatch | None]:
    """How far the statement names the caller, and why it does not.

    bounded: a Deny with NotPrincipal hits every caller that has a permissions boundary, whomever
             it names.
    Source: IAM User Guide, "NotPrincipal", key points (read 2026-11-25).
    """
    named, not_named = statement.principals, statement.not_principals
    caller = request.principal
    denies = statement.effect == "Deny"
    if layer not in _WITH_PRINCIPAL:
        if (named is None and not_named is None) or denies:
            return Reach.NONE, None
        return Reach.NONE, _differs("Principal", "", caller.arn, "principal-prohibited")
    if named is not None:
        far = reach(named, caller, _provider(request, context))
        if far is not Reach.NONE:
            return far, None
        return far, _differs("Principal", str(named), caller.arn, _whose(named, request))
    if not_named is not None:
        spared = not (denies and bounded)
        if spared and excepted(not_named, caller, every=denies):
            excluded = _differs("NotPrincipal", str(not_named), caller.arn, "principal-excluded")
            return Reach.NONE, excluded
        return Reach.ACCOUNT, None
    if denies or layer == "rcp":
        return Reach.NONE, None
    return Reach.NONE, _differs("Principal", "", caller.arn, "principal-missing")


def _provider(request: Request, context: Context) -> str | None:
    """The identity provider behind a call to AssumeRoleWithWebIdentity or AssumeRoleWithSAML.

    What is checked along with these calls has no caller with an account, either; AssumeRole and
    what goes with it has one.
    """
    action = request.action.lower()
    along = action in _ALONG_WITH_THEM and not request.principal.in_account
    if action not in _PROVIDER_ACTIONS and not along:
        return None
    return context.single("aws:FederatedProvider")


def _whose(named: Principals, request: Request) -> str:
    """In what the principals named differ from the caller."""
    caller = request.principal
    values = [value for kind, value in named.entries if kind == "AWS"]
    if not values:
        return "principal-different"
    if all(is_unique_id(value) for value in values):
        return "unique-id-different"
    if any(_session_of(value, caller.arn) for value in values):
        return "session-different"
    spellings = {caller.arn.lower(), (caller.role_arn or caller.arn).lower()}
    if any(value.lower() in spellings for value in values):
        return "case-different"
    accounts = {account_of(value) for value in values}
    if caller.account and caller.account not in accounts and accounts != {None}:
        return "account-different"
    return "principal-different"


def _session_of(value: str, arn: str) -> bool:
    """True when both are sessions of the same role."""
    head, _, session = value.rpartition("/")
    return bool(session) and ":assumed-role/" in head and arn.rpartition("/")[0] == head


def match_action(statement: Statement, action: str) -> Mismatch | None:
    if statement.actions is not None:
        if action_set(statement.actions).holds(action):
            return None
        return _differs("Action", _listed(statement.actions), action, "action-different")
    if statement.not_actions is not None:
        if not action_set(statement.not_actions).holds(action):
            return None
        return _differs("NotAction", _listed(statement.not_actions), action, "action-excluded")
    if statement.effect == "Deny":
        return None
    return _differs("Action", "", action, "action-missing")


def match_resource(
    statement: Statement, resource: str, context: Context, layer: LayerName, variables: bool
) -> Mismatch | None:
    denies = statement.effect == "Deny"
    if statement.resources is not None:
        reason = ""
        for pattern in statement.resources:
            if pattern == "*":
                return None
            fault = resource_fault(pattern)
            if fault and not denies:
                reason = reason or fault
                continue
            missing = _fits(pattern, resource, context, variables)
            if missing is None:
                return None
            reason = reason or missing
        return _differs(
            "Resource",
            _listed(statement.resources),
            resource,
            reason or _where(statement.resources, resource, context, variables),
        )
    if statement.not_resources is not None:
        listed = _listed(statement.not_resources)
        for pattern in statement.not_resources:
            if _fits(pattern, resource, context, variables) is None:
                return _differs("NotResource", listed, resource, "resource-excluded")
        return None
    if denies or layer in ("resource", "trust"):
        return None
    return _differs("Resource", "", resource, "resource-missing")


def _fits(pattern: str, resource: str, context: Context, variables: bool) -> str | None:
    """None when resource fits the pattern; else a reason, or "" when it simply differs.

    A pattern whose variable has no value fits no resource.
    Source: IAM User Guide, "Policy variables with no value" (read 2026-11-24).
    """
    if "${" not in pattern or not variables:
        return None if like(pattern, resource) else ""
    tokens = expand(pattern, context.single)
    if tokens is None:
        return "variable-missing"
    return None if like_tokens(tokens, resource) else ""


def _where(patterns: tuple[str, ...], resource: str, context: Context, variables: bool) -> str:
    """In what the nearest pattern differs from the resource."""
    found = resource.split(":", 5)
    for pattern in patterns:
        if like(pattern.lower(), resource.lower()):
            return "case-different"
        parts = pattern.split(":", 5)
        if len(parts) != 6 or len(found) != 6:
            continue
        wrong = [
            at for at in range(6) if _fits(parts[at], found[at], context, variables) is not None
        ]
        if wrong == [4]:
            return "account-different"
        if wrong == [3]:
            return "region-different"
    return "resource-different"


def match_conditions(statement: Statement, context: Context, variables: bool) -> Mismatch | None:
    """The first condition that is false; for an Allow also the first that is unreadable."""
    unreadable: Mismatch | None = None
    for one in statement.conditions:
        holds, reason = conditions.decide(one, context, variables)
        if holds:
            continue
        mismatch = Mismatch(
            element="Condition",
            wanted=_listed(one.values),
            found=_listed(context.get(one.key)),
            reason=reason,
            operator=one.operator,
            key=one.key,
        )
        if holds is False:
            return mismatch
        unreadable = unreadable or mismatch
    return unreadable if statement.effect == "Allow" else None


def _differs(element: str, wanted: str, found: str, reason: str) -> Mismatch:
    return Mismatch(element=element, wanted=wanted, found=found, reason=reason)


def _listed(values: tuple[str, ...]) -> str:
    """The values in one line; a long list is cut short."""
    shown = ", ".join(values[:_SHOWN])
    more = len(values) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
