"""Request and policies in, Decision out: AWS's policy evaluation logic.

Two pure steps. First each kind of policy, a layer, puts its statements into buckets and says
allow, explicitDeny or implicitDeny (`_layers`). Then the outcomes are combined (`combine`):

* an explicit deny in any layer wins;
* SCPs and RCPs must each allow, at every level;
* across accounts both halves must allow: the caller's identity-based policies within boundary
  and session policy, and the resource's policy;
* within one account one of the two is enough, except for role trust and KMS key policies.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic"; STS API
Reference, "AssumeRole" (read 2026-11-24).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from ..language.conditions import Context
from .combine import RCP, SCP, Outcomes, combine
from .decision import Decision, LayerName, LayerResult, Mismatch, Outcome, StatementResult
from .layer_names import LAYER_NAMES
from .matching import results
from .principals import Principal, Reach
from .request import NamedPolicy, Policies, Request, derived_context

__all__ = [
    "Decision",
    "LayerResult",
    "Mismatch",
    "NamedPolicy",
    "Policies",
    "Principal",
    "Request",
    "StatementResult",
    "derived_context",
    "evaluate",
    "is_trust_action",
]

_TRUST_ACTIONS = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)

NOTE_ROOT = "the root user needs no identity-based policy"
NOTE_DIRECT = (
    "the {policy} names the caller directly, so no identity-based policy of the account is needed"
)
NOTE_PAST_LIMITS = (
    "the {policy} names the caller itself, so an implicit deny in a permissions boundary or a "
    "session policy does not limit it"
)
NOTE_DELEGATES = (
    "the {policy} names the account, which leaves it to the account's identity-based policies"
)
NOTE_NOT_NEEDED = "within one account an identity-based policy is enough"
NOTE_ALONE = "the caller belongs to no account, so the resource's policy alone decides"
NOTE_NO_POLICY = "there is no policy of this kind"
NOTE_FEDERATED = "a federated user gets no permissions without a session policy"
NOTE_BOUNDED = (
    "a Deny with NotPrincipal hits every user and role that has a permissions boundary, whomever "
    "it names"
)
NOTE_LEVEL = "no policy at level {level} of {levels} allows it; every level must"


def evaluate(request: Request, policies: Policies) -> Decision:
    """Whether the request is allowed, and every step that led there.

    Never raises on documents that `parse` accepted. The context is taken as given: see
    `derived_context` for the keys that follow from the caller.
    """
    caller = request.principal
    caller_account = caller.account if caller.in_account else ""
    resource_account = request.resource_account or caller_account
    crossing = bool(caller_account) and caller_account != resource_account
    scp, rcp, identity, boundary, session, resource = layers = _layers(
        request, policies, caller_account, resource_account
    )

    must_agree = needs_resource_policy(request.action, request.resource)
    far = max((one.reach for one in resource.statements), default=Reach.NONE)
    outcomes: Outcomes = (
        scp.outcome,
        rcp.outcome,
        identity.outcome,
        boundary.outcome,
        session.outcome,
        resource.outcome,
    )
    found = combine(outcomes, far, bool(caller_account), crossing, must_agree)
    silent_guard = found.blocker in (SCP, RCP)
    if found.verdict != "explicitDeny" and caller_account and not crossing and not silent_guard:
        layers = _noted(layers, far, allowed=found.blocker is None)
    blocker = None if found.blocker is None else layers[found.blocker]
    denied = found.verdict == "explicitDeny"
    return Decision(
        verdict=found.verdict,
        layers=layers,
        decisive=blocker,
        decisive_statement=_denying_statement(blocker) if denied else None,
        cross_account=crossing,
        caller_account=caller_account,
        resource_account=resource_account,
        caller_agrees=found.caller_agrees,
        resource_agrees=found.resource_agrees,
    )


@lru_cache(maxsize=4096)
def is_trust_action(action: str, resource: str) -> bool:
    """True when a role's trust policy is the resource-based policy: sts:AssumeRole* and what is
    checked along with it. sts:TagSession also goes with GetFederationToken, which has no role."""
    folded = action.lower()
    if folded not in _TRUST_ACTIONS:
        return False
    return folded.startswith("sts:assumerole") or ":role/" in resource


@lru_cache(maxsize=4096)
def needs_resource_policy(action: str, resource: str) -> bool:
    """True when the resource's own policy must allow even within one account.

    Source: IAM User Guide, "Policy evaluation logic": role trust policies and KMS key policies
    must explicitly allow (read 2026-11-24).
    """
    return is_trust_action(action, resource) or (
        action[:4].lower() == "kms:" and ":key/" in resource
    )


def _layers(
    request: Request, policies: Policies, caller_account: str, resource_account: str
) -> tuple[LayerResult, ...]:
    """The result of each layer, in the order in which they are shown, and the decisive one is
    looked for. The caller's own policies come before the resource's: AWS names one layer only."""
    context = Context(request.context)
    bounded = policies.boundary is not None
    caller = request.principal
    trust = is_trust_action(request.action, request.resource)
    resource_layer: LayerName = "trust" if trust else "resource"

    scp = rcp = boundary = session = None
    guarded = not caller.service_linked
    if policies.scps and caller_account and guarded:
        scp = _levels("scp", caller_account, policies.scps, request, context, bounded)
    if policies.rcps and guarded:
        rcp = _levels("rcp", resource_account, policies.rcps, request, context, bounded)
    identity = _identity(request, policies, context, caller_account, bounded)
    if policies.boundary is not None and caller_account:
        boundary = _layer("boundary", caller_account, policies.boundary, request, context, bounded)
    if policies.session is not None and caller_account:
        session = _layer("session", caller_account, policies.session, request, context, bounded)
    elif caller.kind == "federated-user":
        session = LayerResult(
            layer="session", account=caller_account, outcome="implicitDeny", note=NOTE_FEDERATED
        )
    owned = tuple(one for one in (policies.resource, policies.registry) if one is not None)
    if owned:
        note = "" if caller_account else NOTE_ALONE
        resource = _layer(resource_layer, resource_account, owned, request, context, bounded, note)
        if bounded and any(_spares(one) for one in resource.statements if one.matched):
            resource = replace(resource, note=NOTE_BOUNDED)
    elif (
        caller_account != resource_account
        or not caller_account
        or needs_resource_policy(request.action, request.resource)
    ):
        resource = _empty(resource_layer, resource_account, "implicitDeny", NOTE_NO_POLICY)
    else:
        resource = _empty(resource_layer, resource_account, "notApplicable")
    return (
        scp or _empty("scp", caller_account, "notApplicable"),
        rcp or _empty("rcp", resource_account, "notApplicable"),
        identity,
        boundary or _empty("boundary", caller_account, "notApplicable"),
        session or _empty("session", caller_account, "notApplicable"),
        resource,
    )


@lru_cache(maxsize=512)
def _empty(layer: LayerName, account: str, outcome: Outcome, note: str = "") -> LayerResult:
    return LayerResult(layer=layer, account=account, outcome=outcome, note=note)


def _identity(
    request: Request, policies: Policies, context: Context, account: str, bounded: bool
) -> LayerResult:
    if not account:
        return _empty("identity", "", "notApplicable", NOTE_ALONE)
    note = "" if policies.identity else NOTE_NO_POLICY
    layer = _layer("identity", account, policies.identity, request, context, bounded, note)
    if request.principal.kind == "root" and layer.outcome == "implicitDeny":
        return LayerResult(
            layer="identity",
            account=account,
            outcome="allow",
            statements=layer.statements,
            note=NOTE_ROOT,
        )
    return layer


def _layer(
    layer: LayerName,
    account: str,
    policies: Iterable[NamedPolicy],
    request: Request,
    context: Context,
    bounded: bool,
    note: str = "",
) -> LayerResult:
    """One layer: a Deny that matches wins, else an Allow that matches, else implicit deny."""
    statements = results(policies, request, context, layer, bounded)
    return LayerResult(
        layer=layer,
        account=account,
        outcome=_outcome(statements),
        statements=statements,
        note=note,
    )


def _spares(one: StatementResult) -> bool:
    """A Deny for everybody but those whom it names."""
    return one.effect == "Deny" and "NotPrincipal" in one.raw


def _outcome(statements: tuple[StatementResult, ...]) -> Outcome:
    outcome: Outcome = "implicitDeny"
    for one in statements:
        if one.matched:
            if one.effect == "Deny":
                return "explicitDeny"
            outcome = "allow"
    return outcome


def _levels(
    layer: LayerName,
    account: str,
    levels: tuple[tuple[NamedPolicy, ...], ...],
    request: Request,
    context: Context,
    bounded: bool,
) -> LayerResult:
    """SCPs or RCPs: every level from the root to the account must allow, and none deny.

    Source: AWS Organizations User Guide, "SCP evaluation" (read 2026-11-24).
    """
    found = [results(level, request, context, layer, bounded) for level in levels]
    outcomes = [_outcome(one) for one in found]
    outcome: Outcome = "allow"
    note = ""
    if "explicitDeny" in outcomes:
        outcome = "explicitDeny"
    elif "implicitDeny" in outcomes:
        outcome = "implicitDeny"
        at = outcomes.index("implicitDeny") + 1
        note = NOTE_LEVEL.format(level=at, levels=len(levels))
    return LayerResult(
        layer=layer,
        account=account,
        outcome=outcome,
        statements=tuple(one for level in found for one in level),
        note=note,
    )


def _noted(
    layers: tuple[LayerResult, ...], far: Reach, *, allowed: bool
) -> tuple[LayerResult, ...]:
    """Caller and resource in the same account, nothing denied explicitly: the layers with what
    there is to note on the resource's policy."""
    _, _, identity, boundary, session, resource = layers
    note = ""
    if far is Reach.NONE:
        note = NOTE_NOT_NEEDED if allowed and resource.statements else ""
    elif far is Reach.ACCOUNT:
        note = NOTE_DELEGATES
    elif far is Reach.CALLER and "implicitDeny" in (boundary.outcome, session.outcome):
        note = NOTE_PAST_LIMITS
    elif identity.outcome != "allow":
        note = NOTE_DIRECT
    if not note:
        return layers
    noted = LayerResult(
        layer=resource.layer,
        account=resource.account,
        outcome=resource.outcome,
        statements=resource.statements,
        note=note.format(policy=LAYER_NAMES[resource.layer].heading),
    )
    return (*layers[:5], noted)


def _denying_statement(layer: LayerResult | None) -> StatementResult | None:
    for one in layer.statements if layer else ():
        if one.matched and one.effect == "Deny":
            return one
    return None
