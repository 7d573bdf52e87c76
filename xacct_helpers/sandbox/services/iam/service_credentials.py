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
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from ...errors import ApiError
from ...holdings import ServiceCredential
from ...wire import Answer, Call
from . import common

if TYPE_CHECKING:
    from ...state import State

OPERATIONS = frozenset(
    f"{verb}ServiceSpecificCredential{s}"
    for verb, s in (("Create", ""), ("List", "s"), ("Update", ""), ("Reset", ""), ("Delete", ""))
)
_BEDROCK = "bedrock.amazonaws.com"
SERVICES = ("cassandra.amazonaws.com", "codecommit.amazonaws.com", _BEDROCK)
_MOST = 2
_LETTERS = string.ascii_letters + string.digits + "+/="


def perform(state: State, call: Call, account: str) -> Answer:
    """Answer a call on service-specific credentials; a user that it names is known to exist."""
    params, kept = call.params, state.held(account).service_credentials
    service = params.get("ServiceName")
    if service is not None and service not in SERVICES:
        raise common.missing(
            f"No such service {service} is supported for Service Specific Credentials"
        )
    own = [one for one in kept.values() if _is_meant(state, call, account, one)]
    if call.operation == "ListServiceSpecificCredentials":
        found = [_shown(state, account, one) for one in own]
        return common.page(call, "ServiceSpecificCredentials", found)
    if call.operation == "CreateServiceSpecificCredential":
        if len(own) >= _MOST:
            raise common.limit("ServiceSpecificCredentialsPerUser", _MOST)
        if "CredentialAgeDays" in params and service != _BEDROCK:
            raise ApiError("InvalidInput", f"Credentials for {service} do not expire.")
    elif params["ServiceSpecificCredentialId"] not in (one.id for one in own):
        raise common.missing(f"No such credential {params['ServiceSpecificCredentialId']} exists")
    made = _change(state, call, account)
    state.record(call, account)
    if made is None:
        return {}
    answer = _shown(state, account, made) | _secret(made)
    return {"ServiceSpecificCredential": answer}


def replay(state: State, call: Call, account: str) -> None:
    """A journalled call again."""
    _change(state, call, account)


def _is_meant(state: State, call: Call, account: str, one: ServiceCredential) -> bool:
    """Whether a credential is the user's, and for the service if one is named."""
    if call.params.get("ServiceName", one.service) != one.service:
        return False
    everybody = call.params.get("AllUsers") and "UserName" not in call.params
    return bool(everybody or one.user_id == common.owner(state, call, account).unique_id)


def _change(state: State, call: Call, account: str) -> ServiceCredential | None:
    """What was made or reset; None after other changes."""
    kept, params = state.held(account).service_credentials, call.params
    if call.operation == "CreateServiceSpecificCredential":
        made = _new(state, call, account)
        kept[made.id] = made
        return made
    one = kept[params["ServiceSpecificCredentialId"]]
    if call.operation == "ResetServiceSpecificCredential":
        return one
    if call.operation == "DeleteServiceSpecificCredential":
        del kept[one.id]
    else:
        kept[one.id] = replace(one, status=params["Status"])
    return None


def _new(state: State, call: Call, account: str) -> ServiceCredential:
    user, service = common.owner(state, call, account), call.params["ServiceName"]
    others = state.held(account).service_credentials.values()
    taken = {one.name for one in others if one.service == service}
    names = (f"{user.name}-at-{account}", f"{user.name}+1-at-{account}")
    now = state.clock.now().astimezone(UTC).replace(microsecond=0)
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
