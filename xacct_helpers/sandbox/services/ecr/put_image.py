"""ECR's PutImage: what a manifest must be, what has to be there before it, and the tag it takes.

Source: ECR API Reference, PutImage; ECR User Guide, image tag mutability; texts from public logs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import Repository
from . import image_queries, scanning
from .repositories import existing

if TYPE_CHECKING:
    from ...store.state import State

MAX_MANIFEST = 4 * 1024 * 1024
# Layers whose bytes stay with who made them (Windows): no registry has them.
_FOREIGN = re.compile(
    r"application/vnd\.(docker\.image\.rootfs\.foreign|oci\.image\.layer\.nondistributable)\."
)


def store_image(state: State, call: Call, owner: str) -> Answer:
    """Make a manifest an image of the call's repository, and scan it if that is wanted."""
    repository = existing(state, call, owner)
    if not image_queries.TAG.fullmatch(call.params.get("imageTag", "none")):
        raise ApiError(
            "InvalidParameterException",
            "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular "
            f"expression {image_queries.TAG_RULE}'",
        )
    digest, media_type = _manifest(state, call, repository, owner)
    params = {**call.params, "imageDigest": digest, "imageManifestMediaType": media_type}
    call = replace(call, params=params)
    _check_tag(state, call, repository)
    _free_tag(state, call, owner)
    answer = state.change(call, owner)
    _stored(state, call, owner)
    return answer


def replay(state: State, call: Call, owner: str) -> None:
    """A journalled PutImage again."""
    _free_tag(state, call, owner)
    state.redo(call, owner)
    _stored(state, call, owner)


def _check_tag(state: State, call: Call, repository: Repository) -> None:
    """Raise ApiError when the image is there already, or its tag is taken and may not move."""
    digest, tag = call.params["imageDigest"], call.params.get("imageTag")
    images_here = state.backends.ecr.images(repository.account, call.region, repository.name)
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
    details = state.backends.ecr.repository_details(repository.account, call.region)[
        repository.name
    ]
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
        state.backends.ecr.untag(owner, call.region, name, tag)


def _stored(state: State, call: Call, owner: str) -> None:
    name, digest = call.params["repositoryName"], call.params["imageDigest"]
    state.backends.ecr.image_pushed(owner, call.region, name, digest)
    scanning.pushed(state, existing(state, call, owner), digest)


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
    requested = call.params.get("imageDigest")
    if requested and requested != digest:
        raise ApiError(
            "ImageDigestDoesNotMatchException",
            f"The image with digest '{requested}' in repository '{repository.name}' and registry "
            f"ID '{owner}' does not match the image digest that Amazon ECR has calculated.",
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
    here = {
        image.digest for image in state.backends.ecr.images(owner, call.region, repository.name)
    }
    absent = [one for one in digests(manifest.get("manifests") or []) if one not in here]
    if absent:
        # Source: int128/docker-manifest-create-action#63
        raise ApiError(
            "ReferencedImagesNotFoundException",
            f"Images with digests '[{', '.join(absent)}]' required for pushing image into "
            f"repository with name '{repository.name}' in the registry with id '{owner}' do not "
            "exist",
        )
