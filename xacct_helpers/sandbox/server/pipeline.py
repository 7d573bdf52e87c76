"""One HTTP request to its answer: every layer in order, with no socket in between.

The server (app.py) and the sandbox inside a process (in_process.py) both enter here.
STAGES is the order of the layers.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...aws.regions import GLOBAL_REGION
from .. import registry, services
from ..auth import identities, signature
from ..authorization import gate
from ..callers import ANYONE, Caller
from ..control import api
from ..permission_checks import CheckedPermission
from ..protocol import parse, serialize
from ..protocol.errors import ApiError
from ..protocol.messages import Addressed, Answer, Call, HttpRequest, HttpResponse
from ..services.operation import Operation, Service
from ..store.state import State

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
_AWS = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(:\d+)?")
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


@dataclass(slots=True, kw_only=True)
class CallInProgress:
    """An AWS API call, and what the stages have found out about it so far."""

    state: State
    request: HttpRequest
    request_id: str
    protocol: str
    addressed: Addressed | None = None
    caller: Caller | None = None
    call: Call | None = None
    service: Service | None = None
    operation: Operation | None = None
    checked: list[CheckedPermission] = field(default_factory=list)
    failure: ApiError | None = None
    answer: Answer = field(default_factory=dict)

    @property
    def service_name(self) -> str:
        return self.addressed.service if self.addressed else ""

    @property
    def operation_name(self) -> str:
        return self.addressed.operation if self.addressed else ""


def address(this: CallInProgress) -> None:
    """Find out which service and operation the request is for."""
    this.addressed = parse.address(this.request)
    this.protocol = this.addressed.protocol


def authenticate(this: CallInProgress) -> None:
    """Find the caller and verify the signature; a few operations show a token instead."""
    state, request, protocol = this.state, this.request, this.protocol
    assert this.addressed is not None
    service = this.addressed.service
    if this.addressed.operation in services.BY_SERVICE[service].unsigned:
        this.caller = ANYONE
        return
    signed = signature.parse(request, protocol)
    caller = identities.identify(state, signed.access_key_id, signed.token, protocol)
    now = state.clock.real()
    signature.verify(request, signed, caller.secret, service=service, protocol=protocol, now=now)
    identities.check_expiry(state, caller, protocol)
    this.caller = caller


def read(this: CallInProgress) -> None:
    """Read the parameters, and refuse those that break the model's constraints."""
    assert this.addressed is not None
    service = services.BY_SERVICE[this.addressed.service]
    this.call = parse.read(
        this.request, this.addressed, request_id=this.request_id, served=service.operations
    )
    service.check_parameters(this.call)
    this.service, this.operation = service, service.operations[this.call.operation]


def _read(this: CallInProgress) -> tuple[Service, Operation, Call, Caller]:
    """What the stages so far have found out, for those that come after `read`."""
    assert this.service is not None
    assert this.operation is not None
    assert this.call is not None
    assert this.caller is not None
    return this.service, this.operation, this.call, this.caller


def prepare(this: CallInProgress) -> None:
    """Refuse what AWS refuses before it looks at any permission."""
    service, operation, call, caller = _read(this)
    for refuse in (service.prepare, operation.prepare):
        if refuse is not None:
            refuse(this.state, call, caller)


def authorize(this: CallInProgress) -> None:
    """Ask the gate for each permission that the call needs."""
    service, operation, call, caller = _read(this)
    for check in operation.permissions(this.state, call, caller):
        checked = gate.decide(this.state, caller, check, call)
        this.checked.append(checked)
        if not checked.decision.allowed:
            raise service.refused(checked, this.protocol)


def perform(this: CallInProgress) -> None:
    """Check the call against what is there, change the state, have it journalled."""
    _, operation, call, caller = _read(this)
    this.answer = operation.perform(this.state, call, caller)


#: What a call goes through, in order; each stage may refuse it with an ApiError.
STAGES: tuple[Callable[[CallInProgress], None], ...] = (
    address,
    authenticate,
    read,
    prepare,
    authorize,
    perform,
)


def answer_api(state: State, request: HttpRequest, request_id: str) -> HttpResponse:
    """Answer one AWS API call: every stage in order, then the trail."""
    protocol = "json" if parse.speaks_json(request) else "query"
    this = CallInProgress(state=state, request=request, request_id=request_id, protocol=protocol)
    try:
        for stage in STAGES:
            stage(this)
        assert this.call is not None
        response = serialize.result(this.call, this.answer)
    except ApiError as failure:
        response = _refuse(this, failure)
    except Exception:
        # A defect of ours: the caller gets the service's own failure, the log gets the rest.
        _log.exception("%s:%s failed", this.service_name, this.operation_name)
        code = "ServerException" if this.protocol == "json" else "ServiceFailure"
        text = "The sandbox failed to answer this call; its log says why."
        response = _refuse(this, ApiError(code, text, 500))
    _write_trail(this)
    return response


def _refuse(this: CallInProgress, failure: ApiError) -> HttpResponse:
    this.failure = failure
    return serialize.error(failure, this.protocol, this.request_id, this.service_name)


def _write_trail(this: CallInProgress) -> None:
    call, service, operation = this.call, this.service_name, this.operation_name
    answered = call is not None and this.failure is None
    this.state.trail.write(
        request_id=this.request_id,
        time=this.state.clock.now(),
        service=service,
        operation=operation,
        region=call.region if call else GLOBAL_REGION,
        caller=this.caller,
        source_ip=this.request.client,
        user_agent=this.request.headers.get("user-agent", ""),
        checked=tuple(this.checked),
        failure=this.failure,
        parameters=call.params if call else None,
        answer=this.answer if answered else None,
        served=service in services.BY_SERVICE
        and operation in services.BY_SERVICE[service].operations,
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
    text = f"A request body may hold {parse.MAX_API_BODY} bytes at most."
    if request.path.startswith("/_lab/"):
        return api.failure(413, text)
    if request.path.startswith("/_layers/"):
        return registry.as_json(413, {"message": text})
    protocol = "json" if parse.speaks_json(request) else "query"
    failure = ApiError("RequestEntityTooLargeException", text, 413)
    return serialize.error(failure, protocol, str(uuid.uuid4()), parse.service_of_head(request))
