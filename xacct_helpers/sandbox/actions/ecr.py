"""ECR: repositories and images are moto's, the bytes, the tokens and the checks are ours.

Every call about a repository is authorised on the repository's ARN, with the repository policy of
the account that owns it; registryId names that account when it is not the caller's.
Source: ECR API Reference; Service Authorization Reference for ECR; ECR User Guide, private
repository policies.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ...policy import PolicyError, check
from ...service_reference import fits, keys_of, resource_types
from .. import registry, wire
from ..backends import Repository, StoredPolicy
from ..blobs import DIGEST, Elsewhere
from ..errors import ApiError
from ..gate import Ask
from ..wire import Call, HttpResponse
from . import deletions, images, principals

if TYPE_CHECKING:
    from ..identities import Caller
    from ..state import State

_SERVED = """CreateRepository DeleteRepository DescribeRepositories DescribeImages ListImages
    BatchGetImage BatchDeleteImage BatchCheckLayerAvailability GetDownloadUrlForLayer
    InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage SetRepositoryPolicy
    GetRepositoryPolicy DeleteRepositoryPolicy PutImageTagMutability TagResource UntagResource
    ListTagsForResource GetAuthorizationToken DescribeRegistry"""
OPERATIONS = frozenset(_SERVED.split())
_CHANGING = """CreateRepository DeleteRepository BatchDeleteImage CompleteLayerUpload PutImage
    SetRepositoryPolicy DeleteRepositoryPolicy PutImageTagMutability TagResource UntagResource"""
MUTATING = frozenset(_CHANGING.split())

TOKEN_HOURS = 12
PART_SIZE = 10 * 1024 * 1024
MAX_PART = 20 * 1024 * 1024
MAX_MANIFEST = 4 * 1024 * 1024
_URL_SECONDS = 3600
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
# Layers whose bytes stay with who made them (Windows): no registry has them.
_FOREIGN = re.compile(
    r"application/vnd\.(docker\.image\.rootfs\.foreign|oci\.image\.layer\.nondistributable)\."
)
_REPOSITORY_ARN = re.compile(r"arn:aws:ecr:[^:]*:[^:]*:repository/.*", re.S)
_BAD_POLICY = (
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
    "'Invalid repository policy provided'"
)


def prepare(state: State, call: Call, caller: Caller) -> None:
    """What AWS refuses before it looks at any permission."""
    if not state.backends.region_known(call.region):
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
        return (Ask(action=call.action, resource="*", resource_account=caller.account),)
    owner = _owner(call, caller)
    if call.operation == "DescribeRepositories":
        # without names, public logs show the resource as repository/*
        names = call.params.get("repositoryNames") or ["*"]
    else:
        names = [_repository_name(call)]
    taken = tuple(call.params.get("tagKeys", ()))
    return tuple(
        repository_ask(state, call.action, owner, call.region, n, _tags(call), taken) for n in names
    )


def repository_ask(
    state: State,
    action: str,
    owner: str,
    region: str,
    name: str,
    tags: Mapping[str, str] | None = None,
    tag_keys: tuple[str, ...] = (),
) -> Ask:
    """The permission for an action on one repository; the registry asks it too.

    tags: those the call brings; tag_keys: the keys of those it takes away.
    """
    repository = _find(state, owner, region, name)
    context: dict[str, str | tuple[str, ...]] = {}
    for key, value in (repository.tags if repository else {}).items():
        context[f"aws:ResourceTag/{key}"] = value
        context[f"ecr:ResourceTag/{key}"] = value
    for key, value in (tags or {}).items():
        context[f"aws:RequestTag/{key}"] = value
    if tags or tag_keys:
        context["aws:TagKeys"] = (*(tags or ()), *tag_keys)
    known = keys_of(action)
    context = {key: value for key, value in context.items() if fits(key, known)}
    policy = None
    if repository is not None and repository.policy:
        policy = StoredPolicy(name=f"repository policy of {name}", text=repository.policy)
    return Ask(
        action=action,
        resource=f"arn:aws:ecr:{region}:{owner}:repository/{name}",
        resource_account=owner,
        resource_policy=policy,
        context=context,
    )


def _tags(call: Call) -> dict[str, str]:
    """The tags that a call brings."""
    return {tag["Key"]: tag.get("Value", "") for tag in call.params.get("tags", ())}


def _owner(call: Call, caller: Caller) -> str:
    """The account whose registry the call is about."""
    arn = call.params.get("resourceArn")
    if arn:
        return str(arn.split(":")[4])
    return str(call.params.get("registryId", caller.account))


def _repository_name(call: Call) -> str:
    arn = call.params.get("resourceArn")
    if arn:
        return str(arn.partition(":repository/")[2])
    return str(call.params["repositoryName"])


def _find(state: State, owner: str, region: str, name: str) -> Repository | None:
    return state.backends.repository(owner, region, name) if owner in state.accounts else None


def existing(state: State, call: Call, owner: str) -> Repository:
    """The repository that a call names; ApiError when there is none."""
    name = _repository_name(call)
    found = _find(state, owner, call.region, name)
    if found is None:
        raise not_found(name, owner)
    return found


def not_found(name: str, owner: str) -> ApiError:
    """RepositoryNotFoundException in ECR's words."""
    return ApiError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{owner}'",
    )


# -- performing ------------------------------------------------------------------------------


def perform(state: State, call: Call, caller: Caller) -> HttpResponse:
    """Answer a call that the gate let through."""
    owner = _owner(call, caller)
    if call.operation == "GetAuthorizationToken":
        return wire.result(call, _authorization_token(state, call, caller))
    if call.operation == "DescribeRegistry":
        return wire.result(call, {"registryId": owner, "replicationConfiguration": {"rules": []}})
    if call.operation == "CreateRepository":
        if owner != caller.account:
            raise ApiError(
                "InvalidParameterException",
                "Invalid parameter at 'registryId' failed to satisfy constraint: "
                "'must be the registry of the caller'",
            )
        return state.change(call, owner)
    if call.operation == "DescribeRepositories":
        return wire.result(call, _describe_repositories(state, call, owner))
    repository = existing(state, call, owner)
    if call.operation in images.READS:
        return wire.result(call, images.READS[call.operation](state, call, repository))
    handler = _OWN.get(call.operation)
    if handler is not None:
        return handler(state, call, owner)
    if call.operation in MUTATING:
        return state.change(call, owner)
    return state.read(call, owner)


def replay(state: State, call: Call, account: str) -> None:
    """What a journalled call does besides moto's own work."""
    if call.operation == "CompleteLayerUpload":
        name, digest = call.params["repositoryName"], call.params["layerDigests"][0]
        size = int(state.made["size"])
        state.backends.add_layer(account, call.region, name, digest, size)
        return
    if call.operation == "PutImage":
        _free_tag(state, call, account)
    state.redo(call, account)
    if call.operation == "PutImage":
        _stamp(state, call, account)


def _describe_repositories(state: State, call: Call, owner: str) -> dict[str, Any]:
    known = state.backends.repository_details(owner, call.region)
    names = call.params.get("repositoryNames")
    if not names:
        shown, more = images.page(call, list(known.values()))
        return {"repositories": shown, "nextToken": more}
    missing = next((name for name in names if name not in known), None)
    if missing is not None:
        raise not_found(missing, owner)
    return {"repositories": [known[name] for name in known if name in names]}


def _authorization_token(state: State, call: Call, caller: Caller) -> dict[str, Any]:
    expires = state.clock.now() + timedelta(hours=TOKEN_HOURS)
    password = registry.password(state, caller, call.region, expires)
    accounts = call.params.get("registryIds") or [caller.account]
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    return {
        "authorizationData": [
            {
                "authorizationToken": token,
                "expiresAt": expires,
                "proxyEndpoint": f"https://{account}.dkr.ecr.{call.region}.amazonaws.com",
            }
            for account in accounts
        ]
    }


def checked_policy(state: State, call: Call) -> Call:
    """A SetRepositoryPolicy with its document as ECR stores it; ApiError when it refuses it."""
    text = call.params["policyText"]
    try:
        document = check(text, "repository")
    except PolicyError as error:
        raise ApiError("InvalidParameterException", str(error)) from error
    if principals.first_unknown(state, document) is not None:
        raise ApiError("InvalidParameterException", _BAD_POLICY)
    return replace(call, params={**call.params, "policyText": principals.as_stored(state, text)})


def _set_policy(state: State, call: Call, owner: str) -> HttpResponse:
    return state.change(checked_policy(state, call), owner)


def _begin_upload(state: State, call: Call, owner: str) -> HttpResponse:
    repository = existing(state, call, owner)
    upload = state.blobs.begin(repository.arn)
    return wire.result(call, {"uploadId": upload, "partSize": PART_SIZE})


def open_upload(state: State, call: Call, owner: str) -> tuple[Repository, str, int]:
    """The call's repository, upload id and how many bytes it holds; ApiError without them."""
    repository, upload = existing(state, call, owner), call.params["uploadId"]
    size = state.blobs.size(repository.arn, upload)
    if size is None:
        raise _no_upload(repository, upload)
    return repository, upload, size


def _no_upload(repository: Repository, upload: str) -> ApiError:
    return ApiError(
        "UploadNotFoundException",
        f"The upload with id '{upload}' could not be found in the repository with name "
        f"'{repository.name}' in the registry with id '{repository.account}'",
    )


def out_of_order(repository: Repository, upload: str, first: int, size: int) -> ApiError:
    """The error for a part that does not begin where the upload ends.

    Source: the registry's text in public logs (apple/container#1895).
    """
    return ApiError(
        "InvalidLayerPartException",
        f"First byte of the layer part is {first} instead of {size}",
        members={
            "registryId": repository.account,
            "repositoryName": repository.name,
            "uploadId": upload,
            "lastValidByteReceived": size - 1,
        },
    )


def store_part(state: State, repository: Repository, upload: str, first: int, data: bytes) -> int:
    """Add bytes to an upload, at its end; its size then. May run in a thread of its own.

    Raises ApiError when `first` is not the end, when the upload is gone, and on a full disk.
    """
    with _storing(state, repository, upload, first):
        return state.blobs.append(repository.arn, upload, data, first)


def settle(state: State, repository: Repository, upload: str) -> None:
    """Bring an upload's bytes to the disk, so that completing it takes no time. May run in a
    thread of its own; ApiError as for store_part."""
    with _storing(state, repository, upload, 0):
        state.blobs.settle(repository.arn, upload)


@contextmanager
def _storing(state: State, repository: Repository, upload: str, first: int) -> Iterator[None]:
    try:
        yield
    except Elsewhere as error:
        raise out_of_order(repository, upload, first, error.size) from error
    except FileNotFoundError as error:
        raise _no_upload(repository, upload) from error
    except OSError as error:
        raise ApiError(
            "ServerException",
            f"The sandbox could not store the layer part in {state.folder} "
            f"({error.strerror or error}). Free some space and send the part again.",
            500,
        ) from error


def _upload_part(state: State, call: Call, owner: str) -> HttpResponse:
    repository, upload, size = open_upload(state, call, owner)
    first, last = call.params["partFirstByte"], call.params["partLastByte"]
    data: bytes = call.params["layerPartBlob"]
    if first != size or last != first + len(data) - 1 or len(data) > MAX_PART:
        raise out_of_order(repository, upload, first, size)
    received = store_part(state, repository, upload, first, data)
    return wire.result(
        call,
        {
            "registryId": owner,
            "repositoryName": repository.name,
            "uploadId": upload,
            "lastByteReceived": received - 1,
        },
    )


def _complete_upload(state: State, call: Call, owner: str) -> HttpResponse:
    repository, upload, size = open_upload(state, call, owner)
    if size == 0:
        raise ApiError("EmptyUploadException", f"The upload with id '{upload}' holds no bytes.")
    digest = state.blobs.digest(repository.arn, upload)
    if digest not in call.params["layerDigests"]:
        state.blobs.cancel(repository.arn, upload)
        raise ApiError(
            "InvalidLayerException",
            f"The layer digest '{call.params['layerDigests'][0]}' does not match the digest of "
            f"the bytes received, '{digest}'.",
        )
    if digest in repository.layers:
        state.blobs.cancel(repository.arn, upload)
        raise ApiError(
            "LayerAlreadyExistsException",
            f"The layer with digest '{digest}' already exists in the repository with name "
            f"'{repository.name}' in the registry with id '{owner}'",
        )
    with _storing(state, repository, upload, size):
        size = state.blobs.complete(repository.arn, upload, digest)
    _layer_stored(state, call, repository, digest, size)
    value = {
        "registryId": owner,
        "repositoryName": repository.name,
        "uploadId": upload,
        "layerDigest": digest,
    }
    return wire.result(call, value)


def _layer_stored(state: State, call: Call, repository: Repository, digest: str, size: int) -> None:
    state.backends.add_layer(repository.account, call.region, repository.name, digest, size)
    state.record(
        replace(call, params={**call.params, "layerDigests": [digest]}),
        repository.account,
        {"size": size},
    )


def mount_layer(state: State, call: Call, owner: str, digest: str, size: int) -> None:
    """Make a layer that another repository holds the call's repository's as well. It is journalled
    like the end of an upload, which is what it stands for."""
    repository = existing(state, call, owner)
    if digest not in repository.layers:
        done = replace(call, operation="CompleteLayerUpload")
        _layer_stored(state, done, repository, digest, size)


def _check_layers(state: State, call: Call, owner: str) -> HttpResponse:
    repository = existing(state, call, owner)
    layers, failures = [], []
    for digest in call.params["layerDigests"]:
        if not DIGEST.fullmatch(digest):
            failures.append(
                {
                    "layerDigest": digest,
                    "failureCode": "InvalidLayerDigest",
                    "failureReason": f"Invalid layer digest '{digest}'",
                }
            )
        elif digest in repository.layers:
            layers.append(
                {
                    "layerDigest": digest,
                    "layerAvailability": "AVAILABLE",
                    "layerSize": repository.layers[digest],
                    "mediaType": _LAYER_TYPE,
                }
            )
        else:
            layers.append({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"})
    return wire.result(call, {"layers": layers, "failures": failures})


def no_layer(repository: Repository, digest: str) -> ApiError:
    """The error for a layer that is to be read and is not in the repository."""
    return ApiError(
        "LayersNotFoundException",
        f"The layer with digest '{digest}' does not exist in the repository with name "
        f"'{repository.name}' in the registry with id '{repository.account}'",
    )


def _download_url(state: State, call: Call, owner: str) -> HttpResponse:
    repository, digest = existing(state, call, owner), call.params["layerDigest"]
    if digest not in repository.layers:
        raise no_layer(repository, digest)
    expires = int(state.clock.now().timestamp()) + _URL_SECONDS
    ticket = registry.ticket(state, digest, expires)
    query = urlencode({"expires": expires, "signature": ticket})
    url = f"{state.endpoint}/_layers/{digest}?{query}"
    return wire.result(call, {"downloadUrl": url, "layerDigest": digest})


def _put_image(state: State, call: Call, owner: str) -> HttpResponse:
    repository = existing(state, call, owner)
    digest, media_type = _manifest(state, call, repository, owner)
    params = {**call.params, "imageDigest": digest, "imageManifestMediaType": media_type}
    call = replace(call, params=params)
    _check_tag(state, call, repository)
    _free_tag(state, call, owner)
    answer = state.change(call, owner)
    _stamp(state, call, owner)
    return answer


def _check_tag(state: State, call: Call, repository: Repository) -> None:
    """ApiError when the image is there already, or its tag is taken and may not move."""
    digest, tag = call.params["imageDigest"], call.params.get("imageTag")
    images_here = state.backends.images(repository.account, call.region, repository.name)
    same = next((image for image in images_here if image.digest == digest), None)
    if same is not None and (tag is None or tag in same.tags):
        raise ApiError(
            "ImageAlreadyExistsException",
            f"Image with digest '{digest}' and tag '{tag or 'null'}' already exists in the "
            f"repository with name '{repository.name}' in registry with id '{repository.account}'",
        )
    taken = any(tag in image.tags for image in images_here)
    if tag is not None and taken and _immutable(state, call, repository, tag):
        raise ApiError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and "
            "cannot be overwritten because the repository is immutable.",
        )


def _immutable(state: State, call: Call, repository: Repository, tag: str) -> bool:
    """Whether a tag of the repository may not move; a filter's * stands for any characters."""
    details = state.backends.repository_details(repository.account, call.region)[repository.name]
    kind = str(details["imageTagMutability"])
    excluded = any(
        re.fullmatch(".*".join(map(re.escape, one["filter"].split("*"))), tag)
        for one in details["imageTagMutabilityExclusionFilters"] or ()
    )
    return kind.startswith("IMMUTABLE") != (kind.endswith("_WITH_EXCLUSION") and excluded)


def _free_tag(state: State, call: Call, owner: str) -> None:
    """A tag that moves leaves its old image behind, untagged. Source: ECR User Guide, untagged
    images."""
    if "imageTag" in call.params:
        name, tag = call.params["repositoryName"], call.params["imageTag"]
        state.backends.untag(owner, call.region, name, tag)


def _stamp(state: State, call: Call, owner: str) -> None:
    name, digest = call.params["repositoryName"], call.params["imageDigest"]
    state.backends.image_pushed(owner, call.region, name, digest)


def _delete_images(state: State, call: Call, owner: str) -> HttpResponse:
    return deletions.batch_delete(state, call, existing(state, call, owner))


def _manifest(state: State, call: Call, repository: Repository, owner: str) -> tuple[str, str]:
    """The manifest's digest and its media type; ApiError when it cannot be stored."""
    text = call.params["imageManifest"]
    invalid = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
    if len(text.encode()) > MAX_MANIFEST:
        raise ApiError("InvalidParameterException", invalid + "'Image manifest is too large'")
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ApiError("InvalidParameterException", invalid + "'Invalid JSON syntax'") from error
    media_type = call.params.get("imageManifestMediaType") or (
        manifest.get("mediaType") if isinstance(manifest, dict) else None
    )
    if not isinstance(media_type, str) or not _well_formed(manifest):
        raise ApiError("InvalidParameterException", invalid + "'Invalid image manifest'")
    digest = manifest_digest(text)
    asked = call.params.get("imageDigest")
    if asked and asked != digest:
        raise ApiError(
            "ImageDigestDoesNotMatchException",
            f"The image with digest '{asked}' in repository '{repository.name}' and registry ID "
            f"'{owner}' does not match the image digest that Amazon ECR has calculated.",
        )
    _check_parts(state, call, repository, owner, manifest)
    return digest, media_type


def manifest_digest(text: str) -> str:
    """The digest that names an image of this manifest."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _well_formed(manifest: Any) -> bool:
    """Whether the parts of a manifest are where they belong, each with a digest and a size."""
    if not isinstance(manifest, dict):
        return False
    single = (manifest.get(name) for name in ("config", "subject"))
    parts = [part for part in single if part is not None]
    for name in ("layers", "manifests"):
        named = manifest.get(name)
        if not isinstance(named, list | None):
            return False
        parts += named or []
    return isinstance(manifest.get("artifactType", ""), str) and all(
        isinstance(part, dict)
        and isinstance(part.get("digest"), str)
        and isinstance(part.get("mediaType", ""), str)
        and type(part.get("size", 0)) is int
        for part in parts
    )


def _check_parts(
    state: State, call: Call, repository: Repository, owner: str, manifest: Mapping[str, Any]
) -> None:
    """Every blob and every manifest that the manifest names must be in the repository."""

    def digests(items: Any) -> list[str]:
        return [item["digest"] for item in items if not _FOREIGN.match(item.get("mediaType", ""))]

    config = manifest.get("config")
    blobs = digests(manifest.get("layers") or []) + digests([config] if config else [])
    missing = [digest for digest in blobs if digest not in repository.layers]
    if missing:
        raise ApiError(
            "LayersNotFoundException",
            f"The layers with digests '{', '.join(missing)}' required for pushing image into "
            f"repository with name '{repository.name}' in the registry with id '{owner}' do not "
            "exist",
        )
    here = {image.digest for image in state.backends.images(owner, call.region, repository.name)}
    absent = [one for one in digests(manifest.get("manifests") or []) if one not in here]
    if absent:
        # Source: int128/docker-manifest-create-action#63
        raise ApiError(
            "ReferencedImagesNotFoundException",
            f"Images with digests '[{', '.join(absent)}]' required for pushing image into "
            f"repository with name '{repository.name}' in the registry with id '{owner}' do not "
            "exist",
        )


_OWN = {
    "SetRepositoryPolicy": _set_policy,
    "InitiateLayerUpload": _begin_upload,
    "UploadLayerPart": _upload_part,
    "CompleteLayerUpload": _complete_upload,
    "BatchCheckLayerAvailability": _check_layers,
    "GetDownloadUrlForLayer": _download_url,
    "PutImage": _put_image,
    "BatchDeleteImage": _delete_images,
}
