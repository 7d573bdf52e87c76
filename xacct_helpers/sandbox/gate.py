"""The gate: gather the policies that apply, ask the engine, refuse in AWS's words.

No identity bypasses it: the administrators are users with AWS's AdministratorAccess attached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..policy import (
    Decision,
    NamedPolicy,
    Policies,
    Request,
    derived_context,
    evaluate,
    parse,
    refusal,
)
from .backends import StoredPolicy
from .errors import ApiError, access_denied
from .organization import RCP, SCP, Node, Organization
from .wire import Call, iso

if TYPE_CHECKING:
    from .identities import Caller
    from .state import State

Context = dict[str, "str | tuple[str, ...]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One permission that a call needs.

    resource: an ARN, or "*" for actions without a resource type.
    resource_policy: the trust or repository policy of the resource; None when there is none.
    context: the condition keys of this action and resource.
    missing: a sentence for the learner when the resource does not exist; AWS does not tell.
    """

    action: str
    resource: str
    resource_account: str
    resource_policy: StoredPolicy | None = None
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An Ask that was put to the engine, with all that is needed to explain it."""

    request: Request
    policies: Policies
    decision: Decision
    missing: str = ""


def decide(state: State, caller: Caller, ask: Ask, call: Call) -> Asked:
    """What IAM says to one permission."""
    request = Request(
        action=ask.action,
        resource=ask.resource,
        resource_account=ask.resource_account,
        principal=caller.principal,
        context={**_global_context(state, caller, ask, call), **ask.context},
    )
    policies = _gather(state, caller, ask)
    decision = evaluate(request, policies)
    return Asked(request=request, policies=policies, decision=decision, missing=ask.missing)


def refused(asked: Asked, protocol: str) -> ApiError:
    """The error for a permission that was denied, for services without words of their own."""
    return access_denied(refusal(asked.request, asked.decision), protocol)


def _gather(state: State, caller: Caller, ask: Ask) -> Policies:
    kind = "role" if caller.principal.kind == "role-session" else "user"
    backends = state.backends
    resource = _named(ask.resource_policy) if ask.resource_policy else None
    rcps = _resource_controls(state, caller, ask)
    if not caller.principal.in_account:
        return Policies(resource=resource, rcps=rcps)
    boundary = backends.boundary(caller.account, kind, caller.name)
    return Policies(
        identity=tuple(
            _named(p) for p in backends.identity_policies(caller.account, kind, caller.name)
        ),
        resource=resource,
        boundary=(_named(boundary),) if boundary else None,
        session=_session_policies(state, caller),
        scps=_service_controls(state, caller),
        rcps=rcps,
    )


Levels = tuple[tuple[NamedPolicy, ...], ...]
# Of the services that the sandbox has, those that support resource control policies. Source: AWS
# Organizations User Guide, resource control policies (ECR since 2025).
_RCP_SERVICES = ("sts", "ecr")
_SERVICE_LINKED = ":role/aws-service-role/"


def _service_controls(state: State, caller: Caller) -> Levels:
    """SCPs of the caller's account, from the root down; they do not bind service-linked roles."""
    if not state.organizations or _SERVICE_LINKED in (caller.principal.role_arn or ""):
        return ()
    return service_controls(state, caller.account)


def service_controls(state: State, account: str) -> Levels:
    """The SCPs that bind an account's users and roles; () outside of an organization."""
    return _levels(state, account, SCP, "service control policy")


def _resource_controls(state: State, caller: Caller, ask: Ask) -> Levels:
    """RCPs of the resource's account, from the root down."""
    if not state.organizations or _SERVICE_LINKED in (caller.principal.role_arn or ""):
        return ()
    if ask.action.partition(":")[0] not in _RCP_SERVICES:
        return ()
    return _levels(state, ask.resource_account, RCP, "resource control policy")


def _levels(state: State, account: str, kind: str, words: str) -> Levels:
    org = organization_of(state, account)
    if org is None:
        return ()
    return tuple(
        tuple(
            NamedPolicy(
                name=f'{words} "{policy.name}" of {_place(node)}',
                document=parse(policy.content),
                arn=org.policy_arn(policy),
            )
            for policy in policies
        )
        for node, policies in org.levels(account, kind)
    )


def _place(node: Node) -> str:
    """Where a policy is attached, as people say it."""
    if node.kind == "ROOT":
        return "the organization's root"
    return f"{'OU' if node.kind == 'ORGANIZATIONAL_UNIT' else 'account'} {node.name}"


def organization_of(state: State, account: str) -> Organization | None:
    """The organization that an account belongs to."""
    return next((o for o in state.organizations.values() if account in o.nodes), None)


def _organization_context(state: State, caller: Caller, ask: Ask) -> Context:
    """The keys that say where in an organization caller and resource are."""
    context: Context = {}
    for side, account in (("Principal", caller.account), ("Resource", ask.resource_account)):
        org = organization_of(state, account)
        if org is not None:
            context[f"aws:{side}OrgID"] = org.id
            context[f"aws:{side}OrgPaths"] = (org.org_path(account),)
    return context


def _session_policies(state: State, caller: Caller) -> tuple[NamedPolicy, ...] | None:
    session = caller.session
    if session is None or (session.policies is None and not session.policy_arns):
        return None
    found = [
        NamedPolicy(name=f"session policy of {session.name}", document=parse(text))
        for text in session.policies or ()
    ]
    for arn in session.policy_arns:
        policy = state.backends.managed_policy(session.account, arn)
        if policy is not None:
            found.append(
                NamedPolicy(
                    name=f'session policy "{policy.name}" of {session.name}',
                    document=parse(policy.text),
                    arn=arn,
                )
            )
    return tuple(found)


def _named(policy: StoredPolicy) -> NamedPolicy:
    return NamedPolicy(name=policy.name, document=parse(policy.text), arn=policy.arn)


def _global_context(state: State, caller: Caller, ask: Ask, call: Call) -> Context:
    """The global condition keys. Source: IAM User Guide, AWS global condition context keys."""
    now = state.clock.now()
    context: Context = dict(derived_context(caller.principal))
    context |= {
        "aws:userid": caller.user_id,
        "aws:CurrentTime": iso(now),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:SourceIp": call.source_ip,
        "aws:UserAgent": call.user_agent,
        "aws:RequestedRegion": call.region,
        "aws:ResourceAccount": ask.resource_account,
        # AWS's endpoints speak TLS only; the sandbox stands in for them on the loopback interface.
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
    }
    if state.organizations:
        context |= _organization_context(state, caller, ask)
    for key, value in caller.tags.items():
        context[f"aws:PrincipalTag/{key}"] = value
    if caller.principal.kind == "user":
        context["aws:username"] = caller.name
    session = caller.session
    if session is not None:
        context["aws:TokenIssueTime"] = iso(session.issued)
        context["aws:MultiFactorAuthPresent"] = "false"
        if session.source_identity:
            context["aws:SourceIdentity"] = session.source_identity
        if session.provider:
            context["aws:FederatedProvider"] = session.provider
    return context
