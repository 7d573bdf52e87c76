"""Operations that are performed here, because moto lacks them or does not do them as AWS does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...protocol.messages import Answer, Call
from ..operation import Effect, Operation, Permissions
from . import checks, own_user
from .permissions import permissions

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

Handler = Callable[["State", Call, str], Answer]
Check = Callable[["State", Call, str], object]


def _none(state: State, call: Call, account: str) -> None:
    """No check of the operation's own."""


def operation(
    perform: Handler,
    replay: Effect | None = None,
    *,
    check: Check = _none,
    permissions: Permissions = permissions,
) -> Operation:
    """An operation on entities that have to exist unless it makes them.

    perform: changes the account, records that, and answers. replay: changes it again.
    """

    def checked(state: State, call: Call, caller: Caller) -> Answer:
        call = own_user.named(call, caller)
        checks.check_exists(state, call, caller.account)
        checks.check_tags(state, call, caller.account)
        check(state, call, caller.account)
        return perform(state, call, caller.account)

    return Operation(permissions=permissions, perform=checked, replay=replay)


def change(effect: Effect, *, check: Check, permissions: Permissions = permissions) -> Operation:
    """An operation that changes the account and answers nothing.

    check: raises ApiError for what may not be done. effect: changes the account, now and on replay.
    """

    def perform(state: State, call: Call, account: str) -> Answer:
        effect(state, call, account)
        state.record(call, account)
        return {}

    return operation(perform, effect, check=check, permissions=permissions)
