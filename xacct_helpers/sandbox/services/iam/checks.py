"""What IAM checks of a change, whoever asks for it: existence, documents, conflicts, quotas.

Source: IAM API Reference; IAM and STS quotas.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ....aws.policy_documents import ENTITIES, POLICY_CALLS
from ....policy import Kind, PolicyError, check
from ....policy.language import limits
from ....policy.language.principal_forms import invalid
from ...protocol.errors import ApiError
from ...protocol.messages import Call
from . import principals, protected_roles, resources
from .common import conflict, limit, missing

if TYPE_CHECKING:
    from ...store.state import State

# Operation to the parameter that takes a document, and what kind of policy it stores.
_DOCUMENTS: dict[str, tuple[str, Kind]] = {
    operation: (parameter, calls.kind)
    for calls in POLICY_CALLS.values()
    if calls.service == "iam" and calls.kind is not None
    for operation, parameter in {**calls.creates, calls.write: calls.document}.items()
}
_ATTACHED_LIMIT = 10
_TAGS_LIMIT = 50
_POLICY_ARN = re.compile(r"arn:aws:iam::(aws|\d{12}):policy/[\x21-\x7e]+")


def checked_change(state: State, call: Call, account: str) -> Call:
    """The call as it would be stored; ApiError for its document, its tags or its path."""
    protected_roles.check_unprotected(state, call, account)
    call = _check_document(state, call, account)
    check_tags(state, call, account)
    if call.params.get("Path", "/").startswith(protected_roles.PATH):
        # public log: github.com/tilfin/aws-iam-policy-tool/pull/9
        raise ApiError(
            "InvalidInput",
            f"Path prefix '{protected_roles.PATH}' can only be used for AWS Service linked Roles",
        )
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
        inline = backends.iam.inline_policies(account, kind, params[NAME[kind]])
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
        if arn not in backends.iam.attached_policies(account, kind, params[NAME[kind]]):
            raise missing(f"Policy {arn} was not found.")
    elif not known:
        raise missing(f"Policy {arn} was not found.")
    if "VersionId" in params and params["VersionId"] not in backends.iam.policy_versions(
        account, arn
    ):
        raise missing(
            f"Policy {arn} version {params['VersionId']} does not exist or is not attachable."
        )


NAME = {entity: POLICY_CALLS[entity].names[0] for entity in ENTITIES}
_INLINE_READS = frozenset(
    operation
    for entity in ENTITIES
    for operation in (POLICY_CALLS[entity].read, POLICY_CALLS[entity].delete)
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
        name = call.params[NAME[entity]]
        held = state.backends.iam.inline_policies(account, entity, name)
        together = {**held, call.params["PolicyName"]: text}
        size = sum(limits.size(one, kind) for one in together.values())
        refusal = limits.too_long_together(size, entity, name)
    if refusal:
        raise ApiError("LimitExceeded", refusal, 409)


def check_attachable(kind: str, arn: str) -> None:
    """PolicyNotAttachable for the policy of a service-linked role, which only that role may have.

    Source: IAM API Reference, AttachRolePolicy and its kin, PutRolePermissionsBoundary; the text as
    aws/aws-cdk#6131 has it for a role; that of users and groups is not known.
    """
    if arn.startswith(f"arn:aws:iam::aws:policy{protected_roles.PATH}"):
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


def check_free(kind: str, name: str, taken: tuple[str, ...]) -> None:
    if name.lower() in (other.lower() for other in taken):
        raise ApiError("EntityAlreadyExists", f"{kind} with name {name} already exists.", 409)


def check_attachment(state: State, call: Call, account: str) -> None:
    """ApiError for a policy that cannot be attached, or for one more than an entity may have."""
    kind = resources.kind_of(call.operation)
    arn = call.params["PolicyArn"]
    check_attachable(kind, arn)
    attached = state.backends.iam.attached_policies(account, kind, call.params[NAME[kind]])
    if len(attached) >= _ATTACHED_LIMIT and arn not in attached:
        raise limit(f"PoliciesPer{kind.capitalize()}", _ATTACHED_LIMIT)


def check_policies_gone(state: State, account: str, kind: str, name: str) -> None:
    """DeleteConflict for an entity that still has policies, in the order and words of AWS."""
    if state.backends.iam.attached_policies(account, kind, name):
        raise conflict("Cannot delete entity, must detach all policies first.")
    if state.backends.iam.inline_policies(account, kind, name):
        raise conflict("Cannot delete entity, must delete policies first.")
