"""AWS Organizations, as far as lessons on service control and resource control policies need it.

An account founds an organization, invites others, sorts them into organizational units and attaches
policies; the gate has them apply. Billing, delegated administrators, tags, and policies of other
types are not here, and member accounts are not made but invited.
Source: AWS Organizations API Reference; Service Authorization Reference for AWS Organizations;
texts of errors from the API Reference and public logs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...authorization.gate import organization_of as of
from ...permission_checks import PermissionCheck
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...store.organization import Organization
from ..operation import Operation, Service
from . import membership, policies, queries
from .lookup import handshake_of
from .rendering import Handler

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

_CHANGES: dict[str, Handler] = {
    "CreateOrganization": membership.create_organization,
    "DeleteOrganization": membership.delete_organization,
    "InviteAccountToOrganization": membership.invite,
    "AcceptHandshake": membership.answer_handshake("ACCEPTED"),
    "DeclineHandshake": membership.answer_handshake("DECLINED"),
    "CancelHandshake": membership.answer_handshake("CANCELED"),
    "RemoveAccountFromOrganization": membership.remove_account,
    "LeaveOrganization": membership.leave,
    "MoveAccount": membership.move_account,
    "CreateOrganizationalUnit": membership.create_unit,
    "UpdateOrganizationalUnit": membership.update_unit,
    "DeleteOrganizationalUnit": membership.delete_unit,
    "EnablePolicyType": policies.enable,
    "DisablePolicyType": policies.disable,
    "CreatePolicy": policies.create,
    "UpdatePolicy": policies.update,
    "DeletePolicy": policies.delete,
    "AttachPolicy": policies.attach,
    "DetachPolicy": policies.detach,
}
_READS: dict[str, Handler] = {
    "DescribeOrganization": queries.describe_organization,
    "DescribeAccount": queries.describe_account,
    "DescribeHandshake": queries.describe_handshake,
    "DescribeOrganizationalUnit": queries.describe_unit,
    "DescribePolicy": queries.describe_policy,
    "ListRoots": queries.list_roots,
    "ListAccounts": queries.list_accounts,
    "ListAccountsForParent": queries.list_for_parent,
    "ListOrganizationalUnitsForParent": queries.list_units,
    "ListParents": queries.list_parents,
    "ListChildren": queries.list_children,
    "ListPolicies": queries.list_policies,
    "ListPoliciesForTarget": queries.list_for_target,
    "ListTargetsForPolicy": queries.list_targets,
    "ListHandshakesForAccount": queries.list_own_handshakes,
    "ListHandshakesForOrganization": queries.list_handshakes,
}


# The parameter that names what a call is about. Calls without one have no resource type, or are
# listings, which AWS authorises on "*".
_ABOUT = ("PolicyId", "TargetId", "AccountId", "OrganizationalUnitId", "HandshakeId", "RootId")


def _permissions(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """The permission that a call needs, on each thing it names.

    Source: Service Authorization Reference, AWS Organizations: resource types and the condition
    key organizations:PolicyType.
    """
    org = of(state, caller.account)
    resources = [
        arn
        for name in _ABOUT
        if name in call.params and (arn := _arn(state, org, caller, str(call.params[name])))
    ]
    context: dict[str, str | tuple[str, ...]] = {}
    kind = call.params.get("Type") or call.params.get("PolicyType") or call.params.get("Filter")
    policy = org.policies.get(call.params.get("PolicyId", "")) if org is not None else None
    if policy is not None:
        kind = policy.type
    if isinstance(kind, str):
        context["organizations:PolicyType"] = kind
    return tuple(
        PermissionCheck(
            action=call.action, resource=arn, resource_account=caller.account, context=context
        )
        for arn in resources or ["*"]
    )


def _arn(state: State, org: Organization | None, caller: Caller, wanted: str) -> str:
    """The ARN of what an id names; "" when there is nothing of it."""
    if wanted.startswith("h-"):
        try:
            owner, found = handshake_of(state, wanted, caller.account)
        except ApiError:
            return ""
        return owner.arn("handshake", f"invite/{found.id}")
    if org is None:
        return ""
    if wanted in org.policies:
        return org.policy_arn(org.policies[wanted])
    return org.node_arn(org.nodes[wanted]) if wanted in org.nodes else ""


def _reading(answer: Handler) -> Operation:
    """An operation that only looks."""

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        return answer(state, call, caller.account)

    return Operation(permissions=_permissions, perform=perform)


def _changing(change: Handler) -> Operation:
    """An operation whose handler changes an organization and returns the answer."""

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        answer = change(state, call, caller.account)
        state.record(call, caller.account)
        return answer

    return Operation(permissions=_permissions, perform=perform, replay=change)


SERVICE = Service(
    operations={name: _reading(handler) for name, handler in _READS.items()}
    | {name: _changing(handler) for name, handler in _CHANGES.items()}
)
