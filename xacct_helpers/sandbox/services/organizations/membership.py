"""The organization, the accounts that come and go, and the units they are sorted into."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ...authorization.gate import organization_of as of
from ...protocol.messages import Call
from ...store import organization
from ...store.organization import Handshake, Node, Organization
from .lookup import account_of, api_error, denied, handshake_of, managed, own, parent_of, unit_of
from .rendering import Answer, Handler, handshake_shown, organization_shown, unit_shown

if TYPE_CHECKING:
    from ...store.state import State

_DEEPEST = 5
_INVITATION_DAYS = 15


def create_organization(state: State, call: Call, account: str) -> Answer:
    if of(state, account) is not None:
        raise api_error(
            "AlreadyInOrganizationException",
            "The AWS account is already a member of an organization.",
        )
    if call.params.get("FeatureSet", "ALL") != "ALL":
        raise api_error(
            "InvalidInputException",
            "This sandbox has organizations with all features only.",
            Reason="INVALID_ENUM",
        )
    count = state.organizations_founded.get(account, 0)
    state.organizations_founded[account] = count + 1
    org = organization.found(str(state.header["seed"]), account, count, state.clock.now())
    state.organizations[account] = org
    return {"Organization": organization_shown(org)}


def delete_organization(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    if len([node for node in org.nodes.values() if node.kind != "ROOT"]) > 1:
        raise api_error(
            "OrganizationNotEmptyException",
            "The organization isn't empty. To delete an organization, you must first remove all "
            "accounts except the management account.",
        )
    del state.organizations[account]
    return {}


def invite(state: State, call: Call, account: str) -> Answer:
    org, target = managed(state, account), call.params["Target"]
    wanted = target["Id"]
    if target["Type"] != "ACCOUNT" or wanted not in state.accounts:
        raise api_error(
            "InvalidInputException",
            f"This lab has no account {wanted}; invite one of its accounts by its id.",
            Reason="INVALID_PARTY_TYPE_TARGET",
        )
    if wanted in org.nodes:
        raise api_error(
            "DuplicateAccountException",
            "That account is already present in the specified destination.",
        )
    if any(h.account == wanted and h.state == "REQUESTED" for h in org.handshakes.values()):
        raise api_error(
            "DuplicateHandshakeException",
            "A handshake with the same action and target already exists.",
        )
    now = state.clock.now()
    made = Handshake(
        id=org.new_id("h-", 32),
        account=wanted,
        state="REQUESTED",
        requested=now,
        expires=now + timedelta(days=_INVITATION_DAYS),
        notes=call.params.get("Notes", ""),
    )
    org.handshakes[made.id] = made
    return {"Handshake": handshake_shown(org, made)}


def answer_handshake(new_state: str) -> Handler:
    """AcceptHandshake and DeclineHandshake are the invited account's, CancelHandshake the
    organization's."""

    def answer(state: State, call: Call, account: str) -> Answer:
        org, found = handshake_of(state, call.params["HandshakeId"], account)
        if account != (org.management if new_state == "CANCELED" else found.account):
            raise denied()
        if found.state == new_state:
            raise api_error(
                "HandshakeAlreadyInStateException",
                "The specified handshake is already in the requested state.",
            )
        if found.state != "REQUESTED":
            raise api_error(
                "InvalidHandshakeTransitionException",
                "You can't perform the operation on the handshake in its current state.",
            )
        if new_state == "ACCEPTED":
            if of(state, account) is not None:
                raise api_error(
                    "HandshakeConstraintViolationException",
                    "The account is already a member of an organization.",
                    Reason="ALREADY_IN_AN_ORGANIZATION",
                )
            now = state.clock.now()
            org.add(organization.account_node(account, org.root, now, "INVITED"))
        found.state = new_state
        return {"Handshake": handshake_shown(org, found)}

    return answer


def _remove(org: Organization, account: str) -> Answer:
    if account == org.management:
        raise api_error(
            "MasterCannotLeaveOrganizationException",
            "You can't remove a management account from an organization.",
        )
    del org.nodes[account]
    return {}


def remove_account(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    return _remove(org, account_of(org, call.params["AccountId"]).id)


def leave(state: State, call: Call, account: str) -> Answer:
    return _remove(own(state, account), account)


def move_account(state: State, call: Call, account: str) -> Answer:
    org, params = managed(state, account), call.params
    moved = account_of(org, params["AccountId"])
    source = parent_of(org, params["SourceParentId"], "SourceParentNotFoundException")
    target = parent_of(org, params["DestinationParentId"], "DestinationParentNotFoundException")
    if moved.parent != source.id:
        raise api_error(
            "SourceParentNotFoundException",
            "We can't find a source root or OU with the ParentId that you specified.",
        )
    if source.id == target.id:
        raise api_error(
            "DuplicateAccountException",
            "That account is already present in the specified destination.",
        )
    moved.parent = target.id
    return {}


def create_unit(state: State, call: Call, account: str) -> Answer:
    org, name = managed(state, account), call.params["Name"]
    parent = parent_of(org, call.params["ParentId"])
    _check_unit_name(org, parent.id, name)
    if len(org.path(parent.id)) > _DEEPEST:
        raise api_error(
            "ConstraintViolationException",
            "You have exceeded the allowed organizational unit depth.",
            Reason="OU_DEPTH_LIMIT_EXCEEDED",
        )
    made = org.new_id(f"ou-{org.root.removeprefix('r-')}-", 8)
    org.add(Node(id=made, kind="ORGANIZATIONAL_UNIT", name=name, parent=parent.id))
    return {"OrganizationalUnit": unit_shown(org, org.nodes[made])}


def _check_unit_name(org: Organization, parent: str, name: str) -> None:
    if any(unit.name == name for unit in org.children(parent, "ORGANIZATIONAL_UNIT")):
        raise api_error(
            "DuplicateOrganizationalUnitException", "An OU with the same name already exists."
        )


def update_unit(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    unit = unit_of(org, call.params["OrganizationalUnitId"])
    name = call.params.get("Name", unit.name)
    if name != unit.name:
        _check_unit_name(org, str(unit.parent), name)
        unit.name = name
    return {"OrganizationalUnit": unit_shown(org, unit)}


def delete_unit(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    unit = unit_of(org, call.params["OrganizationalUnitId"])
    if any(node.parent == unit.id for node in org.nodes.values()):
        raise api_error(
            "OrganizationalUnitNotEmptyException",
            "The specified OU is not empty. Move all accounts to another root or to other OUs, "
            "remove all child OUs, and try the operation again.",
        )
    del org.nodes[unit.id]
    return {}
