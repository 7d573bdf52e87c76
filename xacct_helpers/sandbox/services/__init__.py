"""The registry of operations: every one that the sandbox serves, by service and name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import cloudtrail, ecr, iam, organizations, sts
from .operation import Operation, Service

if TYPE_CHECKING:
    from ..protocol.messages import Call
    from ..store.state import State

BY_SERVICE: dict[str, Service] = {
    "iam": iam.SERVICE,
    "sts": sts.SERVICE,
    "ecr": ecr.SERVICE,
    "cloudtrail": cloudtrail.SERVICE,
    "organizations": organizations.SERVICE,
}


def served(service: str) -> frozenset[str]:
    """The operations of a service that the sandbox has."""
    return frozenset(BY_SERVICE[service].operations)


def operation_of(call: Call) -> Operation:
    """The definition of a call's operation."""
    return BY_SERVICE[call.service].operations[call.operation]


def replay(state: State, call: Call, account: str) -> None:
    """Perform a recorded call's change again; what a State is made with.

    Raises LookupError for a call that changes nothing, or that the sandbox does not have.
    """
    effect = BY_SERVICE[call.service].effect(call.operation)
    if effect is None:
        raise LookupError(f"{call.action} changes nothing")
    effect(state, call, account)
