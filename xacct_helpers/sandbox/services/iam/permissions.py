"""The permissions that IAM's operations need.

Source: IAM API Reference; Service Authorization Reference for AWS IAM (resource types and the
condition keys iam:PolicyARN, iam:PermissionsBoundary).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....aws.service_reference import fits, keys_of
from ...permission_checks import Context, PermissionCheck
from ...protocol.messages import Call
from ..operation import Permissions
from .entities import EntityType, Target

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def on(entity: EntityType, *, makes: bool = False, policy_key: bool = False) -> Permissions:
    """Return the one permission that most operations need, on the entity that a call names.

    makes: whether the operation makes the entity, which has no tags before that.
    policy_key: whether the permission depends on the managed policy that the call names.
    """

    def permissions(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
        account = caller.account
        target = entity.look(state, call, account)
        if makes:
            target = Target(target.arn, {}, target.boundary)
        return (permission(call, account, target, policy_key=policy_key),)

    return permissions


def permission(
    call: Call, account: str, target: Target, *, policy_key: bool = False
) -> PermissionCheck:
    """Return the permission for a call on its target, with the condition keys of the action."""
    params, action = call.params, call.action
    context: Context = {}
    for key, value in target.tags.items():
        context[f"aws:ResourceTag/{key}"] = value
        context[f"iam:ResourceTag/{key}"] = value
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())}
    for key, value in tags.items():
        context[f"aws:RequestTag/{key}"] = value
    if tags or params.get("TagKeys"):
        context["aws:TagKeys"] = (*tags, *params.get("TagKeys", ()))
    if policy_key:
        context["iam:PolicyARN"] = params["PolicyArn"]
    if "AWSServiceName" in params:
        context["iam:AWSServiceName"] = params["AWSServiceName"]
    boundary = params.get("PermissionsBoundary", target.boundary)
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    known = keys_of(action)
    context = {key: value for key, value in context.items() if fits(key, known)}
    return PermissionCheck(
        action=action, resource=target.arn, resource_account=account, context=context
    )


def pass_role(state: State, call: Call, account: str, service: str) -> PermissionCheck:
    """The permission to hand a role to a service. Source: IAM User Guide, granting a user
    permissions to pass a role to an AWS service; API Reference, AddRoleToInstanceProfile."""
    name = call.params["RoleName"]
    role = state.backends.iam.role(account, name)
    return PermissionCheck(
        action="iam:PassRole",
        resource=role.arn if role else f"arn:aws:iam::{account}:role/{name}",
        resource_account=account,
        context={"iam:PassedToService": service},
    )
