"""Operations that moto performs: AWS's checks before it, and what moto leaves out after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...protocol.messages import Answer, Call
from ..operation import Operation, Permissions
from .checks import Document, Rules
from .entities import EntityType
from .permissions import on

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

#: Has moto perform a call, the first time or on replay.
Act = Callable[[Call, str], Any]
#: Has moto perform a call by an Act, and does what moto leaves out.
Around = Callable[["State", Call, str, Act], Any]
#: Refuses a change for what is there already.
Conflict = Callable[["State", Call, str], None]


def _no_conflict(state: State, call: Call, account: str) -> None:
    """Nothing that is there is in the way."""


def _plainly(state: State, call: Call, account: str, act: Act) -> Any:
    return act(call, account)


def reading(entity: EntityType, *, inline_policy: bool = False) -> Operation:
    """Return an operation that only looks at entities, which have to exist.

    inline_policy: whether it is about an inline policy of the entity.
    """
    rules = Rules(entity=entity, inline_policy=inline_policy)

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        account = caller.account
        rules.check_exists(state, call, account)
        return state.read(call, account)

    return Operation(permissions=on(entity), perform=perform)


def changing(
    entity: EntityType,
    conflict: Conflict = _no_conflict,
    around: Around = _plainly,
    *,
    makes: bool = False,
    inline_policy: bool = False,
    attaches: bool = False,
    detaches: bool = False,
    adds_tags: bool = False,
    document: Document | None = None,
    protected: bool = False,
    permissions: Permissions | None = None,
    draw: Callable[[State], Mapping[str, Any]] | None = None,
) -> Operation:
    """Return an operation that changes entities, which have to exist unless it makes them.

    conflict: raises ApiError for what is there already. around: does what moto leaves out.
    permissions: what it needs if that is more than its own permission.
    draw: what chance gives a call; it is recorded, so that replay does without.
    The other parameters are explained with Rules.
    """
    rules = Rules(
        entity=entity,
        makes=makes,
        inline_policy=inline_policy,
        attaches=attaches,
        detaches=detaches,
        adds_tags=adds_tags,
        document=document,
        protected=protected,
    )

    def check(state: State, call: Call, account: str) -> Call:
        call = rules.checked(state, call, account)
        conflict(state, call, account)
        return call

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        account = caller.account
        call = check(state, call, account)
        made = draw(state) if draw is not None else None

        def act(call: Call, account: str) -> Answer:
            return state.change(call, account, made)

        answer: Answer = around(state, call, account, act)
        return answer

    def replay(state: State, call: Call, account: str) -> None:
        around(state, call, account, state.redo)

    own = on(entity, makes=makes, policy_key=attaches or detaches)
    return Operation(permissions=permissions or own, perform=perform, replay=replay, check=check)


def reads(entity: EntityType, names: str) -> dict[str, Operation]:
    """Return reading operations of these names, by name."""
    return {name: reading(entity) for name in names.split()}


def changes(entity: EntityType, names: str) -> dict[str, Operation]:
    """Return changing operations of these names that need nothing of their own, by name."""
    return {name: changing(entity) for name in names.split()}
