"""Roles that only their service may change: those under /aws-service-role/.

Source: IAM User Guide, using service-linked roles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...protocol.errors import ApiError
from ...protocol.messages import Call

if TYPE_CHECKING:
    from ...store.state import State

PATH = "/aws-service-role/"
# Those of the calls on a role whose model knows UnmodifiableEntityException. Of UpdateRole the
# description may be changed (IAM User Guide, edit a service-linked role).
_PROTECTED = """DeleteRole UpdateAssumeRolePolicy PutRolePolicy DeleteRolePolicy AttachRolePolicy
    DetachRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary
    AddRoleToInstanceProfile RemoveRoleFromInstanceProfile"""


def check_unprotected(state: State, call: Call, account: str) -> None:
    """UnmodifiableEntity for a call that would change a role which only its service may change."""
    session_length = call.operation == "UpdateRole" and "MaxSessionDuration" in call.params
    if not session_length and call.operation not in _PROTECTED.split():
        return
    role = state.backends.iam.role(account, call.params["RoleName"])
    if role is not None and f":role{PATH}" in role.arn:
        # the text as logs have it for UpdateAssumeRolePolicy on a role that AWS protects
        raise ApiError(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - this role is "
            "only modifiable by AWS",
        )
