"""ECR's layers: uploads, part by part, and what may be downloaded. The bytes are in `blobs`.

Source: ECR API Reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ...auth import registry_passwords
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import Repository
from ...store.blobs import DIGEST, UPLOAD_SECONDS, Elsewhere, TooManyUploads
from .repositories import existing

if TYPE_CHECKING:
    from ...store.state import State

PART_SIZE = 10 * 1024 * 1024
MAX_PART = 20 * 1024 * 1024
_URL_SECONDS = 3600
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def _begin_upload(state: State, call: Call, owner: str) -> Answer:
    repository = existing(state, call, owner)
    try:
        upload = state.blobs.begin(repository.arn)
    except TooManyUploads as error:
        raise ApiError(
            "LimitExceededException",
            f"{error}, and may have no more. Complete or cancel some; one that nobody adds to for "
            f"{UPLOAD_SECONDS // 3600} hours is dropped.",
        ) from error
    except OSError as error:
        raise ApiError(
            "ServerException",
            f"The sandbox could not begin an upload in {state.folder} "
            f"({error.strerror or error}). Free some space and try again.",
            500,
        ) from error
    return {"uploadId": upload, "partSize": PART_SIZE}


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


def _upload_part(state: State, call: Call, owner: str) -> Answer:
    repository, upload, size = open_upload(state, call, owner)
    first, last = call.params["partFirstByte"], call.params["partLastByte"]
    data: bytes = call.params["layerPartBlob"]
    if first != size or last != first + len(data) - 1 or len(data) > MAX_PART:
        raise out_of_order(repository, upload, first, size)
    received = store_part(state, repository, upload, first, data)
    return {
        "registryId": owner,
        "repositoryName": repository.name,
        "uploadId": upload,
        "lastByteReceived": received - 1,
    }


def _complete_upload(state: State, call: Call, owner: str) -> Answer:
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
    return {
        "registryId": owner,
        "repositoryName": repository.name,
        "uploadId": upload,
        "layerDigest": digest,
    }


def _layer_stored(state: State, call: Call, repository: Repository, digest: str, size: int) -> None:
    state.backends.ecr.add_layer(repository.account, call.region, repository.name, digest, size)
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


def _check_layers(state: State, call: Call, owner: str) -> Answer:
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
    return {"layers": layers, "failures": failures}


def no_layer(repository: Repository, digest: str) -> ApiError:
    """The error for a layer that is to be read and is not in the repository."""
    return ApiError(
        "LayersNotFoundException",
        f"The layer with digest '{digest}' does not exist in the repository with name "
        f"'{repository.name}' in the registry with id '{repository.account}'",
    )


def _download_url(state: State, call: Call, owner: str) -> Answer:
    repository, digest = existing(state, call, owner), call.params["layerDigest"]
    if digest not in repository.layers:
        raise no_layer(repository, digest)
    expires = int(state.clock.now().timestamp()) + _URL_SECONDS
    ticket = registry_passwords.ticket(state, digest, expires)
    query = urlencode({"expires": expires, "signature": ticket})
    url = f"{state.endpoint}/_layers/{digest}?{query}"
    return {"downloadUrl": url, "layerDigest": digest}


OPERATIONS = {
    "InitiateLayerUpload": _begin_upload,
    "UploadLayerPart": _upload_part,
    "CompleteLayerUpload": _complete_upload,
    "BatchCheckLayerAvailability": _check_layers,
    "GetDownloadUrlForLayer": _download_url,
}
