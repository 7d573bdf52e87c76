"""Operations that are about their own caller when they name no user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...permission_checks import PermissionCheck
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ..operation import Operation
from .entities import Target
from .permissions import permission

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def or_own_user(operation: Operation) -> Operation:
    """Return the operation, with the caller as its user when a call names no user.

    Source: IAM API Reference, UserName of each: "If you do not specify a user name, IAM determines
    the user name implicitly based on the AWS access key ID used to sign the request."
    """

    def permissions(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
        if _names_user(call):
            return operation.permissions(state, call, caller)
        return (permission(call, caller.account, Target(caller.arn)),)

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        if not _names_user(call):
            call = replace(call, params={**call.params, "UserName": caller.name})
        return operation.perform(state, call, caller)

    return replace(operation, permissions=permissions, perform=perform, prepare=_prepare)


def _prepare(state: State, call: Call, caller: Caller) -> None:
    """Raise ValidationError when the call names no user and its caller is not a user."""
    if caller.principal.kind != "user" and not _names_user(call):
        raise ApiError(
            "ValidationError", "Must specify userName when calling with non-User credentials"
        )


def _names_user(call: Call) -> bool:
    return "UserName" in call.params or bool(call.params.get("AllUsers"))
