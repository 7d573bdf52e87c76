"""STS: all of it is ours, because moto hands out credentials for any role to anyone.

Source: STS API Reference; the recorded answers of AWS where they differ.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ....policy import refusal, refused_to
from ...permission_checks import CheckedPermission, PermissionCheck
from ...protocol.errors import ApiError, access_denied
from ...protocol.messages import Answer, Call
from ..iam import mfa
from ..operation import Operation, Prepare, Service, account_wide
from . import assume_role, federation, sessions, web_identity

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def _prepare(*first: Prepare) -> Prepare:
    """Return what AWS refuses before it looks at any permission.

    first: refuse calls of this operation; then comes what is refused of every operation, so that
    a one-time code is only spent by a call that nothing else refuses.
    """

    def prepare(state: State, call: Call, caller: Caller) -> None:
        for own in first:
            own(state, call, caller)
        outright = refused_to(caller.principal, f"sts:{call.operation}")
        if outright is not None:
            raise access_denied(outright, call.protocol)
        if call.params.get("ProvidedContexts"):
            raise ApiError("ValidationError", "This sandbox does not have ProvidedContexts.")
        if "SerialNumber" in call.params or "TokenCode" in call.params:
            mfa.authenticate(state, call, caller)

    return prepare


def _not_for_federated_users(state: State, call: Call, caller: Caller) -> None:
    # Source: STS API Reference, GetFederationToken, Permissions. How AWS words it is not known.
    if caller.principal.kind == "federated-user":
        raise access_denied(
            f"User: {caller.arn} is not authorized to perform: {call.action}", call.protocol
        )


def _for_long_term_keys(state: State, call: Call, caller: Caller) -> None:
    if caller.session is not None:
        raise ApiError(
            "AccessDenied", f"Cannot call {call.operation} with session credentials", 403
        )


def _to_assume_a_role(state: State, call: Call, caller: Caller) -> None:
    assume_role.check_arn(call)
    _not_for_federated_users(state, call, caller)


def _to_show_a_token(state: State, call: Call, caller: Caller) -> None:
    assume_role.check_arn(call)
    web_identity.shown(state, call)


def _refused(checked: CheckedPermission, protocol: str) -> ApiError:
    """The error for a permission that was denied.

    A refused AssumeRole has no "because": AWS does not say which side refused. Only an explicit
    deny within one account is named. A caller with a web identity is not named either, and of
    DecodeAuthorizationMessage no resource is. Source: denials in public logs, of all kinds; see
    docs/fidelity.md.
    """
    request, decision = checked.request, checked.decision
    if request.principal.kind == "anonymous":
        return access_denied(f"Not authorized to perform {request.action}", protocol)
    if request.action == "sts:DecodeAuthorizationMessage":
        return access_denied(refusal(replace(request, resource=""), decision), protocol)
    bare = decision.cross_account or decision.verdict == "implicitDeny"
    return access_denied(refusal(request, decision, bare=bare), protocol)


def _no_permission(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    return ()


def _decode(state: State, call: Call, caller: Caller) -> Answer:
    # Only EC2 and a few more encode their refusals; no service here does, so no text is one.
    raise ApiError("InvalidAuthorizationMessageException", "Message is not valid")


def _access_key_info(state: State, call: Call, caller: Caller) -> Answer:
    return {"Account": sessions.account_of(call.params["AccessKeyId"])}


def _caller_identity(state: State, call: Call, caller: Caller) -> Answer:
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


def _session_token(state: State, call: Call, caller: Caller) -> Answer:
    seconds = call.params.get("DurationSeconds", 43200)
    session = sessions.for_user(state, caller, seconds, mfa="TokenCode" in call.params)
    return {"Credentials": sessions.credentials(state, session)}


# Sessions are not recorded: they are self-contained, sealed tokens. Of a call that showed a
# one-time code it is recorded that the code is spent.
SERVICE = Service(
    operations={
        "AssumeRole": Operation(
            prepare=_prepare(_to_assume_a_role),
            permissions=assume_role.permissions,
            perform=assume_role.perform,
            replay=mfa.spend,
        ),
        "AssumeRoleWithWebIdentity": Operation(
            prepare=_prepare(_to_show_a_token),
            permissions=web_identity.permissions,
            perform=web_identity.perform,
        ),
        "DecodeAuthorizationMessage": Operation(
            prepare=_prepare(_not_for_federated_users), permissions=account_wide, perform=_decode
        ),
        "GetAccessKeyInfo": Operation(
            prepare=_prepare(_not_for_federated_users),
            permissions=account_wide,
            perform=_access_key_info,
        ),
        "GetCallerIdentity": Operation(
            prepare=_prepare(), permissions=_no_permission, perform=_caller_identity
        ),
        "GetFederationToken": Operation(
            prepare=_prepare(_for_long_term_keys),
            permissions=federation.permissions,
            perform=federation.perform,
        ),
        "GetSessionToken": Operation(
            prepare=_prepare(_for_long_term_keys),
            permissions=_no_permission,
            perform=_session_token,
            replay=mfa.spend,
        ),
    },
    refused=_refused,
    # The second is not here, and its caller is to be told so.
    unsigned=frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}),
)
