"""IAM's instance profiles: how a machine of EC2 gets a role.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...permission_checks import PermissionCheck
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from .common import missing, page, shown_tags
from .entities import INSTANCE_PROFILE, ROLE, listing
from .permissions import on, pass_role
from .through_moto import changes, changing, reading
from .without_moto import operation

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


def _list_tags(state: State, call: Call, account: str) -> Answer:
    profile = state.backends.iam.instance_profile(account, call.params["InstanceProfileName"])
    assert profile is not None
    return page(call, "Tags", shown_tags(dict(profile.tags)))


_own = on(INSTANCE_PROFILE)


def _and_pass_the_role(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    own = _own(state, call, caller)
    return (*own, pass_role(state, call, caller.account, "ec2.amazonaws.com"))


OPERATIONS = {
    "CreateInstanceProfile": changing(INSTANCE_PROFILE, _is_new, makes=True),
    "GetInstanceProfile": reading(INSTANCE_PROFILE),
    "ListInstanceProfiles": reading(listing("instance-profile")),
    "ListInstanceProfilesForRole": reading(ROLE),
    "AddRoleToInstanceProfile": changing(
        INSTANCE_PROFILE, protected=True, permissions=_and_pass_the_role
    ),
    "RemoveRoleFromInstanceProfile": changing(INSTANCE_PROFILE, _has_the_role, protected=True),
    "TagInstanceProfile": changing(INSTANCE_PROFILE, adds_tags=True),
    "ListInstanceProfileTags": operation(INSTANCE_PROFILE, _list_tags),
    **changes(INSTANCE_PROFILE, "DeleteInstanceProfile UntagInstanceProfile"),
}
