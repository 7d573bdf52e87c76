"""ECR's answers about the images of a repository, in the order of push, and its pages.

Source: ECR API Reference (DescribeImages, ListImages, BatchGetImage; pages of 100 unless maxResults
says otherwise; ImageFailure); ECR's own texts as moto 5.2.5 recorded them, and the one for a tag
of another image as localstack's tests of BatchGetImage have it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ...protocol.errors import ApiError
from ...protocol.messages import Call
from ...records import Image, Repository

if TYPE_CHECKING:
    from ...store.state import State

PAGE = 100
_DIGEST = re.compile(r"[a-zA-Z0-9\-_+.]+:[a-fA-F0-9]+")
TAG = re.compile(r"[a-zA-Z0-9\-_.]+")
# As ECR prints it, in the log alexjurkiewicz/ecr-scan-image#40.
TAG_RULE = "'[a-zA-Z0-9-_.]+'"
_NOT_FOUND = ("ImageNotFound", "Requested image not found")
_NEITHER = (
    "MissingDigestAndTag",
    "Invalid request parameters: both tag and digest cannot be null",
)
_BAD_DIGEST = (
    "InvalidImageDigest",
    "Invalid request parameters: image digest should satisfy the regex "
    "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
)
_BAD_TAG = (
    "InvalidImageTag",
    f"Invalid request parameters: image tag should satisfy the regex {TAG_RULE}",
)
_OTHER_DIGEST = (
    "ImageTagDoesNotMatchDigest",
    "Invalid request parameters: given tag does not map to the given digest",
)

# How every scan ends here; see `scanning`. The text as ECR's answers have it in public logs.
SCAN_FAILED = {
    "status": "FAILED",
    "description": (
        "UnsupportedImageError: The operating system and/or package manager are not supported."
    ),
}

Item = TypeVar("Item")
Reader = Callable[["State", Call, Repository], dict[str, Any]]


def page(call: Call, items: Sequence[Item]) -> tuple[Sequence[Item], str | None]:
    """The part of the items that the call asks for, and the token for what comes after it."""
    start = 0
    if "nextToken" in call.params:
        try:
            start = int(base64.b64decode(call.params["nextToken"], validate=True))
        except (binascii.Error, ValueError) as error:
            raise ApiError(
                "InvalidParameterException",
                "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'",
            ) from error
    end = start + call.params.get("maxResults", PAGE)
    more = base64.b64encode(str(end).encode()).decode() if end < len(items) else None
    return items[max(start, 0) : end], more


def _describe_images(state: State, call: Call, repository: Repository) -> dict[str, Any]:
    images = _filtered(state, call, repository)
    wanted = call.params.get("imageIds")
    more = None
    if wanted:
        for image_id in wanted:
            if not any(is_meant(image, image_id) for image in images):
                raise _not_found(image_id, repository)
        shown: Sequence[Image] = [i for i in images if any(is_meant(i, w) for w in wanted)]
    else:
        shown, more = page(call, images)
    registry = state.private_registry(repository.account, repository.region)
    details = [
        {
            "registryId": repository.account,
            "repositoryName": repository.name,
            "imageDigest": image.digest,
            "imageTags": image.tags or None,
            "imageSizeInBytes": image.size,
            "imagePushedAt": image.pushed_at,
            "imageScanStatus": (
                SCAN_FAILED if (repository.name, image.digest) in registry.scans else None
            ),
            "imageManifestMediaType": image.media_type,
            "artifactMediaType": image.artifact_type,
        }
        for image in shown
    ]
    return {"imageDetails": details, "nextToken": more}


def _list_images(state: State, call: Call, repository: Repository) -> dict[str, Any]:
    ids = [
        {"imageDigest": image.digest, "imageTag": tag}
        for image in _filtered(state, call, repository)
        for tag in image.tags or (None,)
    ]
    shown, more = page(call, ids)
    return {"imageIds": shown, "nextToken": more}


def _batch_get_image(state: State, call: Call, repository: Repository) -> dict[str, Any]:
    """Each image once, whatever acceptedMediaTypes says: nothing is converted."""
    images = state.backends.ecr.images(repository.account, call.region, repository.name)
    found: dict[str, dict[str, Any]] = {}
    failures = []
    for image_id in call.params["imageIds"]:
        image = next((i for i in images if is_meant(i, image_id)), None)
        if image is not None:
            tag = image_id.get("imageTag") or (image.tags[-1] if image.tags else None)
            found.setdefault(
                image.digest,
                {
                    "registryId": repository.account,
                    "repositoryName": repository.name,
                    "imageId": {"imageDigest": image.digest, "imageTag": tag},
                    "imageManifest": image.manifest,
                    "imageManifestMediaType": image.media_type,
                },
            )
        else:
            failures.append(failure(images, image_id))
    return {"images": list(found.values()), "failures": failures}


def referrers(state: State, repository: Repository, digest: str) -> list[dict[str, Any]]:
    """Descriptors of the manifests in the repository whose subject has the digest, in the order
    they were pushed. Source: OCI distribution specification 1.1, listing referrers."""
    found = []
    images = state.backends.ecr.images(repository.account, repository.region, repository.name)
    for image in images:
        manifest = json.loads(image.manifest)
        if (manifest.get("subject") or {}).get("digest") != digest:
            continue
        kind = manifest.get("artifactType") or (manifest.get("config") or {}).get("mediaType")
        descriptor = {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": len(image.manifest.encode()),
            "artifactType": kind,
            "annotations": manifest.get("annotations"),
        }
        found.append({name: value for name, value in descriptor.items() if value is not None})
    return found


READS: dict[str, Reader] = {
    "DescribeImages": _describe_images,
    "ListImages": _list_images,
    "BatchGetImage": _batch_get_image,
}


def _filtered(state: State, call: Call, repository: Repository) -> list[Image]:
    """The images that the call's filter lets through. All images here are active ones."""
    chosen = call.params.get("filter", {})
    if chosen.get("imageStatus", "ANY") not in ("ANY", "ACTIVE"):
        return []
    tagged = {"TAGGED": (True,), "UNTAGGED": (False,)}.get(chosen.get("tagStatus"), (True, False))
    images = state.backends.ecr.images(repository.account, call.region, repository.name)
    return [image for image in images if bool(image.tags) in tagged]


def is_meant(image: Image, image_id: Mapping[str, str]) -> bool:
    """Whether the id, by digest, by tag or by both, means the image."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    return (
        (digest is not None or tag is not None)
        and digest in (None, image.digest)
        and (tag is None or tag in image.tags)
    )


def failure(here: Sequence[Image], image_id: Mapping[str, str]) -> dict[str, Any]:
    """The ImageFailure of an id that means none of the images of a repository."""
    code, reason = _why_not(here, image_id)
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}


def _why_not(here: Sequence[Image], image_id: Mapping[str, str]) -> tuple[str, str]:
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if digest is None and tag is None:
        return _NEITHER
    if digest is not None and not _DIGEST.fullmatch(digest):
        return _BAD_DIGEST
    if tag is not None and not TAG.fullmatch(tag):
        return _BAD_TAG
    if digest is not None and any(tag in image.tags for image in here):
        return _OTHER_DIGEST
    return _NOT_FOUND


def forget_deleted(state: State, call: Call, owner: str) -> None:
    """Nothing more about images of the call's repository that are gone."""
    name = call.params["repositoryName"]
    left = {image.digest for image in state.backends.ecr.images(owner, call.region, name)}
    state.private_registry(owner, call.region).forget_images(name, left)


def the_one(state: State, call: Call, repository: Repository) -> Image:
    """Return the image that the call's imageId means; raise ApiError if it does not exist."""
    image_id = call.params["imageId"]
    for image in state.backends.ecr.images(repository.account, call.region, repository.name):
        if is_meant(image, image_id):
            return image
    raise _not_found(image_id, repository)


def _not_found(image_id: Mapping[str, str], repository: Repository) -> ApiError:
    digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
    return ApiError(
        "ImageNotFoundException",
        f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist "
        f"within the repository with name '{repository.name}' in the registry with id "
        f"'{repository.account}'",
    )
