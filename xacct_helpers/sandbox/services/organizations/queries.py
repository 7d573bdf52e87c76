"""What Organizations lists and describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...protocol.messages import Call
from ...store.organization import Handshake, Organization
from .lookup import (
    account_of,
    api_error,
    handshake_of,
    managed,
    node_of,
    own,
    parent_of,
    policy_of,
    target_of,
    unit_of,
)
from .policies import check_type
from .rendering import (
    Answer,
    account_shown,
    handshake_shown,
    organization_shown,
    page,
    policy_shown,
    root_shown,
    summary,
    unit_shown,
)

if TYPE_CHECKING:
    from ...store.state import State


def describe_organization(state: State, call: Call, account: str) -> Answer:
    return {"Organization": organization_shown(own(state, account))}


def list_roots(state: State, call: Call, account: str) -> Answer:
    return page(call, "Roots", [root_shown(managed(state, account))])


def list_accounts(state: State, call: Call, account: str) -> Answer:
    return page(call, "Accounts", _accounts(managed(state, account)))


def list_children(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    parent, kind = parent_of(org, call.params["ParentId"]), call.params["ChildType"]
    children = [{"Id": node.id, "Type": kind} for node in org.children(parent.id, kind)]
    return page(call, "Children", children)


def list_parents(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    absent = api_error("ChildNotFoundException", "We can't find an organizational unit or account.")
    child = node_of(org, call.params["ChildId"], ("ACCOUNT", "ORGANIZATIONAL_UNIT"), absent)
    parent = org.nodes[str(child.parent)]
    return page(call, "Parents", [{"Id": parent.id, "Type": parent.kind}])


def _accounts(org: Organization, parent: str | None = None) -> list[Answer]:
    return [
        account_shown(org, node)
        for node in org.nodes.values()
        if node.kind == "ACCOUNT" and parent in (None, node.parent)
    ]


def list_units(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    parent = parent_of(org, call.params["ParentId"])
    units = [unit_shown(org, n) for n in org.children(parent.id, "ORGANIZATIONAL_UNIT")]
    return page(call, "OrganizationalUnits", units)


def list_policies(state: State, call: Call, account: str) -> Answer:
    org, kind = managed(state, account), check_type(call.params["Filter"])
    summaries = [summary(org, p) for p in org.policies.values() if p.type == kind]
    return page(call, "Policies", summaries)


def list_for_target(state: State, call: Call, account: str) -> Answer:
    org, kind = managed(state, account), check_type(call.params["Filter"])
    node = target_of(org, call.params["TargetId"])
    return page(call, "Policies", [summary(org, p) for p in org.of_type(node, kind)])


def list_targets(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    policy = policy_of(org, call.params["PolicyId"])
    targets = [
        {"TargetId": node.id, "Arn": org.node_arn(node), "Name": node.name, "Type": node.kind}
        for node in org.targets(policy.id)
    ]
    return page(call, "Targets", targets)


def list_own_handshakes(state: State, call: Call, account: str) -> Answer:
    """ListHandshakesForAccount: the invitations that an account has got."""
    return _handshakes(state, call, account, lambda org, one: one.account)


def list_handshakes(state: State, call: Call, account: str) -> Answer:
    """ListHandshakesForOrganization: the invitations that an organization has sent."""
    managed(state, account)
    return _handshakes(state, call, account, lambda org, one: org.management)


def _handshakes(
    state: State, call: Call, account: str, owner: Callable[[Organization, Handshake], str]
) -> Answer:
    shown = [
        handshake_shown(*handshake_of(state, one.id, account))
        for org in state.organizations.values()
        for one in org.handshakes.values()
        if owner(org, one) == account
    ]
    return page(call, "Handshakes", shown)


def describe_account(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    return {"Account": account_shown(org, account_of(org, call.params["AccountId"]))}


def describe_handshake(state: State, call: Call, account: str) -> Answer:
    return {"Handshake": handshake_shown(*handshake_of(state, call.params["HandshakeId"], account))}


def describe_policy(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    return {"Policy": policy_shown(org, policy_of(org, call.params["PolicyId"]))}


def describe_unit(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    unit = unit_of(org, call.params["OrganizationalUnitId"])
    return {"OrganizationalUnit": unit_shown(org, unit)}


def list_for_parent(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    return page(call, "Accounts", _accounts(org, parent_of(org, call.params["ParentId"]).id))
