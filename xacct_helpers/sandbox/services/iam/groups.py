"""IAM's groups: their members and their policies.

Source: IAM API Reference; IAM and STS quotas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.messages import Call
from . import checks
from .checks import document_of
from .common import conflict, limit
from .entities import GROUP, listing
from .through_moto import Act, changing, reading, reads

if TYPE_CHECKING:
    from ...store.state import State

_GROUPS_OF_A_USER = 10


def _is_new(state: State, call: Call, account: str) -> None:
    checks.check_free("Group", call.params["GroupName"], state.backends.iam.groups(account))


def _new_name_is_free(state: State, call: Call, account: str) -> None:
    name = call.params["GroupName"]
    others = tuple(other for other in state.backends.iam.groups(account) if other != name)
    checks.check_free("Group", call.params.get("NewGroupName", name), others)


def _is_bare(state: State, call: Call, account: str) -> None:
    """Raise DeleteConflict for a group that still has something, in the order and words of AWS."""
    name = call.params["GroupName"]
    if state.backends.iam.group_members(account, name):
        raise conflict("Cannot delete entity, must remove users from group first.")
    checks.check_policies_gone(state, account, "group", name)


def _has_room(state: State, call: Call, account: str) -> None:
    groups = state.backends.iam.groups_of(account, call.params["UserName"])
    if len(groups) >= _GROUPS_OF_A_USER and call.params["GroupName"] not in groups:
        raise limit("GroupsPerUser", _GROUPS_OF_A_USER)


def _update(state: State, call: Call, account: str, act: Act) -> Any:
    answer = act(call, account)
    if "NewPath" in call.params:
        name = call.params.get("NewGroupName", call.params["GroupName"])
        state.backends.iam.set_group_path(account, name, call.params["NewPath"])
    return answer


OPERATIONS = {
    "CreateGroup": changing(GROUP, _is_new, makes=True),
    "ListGroups": reading(listing("group")),
    "UpdateGroup": changing(GROUP, _new_name_is_free, _update),
    "DeleteGroup": changing(GROUP, _is_bare),
    "AddUserToGroup": changing(GROUP, _has_room),
    "RemoveUserFromGroup": changing(GROUP),
    "PutGroupPolicy": changing(GROUP, document=document_of("PutGroupPolicy")),
    "GetGroupPolicy": reading(GROUP, inline_policy=True),
    "DeleteGroupPolicy": changing(GROUP, inline_policy=True),
    "AttachGroupPolicy": changing(GROUP, attaches=True),
    "DetachGroupPolicy": changing(GROUP, detaches=True),
    **reads(GROUP, "GetGroup ListGroupPolicies ListAttachedGroupPolicies"),
}
