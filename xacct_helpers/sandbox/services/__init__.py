"""Per service: which permissions a call needs, and what performing it means here."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from .. import gate, validation
from . import cloudtrail, ecr, iam, organizations, sts

if TYPE_CHECKING:
    from ..errors import ApiError
    from ..permission_checks import Asked
    from ..state import State
    from ..wire import Call

BY_SERVICE: dict[str, ModuleType] = {
    "iam": iam,
    "sts": sts,
    "ecr": ecr,
    "cloudtrail": cloudtrail,
    "organizations": organizations,
}


def served(service: str) -> frozenset[str]:
    """The operations of a service that the sandbox has."""
    operations: frozenset[str] = BY_SERVICE[service].OPERATIONS
    return operations


def has(service: str, operation: str) -> bool:
    """Whether the sandbox has an operation, of any service."""
    return service in BY_SERVICE and operation in served(service)


def unsigned(service: str) -> frozenset[str]:
    """The operations of a service that take a token of the caller's instead of a signature.

    One that the sandbox does not have is refused before anything asks who the caller is.
    """
    operations: frozenset[str] = getattr(BY_SERVICE[service], "UNSIGNED", frozenset())
    return operations


def replay(state: State, call: Call, account: str) -> None:
    """Perform a journalled call again; what a State is made with."""
    BY_SERVICE[call.service].replay(state, call, account)


def check(call: Call) -> None:
    """Nothing, or ApiError: the call's parameters against the model, in the service's own words
    where it has some."""
    getattr(BY_SERVICE[call.service], "check_parameters", validation.check)(call)


def refused(call: Call, asked: Asked) -> ApiError:
    """The error for a permission that was denied, in the service's own words where it has some."""
    own = getattr(BY_SERVICE[call.service], "refused", gate.refused)
    error: ApiError = own(asked, call.protocol)
    return error
