"""IAM: which permission each call needs, what AWS checks before it does it, and doing it.

moto keeps the entities; the texts of existence, conflict, quota and document errors are AWS's.
Source: IAM API Reference; Service Authorization Reference for AWS IAM (resource types and the
condition keys iam:PolicyARN, iam:PermissionsBoundary); IAM and STS quotas.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ...policy import Kind, PolicyError, check
from ...service_reference import fits, keys_of
from .. import wire
from ..errors import ApiError, authentication
from ..gate import Ask
from ..wire import Call, HttpResponse
from . import (
    credential_report,
    iam_resources,
    mfa,
    oidc_providers,
    passwords,
    principals,
    saml_providers,
    server_certificates,
    service_credentials,
    service_linked,
    signing_certificates,
    simulator,
    ssh_keys,
)

if TYPE_CHECKING:
    from ..identities import Caller
    from ..state import State

Answer = TypeVar("Answer")

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
# Documents and what kind of policy each operation stores.
_DOCUMENTS: dict[str, tuple[str, Kind]] = {
    "CreateRole": ("AssumeRolePolicyDocument", "trust"),
    "UpdateAssumeRolePolicy": ("PolicyDocument", "trust"),
    "PutRolePolicy": ("PolicyDocument", "inline"),
    "PutUserPolicy": ("PolicyDocument", "inline"),
    "PutGroupPolicy": ("PolicyDocument", "inline"),
    "CreatePolicy": ("PolicyDocument", "managed"),
    "CreatePolicyVersion": ("PolicyDocument", "managed"),
}
_INLINE_LIMIT = {"user": 2048, "group": 5120, "role": 10240}
_TRUST_LIMIT = 2048
_MANAGED_LIMIT = 6144
_ATTACHED_LIMIT = 10
_POLICY_ARN = re.compile(r"arn:aws:iam::(aws|\d{12}):policy/[\x21-\x7e]+")


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
    resource = iam_resources.resource(state, call, caller)
    context: dict[str, str | tuple[str, ...]] = {}
    for key, value in iam_resources.resource_tags(state, call, account).items():
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
    boundary = iam_resources.boundary_of(state, call, account)
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


def perform(state: State, call: Call, caller: Caller) -> HttpResponse:
    """Answer a call that the gate let through."""
    if call.operation in simulator.OPERATIONS:
        return simulator.perform(state, call, caller)
    call = _with_user(call, caller)
    account = caller.account
    if call.operation in oidc_providers.OPERATIONS:
        _check_tags(call)
        oidc_providers.check(state, call, account)
        return oidc_providers.perform(state, call, account)
    if call.operation in service_linked.OPERATIONS:
        service_linked.check(state, call, account)
        return service_linked.perform(state, call, account)
    _check_exists(state, call, account)
    if call.operation in _HOLDINGS:
        _check_tags(call)
        answer: HttpResponse = _HOLDINGS[call.operation].perform(state, call, account)
        return answer
    if call.operation in passwords.LOGIN_PROFILES:
        return passwords.perform(state, call, account)
    if call.operation in passwords.POLICIES:
        passwords.check_policy(state, call, account)
    call = _changing(state, call, account)
    if call.operation in ("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"):
        boundary = call.params.get("PermissionsBoundary")
        state.backends.iam.set_user_boundary(account, call.params["UserName"], boundary)
        state.record(call, account)
        return wire.result(call, {})
    if call.operation == "GetAccountSummary":
        state.backends.iam.count_holdings(account, state.held(account))
    answer = _through_moto(
        state, call, account, state.change if call.operation in MUTATING else state.read
    )
    if call.operation == "CreateUser" and "PermissionsBoundary" in call.params:
        answer = _with_boundary(answer, call.params["PermissionsBoundary"])
    return answer


def checked(state: State, call: Call, account: str) -> Call:
    """A change to an entity or a policy as it would be stored; ApiError when it would be refused
    whoever asked for it."""
    _check_exists(state, call, account)
    return _changing(state, call, account)


def _changing(state: State, call: Call, account: str) -> Call:
    service_linked.check_unprotected(state, call, account)
    call = _check_document(state, call, account)
    _check_change(state, call, account)
    return call


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
    if call.operation in ("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"):
        boundary = call.params.get("PermissionsBoundary")
        state.backends.iam.set_user_boundary(account, call.params["UserName"], boundary)
        return
    _through_moto(state, call, account, state.redo)


def _through_moto(
    state: State, call: Call, account: str, act: Callable[[Call, str], Answer]
) -> Answer:
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
        state.backends.iam.set_user_boundary(
            account, params["UserName"], params["PermissionsBoundary"]
        )
    elif call.operation == "UpdateUser" and before is not None:
        name = params.get("NewUserName", params["UserName"])
        state.backends.iam.user_renamed(account, before[0], name)
    elif call.operation == "UpdateGroup" and "NewPath" in params:
        name = params.get("NewGroupName", params["GroupName"])
        state.backends.iam.set_group_path(account, name, params["NewPath"])


def _with_boundary(answer: HttpResponse, arn: str) -> HttpResponse:
    """CreateUser's answer with the boundary in it."""
    assert isinstance(answer.body, bytes)
    element = (
        "<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy"
        f"</PermissionsBoundaryType><PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn>"
        "</PermissionsBoundary></User>"
    )
    return replace(answer, body=answer.body.replace(b"</User>", element.encode(), 1))


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


def _missing(text: str) -> ApiError:
    return ApiError("NoSuchEntity", text, 404)


def _check_exists(state: State, call: Call, account: str) -> None:
    """NoSuchEntity in AWS's words for every entity that the call names."""
    params, backends = call.params, state.backends
    if "PolicyArn" in params and not _POLICY_ARN.fullmatch(params["PolicyArn"]):
        raise ApiError("ValidationError", "Invalid ARN:  Could not be parsed!")
    for kind, known in _entities(state, account).items():
        name = params.get(f"{kind}Name")
        if name is not None and call.operation != f"Create{kind}" and not known(name):
            raise _missing(f"The {kind.lower()} with name {name} cannot be found.")
    profile = params.get("InstanceProfileName")
    known_profiles = backends.iam.instance_profiles(account)
    creates = call.operation == "CreateInstanceProfile"
    if profile is not None and not creates and profile not in known_profiles:
        raise _missing(f"Instance Profile {profile} cannot be found.")
    _check_policy_exists(state, call, account)
    boundary = params.get("PermissionsBoundary")
    if boundary is not None and backends.iam.managed_policy(account, boundary) is None:
        raise _missing(f"Policy {boundary} does not exist or is not attachable.")


def _entities(state: State, account: str) -> dict[str, Callable[[str], bool]]:
    """Kind of entity to whether one of a name exists."""
    backends = state.backends
    return {
        "Role": lambda name: backends.iam.role(account, name) is not None,
        "User": lambda name: backends.iam.user(account, name) is not None,
        "Group": lambda name: backends.iam.group_exists(account, name),
    }


def _check_policy_exists(state: State, call: Call, account: str) -> None:
    params, backends, operation = call.params, state.backends, call.operation
    kind = iam_resources.kind_of(operation)
    if operation in _INLINE_READS:
        inline = backends.iam.inline_policies(account, kind, params[_NAME[kind]])
        if params["PolicyName"] not in inline:
            raise _missing(f"The {kind} policy with name {params['PolicyName']} cannot be found.")
    if "PolicyArn" not in params:
        return
    arn = params["PolicyArn"]
    owner = arn.split(":")[4]
    known = owner in ("aws", account) and backends.iam.managed_policy(account, arn) is not None
    if operation.startswith("Attach") and not known:
        raise _missing(f"Policy {arn} does not exist or is not attachable.")
    if operation.startswith("Detach"):
        if arn not in backends.iam.attached_policies(account, kind, params[_NAME[kind]]):
            raise _missing(f"Policy {arn} was not found.")
    elif not known:
        raise _missing(f"Policy {arn} was not found.")
    if "VersionId" in params and params["VersionId"] not in backends.iam.policy_versions(
        account, arn
    ):
        raise _missing(
            f"Policy {arn} version {params['VersionId']} does not exist or is not attachable."
        )


_NAME = {"role": "RoleName", "user": "UserName", "group": "GroupName"}
_INLINE_READS = frozenset(
    f"{verb}{kind}Policy" for verb in ("Get", "Delete") for kind in ("Role", "User", "Group")
)


def _check_document(state: State, call: Call, account: str) -> Call:
    """The call with its document as AWS stores it; MalformedPolicyDocument when AWS refuses it."""
    if call.operation not in _DOCUMENTS:
        return call
    parameter, kind = _DOCUMENTS[call.operation]
    text = call.params[parameter]
    try:
        document = check(text, kind)
    except PolicyError as error:
        raise ApiError("MalformedPolicyDocument", str(error)) from error
    _check_size(state, call, account, kind, _squeezed(text))
    if kind != "trust":
        return call
    unknown = principals.first_unknown(state, document)
    if unknown is not None:
        label, value = unknown
        raise ApiError(
            "MalformedPolicyDocument", f'Invalid principal in policy: "{label.upper()}":"{value}"'
        )
    return replace(call, params={**call.params, parameter: principals.as_stored(state, text)})


def _squeezed(text: str) -> int:
    """Characters, white space not counted, as IAM counts sizes."""
    return len(re.sub(r"\s", "", text))


def _check_size(state: State, call: Call, account: str, kind: str, size: int) -> None:
    def over(message: str) -> ApiError:
        return ApiError("LimitExceeded", message, 409)

    if kind == "trust" and size > _TRUST_LIMIT:
        raise over(f"Cannot exceed quota for ACLSizePerRole: {_TRUST_LIMIT}")
    if kind == "managed" and size > _MANAGED_LIMIT:
        raise over(f"Cannot exceed quota for PolicySize: {_MANAGED_LIMIT}")
    if kind == "inline":
        entity = iam_resources.kind_of(call.operation)
        name = call.params[_NAME[entity]]
        others = {
            n: t
            for n, t in state.backends.iam.inline_policies(account, entity, name).items()
            if n != call.params["PolicyName"]
        }
        limit = _INLINE_LIMIT[entity]
        if size + sum(map(_squeezed, others.values())) > limit:
            raise over(f"Maximum policy size of {limit} bytes exceeded for {entity} {name}")


def _check_change(state: State, call: Call, account: str) -> None:
    """Conflicts and quotas of calls that make, attach or delete."""
    params, backends, operation = call.params, state.backends, call.operation
    _check_tags(call)
    if params.get("Path", "/").startswith(service_linked.PATH):
        # public log: github.com/tilfin/aws-iam-policy-tool/pull/9
        raise ApiError(
            "InvalidInput",
            f"Path prefix '{service_linked.PATH}' can only be used for AWS Service linked Roles",
        )
    if operation == "CreateRole":
        _check_free("Role", params["RoleName"], backends.iam.roles(account))
    elif operation == "CreateUser":
        _check_free("User", params["UserName"], backends.iam.users(account))
    elif operation == "CreateGroup":
        _check_free("Group", params["GroupName"], backends.iam.groups(account))
    elif operation == "UpdateUser":
        others = tuple(n for n in backends.iam.users(account) if n != params["UserName"])
        _check_free("User", params.get("NewUserName", params["UserName"]), others)
    elif operation == "UpdateGroup":
        others = tuple(n for n in backends.iam.groups(account) if n != params["GroupName"])
        _check_free("Group", params.get("NewGroupName", params["GroupName"]), others)
    elif operation == "CreateInstanceProfile":
        if params["InstanceProfileName"].lower() in map(
            str.lower, backends.iam.instance_profiles(account)
        ):
            raise ApiError(
                "EntityAlreadyExists",
                f"Instance Profile {params['InstanceProfileName']} already exists.",
                409,
            )
    elif operation == "RemoveRoleFromInstanceProfile":
        held = backends.iam.instance_profiles(account)[params["InstanceProfileName"]]
        if params["RoleName"] not in held:
            raise _missing(f"The role with name {params['RoleName']} cannot be found.")
    elif operation == "CreatePolicy":
        names = [arn.rsplit("/", 1)[-1].lower() for arn in backends.iam.customer_policies(account)]
        if params["PolicyName"].lower() in names:
            raise ApiError(
                "EntityAlreadyExists",
                f"A policy called {params['PolicyName']} already exists. "
                "Duplicate names are not allowed.",
                409,
            )
    elif operation.startswith("Attach"):
        kind = iam_resources.kind_of(operation)
        attached = backends.iam.attached_policies(account, kind, params[_NAME[kind]])
        if len(attached) >= _ATTACHED_LIMIT and params["PolicyArn"] not in attached:
            raise ApiError(
                "LimitExceeded",
                f"Cannot exceed quota for PoliciesPer{kind.capitalize()}: {_ATTACHED_LIMIT}",
                409,
            )
    elif operation.startswith("Delete"):
        _check_delete(state, call, account)


def _check_tags(call: Call) -> None:
    keys = [tag["Key"].lower() for tag in call.params.get("Tags", ())]
    if len(set(keys)) < len(keys):
        raise ApiError(
            "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )


def _bounds(state: State, account: str, arn: str) -> bool:
    """Whether the policy is somebody's permissions boundary, which counts as attached.

    Source: github.com/gruntwork-io/cloud-nuke/issues/972.
    """
    backends = state.backends
    found = [backends.iam.boundary(account, "role", name) for name in backends.iam.roles(account)]
    found += [backends.iam.boundary(account, "user", name) for name in backends.iam.users(account)]
    return any(one is not None and one.arn == arn for one in found)


def _check_free(kind: str, name: str, taken: tuple[str, ...]) -> None:
    if name.lower() in (other.lower() for other in taken):
        raise ApiError("EntityAlreadyExists", f"{kind} with name {name} already exists.", 409)


def _check_delete(state: State, call: Call, account: str) -> None:
    """DeleteConflict, in the order and words of AWS."""

    def conflict(what: str) -> ApiError:
        return ApiError("DeleteConflict", what, 409)

    params, backends, operation = call.params, state.backends, call.operation
    if operation == "DeletePolicy":
        if backends.iam.policy_attachments(account, params["PolicyArn"]) or _bounds(
            state, account, params["PolicyArn"]
        ):
            raise conflict("Cannot delete a policy attached to entities.")
        if len(backends.iam.policy_versions(account, params["PolicyArn"])) > 1:
            raise conflict(
                "This policy has more than one version. Before you delete a policy, you must "
                "delete the policy's versions. The default version is deleted with the policy."
            )
    elif operation == "DeletePolicyVersion":
        if backends.iam.policy_versions(account, params["PolicyArn"])[params["VersionId"]]:
            raise conflict("Cannot delete the default version of a policy.")
    elif operation in ("DeleteRole", "DeleteUser", "DeleteGroup"):
        kind = iam_resources.kind_of(operation)
        name = params[_NAME[kind]]
        if kind == "role" and name in backends.iam.instance_profile_roles(account):
            raise conflict("Cannot delete entity, must remove roles from instance profile first.")
        if kind == "user" and backends.iam.access_key_count(account, name):
            raise conflict("Cannot delete entity, must delete access keys first.")
        if kind == "user":
            _check_holdings(state, account, name)
        if kind == "user" and backends.iam.login_profile(account, name) is not None:
            raise conflict("Cannot delete entity, must delete login profile first.")
        if kind == "user" and backends.iam.user_group_count(account, name):
            raise conflict("Cannot delete entity, must remove users from group first.")
        if kind == "group" and backends.iam.group_members(account, name):
            raise conflict("Cannot delete entity, must remove users from group first.")
        if backends.iam.attached_policies(account, kind, name):
            raise conflict("Cannot delete entity, must detach all policies first.")
        if backends.iam.inline_policies(account, kind, name):
            raise conflict("Cannot delete entity, must delete policies first.")


def _check_holdings(state: State, account: str, name: str) -> None:
    """DeleteConflict for a user who still has a device, a certificate or another credential.

    Of MFA devices as public logs have it (rebuy-de/aws-nuke#281), of credentials as recorded, and
    of SSH keys as a log has it (rebuy-de/aws-nuke#319).
    """
    user, kept = state.backends.iam.user(account, name), state.held(account)
    assert user is not None
    if kept.devices_of(user.unique_id):
        raise ApiError("DeleteConflict", "Cannot delete entity, must delete MFA device first.", 409)
    if user.unique_id in (one.user_id for one in kept.signing_certificates.values()):
        text = "Cannot delete entity, must delete signing certificates first."
        raise ApiError("DeleteConflict", text, 409)
    owners = [one.user_id for one in kept.ssh_keys.values()]
    owners += [one.user_id for one in kept.service_credentials.values()]
    if user.unique_id in owners:
        text = "Cannot delete entity, must remove referenced objects first."
        raise ApiError("DeleteConflict", text, 409)
