"""IAM: which permission each call needs, and doing it. moto keeps the entities.

Source: IAM API Reference; Service Authorization Reference for AWS IAM (resource types and the
condition keys iam:PolicyARN, iam:PermissionsBoundary).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ....service_reference import fits, keys_of
from ...errors import ApiError, authentication
from ...permission_checks import Ask
from ...wire import Answer, Call
from . import (
    checks,
    credential_report,
    mfa,
    oidc_providers,
    passwords,
    principals,
    resources,
    saml_providers,
    server_certificates,
    service_credentials,
    service_linked,
    signing_certificates,
    simulator,
    ssh_keys,
)

if TYPE_CHECKING:
    from ...callers import Caller
    from ...state import State

Result = TypeVar("Result")

_SERVED = """
    CreateRole GetRole DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy ListRoles
    PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies AttachRolePolicy DetachRolePolicy
    ListAttachedRolePolicies PutRolePermissionsBoundary DeleteRolePermissionsBoundary TagRole
    UntagRole ListRoleTags
    CreateUser GetUser DeleteUser UpdateUser ListUsers PutUserPolicy GetUserPolicy DeleteUserPolicy
    ListUserPolicies AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies
    PutUserPermissionsBoundary DeleteUserPermissionsBoundary CreateAccessKey DeleteAccessKey
    UpdateAccessKey ListAccessKeys TagUser UntagUser ListUserTags ListGroupsForUser
    GetAccessKeyLastUsed
    CreateGroup GetGroup DeleteGroup UpdateGroup ListGroups AddUserToGroup RemoveUserFromGroup
    PutGroupPolicy GetGroupPolicy DeleteGroupPolicy ListGroupPolicies AttachGroupPolicy
    DetachGroupPolicy ListAttachedGroupPolicies
    CreatePolicy GetPolicy DeletePolicy ListPolicies CreatePolicyVersion GetPolicyVersion
    ListPolicyVersions DeletePolicyVersion SetDefaultPolicyVersion ListEntitiesForPolicy TagPolicy
    UntagPolicy ListPolicyTags
    CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile ListInstanceProfiles
    ListInstanceProfilesForRole AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
    TagInstanceProfile UntagInstanceProfile
    ListAccountAliases CreateAccountAlias DeleteAccountAlias
    GetAccountSummary GetAccountAuthorizationDetails"""
# What moto would keep, but not as AWS does: each performs, journals and replays its own calls.
_HOLDINGS = {
    operation: module
    for module in (
        mfa,
        ssh_keys,
        signing_certificates,
        server_certificates,
        saml_providers,
        service_credentials,
        credential_report,
    )
    for operation in module.OPERATIONS
}
OPERATIONS = (
    frozenset(_SERVED.split())
    | oidc_providers.OPERATIONS
    | passwords.LOGIN_PROFILES
    | passwords.POLICIES
    | service_linked.OPERATIONS
    | simulator.OPERATIONS
    | frozenset(_HOLDINGS)
)
MUTATING = frozenset(op for op in OPERATIONS if not op.startswith(("Get", "List", "Simulate")))

_DEFAULT_TO_CALLER = frozenset(
    {"GetUser", "ListAccessKeys", "CreateAccessKey", "DeleteAccessKey", "UpdateAccessKey"}
    | {"CreateLoginProfile", "GetLoginProfile", "DeleteLoginProfile"}
    | {"DeactivateMFADevice", "ListMFADevices", "ListSSHPublicKeys"}
    | signing_certificates.OPERATIONS
    | service_credentials.OPERATIONS
)

_USER_BOUNDARY = frozenset({"PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"})


def prepare(state: State, call: Call, caller: Caller) -> None:
    """What AWS refuses before it looks at any permission."""
    session = caller.session
    if session is not None and session.role_name is None and session.mfa is None:
        # GetSessionToken's credentials reach no IAM API without MFA (STS API Reference).
        raise authentication("invalid-token", "query")
    needs_user = _lacks_user(call)
    marker = call.params.get("Marker", "0")
    if not (marker.isascii() and marker.isdigit() and len(marker) < 10):
        raise ApiError("ValidationError", "Invalid Marker.")
    if needs_user and caller.principal.kind != "user":
        raise ApiError(
            "ValidationError", "Must specify userName when calling with non-User credentials"
        )


def asks(state: State, call: Call, caller: Caller) -> tuple[Ask, ...]:
    """The one permission that each IAM call needs."""
    account = caller.account
    resource = resources.resource(state, call, caller)
    context: dict[str, str | tuple[str, ...]] = {}
    for key, value in resources.resource_tags(state, call, account).items():
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
    asked = Ask(action=call.action, resource=resource, resource_account=account, context=context)
    if call.operation == "AddRoleToInstanceProfile":
        return asked, _pass_role(state, call, account, "ec2.amazonaws.com")
    return (asked,)


def _pass_role(state: State, call: Call, account: str, service: str) -> Ask:
    """The permission to hand a role to a service. Source: IAM User Guide, granting a user
    permissions to pass a role to an AWS service; API Reference, AddRoleToInstanceProfile."""
    name = call.params["RoleName"]
    role = state.backends.iam.role(account, name)
    return Ask(
        action="iam:PassRole",
        resource=role.arn if role else f"arn:aws:iam::{account}:role/{name}",
        resource_account=account,
        context={"iam:PassedToService": service},
    )


# -- performing ------------------------------------------------------------------------------


def perform(state: State, call: Call, caller: Caller) -> Answer:
    """Answer a call that the gate let through."""
    if call.operation in simulator.OPERATIONS:
        return simulator.perform(state, call, caller)
    call = _with_user(call, caller)
    account = caller.account
    if call.operation in oidc_providers.OPERATIONS:
        checks.check_tags(state, call, account)
        oidc_providers.check(state, call, account)
        return oidc_providers.perform(state, call, account)
    if call.operation in service_linked.OPERATIONS:
        service_linked.check(state, call, account)
        return service_linked.perform(state, call, account)
    checks.check_exists(state, call, account)
    if call.operation in _HOLDINGS:
        checks.check_tags(state, call, account)
        answer: Answer = _HOLDINGS[call.operation].perform(state, call, account)
        return answer
    if call.operation in passwords.LOGIN_PROFILES:
        return passwords.perform(state, call, account)
    if call.operation in passwords.POLICIES:
        passwords.check_policy(state, call, account)
    call = checks.changing(state, call, account)
    if call.operation in _USER_BOUNDARY:
        _bound_user(state, call, account)
        state.record(call, account)
        return {}
    if call.operation == "GetAccountSummary":
        state.backends.iam.count_holdings(account, state.held(account))
    answer = _through_moto(
        state, call, account, state.change if call.operation in MUTATING else state.read
    )
    if call.operation == "CreateUser" and "PermissionsBoundary" in call.params:
        answer = _with_boundary(answer, call.params["PermissionsBoundary"])
    return answer


def replay(state: State, call: Call, account: str) -> None:
    """What a journalled call does besides moto's own work."""
    if call.operation in _HOLDINGS:
        _HOLDINGS[call.operation].replay(state, call, account)
        return
    if call.operation in oidc_providers.OPERATIONS:
        oidc_providers.replay(state, call, account)
        return
    if call.operation in service_linked.OPERATIONS:
        service_linked.replay(state, call, account)
        return
    if call.operation in passwords.LOGIN_PROFILES:
        passwords.replay(state, call, account)
        return
    if call.operation in _USER_BOUNDARY:
        _bound_user(state, call, account)
        return
    _through_moto(state, call, account, state.redo)


def _bound_user(state: State, call: Call, account: str) -> None:
    """Set or take away a user's permissions boundary, which moto has for roles alone."""
    boundary = call.params.get("PermissionsBoundary")
    state.backends.iam.set_user_boundary(account, call.params["UserName"], boundary)


def _through_moto(
    state: State, call: Call, account: str, act: Callable[[Call, str], Result]
) -> Result:
    """What `act` has moto do, the first time or on replay, and what moto leaves out of it."""
    gone = _principal(state, call, account)
    answer = act(call, account)
    _complete(state, call, account, gone)
    if gone is not None:
        principals.rename(state, gone[0], _new_name(state, call, account) or gone[1])
    return answer


def _complete(state: State, call: Call, account: str, before: tuple[str, str] | None) -> None:
    """What moto leaves out of a change. before: the (ARN, id) that a renamed user had."""
    params = call.params
    if call.operation == "CreateUser" and "PermissionsBoundary" in params:
        _bound_user(state, call, account)
    elif call.operation == "UpdateUser" and before is not None:
        name = params.get("NewUserName", params["UserName"])
        state.backends.iam.user_renamed(account, before[0], name)
    elif call.operation in ("TagRole", "TagUser"):
        kind = call.operation.removeprefix("Tag")
        keys = tuple(tag["Key"] for tag in params["Tags"])
        state.backends.iam.drop_respelled(account, kind.lower(), params[f"{kind}Name"], keys)
    elif call.operation == "UpdateGroup" and "NewPath" in params:
        name = params.get("NewGroupName", params["GroupName"])
        state.backends.iam.set_group_path(account, name, params["NewPath"])


def _with_boundary(answer: Answer, arn: str) -> Answer:
    """CreateUser's answer with the boundary in it."""
    boundary = {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": arn,
    }
    return {"User": {**answer["User"], "PermissionsBoundary": boundary}}


def _lacks_user(call: Call) -> bool:
    """Whether the call is about its own caller, as it names no user."""
    named = "UserName" in call.params or call.params.get("AllUsers")
    return call.operation in _DEFAULT_TO_CALLER and not named


def _with_user(call: Call, caller: Caller) -> Call:
    if _lacks_user(call):
        return replace(call, params={**call.params, "UserName": caller.name})
    return call


def _principal(state: State, call: Call, account: str) -> tuple[str, str] | None:
    """(ARN, unique id) of the user or role that the call is about to delete or rename."""
    found: Any = None
    if call.operation == "DeleteRole":
        found = state.backends.iam.role(account, call.params["RoleName"])
    elif call.operation in ("DeleteUser", "UpdateUser"):
        found = state.backends.iam.user(account, call.params["UserName"])
    return (found.arn, found.unique_id) if found is not None else None


def _new_name(state: State, call: Call, account: str) -> str | None:
    if call.operation != "UpdateUser":
        return None
    name = call.params.get("NewUserName", call.params["UserName"])
    user = state.backends.iam.user(account, name)
    return user.arn if user else None
