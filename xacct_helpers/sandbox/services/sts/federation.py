"""GetFederationToken: an IAM user's credentials, narrowed, for somebody the user vouches for.

Source: STS API Reference, GetFederationToken; IAM User Guide, "Permissions for GetFederationToken"
and "Requesting temporary security credentials"; Service Authorization Reference for the resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...permission_checks import PermissionCheck
from ...protocol.messages import Answer, Call
from . import sessions

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

_DEFAULT_SECONDS = 43200


def _arn(caller: Caller, call: Call) -> str:
    return f"arn:aws:sts::{caller.account}:federated-user/{call.params['Name']}"


def permissions(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """sts:GetFederationToken on the federated user, and sts:TagSession when tags are passed."""
    tags = sessions.asked_tags(call)
    return tuple(
        PermissionCheck(
            action=action,
            resource=_arn(caller, call),
            resource_account=caller.account,
            context=sessions.tag_context(tags),
        )
        for action in (call.action, *(["sts:TagSession"] if tags else []))
    )


def perform(state: State, call: Call, caller: Caller) -> Answer:
    """Answer a call that the gate let through.

    The session's tags go over the user's of the same key, in any case.
    """
    tags = sessions.asked_tags(call)
    sessions.check_tags(tags, len(call.params.get("Tags", ())))
    passed = sessions.passed_policies(state, call, caller.account)
    session = sessions.for_user(
        state,
        caller,
        call.params.get("DurationSeconds", _DEFAULT_SECONDS),
        federated_as=call.params["Name"],
        passed=passed,
        tags=tags,
    )
    value: dict[str, Any] = {
        "Credentials": sessions.credentials(state, session),
        "FederatedUser": {
            "FederatedUserId": f"{caller.account}:{session.name}",
            "Arn": _arn(caller, call),
        },
    }
    return value | sessions.packed_size(passed, tags)
