"""Service-specific credentials of IAM users (on AWS for CodeCommit, Keyspaces and Bedrock).

No service here takes them, so what is secret in one is shown once and kept nowhere.
Source: IAM API Reference, CreateServiceSpecificCredential and its kin; errors recorded from AWS on
2025-03-06 (localstack, test_iam.snapshot.json). Two credentials for each service and user: IAM and
STS quotas; the form of the second one's name is that of the User Guide on CodeCommit.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ....protocol.errors import ApiError
from ....protocol.messages import Answer, Call
from ....user_credentials import ServiceCredential
from .. import common
from ..entities import USER, EntityType, Target
from ..own_user import or_own_user
from ..without_moto import change, operation

if TYPE_CHECKING:
    from ....store.state import State

_BEDROCK = "bedrock.amazonaws.com"
SERVICES = ("cassandra.amazonaws.com", "codecommit.amazonaws.com", _BEDROCK)
_MOST = 2
_LETTERS = string.ascii_letters + string.digits + "+/="


def _one_or_all_users(state: State, call: Call, account: str) -> Target:
    if "UserName" in call.params:
        return USER.look(state, call, account)
    return Target(f"arn:aws:iam::{account}:user/*")


def _create(state: State, call: Call, account: str) -> Answer:
    own, service = _own(state, call, account), call.params["ServiceName"]
    if len(own) >= _MOST:
        raise common.limit("ServiceSpecificCredentialsPerUser", _MOST)
    if "CredentialAgeDays" in call.params and service != _BEDROCK:
        raise ApiError("InvalidInput", f"Credentials for {service} do not expire.")
    made = _add(state, call, account)
    state.record(call, account)
    return {"ServiceSpecificCredential": _shown(state, account, made) | _secret(made)}


def _add(state: State, call: Call, account: str) -> ServiceCredential:
    made = _new(state, call, account)
    state.held(account).service_credentials[made.id] = made
    return made


def _list(state: State, call: Call, account: str) -> Answer:
    found = [_shown(state, account, one) for one in _own(state, call, account)]
    return common.page(call, "ServiceSpecificCredentials", found)


def _set_status(state: State, call: Call, account: str) -> None:
    kept = state.held(account).service_credentials
    one = kept[call.params["ServiceSpecificCredentialId"]]
    kept[one.id] = replace(one, status=call.params["Status"])


def _reset(state: State, call: Call, account: str) -> Answer:
    one = _existing(state, call, account)
    state.record(call, account)
    return {"ServiceSpecificCredential": _shown(state, account, one) | _secret(one)}


def _keep(state: State, call: Call, account: str) -> None:
    """A new password changes nothing that is kept."""


def _remove(state: State, call: Call, account: str) -> None:
    del state.held(account).service_credentials[call.params["ServiceSpecificCredentialId"]]


def _own(state: State, call: Call, account: str) -> list[ServiceCredential]:
    """The credentials that a call may be about."""
    service = call.params.get("ServiceName")
    if service is not None and service not in SERVICES:
        raise common.missing(
            f"No such service {service} is supported for Service Specific Credentials"
        )
    kept = state.held(account).service_credentials.values()
    return [one for one in kept if _is_meant(state, call, account, one)]


def _existing(state: State, call: Call, account: str) -> ServiceCredential:
    """The credential that a call names, of the user that it is about."""
    wanted = call.params["ServiceSpecificCredentialId"]
    return common.existing(
        next((kept for kept in _own(state, call, account) if kept.id == wanted), None),
        f"No such credential {wanted} exists",
    )


def _is_meant(state: State, call: Call, account: str, one: ServiceCredential) -> bool:
    """Whether a credential is the user's, and for the service if one is named."""
    if call.params.get("ServiceName", one.service) != one.service:
        return False
    everybody = call.params.get("AllUsers") and "UserName" not in call.params
    return bool(everybody or one.user_id == common.owner(state, call, account).unique_id)


def _new(state: State, call: Call, account: str) -> ServiceCredential:
    user, service = common.owner(state, call, account), call.params["ServiceName"]
    others = state.held(account).service_credentials.values()
    taken = {one.name for one in others if one.service == service}
    names = (f"{user.name}-at-{account}", f"{user.name}+1-at-{account}")
    now = state.clock.second()
    days = call.params.get("CredentialAgeDays")
    return ServiceCredential(
        id=state.backends.new_id(account, call.operation, user.name, "ACCA"),
        user_id=user.unique_id,
        service=service,
        name=next(one for one in names if one not in taken),
        created=now,
        expires=now + timedelta(days=days) if days else None,
    )


def _shown(state: State, account: str, one: ServiceCredential) -> dict[str, Any]:
    user = state.backends.iam.users_by_id(account)[one.user_id]
    return {
        "CreateDate": one.created,
        "ExpirationDate": one.expires,
        "ServiceName": one.service,
        "ServiceCredentialAlias" if one.service == _BEDROCK else "ServiceUserName": one.name,
        "ServiceSpecificCredentialId": one.id,
        "UserName": user["UserName"],
        "Status": one.status,
    }


def _secret(one: ServiceCredential) -> dict[str, str]:
    """A fresh password, or secret, for an answer that shows one."""
    name = "ServiceCredentialSecret" if one.service == _BEDROCK else "ServicePassword"
    return {name: "".join(secrets.choice(_LETTERS) for _ in range(44))}


OPERATIONS = {
    "CreateServiceSpecificCredential": or_own_user(operation(USER, _create, _add)),
    "ListServiceSpecificCredentials": or_own_user(
        operation(EntityType(look=_one_or_all_users), _list)
    ),
    "UpdateServiceSpecificCredential": or_own_user(change(USER, _set_status, check=_existing)),
    "ResetServiceSpecificCredential": or_own_user(operation(USER, _reset, _keep)),
    "DeleteServiceSpecificCredential": or_own_user(change(USER, _remove, check=_existing)),
}
