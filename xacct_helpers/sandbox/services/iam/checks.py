"""What IAM checks of a change, whoever asks for it: existence, documents, conflicts, quotas.

Source: IAM API Reference; IAM and STS quotas.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ....policy import Kind, PolicyError, check, limits
from ....policy.principal_forms import invalid
from ...errors import ApiError
from ...wire import Call
from . import principals, resources, service_linked
from .common import conflict, limit, missing

if TYPE_CHECKING:
    from ...state import State

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
_ATTACHED_LIMIT = 10
_GROUPS_LIMIT = 10
_TAGS_LIMIT = 50
_BOUNDING = {"PutRolePermissionsBoundary": "role", "PutUserPermissionsBoundary": "user"}
_POLICY_ARN = re.compile(r"arn:aws:iam::(aws|\d{12}):policy/[\x21-\x7e]+")


def checked(state: State, call: Call, account: str) -> Call:
    """A change to an entity or a policy as it would be stored; ApiError when it would be refused
    whoever asked for it."""
    check_exists(state, call, account)
    return changing(state, call, account)


def changing(state: State, call: Call, account: str) -> Call:
    """The call as it would be stored; ApiError for its document, a conflict or a quota."""
    service_linked.check_unprotected(state, call, account)
    call = _check_document(state, call, account)
    _check_change(state, call, account)
    return call


def check_exists(state: State, call: Call, account: str) -> None:
    """NoSuchEntity in AWS's words for every entity that the call names."""
    params, backends = call.params, state.backends
    if "PolicyArn" in params and not _POLICY_ARN.fullmatch(params["PolicyArn"]):
        raise ApiError("ValidationError", "Invalid ARN:  Could not be parsed!")
    for kind, known in _entities(state, account).items():
        name = params.get(f"{kind}Name")
        if name is not None and call.operation != f"Create{kind}" and not known(name):
            raise missing(f"The {kind.lower()} with name {name} cannot be found.")
    profile = params.get("InstanceProfileName")
    known_profiles = backends.iam.instance_profiles(account)
    creates = call.operation == "CreateInstanceProfile"
    if profile is not None and not creates and profile not in known_profiles:
        raise missing(f"Instance Profile {profile} cannot be found.")
    _check_policy_exists(state, call, account)
    boundary = params.get("PermissionsBoundary")
    if boundary is not None and backends.iam.managed_policy(account, boundary) is None:
        raise missing(f"Policy {boundary} does not exist or is not attachable.")


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
    kind = resources.kind_of(operation)
    if operation in _INLINE_READS:
        inline = backends.iam.inline_policies(account, kind, params[_NAME[kind]])
        if params["PolicyName"] not in inline:
            raise missing(f"The {kind} policy with name {params['PolicyName']} cannot be found.")
    if "PolicyArn" not in params:
        return
    arn = params["PolicyArn"]
    owner = arn.split(":")[4]
    known = owner in ("aws", account) and backends.iam.managed_policy(account, arn) is not None
    if operation.startswith("Attach") and not known:
        raise missing(f"Policy {arn} does not exist or is not attachable.")
    if operation.startswith("Detach"):
        if arn not in backends.iam.attached_policies(account, kind, params[_NAME[kind]]):
            raise missing(f"Policy {arn} was not found.")
    elif not known:
        raise missing(f"Policy {arn} was not found.")
    if "VersionId" in params and params["VersionId"] not in backends.iam.policy_versions(
        account, arn
    ):
        raise missing(
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
    _check_size(state, call, account, kind, text)
    if kind != "trust":
        return call
    unknown = principals.first_unknown(state, document)
    if unknown is not None:
        raise ApiError("MalformedPolicyDocument", invalid(*unknown))
    return replace(call, params={**call.params, parameter: principals.as_stored(state, text)})


def _check_size(state: State, call: Call, account: str, kind: Kind, text: str) -> None:
    refusal = limits.too_long(text, kind)
    if kind == "inline":
        entity = resources.kind_of(call.operation)
        name = call.params[_NAME[entity]]
        held = state.backends.iam.inline_policies(account, entity, name)
        together = {**held, call.params["PolicyName"]: text}
        size = sum(limits.size(one, kind) for one in together.values())
        refusal = limits.too_long_together(size, entity, name)
    if refusal:
        raise ApiError("LimitExceeded", refusal, 409)


def _check_change(state: State, call: Call, account: str) -> None:
    """Conflicts and quotas of calls that make, attach or delete."""
    params, backends, operation = call.params, state.backends, call.operation
    check_tags(state, call, account)
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
            raise missing(f"The role with name {params['RoleName']} cannot be found.")
    elif operation == "CreatePolicy":
        names = [arn.rsplit("/", 1)[-1].lower() for arn in backends.iam.customer_policies(account)]
        if params["PolicyName"].lower() in names:
            raise ApiError(
                "EntityAlreadyExists",
                f"A policy called {params['PolicyName']} already exists. "
                "Duplicate names are not allowed.",
                409,
            )
    elif operation == "AddUserToGroup":
        groups = backends.iam.groups_of(account, params["UserName"])
        if len(groups) >= _GROUPS_LIMIT and params["GroupName"] not in groups:
            raise limit("GroupsPerUser", _GROUPS_LIMIT)
    elif operation.startswith("Attach"):
        kind = resources.kind_of(operation)
        _check_attachable(kind, params["PolicyArn"])
        attached = backends.iam.attached_policies(account, kind, params[_NAME[kind]])
        if len(attached) >= _ATTACHED_LIMIT and params["PolicyArn"] not in attached:
            raise limit(f"PoliciesPer{kind.capitalize()}", _ATTACHED_LIMIT)
    elif operation in _BOUNDING:
        _check_attachable(_BOUNDING[operation], params["PermissionsBoundary"])
    elif operation.startswith("Delete"):
        _check_delete(state, call, account)


def _check_attachable(kind: str, arn: str) -> None:
    """PolicyNotAttachable for the policy of a service-linked role, which only that role may have.

    Source: IAM API Reference, AttachRolePolicy and its kin, PutRolePermissionsBoundary; the text as
    aws/aws-cdk#6131 has it for a role; that of users and groups is not known.
    """
    if arn.startswith(f"arn:aws:iam::aws:policy{service_linked.PATH}"):
        raise ApiError(
            "PolicyNotAttachable",
            f"Cannot attach a Service Role Policy to a Customer {kind.capitalize()}.",
        )


def check_tags(state: State, call: Call, account: str) -> None:
    """ApiError for a tag key given twice, and for more tags than an entity may have. Keys of users
    and roles are the same in any case, those of other entities are not.

    Source: IAM User Guide, tags for IAM resources, and IAM and STS quotas; the quota's words as
    versity/versitygw, which follows AWS's answers, has them.
    """
    caseless = resources.kind_of(call.operation) in ("role", "user")
    given = [tag["Key"].lower() if caseless else tag["Key"] for tag in call.params.get("Tags", ())]
    if len(set(given)) < len(given):
        raise ApiError(
            "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    if not call.operation.startswith("Tag"):
        return
    tags = resources.resource_tags(state, call, account)
    held = [key.lower() if caseless else key for key in tags]
    if len({*given, *held}) > _TAGS_LIMIT:
        text = "The number of tags has reached the maximum limit."
        raise ApiError("LimitExceeded", text, 409)


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
        kind = resources.kind_of(operation)
        name = params[_NAME[kind]]
        if kind == "role" and name in backends.iam.instance_profile_roles(account):
            raise conflict("Cannot delete entity, must remove roles from instance profile first.")
        if kind == "user" and backends.iam.access_key_count(account, name):
            raise conflict("Cannot delete entity, must delete access keys first.")
        if kind == "user":
            _check_holdings(state, account, name)
        if kind == "user" and backends.iam.login_profile(account, name) is not None:
            raise conflict("Cannot delete entity, must delete login profile first.")
        if kind == "user" and backends.iam.groups_of(account, name):
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
        raise conflict("Cannot delete entity, must delete MFA device first.")
    if user.unique_id in (one.user_id for one in kept.signing_certificates.values()):
        raise conflict("Cannot delete entity, must delete signing certificates first.")
    owners = [one.user_id for one in kept.ssh_keys.values()]
    owners += [one.user_id for one in kept.service_credentials.values()]
    if user.unique_id in owners:
        raise conflict("Cannot delete entity, must remove referenced objects first.")
