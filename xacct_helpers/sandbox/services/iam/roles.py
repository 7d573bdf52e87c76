"""IAM's roles: their trust, their policies, their boundary and their tags.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.messages import Call
from . import checks, principals
from .common import conflict, kept_tags
from .through_moto import Act, changes, changing, reads

if TYPE_CHECKING:
    from ...store.state import State


def _is_new(state: State, call: Call, account: str) -> None:
    checks.check_free("Role", call.params["RoleName"], state.backends.iam.roles(account))


def _is_bare(state: State, call: Call, account: str) -> None:
    """DeleteConflict for a role that is still used, in the order and words of AWS."""
    name = call.params["RoleName"]
    if name in state.backends.iam.instance_profile_roles(account):
        raise conflict("Cannot delete entity, must remove roles from instance profile first.")
    checks.check_policies_gone(state, account, "role", name)


def _can_bound(state: State, call: Call, account: str) -> None:
    checks.check_attachable("role", call.params["PermissionsBoundary"])


def _delete(state: State, call: Call, account: str, act: Act) -> Any:
    role = state.backends.iam.role(account, call.params["RoleName"])
    answer = act(call, account)
    if role is not None:
        # A policy that names the role names its id from now on.
        principals.rename(state, role.arn, role.unique_id)
    return answer


OPERATIONS = {
    "CreateRole": changing(_is_new),
    "DeleteRole": changing(_is_bare, _delete),
    "AttachRolePolicy": changing(checks.check_attachment),
    "PutRolePermissionsBoundary": changing(_can_bound),
    "TagRole": changing(around=kept_tags("role")),
    **changes(
        """UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy PutRolePolicy DeleteRolePolicy
        DetachRolePolicy DeleteRolePermissionsBoundary UntagRole"""
    ),
    **reads(
        """GetRole ListRoles GetRolePolicy ListRolePolicies ListAttachedRolePolicies
        ListRoleTags"""
    ),
}
