"""The permissions that IAM's operations need.

Source: IAM API Reference; Service Authorization Reference for AWS IAM (resource types and the
condition keys iam:PolicyARN, iam:PermissionsBoundary).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ....aws.service_reference import fits, keys_of
from ...permission_checks import PermissionCheck
from ...protocol.messages import Call
from ..operation import Permissions
from . import resources

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def permissions(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """The one permission that most of IAM's operations need, on the entity that they name."""
    tags = resources.resource_tags(state, call, caller.account)
    return (
        _permission(state, call, caller.account, resources.resource(state, call, caller), tags),
    )


def on(
    resource: Callable[[State, Call, str], str],
    tags: Callable[[State, Call, str], Mapping[str, str]] = resources.resource_tags,
) -> Permissions:
    """The one permission of an operation whose module says what it is authorised on.

    resource: the ARN, for a call in an account; tags: those of what the ARN names.
    """

    def found(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
        account = caller.account
        held = tags(state, call, account)
        return (_permission(state, call, account, resource(state, call, account), held),)

    return found


def _permission(
    state: State, call: Call, account: str, resource: str, held: Mapping[str, str]
) -> PermissionCheck:
    context: dict[str, str | tuple[str, ...]] = {}
    for key, value in held.items():
        context[f"aws:ResourceTag/{key}"] = value
        context[f"iam:ResourceTag/{key}"] = value
    tags = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", ())}
    for key, value in tags.items():
        context[f"aws:RequestTag/{key}"] = value
    if tags or call.params.get("TagKeys"):
        context["aws:TagKeys"] = (*tags, *call.params.get("TagKeys", ()))
    if call.operation.startswith(("Attach", "Detach")):
        context["iam:PolicyARN"] = call.params["PolicyArn"]
    if "AWSServiceName" in call.params:
        context["iam:AWSServiceName"] = call.params["AWSServiceName"]
    boundary = resources.boundary_of(state, call, account)
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    known = keys_of(call.action)
    context = {key: value for key, value in context.items() if fits(key, known)}
    return PermissionCheck(
        action=call.action, resource=resource, resource_account=account, context=context
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
