"""IAM's roles: their trust, their policies, their boundary and their tags.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.messages import Call
from . import checks, principals
from .checks import document_of
from .common import conflict, kept_tags
from .entities import ROLE, listing
from .through_moto import Act, changes, changing, reading, reads

if TYPE_CHECKING:
    from ...store.state import State


def _is_new(state: State, call: Call, account: str) -> None:
    checks.check_free("Role", call.params["RoleName"], state.backends.iam.roles(account))


def _is_bare(state: State, call: Call, account: str) -> None:
    """Raise DeleteConflict for a role that is still used, in the order and words of AWS."""
    name = call.params["RoleName"]
    if name in state.backends.iam.instance_profile_roles(account):
        raise conflict("Cannot delete entity, must remove roles from instance profile first.")
    checks.check_policies_gone(state, account, "role", name)


def _length_may_change(state: State, call: Call, account: str) -> None:
    """Refuse another session length for a service-linked role.

    Its description may be changed (IAM User Guide, edit a service-linked role).
    """
    if "MaxSessionDuration" in call.params:
        checks.check_unprotected(state, call, account)


def _can_bound(state: State, call: Call, account: str) -> None:
    checks.check_attachable("role", call.params["PermissionsBoundary"])


def _delete(state: State, call: Call, account: str, act: Act) -> Any:
    role = state.backends.iam.role(account, call.params["RoleName"])
    answer = act(call, account)
    if role is not None:
        # A policy that names the role names its id from now on.
        principals.rename(state, role.arn, role.unique_id)
    return answer


# Protected are the changes whose errors in AWS's model include UnmodifiableEntityException.
OPERATIONS = {
    "CreateRole": changing(ROLE, _is_new, makes=True, document=document_of("CreateRole")),
    "UpdateRole": changing(ROLE, _length_may_change),
    "DeleteRole": changing(ROLE, _is_bare, _delete, protected=True),
    "UpdateAssumeRolePolicy": changing(
        ROLE, protected=True, document=document_of("UpdateAssumeRolePolicy")
    ),
    "PutRolePolicy": changing(ROLE, protected=True, document=document_of("PutRolePolicy")),
    "GetRolePolicy": reading(ROLE, inline_policy=True),
    "DeleteRolePolicy": changing(ROLE, protected=True, inline_policy=True),
    "AttachRolePolicy": changing(ROLE, protected=True, attaches=True),
    "DetachRolePolicy": changing(ROLE, protected=True, detaches=True),
    "PutRolePermissionsBoundary": changing(ROLE, _can_bound, protected=True),
    "DeleteRolePermissionsBoundary": changing(ROLE, protected=True),
    "TagRole": changing(ROLE, around=kept_tags(ROLE), adds_tags=True),
    **changes(ROLE, "UpdateRoleDescription UntagRole"),
    "ListRoles": reading(listing("role")),
    **reads(ROLE, "GetRole ListRolePolicies ListAttachedRolePolicies ListRoleTags"),
}
