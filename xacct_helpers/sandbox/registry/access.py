"""A request under /v2/ as the ECR calls it stands for: judged, performed, and kept in the trail.

Which action a request asks for: shared facts 5.2; ECR User Guide, pushing an image.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...policy import refusal
from ..authorization import gate
from ..permission_checks import CheckedPermission, PermissionCheck
from ..protocol.errors import ApiError
from ..protocol.messages import Answer, Call, HttpRequest
from ..services import ecr
from .errors import RegistryError, translated
from .paths import Registry
from .tokens import Ticket

if TYPE_CHECKING:
    from ..callers import Caller
    from ..store.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a recognised caller to one registry."""

    state: State
    request: HttpRequest
    registry: Registry
    holder: Ticket

    @property
    def caller(self) -> Caller:
        return self.holder.caller

    def call(self, operation: str, name: str, **params: Any) -> Call:
        """The ECR call on a repository of this registry."""
        named = {"registryId": self.registry.account}
        if name:
            named["repositoryName"] = name
        return Call(
            service="ecr",
            operation=operation,
            params={**named, **params},
            region=self.registry.region,
            request_id=str(uuid.uuid4()),
            protocol="json",
            source_ip=self.request.client,
            user_agent=self.request.headers.get("user-agent", ""),
        )


@dataclass(slots=True)
class Attempt:
    """A call that was let through; what is found out about it on the way, for the trail."""

    call: Call
    answer: Answer | None = None
    params: dict[str, Any] = field(default_factory=dict)


@contextmanager
def attempting(
    visit: Visit, *calls: Call, check: PermissionCheck | None = None
) -> Iterator[Attempt]:
    """Let one of the calls through, the first that is allowed, and write the trail at the end.

    ask: what to ask instead of a permission on the repository.
    Raises RegistryError, in AWS's words about the first call, when none is allowed; an ApiError
    from within becomes the registry's own.
    """
    decided = [(call, _decide(visit, call, check)) for call in calls]
    call, checked = next((one for one in decided if one[1].decision.allowed), decided[0])
    attempt = Attempt(call)
    failure: ApiError | None = None
    try:
        if not checked.decision.allowed:
            raise ApiError("AccessDeniedException", refusal(checked.request, checked.decision))
        yield attempt
    except ApiError as error:
        failure = error
        raise translated(error) from error
    except RegistryError as error:
        cause = error.__cause__
        failure = cause if isinstance(cause, ApiError) else ApiError(error.code, error.message)
        raise
    finally:
        _write_trail(visit, attempt, checked, failure)


def run(visit: Visit, call: Call) -> dict[str, Any]:
    """Perform an ECR call, exactly as the ECR API does; its answer. RegistryError as above."""
    with attempting(visit, call) as attempt:
        return perform(visit, attempt, call)


def perform(visit: Visit, attempt: Attempt, call: Call) -> dict[str, Any]:
    """Perform a call within an attempt; its answer."""
    with visit.state.clock.held():
        operation = ecr.SERVICE.operations[call.operation]
        answer = operation.perform(visit.state, call, visit.caller)
    attempt.answer = answer
    return dict(answer)


def allowed(visit: Visit, call: Call) -> bool:
    """Whether the caller may make the call; asking leaves nothing in the trail."""
    return _decide(visit, call, None).decision.allowed


def _decide(visit: Visit, call: Call, check: PermissionCheck | None) -> CheckedPermission:
    if check is None:
        operation = ecr.SERVICE.operations[call.operation]
        (check,) = operation.permissions(visit.state, call, visit.caller)
    return gate.decide(visit.state, visit.caller, check, call)


def _write_trail(
    visit: Visit, attempt: Attempt, checked: CheckedPermission, failure: ApiError | None
) -> None:
    state, call = visit.state, attempt.call
    state.trail.write(
        request_id=call.request_id,
        time=state.clock.now(),
        service=call.service,
        operation=call.operation,
        region=call.region,
        caller=visit.caller,
        source_ip=call.source_ip,
        user_agent=call.user_agent,
        checked=(checked,),
        failure=failure,
        parameters={**call.params, **attempt.params},
        answer=attempt.answer if failure is None else None,
    )
