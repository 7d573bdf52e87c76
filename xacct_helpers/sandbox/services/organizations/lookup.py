"""What an id or an account stands for in Organizations, or AWS's error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...authorization.gate import organization_of as of
from ...protocol.errors import ApiError
from ...store.organization import Handshake, Node, Organization, Policy

if TYPE_CHECKING:
    from ...store.state import State


def api_error(code: str, message: str, **members: str) -> ApiError:
    """An error of Organizations, with the members that its shape has."""
    return ApiError(code, message, members=dict(members))


def denied() -> ApiError:
    return api_error("AccessDeniedException", "You don't have permissions to access this resource.")


def own(state: State, account: str) -> Organization:
    """The organization that the account belongs to, or AWS's error."""
    found = of(state, account)
    if found is None:
        raise api_error(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )
    return found


def managed(state: State, account: str) -> Organization:
    """The organization that the account manages, or AWS's error."""
    found = own(state, account)
    if found.management != account:
        raise denied()
    return found


def node_of(org: Organization, wanted: str, kinds: Sequence[str], absent: ApiError) -> Node:
    found = org.nodes.get(wanted)
    if found is None or found.kind not in kinds:
        raise absent
    return found


def parent_of(org: Organization, wanted: str, code: str = "ParentNotFoundException") -> Node:
    absent = api_error(code, "You specified parent that doesn't exist.")
    return node_of(org, wanted, ("ROOT", "ORGANIZATIONAL_UNIT"), absent)


def unit_of(org: Organization, wanted: str) -> Node:
    absent = api_error(
        "OrganizationalUnitNotFoundException",
        "You specified an organizational unit that doesn't exist.",
    )
    return node_of(org, wanted, ("ORGANIZATIONAL_UNIT",), absent)


def account_of(org: Organization, wanted: str) -> Node:
    absent = api_error("AccountNotFoundException", "You specified an account that doesn't exist.")
    return node_of(org, wanted, ("ACCOUNT",), absent)


def target_of(org: Organization, wanted: str) -> Node:
    if wanted not in org.nodes:
        raise api_error(
            "TargetNotFoundException",
            "We can't find a root, OU, account, or policy with the TargetId that you specified.",
        )
    return org.nodes[wanted]


def policy_of(org: Organization, wanted: str) -> Policy:
    if wanted not in org.policies:
        raise api_error(
            "PolicyNotFoundException",
            "We can't find a policy with the PolicyId that you specified.",
        )
    return org.policies[wanted]


def handshake_of(state: State, wanted: str, account: str) -> tuple[Organization, Handshake]:
    """An invitation that the account has sent or got."""
    for org in state.organizations.values():
        found = org.handshakes.get(wanted)
        if found is not None and account in (org.management, found.account):
            if found.state == "REQUESTED" and state.clock.now() >= found.expires:
                found.state = "EXPIRED"
            return org, found
    raise api_error("HandshakeNotFoundException", "You specified a handshake that doesn't exist.")
