"""AWS Organizations, as far as lessons on service control and resource control policies need it.

An account founds an organization, invites others, sorts them into organizational units and attaches
policies; the gate has them apply. Billing, delegated administrators, tags, and policies of other
types are not here, and member accounts are not made but invited.
Source: AWS Organizations API Reference; Service Authorization Reference for AWS Organizations;
texts of errors from the API Reference and public logs.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from ...policy import Kind, PolicyError, check
from .. import organization, wire
from ..errors import ApiError
from ..gate import Ask
from ..gate import organization_of as of
from ..organization import FULL_ACCESS, RCP, SCP, Handshake, Node, Organization, Policy
from ..wire import Call, HttpResponse

if TYPE_CHECKING:
    from ..identities import Caller
    from ..state import State

_KINDS: dict[str, Kind] = {SCP: "scp", RCP: "rcp"}
_MOST_ATTACHED, _MOST_CONTENT, _DEEPEST = 5, 5120, 5
_INVITATION_DAYS = 15
_PAGE = 20

Answer = dict[str, Any]
Handler = Callable[["State", Call, str], Answer]
Item = TypeVar("Item")


def _error(code: str, message: str, **members: str) -> ApiError:
    return ApiError(code, message, members=dict(members))


def _denied() -> ApiError:
    return _error("AccessDeniedException", "You don't have permissions to access this resource.")


# -- finding ---------------------------------------------------------------------------------


def _own(state: State, account: str) -> Organization:
    """The organization that the account belongs to, or AWS's error."""
    found = of(state, account)
    if found is None:
        raise _error(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )
    return found


def _managed(state: State, account: str) -> Organization:
    """The organization that the account manages, or AWS's error."""
    found = _own(state, account)
    if found.management != account:
        raise _denied()
    return found


def _node(org: Organization, wanted: str, kinds: Sequence[str], error: ApiError) -> Node:
    found = org.nodes.get(wanted)
    if found is None or found.kind not in kinds:
        raise error
    return found


def _parent(org: Organization, wanted: str, code: str = "ParentNotFoundException") -> Node:
    error = _error(code, "You specified parent that doesn't exist.")
    return _node(org, wanted, ("ROOT", "ORGANIZATIONAL_UNIT"), error)


def _unit(org: Organization, wanted: str) -> Node:
    error = _error(
        "OrganizationalUnitNotFoundException",
        "You specified an organizational unit that doesn't exist.",
    )
    return _node(org, wanted, ("ORGANIZATIONAL_UNIT",), error)


def _account(org: Organization, wanted: str) -> Node:
    error = _error("AccountNotFoundException", "You specified an account that doesn't exist.")
    return _node(org, wanted, ("ACCOUNT",), error)


def _target(org: Organization, wanted: str) -> Node:
    if wanted not in org.nodes:
        raise _error(
            "TargetNotFoundException",
            "We can't find a root, OU, account, or policy with the TargetId that you specified.",
        )
    return org.nodes[wanted]


def _policy(org: Organization, wanted: str) -> Policy:
    if wanted not in org.policies:
        raise _error(
            "PolicyNotFoundException",
            "We can't find a policy with the PolicyId that you specified.",
        )
    return org.policies[wanted]


def _handshake(state: State, wanted: str, account: str) -> tuple[Organization, Handshake]:
    """An invitation that the account has sent or got."""
    for org in state.organizations.values():
        found = org.handshakes.get(wanted)
        if found is not None and account in (org.management, found.account):
            if found.state == "REQUESTED" and state.clock.now() >= found.expires:
                found.state = "EXPIRED"
            return org, found
    raise _error("HandshakeNotFoundException", "You specified a handshake that doesn't exist.")


# -- showing ---------------------------------------------------------------------------------


def _shown(org: Organization) -> Answer:
    master = org.nodes[org.management]
    return {
        "Id": org.id,
        "Arn": f"arn:aws:organizations::{org.management}:organization/{org.id}",
        "FeatureSet": "ALL",
        "MasterAccountArn": org.node_arn(master),
        "MasterAccountId": org.management,
        "MasterAccountEmail": _email(org.management),
        # The API Reference warns that this list is not kept up; roots tell.
        "AvailablePolicyTypes": [{"Type": SCP, "Status": "ENABLED"}],
    }


def _email(account: str) -> str:
    return f"{account}@example.com"


def _root_shown(org: Organization) -> Answer:
    root = org.nodes[org.root]
    types = [{"Type": kind, "Status": "ENABLED"} for kind in org.enabled]
    return {
        "Id": root.id, "Arn": org.node_arn(root), "Name": root.name, "PolicyTypes": types
    }  # fmt: skip


def _unit_shown(org: Organization, unit: Node) -> Answer:
    return {"Id": unit.id, "Arn": org.node_arn(unit), "Name": unit.name}


def _account_shown(org: Organization, account: Node) -> Answer:
    assert account.joined is not None
    when, how = account.joined
    return {
        "Id": account.id,
        "Arn": org.node_arn(account),
        "Email": _email(account.id),
        "Name": account.name,
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "JoinedMethod": how,
        "JoinedTimestamp": when,
    }


def _summary(org: Organization, policy: Policy) -> Answer:
    return {
        "Id": policy.id,
        "Arn": org.policy_arn(policy),
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": policy.aws_managed,
    }


def _policy_shown(org: Organization, policy: Policy) -> Answer:
    return {"PolicySummary": _summary(org, policy), "Content": policy.content}


def _handshake_shown(org: Organization, one: Handshake) -> Answer:
    resources: list[Answer] = [
        {"Type": "ORGANIZATION", "Value": org.id},
        {"Type": "ACCOUNT", "Value": one.account},
    ]
    if one.notes:
        resources.append({"Type": "NOTES", "Value": one.notes})
    return {
        "Id": one.id,
        "Arn": org.arn("handshake", f"invite/{one.id}"),
        "Parties": [
            {"Id": org.id.removeprefix("o-"), "Type": "ORGANIZATION"},
            {"Id": one.account, "Type": "ACCOUNT"},
        ],
        "State": one.state,
        "RequestedTimestamp": one.requested,
        "ExpirationTimestamp": one.expires,
        "Action": "INVITE",
        "Resources": resources,
    }


def _page(call: Call, name: str, items: Sequence[Item]) -> Answer:
    """A page of items under a name, and the token for the next."""
    start = 0
    if "NextToken" in call.params:
        try:
            start = int(base64.b64decode(call.params["NextToken"], validate=True))
        except (binascii.Error, ValueError) as error:
            raise _error(
                "InvalidInputException",
                "You provided a next token that is not valid.",
                Reason="INVALID_NEXT_TOKEN",
            ) from error
    end = start + int(call.params.get("MaxResults", _PAGE))
    shown: Answer = {name: list(items[max(start, 0) : end])}
    if end < len(items):
        shown["NextToken"] = base64.b64encode(str(end).encode()).decode()
    return shown


# -- the organization and its accounts -------------------------------------------------------


def _create_organization(state: State, call: Call, account: str) -> Answer:
    if of(state, account) is not None:
        raise _error(
            "AlreadyInOrganizationException",
            "The AWS account is already a member of an organization.",
        )
    if call.params.get("FeatureSet", "ALL") != "ALL":
        raise _error(
            "InvalidInputException",
            "This sandbox has organizations with all features only.",
            Reason="INVALID_ENUM",
        )
    count = state.organizations_founded.get(account, 0)
    state.organizations_founded[account] = count + 1
    org = organization.found(str(state.header["seed"]), account, count, state.clock.now())
    state.organizations[account] = org
    return {"Organization": _shown(org)}


def _delete_organization(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    if len([node for node in org.nodes.values() if node.kind != "ROOT"]) > 1:
        raise _error(
            "OrganizationNotEmptyException",
            "The organization isn't empty. To delete an organization, you must first remove all "
            "accounts except the management account.",
        )
    del state.organizations[account]
    return {}


def _invite(state: State, call: Call, account: str) -> Answer:
    org, target = _managed(state, account), call.params["Target"]
    wanted = target["Id"]
    if target["Type"] != "ACCOUNT" or wanted not in state.accounts:
        raise _error(
            "InvalidInputException",
            f"This lab has no account {wanted}; invite one of its accounts by its id.",
            Reason="INVALID_PARTY_TYPE_TARGET",
        )
    if wanted in org.nodes:
        raise _error(
            "DuplicateAccountException",
            "That account is already present in the specified destination.",
        )
    if any(h.account == wanted and h.state == "REQUESTED" for h in org.handshakes.values()):
        raise _error(
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
    return {"Handshake": _handshake_shown(org, made)}


def _answer_handshake(new_state: str) -> Handler:
    """AcceptHandshake and DeclineHandshake are the invited account's, CancelHandshake the
    organization's."""

    def answer(state: State, call: Call, account: str) -> Answer:
        org, found = _handshake(state, call.params["HandshakeId"], account)
        if account != (org.management if new_state == "CANCELED" else found.account):
            raise _denied()
        if found.state == new_state:
            raise _error(
                "HandshakeAlreadyInStateException",
                "The specified handshake is already in the requested state.",
            )
        if found.state != "REQUESTED":
            raise _error(
                "InvalidHandshakeTransitionException",
                "You can't perform the operation on the handshake in its current state.",
            )
        if new_state == "ACCEPTED":
            if of(state, account) is not None:
                raise _error(
                    "HandshakeConstraintViolationException",
                    "The account is already a member of an organization.",
                    Reason="ALREADY_IN_AN_ORGANIZATION",
                )
            now = state.clock.now()
            org.add(organization.account_node(account, org.root, now, "INVITED"))
        found.state = new_state
        return {"Handshake": _handshake_shown(org, found)}

    return answer


def _remove(org: Organization, account: str) -> Answer:
    if account == org.management:
        raise _error(
            "MasterCannotLeaveOrganizationException",
            "You can't remove a management account from an organization.",
        )
    del org.nodes[account]
    return {}


def _remove_account(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    return _remove(org, _account(org, call.params["AccountId"]).id)


def _leave(state: State, call: Call, account: str) -> Answer:
    return _remove(_own(state, account), account)


def _move_account(state: State, call: Call, account: str) -> Answer:
    org, params = _managed(state, account), call.params
    moved = _account(org, params["AccountId"])
    source = _parent(org, params["SourceParentId"], "SourceParentNotFoundException")
    target = _parent(org, params["DestinationParentId"], "DestinationParentNotFoundException")
    if moved.parent != source.id:
        raise _error(
            "SourceParentNotFoundException",
            "We can't find a source root or OU with the ParentId that you specified.",
        )
    if source.id == target.id:
        raise _error(
            "DuplicateAccountException",
            "That account is already present in the specified destination.",
        )
    moved.parent = target.id
    return {}


def _create_unit(state: State, call: Call, account: str) -> Answer:
    org, name = _managed(state, account), call.params["Name"]
    parent = _parent(org, call.params["ParentId"])
    _check_unit_name(org, parent.id, name)
    if len(org.path(parent.id)) > _DEEPEST:
        raise _error(
            "ConstraintViolationException",
            "You have exceeded the allowed organizational unit depth.",
            Reason="OU_DEPTH_LIMIT_EXCEEDED",
        )
    made = org.new_id(f"ou-{org.root.removeprefix('r-')}-", 8)
    org.add(Node(id=made, kind="ORGANIZATIONAL_UNIT", name=name, parent=parent.id))
    return {"OrganizationalUnit": _unit_shown(org, org.nodes[made])}


def _check_unit_name(org: Organization, parent: str, name: str) -> None:
    if any(unit.name == name for unit in org.children(parent, "ORGANIZATIONAL_UNIT")):
        raise _error(
            "DuplicateOrganizationalUnitException", "An OU with the same name already exists."
        )


def _update_unit(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    unit = _unit(org, call.params["OrganizationalUnitId"])
    name = call.params.get("Name", unit.name)
    if name != unit.name:
        _check_unit_name(org, str(unit.parent), name)
        unit.name = name
    return {"OrganizationalUnit": _unit_shown(org, unit)}


def _delete_unit(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    unit = _unit(org, call.params["OrganizationalUnitId"])
    if any(node.parent == unit.id for node in org.nodes.values()):
        raise _error(
            "OrganizationalUnitNotEmptyException",
            "The specified OU is not empty. Move all accounts to another root or to other OUs, "
            "remove all child OUs, and try the operation again.",
        )
    del org.nodes[unit.id]
    return {}


# -- policies --------------------------------------------------------------------------------


def _check_type(kind: str) -> str:
    if kind not in _KINDS:
        raise _error(
            "InvalidInputException",
            f"This sandbox has the policy types {SCP} and {RCP}.",
            Reason="INVALID_ENUM_POLICY_TYPE",
        )
    return kind


def _check_enabled(org: Organization, kind: str) -> None:
    if kind not in org.enabled:
        raise _error(
            "PolicyTypeNotEnabledException",
            "This operation can be performed only for enabled policy types.",
        )


def _root(org: Organization, wanted: str) -> None:
    if wanted != org.root:
        raise _error("RootNotFoundException", "You specified a root that doesn't exist.")


def _enable(state: State, call: Call, account: str) -> Answer:
    org, kind = _managed(state, account), _check_type(call.params["PolicyType"])
    _root(org, call.params["RootId"])
    if kind in org.enabled:
        raise _error(
            "PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled."
        )
    org.enable(kind)
    return {"Root": _root_shown(org)}


def _disable(state: State, call: Call, account: str) -> Answer:
    org, kind = _managed(state, account), _check_type(call.params["PolicyType"])
    _root(org, call.params["RootId"])
    _check_enabled(org, kind)
    org.disable(kind)
    return {"Root": _root_shown(org)}


def _checked(content: str, kind: str) -> str:
    """The text of a policy; MalformedPolicyDocumentException when AWS would not take it."""
    if len(content.encode()) > _MOST_CONTENT:
        raise _error(
            "ConstraintViolationException",
            "You have exceeded the maximum size of a policy document.",
            Reason="POLICY_CONTENT_LIMIT_EXCEEDED",
        )
    try:
        check(content, _KINDS[kind])
    except PolicyError as error:
        raise _error(
            "MalformedPolicyDocumentException",
            "The provided policy document does not meet the requirements of the specified policy "
            "type.",
        ) from error
    return content


def _check_policy_name(org: Organization, name: str, own: str = "") -> None:
    if any(p.name == name and p.id != own for p in org.policies.values()):
        raise _error("DuplicatePolicyException", "A policy with the same name already exists.")


def _create_policy(state: State, call: Call, account: str) -> Answer:
    org, params = _managed(state, account), call.params
    kind = _check_type(params["Type"])
    content = _checked(params["Content"], kind)
    _check_policy_name(org, params["Name"])
    made = Policy(
        id=org.new_id("p-", 8),
        name=params["Name"],
        type=kind,
        description=params["Description"],
        content=content,
    )
    org.policies[made.id] = made
    return {"Policy": _policy_shown(org, made)}


def _changeable(org: Organization, wanted: str) -> Policy:
    found = _policy(org, wanted)
    if found.aws_managed:
        raise _denied()
    return found


def _update_policy(state: State, call: Call, account: str) -> Answer:
    org, params = _managed(state, account), call.params
    found = _changeable(org, params["PolicyId"])
    content = _checked(params["Content"], found.type) if "Content" in params else found.content
    _check_policy_name(org, params.get("Name", found.name), found.id)
    found.name, found.content = params.get("Name", found.name), content
    found.description = params.get("Description", found.description)
    return {"Policy": _policy_shown(org, found)}


def _delete_policy(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    found = _changeable(org, call.params["PolicyId"])
    if org.targets(found.id):
        raise _error(
            "PolicyInUseException",
            "The policy is attached to one or more entities. You must detach it from all roots, "
            "OUs, and accounts before performing this operation.",
        )
    del org.policies[found.id]
    return {}


def _attach(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    policy, node = _policy(org, call.params["PolicyId"]), _target(org, call.params["TargetId"])
    _check_enabled(org, policy.type)
    if policy.id in node.attached:
        raise _error(
            "DuplicatePolicyAttachmentException",
            "The selected policy is already attached to the specified target.",
        )
    if len(org.of_type(node, policy.type)) >= _MOST_ATTACHED:
        raise _error(
            "ConstraintViolationException",
            "You have attached the maximum number of policies to the specified target.",
            Reason="MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        )
    node.attached.append(policy.id)
    return {}


def _detach(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    policy, node = _policy(org, call.params["PolicyId"]), _target(org, call.params["TargetId"])
    _check_enabled(org, policy.type)
    if policy.id not in node.attached:
        raise _error(
            "PolicyNotAttachedException",
            "The policy isn't attached to the specified target in the specified root.",
        )
    if len(org.of_type(node, policy.type)) == 1 or policy.id == FULL_ACCESS[RCP]:
        raise _error(
            "ConstraintViolationException",
            "You cannot remove the last policy attached to the specified target. You should have "
            "at least one attached at all times.",
            Reason="MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        )
    node.attached.remove(policy.id)
    return {}


# -- reading ---------------------------------------------------------------------------------


def _list_children(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    parent, kind = _parent(org, call.params["ParentId"]), call.params["ChildType"]
    children = [{"Id": node.id, "Type": kind} for node in org.children(parent.id, kind)]
    return _page(call, "Children", children)


def _list_parents(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    error = _error("ChildNotFoundException", "We can't find an organizational unit or account.")
    child = _node(org, call.params["ChildId"], ("ACCOUNT", "ORGANIZATIONAL_UNIT"), error)
    parent = org.nodes[str(child.parent)]
    return _page(call, "Parents", [{"Id": parent.id, "Type": parent.kind}])


def _accounts(org: Organization, parent: str | None = None) -> list[Answer]:
    return [
        _account_shown(org, node)
        for node in org.nodes.values()
        if node.kind == "ACCOUNT" and parent in (None, node.parent)
    ]


def _list_units(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    parent = _parent(org, call.params["ParentId"])
    units = [_unit_shown(org, n) for n in org.children(parent.id, "ORGANIZATIONAL_UNIT")]
    return _page(call, "OrganizationalUnits", units)


def _list_policies(state: State, call: Call, account: str) -> Answer:
    org, kind = _managed(state, account), _check_type(call.params["Filter"])
    summaries = [_summary(org, p) for p in org.policies.values() if p.type == kind]
    return _page(call, "Policies", summaries)


def _list_for_target(state: State, call: Call, account: str) -> Answer:
    org, kind = _managed(state, account), _check_type(call.params["Filter"])
    node = _target(org, call.params["TargetId"])
    return _page(call, "Policies", [_summary(org, p) for p in org.of_type(node, kind)])


def _list_targets(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    policy = _policy(org, call.params["PolicyId"])
    targets = [
        {"TargetId": node.id, "Arn": org.node_arn(node), "Name": node.name, "Type": node.kind}
        for node in org.targets(policy.id)
    ]
    return _page(call, "Targets", targets)


def _list_handshakes(state: State, call: Call, account: str) -> Answer:
    mine = call.operation == "ListHandshakesForAccount"
    if not mine:
        _managed(state, account)
    shown = [
        _handshake_shown(*_handshake(state, one.id, account))
        for org in state.organizations.values()
        for one in org.handshakes.values()
        if account == (one.account if mine else org.management)
    ]
    return _page(call, "Handshakes", shown)


def _describe_account(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    return {"Account": _account_shown(org, _account(org, call.params["AccountId"]))}


def _describe_handshake(state: State, call: Call, account: str) -> Answer:
    return {"Handshake": _handshake_shown(*_handshake(state, call.params["HandshakeId"], account))}


def _describe_policy(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    return {"Policy": _policy_shown(org, _policy(org, call.params["PolicyId"]))}


def _describe_unit(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    unit = _unit(org, call.params["OrganizationalUnitId"])
    return {"OrganizationalUnit": _unit_shown(org, unit)}


def _list_for_parent(state: State, call: Call, account: str) -> Answer:
    org = _managed(state, account)
    return _page(call, "Accounts", _accounts(org, _parent(org, call.params["ParentId"]).id))


_CHANGES: dict[str, Handler] = {
    "CreateOrganization": _create_organization,
    "DeleteOrganization": _delete_organization,
    "InviteAccountToOrganization": _invite,
    "AcceptHandshake": _answer_handshake("ACCEPTED"),
    "DeclineHandshake": _answer_handshake("DECLINED"),
    "CancelHandshake": _answer_handshake("CANCELED"),
    "RemoveAccountFromOrganization": _remove_account,
    "LeaveOrganization": _leave,
    "MoveAccount": _move_account,
    "CreateOrganizationalUnit": _create_unit,
    "UpdateOrganizationalUnit": _update_unit,
    "DeleteOrganizationalUnit": _delete_unit,
    "EnablePolicyType": _enable,
    "DisablePolicyType": _disable,
    "CreatePolicy": _create_policy,
    "UpdatePolicy": _update_policy,
    "DeletePolicy": _delete_policy,
    "AttachPolicy": _attach,
    "DetachPolicy": _detach,
}
_READS: dict[str, Handler] = {
    "DescribeOrganization": lambda s, c, a: {"Organization": _shown(_own(s, a))},
    "DescribeAccount": _describe_account,
    "DescribeHandshake": _describe_handshake,
    "DescribeOrganizationalUnit": _describe_unit,
    "DescribePolicy": _describe_policy,
    "ListRoots": lambda s, c, a: _page(c, "Roots", [_root_shown(_managed(s, a))]),
    "ListAccounts": lambda s, c, a: _page(c, "Accounts", _accounts(_managed(s, a))),
    "ListAccountsForParent": _list_for_parent,
    "ListOrganizationalUnitsForParent": _list_units,
    "ListParents": _list_parents,
    "ListChildren": _list_children,
    "ListPolicies": _list_policies,
    "ListPoliciesForTarget": _list_for_target,
    "ListTargetsForPolicy": _list_targets,
    "ListHandshakesForAccount": _list_handshakes,
    "ListHandshakesForOrganization": _list_handshakes,
}
OPERATIONS = frozenset(_CHANGES) | frozenset(_READS)
MUTATING = frozenset(_CHANGES)


def prepare(state: State, call: Call, caller: Caller) -> None:
    """What AWS refuses before it looks at any permission: nothing here."""


# The parameter that names what a call is about. Calls without one have no resource type, or are
# listings, which AWS authorises on "*".
_ABOUT = ("PolicyId", "TargetId", "AccountId", "OrganizationalUnitId", "HandshakeId", "RootId")


def asks(state: State, call: Call, caller: Caller) -> tuple[Ask, ...]:
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
        Ask(action=call.action, resource=arn, resource_account=caller.account, context=context)
        for arn in resources or ["*"]
    )


def _arn(state: State, org: Organization | None, caller: Caller, wanted: str) -> str:
    """The ARN of what an id names; "" when there is nothing of it."""
    if wanted.startswith("h-"):
        try:
            owner, found = _handshake(state, wanted, caller.account)
        except ApiError:
            return ""
        return owner.arn("handshake", f"invite/{found.id}")
    if org is None:
        return ""
    if wanted in org.policies:
        return org.policy_arn(org.policies[wanted])
    return org.node_arn(org.nodes[wanted]) if wanted in org.nodes else ""


def perform(state: State, call: Call, caller: Caller) -> HttpResponse:
    """Answer a call that the gate let through."""
    if call.operation in _READS:
        return wire.result(call, _READS[call.operation](state, call, caller.account))
    value = _CHANGES[call.operation](state, call, caller.account)
    state.record(call, caller.account)
    return wire.result(call, value)


def replay(state: State, call: Call, account: str) -> None:
    """A journalled call again."""
    _CHANGES[call.operation](state, call, account)
