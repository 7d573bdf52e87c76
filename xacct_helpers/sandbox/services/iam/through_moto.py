"""Operations that moto performs: AWS's checks before it, and what moto leaves out after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...protocol.messages import Answer, Call
from ..operation import Operation, Permissions
from . import checks, own_user
from .permissions import permissions

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

#: Has moto perform a call, the first time or on replay.
Act = Callable[[Call, str], Any]
#: Has moto perform a call by an Act, and does what moto leaves out.
Around = Callable[["State", Call, str, Act], Any]
#: Refuses a change for what is there already.
Conflict = Callable[["State", Call, str], None]


def no_conflict(state: State, call: Call, account: str) -> None:
    """Nothing that is there is in the way."""


def _plainly(state: State, call: Call, account: str, act: Act) -> Any:
    return act(call, account)


def reading() -> Operation:
    """An operation that only looks at entities, which have to exist."""

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        call = own_user.named(call, caller)
        checks.check_exists(state, call, caller.account)
        return state.read(call, caller.account)

    return Operation(permissions=permissions, perform=perform)


def changing(
    conflict: Conflict = no_conflict,
    around: Around = _plainly,
    permissions: Permissions = permissions,
    draw: Callable[[State], Mapping[str, Any]] | None = None,
) -> Operation:
    """An operation that changes entities, which have to exist unless it makes them.

    draw: what chance gives a call; it is recorded, so that replay does without.
    """

    def check(state: State, call: Call, account: str) -> Call:
        checks.check_exists(state, call, account)
        call = checks.checked_change(state, call, account)
        conflict(state, call, account)
        return call

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        call = check(state, own_user.named(call, caller), caller.account)
        made = draw(state) if draw is not None else None

        def act(call: Call, account: str) -> Answer:
            return state.change(call, account, made)

        answer: Answer = around(state, call, caller.account, act)
        return answer

    def replay(state: State, call: Call, account: str) -> None:
        around(state, call, account, state.redo)

    return Operation(permissions=permissions, perform=perform, replay=replay, check=check)


def reads(names: str) -> dict[str, Operation]:
    """Reading operations of these names, by name."""
    return {name: reading() for name in names.split()}


def changes(names: str, conflict: Conflict = no_conflict) -> dict[str, Operation]:
    """Changing operations of these names that ask for nothing of their own, by name."""
    return {name: changing(conflict) for name in names.split()}
