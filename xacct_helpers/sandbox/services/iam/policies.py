"""IAM's managed policies and their versions.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...protocol.errors import ApiError
from ...protocol.messages import Call
from .checks import document_of
from .common import conflict
from .entities import POLICY, EntityType, Target
from .through_moto import changes, changing, reading, reads

if TYPE_CHECKING:
    from ...store.state import State


def _under_path(state: State, call: Call, account: str) -> Target:
    """Return what public logs show: "iam:ListPolicies on resource: policy path /"."""
    return Target(f"policy path {call.params.get('PathPrefix', '/')}")


def _is_new(state: State, call: Call, account: str) -> None:
    name, customer = call.params["PolicyName"], state.backends.iam.customer_policies(account)
    if name.lower() in [arn.rsplit("/", 1)[-1].lower() for arn in customer]:
        raise ApiError(
            "EntityAlreadyExists",
            f"A policy called {name} already exists. Duplicate names are not allowed.",
            409,
        )


def _is_unused(state: State, call: Call, account: str) -> None:
    """Raise DeleteConflict for a policy that is still used, in the order and words of AWS."""
    arn = call.params["PolicyArn"]
    if state.backends.iam.policy_attachments(account, arn) or _bounds(state, account, arn):
        raise conflict("Cannot delete a policy attached to entities.")
    if len(state.backends.iam.policy_versions(account, arn)) > 1:
        raise conflict(
            "This policy has more than one version. Before you delete a policy, you must "
            "delete the policy's versions. The default version is deleted with the policy."
        )


def _is_not_the_default(state: State, call: Call, account: str) -> None:
    versions = state.backends.iam.policy_versions(account, call.params["PolicyArn"])
    if versions[call.params["VersionId"]]:
        raise conflict("Cannot delete the default version of a policy.")


def _bounds(state: State, account: str, arn: str) -> bool:
    """Whether the policy is somebody's permissions boundary, which counts as attached.

    Source: github.com/gruntwork-io/cloud-nuke/issues/972.
    """
    backends = state.backends
    found = [backends.iam.boundary(account, "role", name) for name in backends.iam.roles(account)]
    found += [backends.iam.boundary(account, "user", name) for name in backends.iam.users(account)]
    return any(one is not None and one.arn == arn for one in found)


OPERATIONS = {
    "CreatePolicy": changing(POLICY, _is_new, makes=True, document=document_of("CreatePolicy")),
    "ListPolicies": reading(EntityType(look=_under_path)),
    "DeletePolicy": changing(POLICY, _is_unused),
    "CreatePolicyVersion": changing(POLICY, document=document_of("CreatePolicyVersion")),
    "DeletePolicyVersion": changing(POLICY, _is_not_the_default),
    "TagPolicy": changing(POLICY, adds_tags=True),
    **changes(POLICY, "SetDefaultPolicyVersion UntagPolicy"),
    **reads(
        POLICY,
        "GetPolicy GetPolicyVersion ListPolicyVersions ListEntitiesForPolicy ListPolicyTags",
    ),
}
