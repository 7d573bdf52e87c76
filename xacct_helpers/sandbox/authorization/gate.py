"""The gate: gather the policies that apply, ask the engine, refuse in AWS's words.

No identity bypasses it: the administrators are users with AWS's AdministratorAccess attached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...aws.services import SERVICES
from ...policy import (
    LAYER_NAMES,
    NamedPolicy,
    Requester,
    Target,
    build_request,
    derived_context,
    evaluate,
    parse,
    refusal,
)
from ..permission_checks import CheckedPermission, Context, PermissionCheck
from ..protocol.errors import ApiError, access_denied
from ..protocol.messages import Call
from ..protocol.serialize import iso
from ..records import StoredPolicy
from ..store.organization import RCP, SCP, Node, Organization

if TYPE_CHECKING:
    from ..callers import Caller
    from ..store.state import State


def decide(state: State, caller: Caller, check: PermissionCheck, call: Call) -> CheckedPermission:
    """What IAM says to one permission."""
    who, what = requester(state, caller, call), target(state, check)
    request, policies = build_request(check.action, who, what)
    decision = evaluate(request, policies)
    return CheckedPermission(
        request=request, policies=policies, decision=decision, missing=check.missing
    )


def requester(state: State, caller: Caller, call: Call) -> Requester:
    """A caller with its policies and its condition keys, whatever it asks for."""
    context = caller_context(state, caller, call)
    principal = caller.principal
    if not principal.in_account:
        return Requester(principal=principal, context=context)
    kind = "role" if principal.kind == "role-session" else "user"
    identity, boundary = state.backends.iam.policies_of(principal.account, kind, caller.name)
    return Requester(
        principal=principal,
        context=context,
        identity=tuple(named(policy) for policy in identity),
        boundary=(named(boundary),) if boundary else None,
        session=_session_policies(state, caller),
        scps=service_controls(state, principal.account),
    )


def target(state: State, check: PermissionCheck) -> Target:
    """What is asked for with its policies and its condition keys, whoever asks."""
    context: Context = {"aws:ResourceAccount": check.resource_account}
    context |= _organization_context(state, "Resource", check.resource_account)
    return Target(
        arn=check.resource,
        account=check.resource_account,
        policy=named(check.resource_policy) if check.resource_policy else None,
        registry=named(check.registry_policy) if check.registry_policy else None,
        rcps=_resource_controls(state, check),
        context={**context, **check.context},
    )


def refused(checked: CheckedPermission, protocol: str) -> ApiError:
    """The error for a permission that was denied, for services without words of their own."""
    return access_denied(refusal(checked.request, checked.decision), protocol)


Levels = tuple[tuple[NamedPolicy, ...], ...]
_RCP_SERVICES = frozenset(name for name, one in SERVICES.items() if one.resource_controls)


def service_controls(state: State, account: str) -> Levels:
    """The SCPs that bind an account's users and roles; () outside of an organization."""
    return _levels(state, account, SCP, LAYER_NAMES["scp"].name)


def _resource_controls(state: State, check: PermissionCheck) -> Levels:
    """RCPs of the resource's account, from the root down."""
    if check.action.partition(":")[0] not in _RCP_SERVICES:
        return ()
    return _levels(state, check.resource_account, RCP, LAYER_NAMES["rcp"].name)


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
                kept=StoredPolicy(
                    name=policy.name,
                    text=policy.content,
                    account="" if policy.aws_managed else org.management,
                    holder="organization",
                    entity=node.id,
                    policy=policy.id,
                ),
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


def _organization_context(state: State, side: str, account: str) -> Context:
    """The keys that say where in an organization the "Principal" or the "Resource" is."""
    org = organization_of(state, account)
    if org is None:
        return {}
    return {
        f"aws:{side}OrgID": org.id,
        f"aws:{side}OrgPaths": (org.org_path(account),),
    }


def _session_policies(state: State, caller: Caller) -> tuple[NamedPolicy, ...] | None:
    session = caller.session
    if session is None or (session.policies is None and not session.policy_arns):
        return None
    found = [
        NamedPolicy(name=f"session policy of {session.name}", document=parse(text))
        for text in session.policies or ()
    ]
    for arn in session.policy_arns:
        policy = state.backends.iam.managed_policy(session.account, arn)
        if policy is not None:
            found.append(
                NamedPolicy(
                    name=f'session policy "{policy.name}" of {session.name}',
                    document=parse(policy.text),
                    arn=arn,
                )
            )
    return tuple(found)


def named(policy: StoredPolicy) -> NamedPolicy:
    """A stored policy as the engine takes it."""
    return NamedPolicy(name=policy.name, document=parse(policy.text), arn=policy.arn, kept=policy)


def caller_context(state: State, caller: Caller, call: Call) -> Context:
    """The global condition keys but the resource's. Source: IAM User Guide, AWS global condition
    context keys."""
    now = state.clock.now()
    context: Context = dict(derived_context(caller.principal))
    context |= {
        "aws:userid": caller.user_id,
        "aws:CurrentTime": iso(now),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:SourceIp": call.source_ip,
        "aws:UserAgent": call.user_agent,
        "aws:RequestedRegion": call.region,
        # AWS's endpoints speak TLS only; the sandbox stands in for them on the loopback interface.
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
    }
    context |= _organization_context(state, "Principal", caller.principal.account)
    for key, value in caller.tags.items():
        context[f"aws:PrincipalTag/{key}"] = value
    if caller.principal.kind == "user":
        context["aws:username"] = caller.name
    session = caller.session
    if session is not None:
        context["aws:TokenIssueTime"] = iso(session.issued)
        context["aws:MultiFactorAuthPresent"] = "true" if session.mfa else "false"
        if session.mfa:
            age = int((now - session.mfa).total_seconds())
            context["aws:MultiFactorAuthAge"] = str(age)
        if session.source_identity:
            context["aws:SourceIdentity"] = session.source_identity
        if session.provider:
            context["aws:FederatedProvider"] = session.provider
    return context
