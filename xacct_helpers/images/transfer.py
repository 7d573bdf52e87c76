"""Push and pull images through the API of Amazon ECR.

The caller passes the boto3 client, so IAM decides each step, and an AWS error (ClientError)
reaches the caller as boto3 raised it: in the lesson that error is the thing to read. Push and pull
make the calls that AWS names for them, so the permissions a learner grants here are those that
`docker push` and `docker pull` need.

Source: Amazon ECR API Reference (botocore 1.44.5 model); Amazon ECR User Guide, "Pushing an image"
and "Pulling an image". Digests: OCI Image Format Specification v1.1.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from xacct_helpers.images.build import (
    INDEX_MEDIA_TYPE,
    MANIFEST_MEDIA_TYPE,
    Descriptor,
    Image,
    Index,
    Manifest,
    sha256,
)
from xacct_helpers.images.run import run_image
from xacct_helpers.progress_bar import bytes_bar

MAX_PULL = 256 * 1024 * 1024
"""Bytes of layers and config that a pull takes into memory; larger images are for docker."""

_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_MANIFEST_TYPES = (MANIFEST_MEDIA_TYPE, _DOCKER_MANIFEST)
_INDEX_TYPES = (INDEX_MEDIA_TYPE, _DOCKER_LIST)
_CHUNK = 64 * 1024
_TIMEOUT_SECONDS = 30


class EcrClient(Protocol):
    """The part of `boto3.client("ecr")` that is used here."""

    exceptions: Any

    def batch_check_layer_availability(self, **parameters: Any) -> Any: ...
    def initiate_layer_upload(self, **parameters: Any) -> Any: ...
    def upload_layer_part(self, **parameters: Any) -> Any: ...
    def complete_layer_upload(self, **parameters: Any) -> Any: ...
    def put_image(self, **parameters: Any) -> Any: ...
    def batch_get_image(self, **parameters: Any) -> Any: ...
    def get_download_url_for_layer(self, **parameters: Any) -> Any: ...


class TransferError(Exception):
    """A push or pull went wrong without an AWS error: a missing image, a wrong digest, a download.

    code: ECR's failure code (for instance "ImageNotFound"), or "DigestMismatch", "SizeMismatch",
        "DownloadFailed", "UnsupportedImage".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PulledImage:
    """An image as it came from a repository; every byte of it matched its digest.

    digest: of what the tag names, as `docker pull` prints it. manifest_digest: of the manifest for
    the platform; the same unless the tag names an index. layers: (digest, size in bytes), lowest
    first. config: the parsed image configuration. size: bytes of all layers and the configuration.
    blobs: layers and configuration by digest.
    """

    repository: str
    digest: str
    tag: str | None
    manifest_digest: str
    layers: tuple[tuple[str, int], ...]
    config_digest: str
    config: Mapping[str, Any]
    size: int
    blobs: Mapping[str, bytes] = field(repr=False)

    @property
    def platform(self) -> str:
        """For instance "linux/amd64"."""
        return f"{self.config.get('os')}/{self.config.get('architecture')}"

    def run(self) -> str:
        """What the image's program prints; elsewhere than on its platform, one sentence why not.

        Raises ImageRunError when the image cannot be unpacked or its program fails.
        """
        return run_image(self.config, [self.blobs[digest] for digest, _ in self.layers])

    def __repr__(self) -> str:
        name = self.repository + (f":{self.tag}" if self.tag else "")
        lines = [("image", name), ("digest", self.digest), ("platform", self.platform)]
        lines += [("layer", f"{digest} ({size:,} bytes)") for digest, size in self.layers]
        lines.append(("total", f"{self.size:,} bytes, every digest checked"))
        return "\n".join(f"{label:<9} {value}" for label, value in lines)


def push_image(
    ecr: EcrClient,
    repository: str,
    tag: str,
    image: Image,
    *,
    registry_id: str | None = None,
    all_platforms: bool = False,
    progress: Callable[[str], object] | None = None,
) -> str:
    """Push `image` and return the digest that `tag` names from now on.

    Calls BatchCheckLayerAvailability, then for each missing layer InitiateLayerUpload,
    UploadLayerPart and CompleteLayerUpload, then PutImage.

    registry_id: account id of the registry, 12 digits; None means the caller's own account.
    all_platforms: False pushes the plain linux/amd64 manifest (on every machine, so the digest is
        the same everywhere); True pushes both manifests untagged and tags the index over them.
    progress: called with one line of text for each step, for instance `print`.

    AWS errors pass through as boto3 raises them, ImageAlreadyExistsException too: it says that
    `tag` names this image already. Raises TransferError when ECR refuses a layer's digest.
    """
    say = progress or _silent
    where = _where(repository, registry_id)
    manifests = image.manifests if all_platforms else (image.single_platform(),)
    shown = f"{repository}:{tag}" if progress is None else ""
    _push_blobs(ecr, where, image.blobs, manifests, say, shown)
    tagged: Manifest | Index = manifests[0]
    if all_platforms:
        for manifest in manifests:
            _put_untagged(ecr, where, manifest, say)
        tagged = image.index
    ecr.put_image(**where, **_stored(tagged), imageTag=tag)
    say(f"{repository}:{tag} is {tagged.digest}")
    return tagged.digest


def _silent(line: str) -> None:
    """The progress of a push that nobody watches."""


def _where(repository: str, registry_id: str | None) -> dict[str, str]:
    """The parameters that every call shares."""
    registry = {} if registry_id is None else {"registryId": registry_id}
    return {"repositoryName": repository, **registry}


def _push_blobs(
    ecr: EcrClient,
    where: Mapping[str, str],
    blobs: Mapping[str, bytes],
    manifests: tuple[Manifest, ...],
    say: Callable[[str], object],
    shown: str,
) -> None:
    """Upload the blobs that are missing. shown: how a bar calls the image; "" for no bar."""
    wanted = list(dict.fromkeys(blob.digest for each in manifests for blob in each.blobs))
    answer = ecr.batch_check_layer_availability(**where, layerDigests=wanted)
    for failure in answer.get("failures", []):
        if failure.get("failureCode") != "MissingLayerDigest":
            raise TransferError(
                failure.get("failureCode", "LayerFailure"),
                f"{failure.get('layerDigest')}: {failure.get('failureReason')}",
            )
    there = {
        layer["layerDigest"]
        for layer in answer.get("layers", [])
        if layer.get("layerAvailability") == "AVAILABLE"
    }
    total = sum(len(blobs[digest]) for digest in wanted if digest not in there)
    with bytes_bar(f"Pushing {shown}", f"Pushed {shown}", total if shown else 0) as moved:
        for digest in wanted:
            if digest in there:
                say(f"{_short(digest)} is there already")
            else:
                _upload(ecr, where, digest, blobs[digest], moved)
                say(f"{_short(digest)} uploaded, {len(blobs[digest]):,} bytes")


def _upload(
    ecr: EcrClient,
    where: Mapping[str, str],
    digest: str,
    content: bytes,
    moved: Callable[[int], object],
) -> None:
    """Upload one blob in parts of the size that the service asks for."""
    upload = ecr.initiate_layer_upload(**where)
    upload_id, part_size = upload["uploadId"], int(upload["partSize"])
    for first in range(0, len(content), part_size):
        part = content[first : first + part_size]
        ecr.upload_layer_part(
            **where,
            uploadId=upload_id,
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
        moved(len(part))
    ecr.complete_layer_upload(**where, uploadId=upload_id, layerDigests=[digest])


def _stored(what: Manifest | Index) -> dict[str, str]:
    """PutImage's parameters for a manifest or index; ECR checks the digest against the text."""
    return {
        "imageManifest": what.body.decode(),
        "imageManifestMediaType": what.media_type,
        "imageDigest": what.digest,
    }


def _put_untagged(
    ecr: EcrClient, where: Mapping[str, str], manifest: Manifest, say: Callable[[str], object]
) -> None:
    """Store a manifest that an index will name by its digest.

    One that is there already is what the index needs, so that answer alone is not an error.
    """
    with contextlib.suppress(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(**where, **_stored(manifest))
    say(f"{_short(manifest.digest)} is the manifest for {manifest.os}/{manifest.architecture}")


def pull_image(
    ecr: EcrClient,
    repository: str,
    tag: str | None = None,
    digest: str | None = None,
    *,
    registry_id: str | None = None,
    architecture: str = "amd64",
) -> PulledImage:
    """Pull the image that `tag` or `digest` names, checking each digest.

    Calls BatchGetImage (once more where the tag names an index) and GetDownloadUrlForLayer for
    each layer and the configuration, and fetches those addresses without any proxy.

    digest: "sha256:…"; with a tag too, both must name the same image.
    registry_id: account id of the registry, 12 digits; None means the caller's own account.
    architecture: which manifest to take where there are several: "amd64" or "arm64".

    AWS errors pass through as boto3 raises them. Raises TransferError when there is no such image,
    bytes do not match their digest or size, or the image is larger than MAX_PULL; ValueError when
    neither tag nor digest is given.
    """
    if tag is None and digest is None:
        raise ValueError("pull_image needs a tag or a digest")
    where = _where(repository, registry_id)
    top_digest, manifest = _get_manifest(ecr, where, tag, digest)
    manifest_digest = top_digest
    if manifest.get("mediaType") in _INDEX_TYPES:
        manifest_digest = _choose_platform(manifest, architecture)
        manifest_digest, manifest = _get_manifest(ecr, where, None, manifest_digest)
    if manifest.get("mediaType") not in _MANIFEST_TYPES:
        raise TransferError("UnsupportedImage", f"media type {manifest.get('mediaType')!r}")
    config, layers = _descriptors(manifest)
    size = config.size + sum(layer.size for layer in layers)
    if size > MAX_PULL:
        raise TransferError(
            "UnsupportedImage", f"{size:,} bytes are more than {MAX_PULL:,}; pull it with docker"
        )
    name = repository + (f":{tag}" if tag else "")
    with bytes_bar(f"Pulling {name}", f"Pulled {name}", size) as moved:
        blobs = {each.digest: _download(ecr, where, each, moved) for each in (*layers, config)}
    return PulledImage(
        repository=repository,
        digest=top_digest,
        tag=tag,
        manifest_digest=manifest_digest,
        layers=tuple((layer.digest, layer.size) for layer in layers),
        config_digest=config.digest,
        config=_json_object(blobs[config.digest], "image configuration"),
        size=size,
        blobs=blobs,
    )


def _get_manifest(
    ecr: EcrClient, where: Mapping[str, str], tag: str | None, digest: str | None
) -> tuple[str, dict[str, Any]]:
    """(digest, parsed manifest or index) that BatchGetImage gives; its media type is filled in."""
    image_id = {"imageTag": tag, "imageDigest": digest}
    answer = ecr.batch_get_image(
        **where,
        imageIds=[{key: value for key, value in image_id.items() if value is not None}],
        acceptedMediaTypes=[*_MANIFEST_TYPES, *_INDEX_TYPES],
    )
    name = f"{where['repositoryName']}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"
    for failure in answer.get("failures", []):
        raise TransferError(
            failure.get("failureCode", "ImageFailure"), f"{failure.get('failureReason')} ({name})"
        )
    if not answer.get("images"):
        raise TransferError("ImageNotFound", f"ECR answered with no image ({name})")
    image = answer["images"][0]
    body = image["imageManifest"].encode()
    found = sha256(body)
    for promised in (digest, image.get("imageId", {}).get("imageDigest")):
        if promised is not None and promised != found:
            raise TransferError("DigestMismatch", f"the manifest is {found}, not {promised}")
    manifest = _json_object(body, "manifest")
    manifest.setdefault("mediaType", image.get("imageManifestMediaType"))
    return found, manifest


def _choose_platform(index: Mapping[str, Any], architecture: str) -> str:
    """The digest of the index's manifest for linux on `architecture`."""
    for entry in index.get("manifests", []):
        platform = entry.get("platform", {})
        if (platform.get("os"), platform.get("architecture")) == ("linux", architecture):
            return str(entry["digest"])
    raise TransferError("UnsupportedImage", f"the image has no manifest for linux/{architecture}")


def _descriptors(manifest: Mapping[str, Any]) -> tuple[Descriptor, tuple[Descriptor, ...]]:
    """(config, layers) of a manifest; TransferError when it is not of that shape."""
    try:
        config, *layers = (
            Descriptor(
                media_type=str(entry["mediaType"]),
                digest=str(entry["digest"]),
                size=int(entry["size"]),
            )
            for entry in (manifest["config"], *manifest["layers"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TransferError("UnsupportedImage", f"the manifest is incomplete: {error}") from error
    if any(each.size < 0 for each in (config, *layers)):
        raise TransferError("UnsupportedImage", "the manifest holds a negative size")
    return config, tuple(layers)


def _json_object(body: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise TransferError("UnsupportedImage", f"the {what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise TransferError("UnsupportedImage", f"the {what} is not a JSON object")
    return value


def _download(
    ecr: EcrClient,
    where: Mapping[str, str],
    blob: Descriptor,
    moved: Callable[[int], object],
) -> bytes:
    """The bytes of one layer or configuration, of the promised size and digest."""
    answer = ecr.get_download_url_for_layer(**where, layerDigest=blob.digest)
    content = bytearray()
    try:
        with _opener().open(answer["downloadUrl"], timeout=_TIMEOUT_SECONDS) as response:
            while len(content) <= blob.size and (chunk := response.read(_CHUNK)):
                content += chunk
                moved(len(chunk))
    except (OSError, http.client.HTTPException) as error:  # urllib's errors are OSErrors
        # Not the address: its query string is a credential.
        raise TransferError("DownloadFailed", f"{_short(blob.digest)}: {error}") from error
    if len(content) != blob.size:
        found = "more" if len(content) > blob.size else f"{len(content):,}"
        raise TransferError(
            "SizeMismatch",
            f"{_short(blob.digest)} has {found} bytes; its manifest promises {blob.size:,}",
        )
    if sha256(content) != blob.digest:
        raise TransferError("DigestMismatch", f"got {sha256(content)}, not {blob.digest}")
    return bytes(content)


def _opener() -> urllib.request.OpenerDirector:
    """Opens http and https addresses only: no proxy, no redirect, no file or ftp address."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _short(digest: str) -> str:
    """The word "sha256:" and the first twelve hex digits, as docker prints it."""
    return digest[:19]
