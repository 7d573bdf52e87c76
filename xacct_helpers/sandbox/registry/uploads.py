"""Pushing blobs: in one request, in chunks, or by mounting what another repository holds.

Bytes go to disk as they come in. A client that goes away leaves what arrived, and can go on from
there. Source: OCI distribution specification 1.1, pushing blobs (end-4, 5, 6, 11, 13), cancelling
an upload (end-14 in later versions).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from ..protocol.errors import ApiError
from ..protocol.messages import HttpResponse
from ..records import Repository
from ..services.ecr import layers
from .access import Attempt, Visit, allowed, attempting, perform, run
from .bodies import Body
from .errors import VERSION, RegistryError
from .paths import digest as checked
from .paths import is_digest, is_name

# "0-99" as the specification has it; some clients write it as HTTP does
_CONTENT_RANGE = re.compile(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?")


async def post(visit: Visit, name: str, body: Body) -> HttpResponse:
    """Begin an upload. `?digest=`: the body is the whole blob; `?mount=&from=`: another repository
    has it already."""
    query = _query(visit)
    if "mount" in query and _mounted(visit, name, query["mount"], query.get("from", "")):
        return _created(visit, name, query["mount"])
    if "digest" in query:
        checked(query["digest"])
    upload = str(run(visit, visit.call("InitiateLayerUpload", name))["uploadId"])
    if "digest" in query:
        await _receive(visit, name, upload, body)
        return await _complete(visit, name, upload, query["digest"])
    return _accepted(visit, name, upload, 0)


async def patch(visit: Visit, name: str, upload: str, body: Body) -> HttpResponse:
    """Add a chunk, or all the bytes at once."""
    size = await _receive(visit, name, upload, body)
    return _accepted(visit, name, upload, size)


async def put(visit: Visit, name: str, upload: str, body: Body) -> HttpResponse:
    """Close an upload, whose last bytes the body may hold."""
    digest = checked(_query(visit).get("digest", ""))
    headers = visit.request.headers
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        await _receive(visit, name, upload, body)
    return await _complete(visit, name, upload, digest)


def get(visit: Visit, name: str, upload: str) -> HttpResponse:
    """How far an upload has come. The ECR API has no such call; who may send parts may ask."""
    call = visit.call("UploadLayerPart", name, uploadId=upload)
    with attempting(visit, call):
        _, _, size = layers.open_upload(visit.state, call, visit.registry.account)
    return _accepted(visit, name, upload, size, status=204)


def delete(visit: Visit, name: str, upload: str) -> HttpResponse:
    """Cancel an upload. The ECR API has no such call; who may send parts may cancel."""
    call = visit.call("UploadLayerPart", name, uploadId=upload)
    with attempting(visit, call):
        repository, _, _ = layers.open_upload(visit.state, call, visit.registry.account)
        visit.state.blobs.cancel(repository.arn, upload)
    return HttpResponse(status=204, headers=VERSION, body=b"")


# -- receiving -------------------------------------------------------------------------------


async def _receive(visit: Visit, name: str, upload: str, body: Body) -> int:
    """Append the body to the upload; the upload's size then."""
    state, owner = visit.state, visit.registry.account
    call = visit.call("UploadLayerPart", name, uploadId=upload)
    with _placed(visit, name, upload), attempting(visit, call) as attempt:
        repository, _, size = layers.open_upload(state, call, owner)
        announced = _announced(visit)
        if announced is not None and announced[0] != size:
            raise layers.out_of_order(repository, upload, announced[0], size)
        received = await _append(visit, attempt, repository, body, size)
        if announced is not None and received != announced[1] + 1:
            await asyncio.to_thread(state.blobs.shorten, repository.arn, upload, size)
            raise _wrong_size(announced, received - size)
        return received


async def _append(
    visit: Visit, attempt: Attempt, repository: Repository, body: Body, start: int
) -> int:
    """Write the body behind `start` while more of it comes in; the size reached.

    One piece is being written while the next is received: no more than two are in memory.
    """
    state, upload = visit.state, attempt.call.params["uploadId"]
    size = start
    writing: asyncio.Task[int] | None = None
    try:
        async for piece in body.pieces():
            if writing is not None:
                size = await writing
            writing = asyncio.create_task(
                asyncio.to_thread(layers.store_part, state, repository, upload, size, piece)
            )
    finally:
        if writing is not None:
            size = await writing
        attempt.params |= {"partFirstByte": start, "partLastByte": size - 1}
    return size


def _announced(visit: Visit) -> tuple[int, int] | None:
    """(first byte, last byte) of Content-Range; None without that header."""
    header = visit.request.headers.get("content-range")
    if header is None:
        return None
    found = _CONTENT_RANGE.fullmatch(header)
    if found is None or int(found[1]) > int(found[2]):
        raise RegistryError(
            400, "BLOB_UPLOAD_INVALID", f"Content-Range is '{header[:100]}'; it must be like 0-99."
        )
    first, last = int(found[1]), int(found[2])
    length = visit.request.headers.get("content-length", "")
    if length.isdecimal() and int(length) != last - first + 1:
        raise _wrong_size((first, last), int(length))
    return first, last


def _wrong_size(announced: tuple[int, int], length: int) -> RegistryError:
    first, last = announced
    return RegistryError(
        400,
        "SIZE_INVALID",
        f"Content-Range announces bytes {first} to {last}, and the request has {length} bytes.",
    )


@contextmanager
def _placed(visit: Visit, name: str, upload: str) -> Iterator[None]:
    """An error about a chunk's place says where the upload stands."""
    try:
        yield
    except RegistryError as error:
        cause = error.__cause__
        if isinstance(cause, ApiError) and "lastValidByteReceived" in cause.members:
            size = cause.members["lastValidByteReceived"] + 1
            error.headers |= _where(visit, name, upload, size)
        raise


# -- completing ------------------------------------------------------------------------------


async def _complete(visit: Visit, name: str, upload: str, digest: str) -> HttpResponse:
    """Make the upload a blob of the repository, as it is when the repository has it already."""
    state, owner = visit.state, visit.registry.account
    call = visit.call("CompleteLayerUpload", name, uploadId=upload, layerDigests=[digest])
    with attempting(visit, call) as attempt:
        repository, _, _ = layers.open_upload(state, call, owner)
        await asyncio.to_thread(layers.settle, state, repository, upload)
        try:
            perform(visit, attempt, call)
        except ApiError as error:
            if error.code != "LayerAlreadyExistsException":
                raise
    return _created(visit, name, digest)


def _mounted(visit: Visit, name: str, digest: str, source: str) -> bool:
    """Whether the blob is the repository's now, because `source` has it and the caller may read it
    there. If not, an ordinary upload begins, and the client is not told why.

    Source: ECR User Guide, blob mounting: ecr:GetDownloadUrlForLayer on the other repository.
    """
    state, registry = visit.state, visit.registry
    # to a client that names the account in the path, it is part of every name
    source = f"/{source}".removeprefix(registry.prefix).removeprefix("/")
    if not is_digest(digest) or not is_name(source):
        return False
    if not allowed(visit, visit.call("GetDownloadUrlForLayer", source, layerDigest=digest)):
        return False
    found = state.backends.ecr.repository(registry.account, registry.region, source)
    if found is None or digest not in found.layers or state.blobs.path(digest) is None:
        return False
    call = visit.call("InitiateLayerUpload", name)
    with attempting(visit, call), state.clock.held():
        layers.mount_layer(state, call, registry.account, digest, found.layers[digest])
    return True


# -- answers ---------------------------------------------------------------------------------


def _query(visit: Visit) -> dict[str, str]:
    found = parse_qs(visit.request.query, keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def _where(visit: Visit, name: str, upload: str, size: int) -> dict[str, str]:
    return {
        "location": visit.registry.link(f"{name}/blobs/uploads/{upload}"),
        "range": f"0-{max(size - 1, 0)}",
        "docker-upload-uuid": upload,
        **VERSION,
    }


def _accepted(
    visit: Visit, name: str, upload: str, size: int, *, status: int = 202
) -> HttpResponse:
    return HttpResponse(status=status, headers=_where(visit, name, upload, size), body=b"")


def _created(visit: Visit, name: str, digest: str) -> HttpResponse:
    headers = {
        "location": visit.registry.link(f"{name}/blobs/{digest}"),
        "docker-content-digest": digest,
        **VERSION,
    }
    return HttpResponse(status=201, headers=headers, body=b"")
