"""Organizations' things as its answers show them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ...protocol.messages import Call
from ...store.organization import SCP, Handshake, Node, Organization, Policy
from .lookup import api_error

if TYPE_CHECKING:
    from ...store.state import State

_PAGE = 20

Answer = dict[str, Any]
#: What answers an operation: the state, the call, and the account whose it is.
Handler = Callable[["State", Call, str], Answer]
Item = TypeVar("Item")


def organization_shown(org: Organization) -> Answer:
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


def root_shown(org: Organization) -> Answer:
    root = org.nodes[org.root]
    types = [{"Type": kind, "Status": "ENABLED"} for kind in org.enabled]
    return {
        "Id": root.id, "Arn": org.node_arn(root), "Name": root.name, "PolicyTypes": types
    }  # fmt: skip


def unit_shown(org: Organization, unit: Node) -> Answer:
    return {"Id": unit.id, "Arn": org.node_arn(unit), "Name": unit.name}


def account_shown(org: Organization, account: Node) -> Answer:
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


def summary(org: Organization, policy: Policy) -> Answer:
    return {
        "Id": policy.id,
        "Arn": org.policy_arn(policy),
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": policy.aws_managed,
    }


def policy_shown(org: Organization, policy: Policy) -> Answer:
    return {"PolicySummary": summary(org, policy), "Content": policy.content}


def handshake_shown(org: Organization, one: Handshake) -> Answer:
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


def page(call: Call, name: str, items: Sequence[Item]) -> Answer:
    """A page of items under a name, and the token for the next."""
    start = 0
    if "NextToken" in call.params:
        try:
            start = int(base64.b64decode(call.params["NextToken"], validate=True))
        except (binascii.Error, ValueError) as error:
            raise api_error(
                "InvalidInputException",
                "You provided a next token that is not valid.",
                Reason="INVALID_NEXT_TOKEN",
            ) from error
    end = start + int(call.params.get("MaxResults", _PAGE))
    shown: Answer = {name: list(items[max(start, 0) : end])}
    if end < len(items):
        shown["NextToken"] = base64.b64encode(str(end).encode()).decode()
    return shown
