"""ECR's operations: what each asks for, and who performs it.

Repositories and images are moto's; the bytes, the tokens, the checks and all that acts on images by
itself (lifecycle policies, scans, replication) are ours, one module each.
Source: ECR API Reference; Service Authorization Reference for ECR.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from ....service_reference import resource_types
from ... import registry_passwords
from ...entities import Repository
from ...errors import ApiError
from ...permission_checks import Ask
from ...wire import Answer, Call
from . import (
    batch_delete,
    image_queries,
    layers,
    lifecycle,
    put_image,
    registry_policy,
    replication,
    repositories,
    scanning,
)

if TYPE_CHECKING:
    from ...callers import Caller
    from ...state import State

_SERVED = """CreateRepository DeleteRepository DescribeRepositories DescribeImages ListImages
    BatchGetImage BatchDeleteImage BatchCheckLayerAvailability GetDownloadUrlForLayer
    InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage SetRepositoryPolicy
    GetRepositoryPolicy DeleteRepositoryPolicy PutImageTagMutability TagResource UntagResource
    ListTagsForResource GetAuthorizationToken DescribeRegistry PutRegistryPolicy GetRegistryPolicy
    DeleteRegistryPolicy PutLifecyclePolicy GetLifecyclePolicy DeleteLifecyclePolicy
    StartLifecyclePolicyPreview GetLifecyclePolicyPreview PutReplicationConfiguration
    DescribeImageReplicationStatus PutImageScanningConfiguration StartImageScan
    DescribeImageScanFindings BatchGetRepositoryScanningConfiguration
    PutRegistryScanningConfiguration GetRegistryScanningConfiguration"""
OPERATIONS = frozenset(_SERVED.split())
INTERNAL = frozenset({replication.REPLICATED})
"""What ECR does by itself, and is in CloudTrail; nobody can call it."""
# Those of the calls that moto performs.
_CHANGING = """CreateRepository DeleteRepository DeleteRepositoryPolicy PutImageTagMutability
    TagResource UntagResource PutImageScanningConfiguration"""
MUTATING = frozenset(_CHANGING.split())

TOKEN_HOURS = 12
_REPOSITORY_ARN = re.compile(r"arn:aws:ecr:[^:]*:[^:]*:repository/.*", re.S)


def prepare(state: State, call: Call, caller: Caller) -> None:
    """What AWS refuses before it looks at any permission."""
    if not state.backends.ecr.region_known(call.region):
        raise ApiError(
            "InvalidSignatureException", "Credential should be scoped to a valid region."
        )
    if not _REPOSITORY_ARN.fullmatch(call.params.get("resourceArn", "arn:aws:ecr:::repository/")):
        raise ApiError(
            "InvalidParameterException",
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'",
        )


def asks(state: State, call: Call, caller: Caller) -> tuple[Ask, ...]:
    """The permissions that the call needs: one for each repository it names.

    Source of resource types and condition keys: Service Authorization Reference for Amazon ECR.
    """
    if "repository" not in resource_types("ecr", call.operation):
        own = registry_ask(state, call.action, caller.account, call.region)
        if call.operation == "PutReplicationConfiguration":
            return (own, *replication.asks(state, call, caller))
        return (own,)
    owner = repositories.owner_of(call, caller)
    names = call.params.get("repositoryNames")
    if call.operation == "DescribeRepositories":
        names = names or ["*"]  # without names, public logs show the resource as repository/*
    elif names is None:
        names = [repositories.name_of(call)]
    tags, taken = repositories.tags_of(call), tuple(call.params.get("tagKeys", ()))
    return tuple(
        repositories.repository_ask(state, call.action, owner, call.region, name, tags, taken)
        for name in names
    )


def registry_ask(state: State, action: str, account: str, region: str) -> Ask:
    """The permission for an action that no repository is named in.

    A token is asked for by identity policies alone (ECR User Guide, registry authentication).
    """
    policy = None
    if action != "ecr:GetAuthorizationToken":
        policy = registry_policy.of(state, account, region)
    return Ask(action=action, resource="*", resource_account=account, registry_policy=policy)


# -- performing ------------------------------------------------------------------------------


def perform(state: State, call: Call, caller: Caller) -> Answer:
    """Answer a call that the gate let through."""
    registry_wide = _OF_THE_REGISTRY.get(call.operation)
    if registry_wide is not None:
        return registry_wide(state, call, caller)
    owner = repositories.owner_of(call, caller)
    if call.operation == "CreateRepository":
        repositories.check_tags(call, {})
        return state.change(call, owner)
    if call.operation == "DescribeRepositories":
        return repositories.describe(state, call, owner)
    repository = repositories.existing(state, call, owner)
    reader = image_queries.READS.get(call.operation)
    if reader is not None:
        return reader(state, call, repository)
    on_layers = layers.OPERATIONS.get(call.operation)
    if on_layers is not None:
        return on_layers(state, call, owner)
    handler = _OF_A_REPOSITORY.get(call.operation)
    if handler is not None:
        return handler(state, call, repository)
    if call.operation not in MUTATING:
        return state.read(call, owner)
    if call.operation == "TagResource":
        repositories.check_tags(call, repository.tags)
    answer = state.change(call, owner)
    _forget(state, call, owner)
    return answer


def replay(state: State, call: Call, account: str) -> None:
    """What a journalled call does besides moto's own work."""
    own = _REPLAYED.get(call.operation)
    if own is not None:
        own(state, call, account)
    elif call.operation == "CompleteLayerUpload":
        name, digest = call.params["repositoryName"], call.params["layerDigests"][0]
        size = int(state.made["size"])
        state.backends.ecr.add_layer(account, call.region, name, digest, size)
    else:
        state.redo(call, account)
        _forget(state, call, account)


def _forget(state: State, call: Call, owner: str) -> None:
    """Nothing more about what a call has deleted."""
    if call.operation == "DeleteRepository":
        name = call.params["repositoryName"]
        state.private_registry(owner, call.region).forget_repository(name)
    elif call.operation == "BatchDeleteImage":
        image_queries.forget_deleted(state, call, owner)


def _put_image(state: State, call: Call, repository: Repository) -> Answer:
    answer = put_image.store_image(state, call, repository.account)
    digest = put_image.manifest_digest(call.params["imageManifest"])
    replication.pushed(state, repository, digest, call.params.get("imageTag"))
    return answer


def _set_policy(state: State, call: Call, repository: Repository) -> Answer:
    return state.change(repositories.checked_policy(state, call), repository.account)


def _describe_registry(state: State, call: Call, caller: Caller) -> Answer:
    registry = state.private_registry(caller.account, call.region)
    value = {"registryId": caller.account, "replicationConfiguration": registry.replication}
    return value


def _authorization_token(state: State, call: Call, caller: Caller) -> Answer:
    expires = state.clock.now() + timedelta(hours=TOKEN_HOURS)
    password = registry_passwords.password(state, caller, call.region, expires)
    accounts = call.params.get("registryIds") or [caller.account]
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    data = [
        {
            "authorizationToken": token,
            "expiresAt": expires,
            "proxyEndpoint": f"https://{account}.dkr.ecr.{call.region}.amazonaws.com",
        }
        for account in accounts
    ]
    return {"authorizationData": data}


_OF_THE_REGISTRY: dict[str, Callable[[State, Call, Caller], Answer]] = {
    "GetAuthorizationToken": _authorization_token,
    "DescribeRegistry": _describe_registry,
    "PutRegistryPolicy": registry_policy.put,
    "GetRegistryPolicy": registry_policy.get,
    "DeleteRegistryPolicy": registry_policy.delete,
    "PutReplicationConfiguration": replication.put,
    "PutRegistryScanningConfiguration": scanning.put_registry,
    "GetRegistryScanningConfiguration": scanning.get_registry,
    "BatchGetRepositoryScanningConfiguration": scanning.describe_repositories,
}
_OF_A_REPOSITORY: dict[str, Callable[[State, Call, Repository], Answer]] = {
    "SetRepositoryPolicy": _set_policy,
    "PutImage": _put_image,
    "BatchDeleteImage": batch_delete.batch_delete,
    "PutLifecyclePolicy": lifecycle.put,
    "GetLifecyclePolicy": lifecycle.get,
    "DeleteLifecyclePolicy": lifecycle.delete,
    "StartLifecyclePolicyPreview": lifecycle.start_preview,
    "GetLifecyclePolicyPreview": lifecycle.get_preview,
    "StartImageScan": scanning.start,
    "DescribeImageScanFindings": scanning.findings,
    "DescribeImageReplicationStatus": replication.describe_image,
}
_REPLAYED: dict[str, Callable[[State, Call, str], None]] = {
    "PutImage": put_image.replay,
    "PutRegistryPolicy": registry_policy.change,
    "DeleteRegistryPolicy": registry_policy.change,
    "PutLifecyclePolicy": lifecycle.change,
    "DeleteLifecyclePolicy": lifecycle.change,
    lifecycle.APPLIED: lifecycle.applied,
    "StartImageScan": scanning.change_scan,
    "PutRegistryScanningConfiguration": scanning.change_registry,
    "PutReplicationConfiguration": replication.change,
    replication.REPLICATED: replication.copied,
}
