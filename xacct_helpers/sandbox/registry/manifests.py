"""Manifests and indexes: read, pushed and deleted, by tag or by digest.

Source: OCI distribution specification 1.1: pulling manifests (end-3), pushing manifests (end-7),
deleting tags and manifests (end-9), manifests with a subject.
"""

from __future__ import annotations

import json
from typing import Any

from ..protocol.errors import ApiError
from ..protocol.messages import HttpResponse
from ..services.ecr import batch_delete, put_image
from .access import Visit, attempting, perform, run
from .bodies import Body, TooLong
from .errors import VERSION, RegistryError
from .paths import image_id


def get(visit: Visit, name: str, reference: str) -> HttpResponse:
    """The manifest as it was pushed, whatever the client says it accepts."""
    answer = run(visit, visit.call("BatchGetImage", name, imageIds=[image_id(reference)]))
    if not answer["images"]:
        raise RegistryError(404, "MANIFEST_UNKNOWN", "Requested image not found")
    [image] = answer["images"]
    headers = {
        "content-type": image["imageManifestMediaType"],
        "docker-content-digest": image["imageId"]["imageDigest"],
        **VERSION,
    }
    return HttpResponse(status=200, headers=headers, body=image["imageManifest"].encode())


async def put(visit: Visit, name: str, reference: str, body: Body) -> HttpResponse:
    """Store a manifest under a tag or its digest."""
    params = image_id(reference)
    try:
        text = (await body.whole(put_image.MAX_MANIFEST)).decode()
    except TooLong as error:
        raise RegistryError(
            413,
            "MANIFEST_INVALID",
            f"A manifest may hold {put_image.MAX_MANIFEST} bytes at most.",
        ) from error
    except UnicodeDecodeError as error:
        raise RegistryError(400, "MANIFEST_INVALID", "The manifest is not UTF-8 text.") from error
    media_type = _media_type(visit, text)
    if media_type:
        params["imageManifestMediaType"] = media_type
    digest = _put_image(visit, name, text, params)
    headers = {
        "location": visit.registry.link(f"{name}/manifests/{digest}"),
        "docker-content-digest": digest,
        **VERSION,
    }
    subject = _subject(text)
    if subject:
        headers["oci-subject"] = subject
    return HttpResponse(status=201, headers=headers, body=b"")


def _put_image(visit: Visit, name: str, text: str, params: dict[str, str]) -> str:
    """The digest of the image, also when it was there already, under this tag."""
    call = visit.call("PutImage", name, imageManifest=text, **params)
    with attempting(visit, call) as attempt:
        try:
            digest: str = perform(visit, attempt, call)["image"]["imageId"]["imageDigest"]
        except ApiError as error:
            if error.code != "ImageAlreadyExistsException":
                raise
            digest = put_image.manifest_digest(text)
    return digest


def _media_type(visit: Visit, text: str) -> str:
    """What Content-Type says, which has to be what the manifest itself says, if it says it."""
    sent = visit.request.headers.get("content-type", "").partition(";")[0].strip()
    media_type = _member(text, "mediaType")
    if sent and isinstance(media_type, str) and media_type != sent:
        raise RegistryError(
            400,
            "MANIFEST_INVALID",
            f"The manifest's mediaType '{media_type[:200]}' is not the Content-Type "
            f"'{sent[:200]}'.",
        )
    return sent


def _subject(text: str) -> str:
    """The digest of the manifest that this one is about, or ""."""
    subject = _member(text, "subject")
    return subject["digest"] if isinstance(subject, dict) else ""


def _member(text: str, name: str) -> Any:
    """A member of the manifest; None when it is missing or the text is no manifest."""
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError):
        return None  # PutImage says so in ECR's words
    return manifest.get(name) if isinstance(manifest, dict) else None


def delete(visit: Visit, name: str, reference: str) -> HttpResponse:
    """Take a tag away, and the image with its last tag; or an image with all of its tags."""
    answer = run(visit, visit.call("BatchDeleteImage", name, imageIds=[image_id(reference)]))
    if not answer["imageIds"]:
        [failure] = answer["failures"]
        if failure["failureCode"] == batch_delete.REFERENCED:
            raise RegistryError(400, "UNSUPPORTED", failure["failureReason"])
        raise RegistryError(404, "MANIFEST_UNKNOWN", failure["failureReason"])
    return HttpResponse(status=202, headers=VERSION, body=b"")
