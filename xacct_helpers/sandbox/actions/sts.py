"""STS: all of it is ours, because moto hands out credentials for any role to anyone.

Source: STS API Reference (AssumeRole, GetCallerIdentity, GetSessionToken, GetAccessKeyInfo); the
recorded answers of AWS where they differ.
"""

from __future__ import annotations

import base64
import difflib
import json
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ...policy import PolicyError, check
from .. import identities, wire
from ..backends import Role, StoredPolicy
from ..errors import ApiError, validation
from ..gate import Ask
from ..wire import Call, HttpResponse

if TYPE_CHECKING:
    from ..identities import Caller
    from ..state import State

OPERATIONS = frozenset({"AssumeRole", "GetCallerIdentity", "GetSessionToken", "GetAccessKeyInfo"})
MUTATING: frozenset[str] = frozenset()

_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/((?:[\x21-\x7e]+/)?)([\w+=,.@-]+)")
# An ARN of IAM must name an account; of others only the six parts are looked at.
_ANY_ARN = re.compile(r"arn:[^:]+:(iam:[^:]*:\d{12}|(?!iam:)[^:]+:[^:]*:[^:]*):.+", re.S)
_CHAINED_LIMIT = 3600
_SESSION_POLICY_LIMIT = 2048
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def prepare(state: State, call: Call, caller: Caller) -> None:
    """What AWS refuses before it looks at any permission."""
    session = caller.session
    if call.operation == "AssumeRole":
        arn = call.params["RoleArn"]
        if not _ANY_ARN.fullmatch(arn):
            raise ApiError("ValidationError", f"{arn} is invalid")
        if caller.principal.kind == "root":
            raise ApiError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    elif call.operation == "GetSessionToken" and session is not None:
        raise ApiError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    if "SerialNumber" in call.params or "TokenCode" in call.params:
        # The sandbox has no MFA devices, so no code is ever right.
        raise ApiError(
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
            403,
        )
    if call.params.get("ProvidedContexts"):
        raise ApiError("ValidationError", "This sandbox does not have ProvidedContexts.")


def asks(state: State, call: Call, caller: Caller) -> tuple[Ask, ...]:
    """The permissions that the call needs; none for GetCallerIdentity and GetSessionToken."""
    if call.operation == "GetAccessKeyInfo":
        return (Ask(action=call.action, resource="*", resource_account=caller.account),)
    if call.operation != "AssumeRole":
        return ()
    params = call.params
    role = _role(state, params["RoleArn"])
    found = _ROLE_ARN.fullmatch(params["RoleArn"])
    trust = role and StoredPolicy(name=f"trust policy of role {role.name}", text=role.trust_policy)
    context: dict[str, str | tuple[str, ...]] = {"sts:RoleSessionName": params["RoleSessionName"]}
    if "ExternalId" in params:
        context["sts:ExternalId"] = params["ExternalId"]
    if "SourceIdentity" in params:
        context["sts:SourceIdentity"] = params["SourceIdentity"]
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())}
    for key, value in tags.items():
        context[f"aws:RequestTag/{key}"] = value
    if tags:
        context["aws:TagKeys"] = tuple(tags)
    if params.get("TransitiveTagKeys"):
        context["sts:TransitiveTagKeys"] = tuple(params["TransitiveTagKeys"])
    for key, value in (role.tags if role else {}).items():
        context[f"aws:ResourceTag/{key}"] = value
        context[f"iam:ResourceTag/{key}"] = value
    actions = ["sts:AssumeRole"]
    if tags or params.get("TransitiveTagKeys"):
        actions.append("sts:TagSession")
    if "SourceIdentity" in params:
        actions.append("sts:SetSourceIdentity")
    return tuple(
        Ask(
            action=action,
            resource=params["RoleArn"],
            resource_account=found[1] if found else "",
            resource_policy=trust or None,
            context=context,
            missing="" if role else _missing(state, params["RoleArn"]),
        )
        for action in actions
    )


def _missing(state: State, arn: str) -> str:
    """What the learner may be told about a role that is not there; AWS tells nobody."""
    found = _ROLE_ARN.fullmatch(arn)
    if found is None:
        return f"{arn} is not the ARN of a role."
    account, name = found[1], found[3]
    if account not in state.accounts:
        return f"There is no account {account} in this lab."
    near = difflib.get_close_matches(name, state.backends.roles(account), n=1)
    hint = f" It has {near[0]}." if near else ""
    return f"Account {account} has no role of this ARN.{hint}"


def perform(state: State, call: Call, caller: Caller) -> HttpResponse:
    """Answer a call that the gate let through."""
    if call.operation == "GetCallerIdentity":
        value = {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}
        return wire.result(call, value)
    if call.operation == "GetAccessKeyInfo":
        return wire.result(call, {"Account": _account_of(call.params["AccessKeyId"])})
    if call.operation == "GetSessionToken":
        seconds = call.params.get("DurationSeconds", 43200)
        return wire.result(call, {"Credentials": _for_user(state, caller, seconds)})
    return _assume_role(state, call, caller)


def _role(state: State, arn: str) -> Role | None:
    found = _ROLE_ARN.fullmatch(arn)
    if found is None or found[1] not in state.accounts:
        return None
    return state.backends.role_by_arn(found[1], arn)


def _assume_role(state: State, call: Call, caller: Caller) -> HttpResponse:
    params = call.params
    role = _role(state, params["RoleArn"])
    assert role is not None  # the gate lets no one into a role that does not exist
    seconds = _duration(call, caller, role)
    policies, arns, used = _session_policies(state, call, role)
    tags, transitive = _session_tags(call, caller)
    now = state.clock.now().replace(microsecond=0)
    chained_source = caller.session.source_identity if caller.session else None
    session = identities.Session(
        access_key_id=temporary_key_id(role.account),
        secret=state.backends.new_secret(),
        account=role.account,
        principal_id=role.unique_id,
        name=params["RoleSessionName"],
        issued=now,
        expires=now + timedelta(seconds=seconds),
        role_name=role.name,
        policies=policies,
        policy_arns=arns,
        tags=tags,
        transitive_tag_keys=transitive,
        source_identity=params.get("SourceIdentity", chained_source),
    )
    value: dict[str, Any] = {
        "Credentials": _credentials(state, session),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.unique_id}:{session.name}",
            "Arn": f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session.name}",
        },
    }
    if session.source_identity:
        value["SourceIdentity"] = session.source_identity
    if used or tags:
        size = used + sum(len(k) + len(v) for k, v in tags.items())
        value["PackedPolicySize"] = max(1, round(100 * size / _SESSION_POLICY_LIMIT))
    return wire.result(call, value)


def _duration(call: Call, caller: Caller, role: Role) -> int:
    """Seconds the new session lives.

    Source: STS API Reference, AssumeRole, DurationSeconds: up to the role's maximum, and one hour
    when the caller's own credentials are temporary (role chaining).
    """
    asked: int | None = call.params.get("DurationSeconds")
    if asked is None:
        return _CHAINED_LIMIT
    if caller.session is not None and asked > _CHAINED_LIMIT:
        raise ApiError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining.",
        )
    if asked > role.max_session_seconds:
        raise ApiError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return asked


def _session_policies(
    state: State, call: Call, role: Role
) -> tuple[tuple[str, ...] | None, tuple[str, ...], int]:
    """The inline session policies, the ARNs of managed ones, and their size in characters."""
    text = call.params.get("Policy")
    arns = tuple(item["arn"] for item in call.params.get("PolicyArns", ()) if "arn" in item)
    size = 0
    for arn in arns:
        policy = state.backends.managed_policy(role.account, arn)
        if policy is None:
            raise ApiError("ValidationError", f"The specified policy ARN {arn} does not exist.")
        size += len(policy.text)
    if text is None:
        return None, arns, size
    try:
        check(text, "session")
    except PolicyError as error:
        raise ApiError("MalformedPolicyDocument", str(error)) from error
    if len(text) > _SESSION_POLICY_LIMIT:
        raise validation(
            [
                f"Value '{text}' at 'policy' failed to satisfy constraint: Member must have "
                f"length less than or equal to {_SESSION_POLICY_LIMIT}"
            ],
            "query",
        )
    return (json.dumps(json.loads(text), separators=(",", ":")),), arns, size + len(text)


def _session_tags(call: Call, caller: Caller) -> tuple[dict[str, str], tuple[str, ...]]:
    """The new session's tags and which of them go on to further sessions."""
    asked = call.params.get("Tags", ())
    tags = {tag["Key"]: tag["Value"] for tag in asked}
    if len({key.lower() for key in tags}) < len(asked):
        raise ApiError(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    transitive = tuple(call.params.get("TransitiveTagKeys", ()))
    if not {key.lower() for key in transitive} <= {key.lower() for key in tags}:
        raise ApiError(
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        )
    inherited: dict[str, str] = {}
    if caller.session is not None:
        keys = {key.lower() for key in caller.session.transitive_tag_keys}
        inherited = {k: v for k, v in caller.session.tags.items() if k.lower() in keys}
    if {key.lower() for key in tags} & {key.lower() for key in inherited}:
        raise ApiError(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session.",
        )
    return {**inherited, **tags}, (*inherited, *transitive)


def _for_user(state: State, caller: Caller, seconds: int) -> dict[str, Any]:
    now = state.clock.now().replace(microsecond=0)
    session = identities.Session(
        access_key_id=temporary_key_id(caller.account),
        secret=state.backends.new_secret(),
        account=caller.account,
        principal_id=caller.principal.unique_id or "",
        name=caller.name,
        issued=now,
        expires=now + timedelta(seconds=seconds),
        user_name=caller.name,
    )
    return _credentials(state, session)


def _credentials(state: State, session: identities.Session) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": identities.token(state, session),
        "Expiration": session.expires,
    }


def temporary_key_id(account: str) -> str:
    """A new ASIA… key id; like AWS's, it encodes the account.

    Source: the encoding as public analyses of AWS key ids describe it, and as moto draws AKIA ids:
    five bytes of base 32 for half the account id, then a letter that tells odd from even.
    """
    number = int(account)
    half = (number // 2 + (1 << 39)).to_bytes(5, "big")
    letters = _ID_ALPHABET[16:] if number % 2 else _ID_ALPHABET[:16]
    tail = base64.b32encode(secrets.token_bytes(5)).decode()[:7]
    return "ASIA" + base64.b32encode(half).decode() + secrets.choice(letters) + tail


def _account_of(access_key_id: str) -> str:
    """The account that a key id encodes."""
    try:
        raw = base64.b32decode(access_key_id[4:12])
    except (ValueError, IndexError):
        raw = b""
    number = (int.from_bytes(raw, "big") - (1 << 39)) * 2 if len(raw) == 5 else -1
    if not access_key_id.startswith(("AKIA", "ASIA")) or not 0 <= number < 10**12:
        raise ApiError("ValidationError", f"Invalid Access Key Id: {access_key_id}")
    odd = access_key_id[12:13] in _ID_ALPHABET[16:]
    return f"{number + odd:012d}"
