"""What an API operation is here: its permissions, its checks, its effect and its answer.

Each operation is defined once, in its service's folder, in the module of the entity that it is
about. Nothing else asks which operation a call is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..authorization import gate
from ..permission_checks import CheckedPermission, PermissionCheck
from ..protocol import validation
from ..protocol.errors import ApiError
from ..protocol.messages import Answer, Call

if TYPE_CHECKING:
    from ..callers import Caller
    from ..store.state import State

Permissions = Callable[["State", Call, "Caller"], tuple[PermissionCheck, ...]]
Perform = Callable[["State", Call, "Caller"], Answer]
#: Raises ApiError for what AWS refuses before it looks at any permission.
Prepare = Callable[["State", Call, "Caller"], None]
#: The effect on an account, the first time and on replay; it returns what the answer needs.
Effect = Callable[["State", Call, str], Any]
Check = Callable[["State", Call, str], Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One API operation.

    permissions: the permissions that a call needs, its own and those it depends on.
    perform: checks a call that the gate let through, changes the state, records that, and returns
        the answer by botocore's output shape.
    replay: performs a recorded call's change again; None for an operation that changes nothing.
    check: refuses a change whoever asks for it, and returns the call as it would be stored; None
        for an operation that is only checked as it is performed.
    prepare: what AWS refuses before it looks at any permission, after what it refuses of all
        operations of the service.
    """

    permissions: Permissions
    perform: Perform
    replay: Effect | None = None
    check: Check | None = None
    prepare: Prepare | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The operations of one AWS service, and what all of them have in common.

    prepare: what AWS refuses before it looks at any permission, whichever operation it is.
    check_parameters: refuses parameters that break the model's constraints.
    refused: the error for a permission that was denied.
    unsigned: operations whose caller shows a token instead of signing. They may be ones that the
        sandbox does not have: the caller is to be told so.
    internal: what the service does by itself, recorded and in CloudTrail; nobody can call it.
    """

    operations: Mapping[str, Operation]
    prepare: Prepare | None = None
    check_parameters: Callable[[Call], None] = validation.check
    refused: Callable[[CheckedPermission, str], ApiError] = gate.refused
    unsigned: frozenset[str] = frozenset()
    internal: Mapping[str, Effect] = field(default_factory=dict)

    def effect(self, operation: str) -> Effect | None:
        """What replay performs for a recorded call."""
        if operation in self.internal:
            return self.internal[operation]
        return self.operations[operation].replay


def account_wide(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """The permission of an operation without a resource type: on "*", in the caller's account."""
    return (PermissionCheck(action=call.action, resource="*", resource_account=caller.account),)
