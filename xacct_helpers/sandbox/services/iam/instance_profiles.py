"""IAM's instance profiles: how a machine of EC2 gets a role.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...permission_checks import PermissionCheck
from ...protocol.errors import ApiError
from ...protocol.messages import Call
from .common import missing
from .permissions import pass_role, permissions
from .through_moto import changes, changing, reads

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def _is_new(state: State, call: Call, account: str) -> None:
    name = call.params["InstanceProfileName"]
    if name.lower() in map(str.lower, state.backends.iam.instance_profiles(account)):
        raise ApiError("EntityAlreadyExists", f"Instance Profile {name} already exists.", 409)


def _has_the_role(state: State, call: Call, account: str) -> None:
    held = state.backends.iam.instance_profiles(account)[call.params["InstanceProfileName"]]
    if call.params["RoleName"] not in held:
        raise missing(f"The role with name {call.params['RoleName']} cannot be found.")


def _and_pass_the_role(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    own = permissions(state, call, caller)
    return (*own, pass_role(state, call, caller.account, "ec2.amazonaws.com"))


OPERATIONS = {
    "CreateInstanceProfile": changing(_is_new),
    "AddRoleToInstanceProfile": changing(permissions=_and_pass_the_role),
    "RemoveRoleFromInstanceProfile": changing(_has_the_role),
    **changes("DeleteInstanceProfile TagInstanceProfile UntagInstanceProfile"),
    **reads("GetInstanceProfile ListInstanceProfiles ListInstanceProfilesForRole"),
}
