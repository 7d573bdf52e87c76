"""Any request under /v2/: who asks, what for, and the error when there is one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..protocol.messages import HttpRequest, HttpResponse
from . import layers, listings, manifests, uploads
from .access import Visit
from .bodies import Body, Gone
from .errors import RegistryError, as_json, rendered
from .paths import addressed, found_at
from .tokens import EXPIRED, read

if TYPE_CHECKING:
    from ..store.state import State

_log = logging.getLogger("xacct.sandbox")


async def answer(state: State, request: HttpRequest, body: Body) -> HttpResponse | None:
    """The answer to a request; None when the client went away before it had sent all of it.

    request: its body is empty, because it comes in by `body`.
    """
    registry = addressed(request, state.accounts[0])
    try:
        holder = read(state, request.headers.get("authorization", ""))
        if holder.region != registry.region:
            raise RegistryError(403, "DENIED", EXPIRED)
        visit = Visit(state=state, request=request, registry=registry, holder=holder)
        response = await _answer(visit, body)
    except Gone:
        return None
    except RegistryError as failure:
        response = rendered(failure, registry.account, registry.region)
    except Exception:
        # A defect of ours: the client gets an error of the registry's, the log gets the rest.
        _log.exception("%s %s failed", request.method, request.path)
        defect = RegistryError(500, "UNKNOWN", "The sandbox failed; its log says why.")
        response = rendered(defect, registry.account, registry.region)
    if request.method == "HEAD" and isinstance(response.body, bytes):
        length = 0 if response.status >= 400 else len(response.body)
        headers = {**response.headers, "content-length": str(length)}
        return HttpResponse(status=response.status, headers=headers, body=b"")
    return response


async def _answer(visit: Visit, body: Body) -> HttpResponse:
    method, path = visit.request.method, visit.registry.path
    if path in ("/v2/", "/v2"):
        return as_json(200, {})
    kind, name, rest = found_at(path)
    match kind, "GET" if method == "HEAD" else method:
        case "manifest", "GET":
            return manifests.get(visit, name, rest)
        case "manifest", "PUT":
            return await manifests.put(visit, name, rest, body)
        case "manifest", "DELETE":
            return manifests.delete(visit, name, rest)
        case "blob", "GET":
            return layers.get(visit, name, rest)
        case "uploads", "POST":
            return await uploads.post(visit, name, body)
        case "upload", "GET":
            return uploads.get(visit, name, rest)
        case "upload", "PATCH":
            return await uploads.patch(visit, name, rest, body)
        case "upload", "PUT":
            return await uploads.put(visit, name, rest, body)
        case "upload", "DELETE":
            return uploads.delete(visit, name, rest)
        case "tags", "GET":
            return listings.tags(visit, name)
        case "catalog", "GET":
            return listings.catalog(visit)
        case "referrers", "GET":
            return listings.referrers(visit, name, rest)
    # Blobs among them: ECR removes a layer itself when no image needs it any more.
    raise RegistryError(
        405, "UNSUPPORTED", f"The registry does not answer {method} for a path of this kind."
    )
