"""Blobs: their bytes, whole or a range of them, from the file that holds them.

Source: OCI distribution specification 1.1, pulling blobs (end-2); RFC 9110, section 14.
"""

from __future__ import annotations

import hmac
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from ..auth.registry_passwords import ticket
from ..protocol.messages import FilePart, HttpRequest, HttpResponse
from ..services.ecr import layers
from ..services.ecr.repositories import existing
from .access import Visit, attempting
from .errors import VERSION, RegistryError, as_json
from .paths import digest as checked

if TYPE_CHECKING:
    from ..store.state import State

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def get(visit: Visit, name: str, digest: str) -> HttpResponse:
    """A blob of the repository, or its headers."""
    checked(digest)
    calls = [visit.call("GetDownloadUrlForLayer", name, layerDigest=digest)]
    if visit.request.method == "HEAD":
        # Pushing clients have this one only, and which of the two AWS asks when pulling is not
        # known: either will do.
        calls.append(visit.call("BatchCheckLayerAvailability", name, layerDigests=[digest]))
    with attempting(visit, *calls) as attempt:
        repository = existing(visit.state, attempt.call, visit.registry.account)
        path = visit.state.blobs.path(digest) if digest in repository.layers else None
        if path is None:
            unknown = RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry")
            raise unknown from layers.no_layer(repository, digest)
    return _file(path, visit.request, {"docker-content-digest": digest, **VERSION})


def _file(path: Path, request: HttpRequest, more: dict[str, str]) -> HttpResponse:
    """The file, or the range of it that was asked for."""
    headers = {"content-type": "application/octet-stream", "accept-ranges": "bytes", **more}
    size = path.stat().st_size
    wanted = _range(request.headers.get("range", ""), size)
    if wanted is None:
        return HttpResponse(status=200, headers=headers, body=FilePart(path=path, length=size))
    start, end = wanted
    if start > end:
        raise RegistryError(
            416,
            "SIZE_INVALID",
            f"The range is not within the {size} bytes of the blob.",
            {"content-range": f"bytes */{size}"},
        )
    headers["content-range"] = f"bytes {start}-{end}/{size}"
    part = FilePart(path=path, start=start, length=end - start + 1)
    return HttpResponse(status=206, headers=headers, body=part)


def _range(header: str, size: int) -> tuple[int, int] | None:
    """(first byte, last byte), the first beyond the last when there are no such bytes; None for
    the whole: no range, several of them, or what RFC 9110 has a server ignore."""
    found = _RANGE.fullmatch(header)
    if found is None or found[0] == "bytes=-":
        return None
    if not found[1]:
        last = min(int(found[2]), size)
        return (size - last, size - 1) if last else (1, 0)
    return int(found[1]), min(int(found[2] or size), size - 1)


def layer(state: State, request: HttpRequest) -> HttpResponse:
    """The bytes behind a URL that GetDownloadUrlForLayer gave out."""
    digest = request.path.removeprefix("/_layers/")
    query = parse_qs(request.query)
    expires, signature = query.get("expires", [""])[0], query.get("signature", [""])[0]
    valid = (
        expires.isascii()
        and expires.isdigit()
        and len(expires) < 15
        and hmac.compare_digest(ticket(state, digest, int(expires)).encode(), signature.encode())
    )
    if not valid or state.clock.now().timestamp() > int(expires):
        return as_json(403, {"message": "This download URL is not valid, or has expired."})
    path = state.blobs.path(digest)
    if path is None or request.method not in ("GET", "HEAD"):
        return as_json(404, {"message": "There is no such layer."})
    try:
        return _file(path, request, {})
    except RegistryError as error:
        return as_json(error.status, {"message": error.message}, error.headers)
