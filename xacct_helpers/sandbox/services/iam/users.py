"""IAM's users: their policies, their boundary, their tags and their access keys.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.messages import Call
from ...sealed_tokens import new_secret
from . import checks, principals
from .checks import document_of
from .common import conflict, kept_tags
from .entities import USER, EntityType, Target, listing
from .own_user import or_own_user
from .through_moto import Act, changing, reading, reads
from .without_moto import change

if TYPE_CHECKING:
    from ...store.state import State


def _is_new(state: State, call: Call, account: str) -> None:
    checks.check_free("User", call.params["UserName"], state.backends.iam.users(account))


def _new_name_is_free(state: State, call: Call, account: str) -> None:
    name = call.params["UserName"]
    others = tuple(other for other in state.backends.iam.users(account) if other != name)
    checks.check_free("User", call.params.get("NewUserName", name), others)


def _is_bare(state: State, call: Call, account: str) -> None:
    """Raise DeleteConflict for a user who still has something, in the order and words of AWS."""
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
    """Raise DeleteConflict for a user who still has a device, a certificate or another credential.

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


def _owner_of_key(state: State, call: Call, account: str) -> Target:
    """The user of an access key; any user when the account does not have the key."""
    iam = state.backends.iam
    key = iam.access_key(call.params["AccessKeyId"], (account,))
    user = iam.user(account, key.user_name) if key else None
    return Target(user.arn if user else f"arn:aws:iam::{account}:user/*")


def _new_secret(state: State) -> dict[str, Any]:
    return {"secret": new_secret()}


# -- boundaries of users, which moto has for roles alone -------------------------------------


def _can_bound(state: State, call: Call, account: str) -> None:
    checks.check_attachable("user", call.params["PermissionsBoundary"])


def _bound(state: State, call: Call, account: str) -> None:
    boundary = call.params.get("PermissionsBoundary")
    state.backends.iam.set_user_boundary(account, call.params["UserName"], boundary)


OPERATIONS = {
    "CreateUser": changing(USER, _is_new, _create, makes=True),
    "GetUser": or_own_user(reading(USER)),
    "ListUsers": reading(listing("user")),
    "UpdateUser": changing(USER, _new_name_is_free, _update),
    "DeleteUser": changing(USER, _is_bare, _delete),
    "PutUserPolicy": changing(USER, document=document_of("PutUserPolicy")),
    "GetUserPolicy": reading(USER, inline_policy=True),
    "DeleteUserPolicy": changing(USER, inline_policy=True),
    "AttachUserPolicy": changing(USER, attaches=True),
    "DetachUserPolicy": changing(USER, detaches=True),
    "PutUserPermissionsBoundary": change(USER, _bound, check=_can_bound),
    "DeleteUserPermissionsBoundary": change(USER, _bound),
    "TagUser": changing(USER, around=kept_tags(USER), adds_tags=True),
    "UntagUser": changing(USER),
    **reads(USER, "ListUserPolicies ListAttachedUserPolicies ListUserTags ListGroupsForUser"),
    "CreateAccessKey": or_own_user(changing(USER, draw=_new_secret)),
    "ListAccessKeys": or_own_user(reading(USER)),
    "UpdateAccessKey": or_own_user(changing(USER)),
    "DeleteAccessKey": or_own_user(changing(USER)),
    "GetAccessKeyLastUsed": reading(EntityType(look=_owner_of_key)),
}
