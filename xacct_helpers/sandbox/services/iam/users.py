"""IAM's users: their policies, their boundary, their tags and their access keys.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.messages import Answer, Call
from ...sealed_tokens import new_secret
from ..operation import Operation
from . import checks, own_user, principals
from .common import conflict, kept_tags
from .permissions import permissions
from .through_moto import Act, Conflict, changes, changing, no_conflict, reads

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def _is_new(state: State, call: Call, account: str) -> None:
    checks.check_free("User", call.params["UserName"], state.backends.iam.users(account))


def _new_name_is_free(state: State, call: Call, account: str) -> None:
    name = call.params["UserName"]
    others = tuple(other for other in state.backends.iam.users(account) if other != name)
    checks.check_free("User", call.params.get("NewUserName", name), others)


def _is_bare(state: State, call: Call, account: str) -> None:
    """DeleteConflict for a user who still has something, in the order and words of AWS."""
    name, iam = call.params["UserName"], state.backends.iam
    if iam.access_key_count(account, name):
        raise conflict("Cannot delete entity, must delete access keys first.")
    _has_no_credentials(state, account, name)
    if iam.login_profile(account, name) is not None:
        raise conflict("Cannot delete entity, must delete login profile first.")
    if iam.groups_of(account, name):
        raise conflict("Cannot delete entity, must remove users from group first.")
    checks.check_policies_gone(state, account, "user", name)


def _has_no_credentials(state: State, account: str, name: str) -> None:
    """DeleteConflict for a user who still has a device, a certificate or another credential.

    Of MFA devices as public logs have it (rebuy-de/aws-nuke#281), of credentials as recorded, and
    of SSH keys as a log has it (rebuy-de/aws-nuke#319).
    """
    user, kept = state.backends.iam.user(account, name), state.held(account)
    assert user is not None
    if kept.devices_of(user.unique_id):
        raise conflict("Cannot delete entity, must delete MFA device first.")
    if user.unique_id in (one.user_id for one in kept.signing_certificates.values()):
        raise conflict("Cannot delete entity, must delete signing certificates first.")
    owners = [one.user_id for one in kept.ssh_keys.values()]
    owners += [one.user_id for one in kept.service_credentials.values()]
    if user.unique_id in owners:
        raise conflict("Cannot delete entity, must remove referenced objects first.")


def _create(state: State, call: Call, account: str, act: Act) -> Any:
    answer = act(call, account)
    boundary = call.params.get("PermissionsBoundary")
    if boundary is None:
        return answer
    # moto has boundaries for roles alone.
    state.backends.iam.set_user_boundary(account, call.params["UserName"], boundary)
    if answer is None:  # on replay
        return None
    shown = {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": boundary,
    }
    return {"User": {**answer["User"], "PermissionsBoundary": shown}}


def _update(state: State, call: Call, account: str, act: Act) -> Any:
    iam, name = state.backends.iam, call.params["UserName"]
    before = iam.user(account, name)
    answer = act(call, account)
    if before is not None:
        renamed = call.params.get("NewUserName", name)
        iam.user_renamed(account, before.arn, renamed)
        after = iam.user(account, renamed)
        principals.rename(state, before.arn, after.arn if after else before.unique_id)
    return answer


def _delete(state: State, call: Call, account: str, act: Act) -> Any:
    user = state.backends.iam.user(account, call.params["UserName"])
    answer = act(call, account)
    if user is not None:
        # A policy that names the user names its id from now on.
        principals.rename(state, user.arn, user.unique_id)
    return answer


def _new_secret(state: State) -> dict[str, Any]:
    return {"secret": new_secret()}


# -- boundaries of users, which moto has for roles alone -------------------------------------


def _can_bound(state: State, call: Call, account: str) -> None:
    checks.check_attachable("user", call.params["PermissionsBoundary"])


def _bound(state: State, call: Call, account: str) -> None:
    boundary = call.params.get("PermissionsBoundary")
    state.backends.iam.set_user_boundary(account, call.params["UserName"], boundary)


def _bounding(conflict: Conflict) -> Operation:
    def check(state: State, call: Call, account: str) -> Call:
        checks.check_exists(state, call, account)
        call = checks.checked_change(state, call, account)
        conflict(state, call, account)
        return call

    def perform(state: State, call: Call, caller: Caller) -> Answer:
        call = check(state, own_user.named(call, caller), caller.account)
        _bound(state, call, caller.account)
        state.record(call, caller.account)
        return {}

    return Operation(permissions=permissions, perform=perform, replay=_bound, check=check)


OPERATIONS = {
    "CreateUser": changing(_is_new, _create),
    "UpdateUser": changing(_new_name_is_free, _update),
    "DeleteUser": changing(_is_bare, _delete),
    "AttachUserPolicy": changing(checks.check_attachment),
    "PutUserPermissionsBoundary": _bounding(_can_bound),
    "DeleteUserPermissionsBoundary": _bounding(no_conflict),
    "TagUser": changing(around=kept_tags("user")),
    "CreateAccessKey": changing(draw=_new_secret),
    **changes(
        """PutUserPolicy DeleteUserPolicy DetachUserPolicy UntagUser
        UpdateAccessKey DeleteAccessKey"""
    ),
    **reads(
        """GetUser ListUsers GetUserPolicy ListUserPolicies ListAttachedUserPolicies ListUserTags
        ListGroupsForUser ListAccessKeys GetAccessKeyLastUsed"""
    ),
}
