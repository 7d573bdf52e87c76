"""IAM's groups: their members and their policies.

Source: IAM API Reference; IAM and STS quotas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.messages import Call
from . import checks
from .common import conflict, limit
from .through_moto import Act, changes, changing, reads

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
    """DeleteConflict for a group that still has something, in the order and words of AWS."""
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
    "CreateGroup": changing(_is_new),
    "UpdateGroup": changing(_new_name_is_free, _update),
    "DeleteGroup": changing(_is_bare),
    "AddUserToGroup": changing(_has_room),
    "AttachGroupPolicy": changing(checks.check_attachment),
    **changes("RemoveUserFromGroup PutGroupPolicy DeleteGroupPolicy DetachGroupPolicy"),
    **reads("GetGroup ListGroups GetGroupPolicy ListGroupPolicies ListAttachedGroupPolicies"),
}
