"""ECR's BatchDeleteImage: moto deletes, but not what an index of the repository still names.

Source: ECR API Reference, BatchDeleteImage (a tag goes alone, an image with its last tag, all tags
with a digest) and ImageFailure; the refusal's words from public logs. A call that names an index
and its images deletes the index only: the images are judged as they stand before the call (logs).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...protocol.messages import Answer, Call
from ...records import Image, Repository
from . import image_queries

if TYPE_CHECKING:
    from ...store.state import State

ImageId = Mapping[str, str]
REFERENCED = "ImageReferencedByManifestList"


def batch_delete(state: State, call: Call, repository: Repository) -> Answer:
    """Delete what may be deleted, and tell of the rest; only what is deleted is journalled."""
    here = state.backends.ecr.images(repository.account, call.region, repository.name)
    wanted, failures = _sorted_out(here, call.params["imageIds"])
    deleted: list[ImageId] = []
    if wanted:
        checked = replace(call, params={**call.params, "imageIds": wanted})
        answer = state.change(checked, repository.account)
        image_queries.forget_deleted(state, checked, repository.account)
        # moto does not tell of an image that had no tag
        untagged = [
            i for i in here if not i.tags and any(image_queries.is_meant(i, w) for w in wanted)
        ]
        deleted = [*answer["imageIds"], *({"imageDigest": image.digest} for image in untagged)]
        # what an id before it in the same call has deleted
        failures += answer["failures"]
    return {"imageIds": deleted, "failures": failures}


def _sorted_out(
    here: tuple[Image, ...], image_ids: list[ImageId]
) -> tuple[list[ImageId], list[dict[str, Any]]]:
    """The ids that may be deleted, and the failures of those that may not."""
    tags_left = {image.digest: set(image.tags) for image in here}
    wanted: list[ImageId] = []
    failures: list[dict[str, Any]] = []
    for image_id in image_ids:
        image = next((one for one in here if image_queries.is_meant(one, image_id)), None)
        if image is None:
            failures.append(image_queries.failure(here, image_id))
            continue
        whole = "imageDigest" in image_id or tags_left[image.digest] <= {image_id["imageTag"]}
        indexes = [one.digest for one in here if whole and image.digest in _named(one)]
        if indexes:
            reason = f"Requested image referenced by manifest list: [{', '.join(indexes)}]"
            failures.append(
                {"imageId": image_id, "failureCode": REFERENCED, "failureReason": reason}
            )
            continue
        if "imageTag" in image_id:
            tags_left[image.digest].discard(image_id["imageTag"])
        wanted.append(image_id)
    return wanted, failures


def _named(image: Image) -> set[str]:
    """The digests of the images that an index names."""
    manifest: dict[str, Any] = json.loads(image.manifest)
    return {one["digest"] for one in manifest.get("manifests") or []}
