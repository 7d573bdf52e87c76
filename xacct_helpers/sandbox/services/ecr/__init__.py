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

from ....aws.ecr_hosts import ecr_host
from ...auth import registry_passwords
from ...permission_checks import PermissionCheck
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import Repository
from ..operation import Effect, Operation, Perform, Permissions, Service
from . import (
    batch_delete,
    image_queries,
    layers,
    put_image,
    registry_policy,
    repositories,
    scanning,
)
from .beyond_the_course import lifecycle, replication

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

TOKEN_HOURS = 12
_REPOSITORY_ARN = re.compile(r"arn:aws:ecr:[^:]*:[^:]*:repository/.*", re.S)


def _prepare(state: State, call: Call, caller: Caller) -> None:
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


def _on_the_registry(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """The permission for an operation that no repository is named in."""
    return (registry_check(state, call.action, caller.account, call.region),)


def _on_the_repository(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """The permission on the repository that a call names.

    Source of resource types and condition keys: Service Authorization Reference for Amazon ECR.
    """
    return _on_repositories(state, call, caller, [repositories.name_of(call)])


def _on_each_repository(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """One permission for each repository that a call names."""
    return _on_repositories(state, call, caller, call.params["repositoryNames"])


def _to_describe(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    # Without names, public logs show the resource as repository/*.
    return _on_repositories(state, call, caller, call.params.get("repositoryNames") or ["*"])


def _on_repositories(
    state: State, call: Call, caller: Caller, names: list[str]
) -> tuple[PermissionCheck, ...]:
    owner = repositories.owner_of(call, caller)
    tags, taken = repositories.tags_of(call), tuple(call.params.get("tagKeys", ()))
    return tuple(
        repositories.repository_check(state, call.action, owner, call.region, name, tags, taken)
        for name in names
    )


def _to_replicate(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    return (
        *_on_the_registry(state, call, caller),
        *replication.required_permissions(state, call, caller),
    )


def registry_check(state: State, action: str, account: str, region: str) -> PermissionCheck:
    """The permission for an action that no repository is named in.

    A token is asked for by identity policies alone (ECR User Guide, registry authentication).
    """
    policy = None
    if action != "ecr:GetAuthorizationToken":
        policy = registry_policy.of(state, account, region)
    return PermissionCheck(
        action=action, resource="*", resource_account=account, registry_policy=policy
    )


# -- operations on a repository --------------------------------------------------------------


def _create(state: State, call: Call, caller: Caller) -> Answer:
    repositories.check_tags(call, {})
    return state.change(call, repositories.owner_of(call, caller))


def _describe(state: State, call: Call, caller: Caller) -> Answer:
    return repositories.describe(state, call, repositories.owner_of(call, caller))


def _delete(state: State, call: Call, repository: Repository) -> Answer:
    answer = state.change(call, repository.account)
    _forget_repository(state, call, repository.account)
    return answer


def _delete_again(state: State, call: Call, account: str) -> None:
    state.redo(call, account)
    _forget_repository(state, call, account)


def _forget_repository(state: State, call: Call, owner: str) -> None:
    """Nothing more about a repository that was deleted."""
    name = call.params["repositoryName"]
    state.private_registry(owner, call.region).forget_repository(name)


def _delete_images_again(state: State, call: Call, account: str) -> None:
    state.redo(call, account)
    image_queries.forget_deleted(state, call, account)


def _through_moto(state: State, call: Call, repository: Repository) -> Answer:
    return state.change(call, repository.account)


def _by_moto(state: State, call: Call, repository: Repository) -> Answer:
    return state.read(call, repository.account)


def _redo(state: State, call: Call, account: str) -> None:
    state.redo(call, account)


def _tag(state: State, call: Call, repository: Repository) -> Answer:
    repositories.check_tags(call, repository.tags)
    return state.change(call, repository.account)


def _put_image(state: State, call: Call, repository: Repository) -> Answer:
    answer = put_image.store_image(state, call, repository.account)
    digest = put_image.manifest_digest(call.params["imageManifest"])
    replication.pushed(state, repository, digest, call.params.get("imageTag"))
    return answer


def _set_policy(state: State, call: Call, repository: Repository) -> Answer:
    return state.change(repositories.checked_policy(state, call), repository.account)


def _layer_again(state: State, call: Call, account: str) -> None:
    name, digest = call.params["repositoryName"], call.params["layerDigests"][0]
    size = int(state.made["size"])
    state.backends.ecr.add_layer(account, call.region, name, digest, size)


# -- operations on the registry --------------------------------------------------------------


def _describe_registry(state: State, call: Call, caller: Caller) -> Answer:
    registry = state.private_registry(caller.account, call.region)
    return {"registryId": caller.account, "replicationConfiguration": registry.replication}


def _authorization_token(state: State, call: Call, caller: Caller) -> Answer:
    expires = state.clock.now() + timedelta(hours=TOKEN_HOURS)
    password = registry_passwords.password(state, caller, call.region, expires)
    accounts = call.params.get("registryIds") or [caller.account]
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    data = [
        {
            "authorizationToken": token,
            "expiresAt": expires,
            "proxyEndpoint": f"https://{ecr_host(account, call.region)}",
        }
        for account in accounts
    ]
    return {"authorizationData": data}


def _of_the_registry(
    perform: Perform, replay: Effect | None = None, permissions: Permissions = _on_the_registry
) -> Operation:
    return Operation(permissions=permissions, perform=perform, replay=replay)


def _of_a_repository(
    handler: Callable[[State, Call, Repository], Answer], replay: Effect | None = None
) -> Operation:
    """An operation on a repository that has to exist."""

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        owner = repositories.owner_of(call, caller)
        return handler(state, call, repositories.existing(state, call, owner))

    return Operation(permissions=_on_the_repository, perform=perform, replay=replay)


def _of_layers(
    handler: Callable[[State, Call, str], Answer], replay: Effect | None = None
) -> Operation:
    """An operation on the layers of a repository that has to exist."""
    return _of_a_repository(
        lambda state, call, repository: handler(state, call, repository.account), replay
    )


SERVICE = Service(
    operations={
        "GetAuthorizationToken": _of_the_registry(_authorization_token),
        "DescribeRegistry": _of_the_registry(_describe_registry),
        "PutRegistryPolicy": _of_the_registry(registry_policy.put, registry_policy.change),
        "GetRegistryPolicy": _of_the_registry(registry_policy.get),
        "DeleteRegistryPolicy": _of_the_registry(registry_policy.delete, registry_policy.change),
        "PutReplicationConfiguration": _of_the_registry(
            replication.put, replication.change, _to_replicate
        ),
        "PutRegistryScanningConfiguration": _of_the_registry(
            scanning.put_registry, scanning.change_registry
        ),
        "GetRegistryScanningConfiguration": _of_the_registry(scanning.get_registry),
        "BatchGetRepositoryScanningConfiguration": _of_the_registry(
            scanning.describe_repositories, permissions=_on_each_repository
        ),
        "CreateRepository": Operation(
            permissions=_on_the_repository, perform=_create, replay=_redo
        ),
        "DescribeRepositories": Operation(permissions=_to_describe, perform=_describe),
        "DeleteRepository": _of_a_repository(_delete, _delete_again),
        "SetRepositoryPolicy": _of_a_repository(_set_policy, _redo),
        "GetRepositoryPolicy": _of_a_repository(_by_moto),
        "DeleteRepositoryPolicy": _of_a_repository(_through_moto, _redo),
        "PutImageTagMutability": _of_a_repository(_through_moto, _redo),
        "PutImageScanningConfiguration": _of_a_repository(_through_moto, _redo),
        "TagResource": _of_a_repository(_tag, _redo),
        "UntagResource": _of_a_repository(_through_moto, _redo),
        "ListTagsForResource": _of_a_repository(_by_moto),
        "PutImage": _of_a_repository(_put_image, put_image.replay),
        "BatchDeleteImage": _of_a_repository(batch_delete.batch_delete, _delete_images_again),
        **{name: _of_a_repository(read) for name, read in image_queries.READS.items()},
        **{
            name: _of_layers(handler, _layer_again if name == "CompleteLayerUpload" else None)
            for name, handler in layers.OPERATIONS.items()
        },
        "PutLifecyclePolicy": _of_a_repository(lifecycle.put, lifecycle.change),
        "GetLifecyclePolicy": _of_a_repository(lifecycle.get),
        "DeleteLifecyclePolicy": _of_a_repository(lifecycle.delete, lifecycle.change),
        "StartLifecyclePolicyPreview": _of_a_repository(lifecycle.start_preview),
        "GetLifecyclePolicyPreview": _of_a_repository(lifecycle.get_preview),
        "StartImageScan": _of_a_repository(scanning.start, scanning.change_scan),
        "DescribeImageScanFindings": _of_a_repository(scanning.findings),
        "DescribeImageReplicationStatus": _of_a_repository(replication.describe_image),
    },
    prepare=_prepare,
    internal={
        lifecycle.APPLIED: lifecycle.applied,
        replication.REPLICATED: replication.copied,
    },
)
