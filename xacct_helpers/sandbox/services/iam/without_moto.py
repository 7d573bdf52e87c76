"""Operations that are performed here, because moto lacks them or does not do them as AWS does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...protocol.messages import Answer, Call
from ..operation import Effect, Operation
from .checks import Rules
from .entities import EntityType
from .permissions import on

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

Handler = Callable[["State", Call, str], Answer]
Check = Callable[["State", Call, str], object]


def _no_check(state: State, call: Call, account: str) -> None:
    """Nothing but what every operation checks."""


def operation(
    entity: EntityType,
    perform: Handler,
    replay: Effect | None = None,
    *,
    check: Check = _no_check,
    adds_tags: bool = False,
) -> Operation:
    """Return an operation on entities that have to exist.

    perform: changes the account, records that, and answers. replay: changes it again.
    check: raises ApiError for what may not be done. adds_tags: as in Rules.
    """
    rules = Rules(entity=entity, adds_tags=adds_tags)

    def performed(state: State, call: Call, caller: Caller) -> Answer:
        account = caller.account
        rules.check_exists(state, call, account)
        rules.check_tags(state, call, account)
        check(state, call, account)
        return perform(state, call, account)

    return Operation(permissions=on(entity), perform=performed, replay=replay)


def change(
    entity: EntityType, effect: Effect, *, check: Check = _no_check, protected: bool = False
) -> Operation:
    """Return an operation that changes the account and answers nothing.

    effect: changes the account, now and on replay. check: raises ApiError for what may not be done.
    protected: as in Rules.
    """
    rules = Rules(entity=entity, protected=protected)

    def checked(state: State, call: Call, account: str) -> Call:
        call = rules.checked(state, call, account)
        check(state, call, account)
        return call

    def performed(state: State, call: Call, caller: Caller) -> Answer:
        account = caller.account
        call = checked(state, call, account)
        effect(state, call, account)
        state.record(call, account)
        return {}

    return Operation(permissions=on(entity), perform=performed, replay=effect, check=checked)
