"""One HTTP request to its answer: every layer in order, with no socket in between.

The server (server.py) and the sandbox inside a process (in_process.py) both enter here.
`answer_api` shows the order of the layers.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Mapping

from ...aws.regions import GLOBAL_REGION
from .. import registry, services
from ..auth import identities, signature
from ..authorization import gate
from ..callers import ANYONE, Caller
from ..control import api
from ..permission_checks import CheckedPermission
from ..protocol import wire
from ..protocol.errors import ApiError
from ..protocol.wire import Answer, Call, HttpRequest, HttpResponse
from ..services.operation import Operation
from ..store.state import State

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
_AWS = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(:\d+)?")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
_log = logging.getLogger("xacct.sandbox")


def answer(state: State, request: HttpRequest, token: str) -> HttpResponse:
    """Answer a whole request, but for those of the registry under /v2/.

    token: what the control API asks for.
    """
    if request.path.startswith("/_lab/"):
        return api.answer(state, request, token)
    if request.path.startswith("/_layers/"):
        return registry.layer(state, request)
    with state.clock.held():
        return answer_api(state, request, str(uuid.uuid4()))


def answer_api(state: State, request: HttpRequest, request_id: str) -> HttpResponse:
    """One AWS API call, through every layer in order."""
    protocol = "json" if wire.speaks_json(request) else "query"
    seen = _Seen()
    try:
        addressed = wire.address(request)
        protocol, seen.service, seen.operation = (
            addressed.protocol,
            addressed.service,
            addressed.operation,
        )
        service = services.BY_SERVICE[addressed.service]
        seen.caller = _authenticate(state, request, addressed)
        call = wire.read(request, addressed, request_id=request_id, served=service.operations)
        seen.call = call
        service.check_parameters(call)
        operation = services.operation_of(call)
        service.prepare(state, call, seen.caller)
        _authorise(state, call, seen, operation)
        seen.answer = operation.perform(state, call, seen.caller)
        response = wire.result(call, seen.answer)
    except ApiError as failure:
        seen.failure = failure
        response = wire.error(failure, protocol, request_id, seen.service)
    except Exception:
        # A defect of ours: the caller gets the service's own failure, the log gets the rest.
        _log.exception("%s:%s failed", seen.service, seen.operation)
        seen.failure = ApiError(
            "ServerException" if protocol == "json" else "ServiceFailure",
            "The sandbox failed to answer this call; its log says why.",
            500,
        )
        response = wire.error(seen.failure, protocol, request_id, seen.service)
    _write_trail(state, request, request_id, seen)
    return response


class _Seen:
    """What the layers found out about one request, for the trail."""

    def __init__(self) -> None:
        self.service = ""
        self.operation = ""
        self.caller: Caller | None = None
        self.call: Call | None = None
        self.checked: list[CheckedPermission] = []
        self.failure: ApiError | None = None
        self.answer: Answer = {}


def _authenticate(state: State, request: HttpRequest, addressed: wire.Addressed) -> Caller:
    protocol = addressed.protocol
    if addressed.operation in services.BY_SERVICE[addressed.service].unsigned:
        return ANYONE
    signed = signature.parse(request, protocol)
    caller = identities.identify(state, signed.access_key_id, signed.token, protocol)
    signature.verify(
        request,
        signed,
        caller.secret,
        service=addressed.service,
        protocol=protocol,
        now=state.clock.real(),
        region_ok=lambda region: _REGION.fullmatch(region) is not None,
    )
    identities.check_expiry(state, caller, protocol)
    return caller


def _authorise(state: State, call: Call, seen: _Seen, operation: Operation) -> None:
    assert seen.caller is not None
    for check in operation.permissions(state, call, seen.caller):
        checked = gate.decide(state, seen.caller, check, call)
        seen.checked.append(checked)
        if not checked.decision.allowed:
            raise services.BY_SERVICE[call.service].refused(checked, call.protocol)


def _write_trail(state: State, request: HttpRequest, request_id: str, seen: _Seen) -> None:
    call = seen.call
    answered = call is not None and seen.failure is None
    state.trail.write(
        request_id=request_id,
        time=state.clock.now(),
        service=seen.service,
        operation=seen.operation,
        region=call.region if call else GLOBAL_REGION,
        caller=seen.caller,
        source_ip=request.client,
        user_agent=request.headers.get("user-agent", ""),
        checked=tuple(seen.checked),
        failure=seen.failure,
        parameters=call.params if call else None,
        answer=seen.answer if answered else None,
        served=services.has(seen.service, seen.operation),
    )


# -- what is refused unread ----------------------------------------------------------------------


def foreign(headers: Mapping[str, str]) -> HttpResponse | None:
    """A refusal for a request that did not mean this sandbox, or comes from a web page."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if not (_LOOPBACK.fullmatch(host) or _AWS.fullmatch(host)):
        return _plain(403, f"This sandbox does not answer for the host '{host[:100]}'.")
    if origin is not None and not _LOOPBACK.fullmatch(origin.partition("://")[2]):
        return _plain(403, "This sandbox does not answer requests from web pages.")
    return None


def _plain(status: int, text: str) -> HttpResponse:
    return HttpResponse(
        status=status, headers={"content-type": "text/plain"}, body=text.encode() + b"\n"
    )


def too_large(request: HttpRequest) -> HttpResponse:
    """The answer to a body that is too long, in the words of the service it is for.

    Source: AWS's common error types, RequestEntityTooLargeException.
    """
    text = f"A request body may hold {wire.MAX_API_BODY} bytes at most."
    if request.path.startswith("/_lab/"):
        return api.failure(413, text)
    if request.path.startswith("/_layers/"):
        return registry.as_json(413, {"message": text})
    protocol = "json" if wire.speaks_json(request) else "query"
    failure = ApiError("RequestEntityTooLargeException", text, 413)
    return wire.error(failure, protocol, str(uuid.uuid4()), wire.service_of_head(request))
