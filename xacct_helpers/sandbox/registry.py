"""The OCI distribution API (`/v2/`) over ECR's repositories: authenticated reading of images.

Every request is authorised, at that moment, as the principal that asked for the token, by the ECR
action that AWS checks for it.
Source: ECR User Guide, private registry authentication; OCI distribution specification 1.1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ..policy import refusal
from . import gate, identities
from .seal import SealError, seal, unseal
from .trail import Entry
from .wire import Call, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from .identities import Caller
    from .state import State

_PURPOSE = "registry"
_HOST = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(:\d+)?")
_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
_REFERENCE = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}"
_MANIFEST = re.compile(rf"/v2/({_NAME})/manifests/({_REFERENCE})")
_BLOB = re.compile(rf"/v2/({_NAME})/blobs/(sha256:[0-9a-f]{{64}})")
_ACCOUNT_PREFIX = re.compile(r"/v2/(\d{12})(/.*)")
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a registry token stands for."""

    caller: Caller
    region: str


class RegistryError(Exception):
    """An error in the form of the distribution specification."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


# -- tokens ----------------------------------------------------------------------------------


def password(state: State, caller: Caller, region: str, expires: datetime) -> str:
    """The password that GetAuthorizationToken hands out. It lives for itself: that the session
    behind it expires does not end it (AWS documents twelve hours and no other limit)."""
    content: dict[str, Any] = {"e": expires.timestamp(), "r": region}
    if caller.session is not None:
        content["s"] = identities.token(state, caller.session)
    else:
        content["u"] = [caller.account, caller.name, caller.principal.unique_id]
    return seal(state.key, _PURPOSE, content)


def ticket(state: State, digest: str, expires: int) -> str:
    """The signature of a layer's download URL."""
    text = f"{digest}\n{expires}".encode()
    return hmac.new(state.key, b"layer\n" + text, hashlib.sha256).hexdigest()


def _read_password(state: State, header: str) -> Ticket:
    """The principal behind an Authorization header; RegistryError when there is none."""
    scheme, _, value = header.partition(" ")
    unauthorised = RegistryError(401, "UNAUTHORIZED", "Not Authorized")
    if scheme.lower() != "basic":
        raise unauthorised
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        content = unseal(state.key, _PURPOSE, secret)
    except (SealError, binascii.Error, ValueError) as error:
        raise unauthorised from error
    if user != "AWS":
        raise unauthorised
    if state.clock.now() >= datetime.fromtimestamp(content["e"], UTC):
        raise RegistryError(
            403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."
        )
    caller = _caller(state, content)
    if caller is None:
        raise unauthorised
    return Ticket(caller=caller, region=content["r"])


def _caller(state: State, content: dict[str, Any]) -> Caller | None:
    if "s" in content:
        return identities.session_caller(state, identities.read_token(state, content["s"]))
    account, name, unique_id = content["u"]
    user = state.backends.user(account, name)
    if user is None or user.unique_id != unique_id:
        return None
    return identities.user_caller(state, account, name, "", "")


# -- requests --------------------------------------------------------------------------------


def answer(state: State, request: HttpRequest, request_id: str) -> HttpResponse:
    """The answer to any request under /v2/."""
    account, region, path = _addressed(state, request)
    try:
        response = _answer(state, request, request_id, account, region, path)
    except RegistryError as failure:
        response = _error(failure, account, region)
    if request.method == "HEAD" and isinstance(response.body, bytes):
        headers = {**response.headers, "content-length": str(len(response.body))}
        if response.status >= 400:
            headers["content-length"] = "0"
        return HttpResponse(status=response.status, headers=headers, body=b"")
    return response


def _addressed(state: State, request: HttpRequest) -> tuple[str, str, str]:
    """(account, region, path without the account): by host name, by `ns=`, or by the first part
    of the path; the lab's first account otherwise."""
    hosts = [*parse_qs(request.query).get("ns", ()), request.headers.get("host", "")]
    for host in hosts:
        found = _HOST.fullmatch(host)
        if found:
            return found[1], found[2], request.path
    found = _ACCOUNT_PREFIX.fullmatch(request.path)
    if found:
        return found[1], DEFAULT_REGION, f"/v2{found[2]}"
    return state.accounts[0], DEFAULT_REGION, request.path


def _answer(
    state: State, request: HttpRequest, request_id: str, account: str, region: str, path: str
) -> HttpResponse:
    holder = _read_password(state, request.headers.get("authorization", ""))
    if holder.region != region:
        raise RegistryError(
            403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."
        )
    if path in ("/v2/", "/v2"):
        return _json(200, {})
    if request.method not in ("GET", "HEAD"):
        raise RegistryError(
            405,
            "UNSUPPORTED",
            "This sandbox's registry is read through /v2/; push with the ECR API.",
        )
    if found := _MANIFEST.fullmatch(path):
        _allow(state, request, request_id, holder, account, region, found[1], "BatchGetImage")
        return _manifest(state, account, region, found[1], found[2])
    if found := _BLOB.fullmatch(path):
        operations = ["GetDownloadUrlForLayer"]
        if request.method == "HEAD":
            # Pushing clients have this one only, and which of the two AWS asks when pulling is
            # not known: either will do.
            operations.append("BatchCheckLayerAvailability")
        _allow(state, request, request_id, holder, account, region, found[1], *operations)
        return _blob(state, account, region, found[1], found[2])
    raise RegistryError(404, "UNSUPPORTED", f"The registry has nothing at {path[:200]}.")


def _allow(
    state: State,
    request: HttpRequest,
    request_id: str,
    holder: Ticket,
    account: str,
    region: str,
    name: str,
    *operations: str,
) -> None:
    """Nothing when the principal may now do one of the operations; RegistryError in AWS's words,
    about the first of them, when not."""
    from .actions import ecr

    decided = []
    for operation in operations:
        call = Call(
            service="ecr",
            operation=operation,
            params={},
            region=region,
            request_id=request_id,
            protocol="json",
            source_ip=request.client,
            user_agent=request.headers.get("user-agent", ""),
        )
        ask = ecr.repository_ask(state, call.action, account, region, name)
        decided.append((operation, gate.decide(state, holder.caller, ask, call)))
    operation, asked = next((one for one in decided if one[1].decision.allowed), decided[0])
    message = None if asked.decision.allowed else refusal(asked.request, asked.decision)
    state.trail.add(
        Entry(
            number=state.trail.next_number(),
            request_id=request_id,
            time=state.clock.now(),
            service="ecr",
            operation=operation,
            caller=holder.caller.arn,
            account=holder.caller.account,
            source_ip=request.client,
            user_agent=request.headers.get("user-agent", ""),
            error_code=None if message is None else "AccessDeniedException",
            error_message=message,
            asked=(asked,),
        )
    )
    if message is not None:
        raise RegistryError(403, "DENIED", message)


def _repository(state: State, account: str, region: str, name: str) -> Any:
    found = state.backends.repository(account, region, name) if account in state.accounts else None
    if found is None:
        raise RegistryError(
            404,
            "NAME_UNKNOWN",
            f"The repository with name '{name}' does not exist in the registry with id '{account}'",
        )
    return found


def _manifest(state: State, account: str, region: str, name: str, reference: str) -> HttpResponse:
    _repository(state, account, region, name)
    found = state.backends.manifest(account, region, name, reference)
    if found is None:
        raise RegistryError(404, "MANIFEST_UNKNOWN", "Requested image not found")
    digest, media_type, text = found
    headers = {"content-type": media_type, "docker-content-digest": digest, **_VERSION}
    return HttpResponse(status=200, headers=headers, body=text.encode())


def _blob(state: State, account: str, region: str, name: str, digest: str) -> HttpResponse:
    repository = _repository(state, account, region, name)
    path = state.blobs.path(digest) if digest in repository.layers else None
    if path is None:
        raise RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry")
    headers = {
        "content-type": "application/octet-stream",
        "docker-content-digest": digest,
        **_VERSION,
    }
    return HttpResponse(status=200, headers=headers, body=path)


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
        return _json(403, {"message": "This download URL is not valid, or has expired."})
    path = state.blobs.path(digest)
    if path is None or request.method not in ("GET", "HEAD"):
        return _json(404, {"message": "There is no such layer."})
    return HttpResponse(status=200, headers={"content-type": "application/octet-stream"}, body=path)


_VERSION = {"docker-distribution-api-version": "registry/2.0"}


def _json(status: int, value: Any) -> HttpResponse:
    headers = {"content-type": "application/json", **_VERSION}
    return HttpResponse(status=status, headers=headers, body=json.dumps(value).encode())


def _error(failure: RegistryError, account: str, region: str) -> HttpResponse:
    if failure.status == 401:
        realm = f"https://{account}.dkr.ecr.{region}.amazonaws.com/"
        headers = {
            "www-authenticate": f'Basic realm="{realm}",service="ecr.amazonaws.com"',
            "content-type": "text/plain; charset=utf-8",
            **_VERSION,
        }
        return HttpResponse(status=401, headers=headers, body=b"Not Authorized\n")
    errors = [{"code": failure.code, "message": failure.message}]
    return _json(failure.status, {"errors": errors})
