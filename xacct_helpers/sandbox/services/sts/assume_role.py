"""AssumeRole, and what it shares with AssumeRoleWithWebIdentity: the role, its trust, the session.

Source: STS API Reference, AssumeRole; the recorded answers of AWS where they differ.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ...callers import Caller, Session
from ...permission_checks import PermissionCheck
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import Role, StoredPolicy
from ...sealed_tokens import new_secret
from ..iam import mfa
from . import sessions

if TYPE_CHECKING:
    from ...store.state import State

_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/((?:[\x21-\x7e]+/)?)([\w+=,.@-]+)")
# An ARN of IAM must name an account; of others only the six parts are looked at.
_ANY_ARN = re.compile(r"arn:[^:]+:(iam:[^:]*:\d{12}|(?!iam:)[^:]+:[^:]*:[^:]*):.+", re.S)
_CHAINED_LIMIT = 3600

Context = dict[str, "str | tuple[str, ...]"]


def check_arn(call: Call) -> None:
    """Raise ApiError when RoleArn has not the form of an ARN."""
    arn = call.params["RoleArn"]
    if not _ANY_ARN.fullmatch(arn):
        raise ApiError("ValidationError", f"{arn} is invalid")


def account_of(arn: str) -> str:
    """The account that a role's ARN names; "" when it is not a role's."""
    found = _ROLE_ARN.fullmatch(arn)
    return found[1] if found else ""


def role_of(state: State, arn: str) -> Role | None:
    """The role of an ARN, if the lab has it."""
    account = account_of(arn)
    return state.backends.iam.role_by_arn(account, arn) if account in state.accounts else None


def permissions(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """The permissions that an AssumeRole needs."""
    params = call.params
    context: Context = {"sts:RoleSessionName": params["RoleSessionName"]}
    if "TokenCode" in params:
        context |= mfa.CONTEXT
    if "ExternalId" in params:
        context["sts:ExternalId"] = params["ExternalId"]
    if "SourceIdentity" in params:
        context["sts:SourceIdentity"] = params["SourceIdentity"]
    actions = ["sts:AssumeRole"]
    if params.get("Tags"):
        context |= sessions.tag_context(sessions.asked_tags(call))
    if params.get("TransitiveTagKeys"):
        context["sts:TransitiveTagKeys"] = tuple(params["TransitiveTagKeys"])
    if params.get("Tags") or params.get("TransitiveTagKeys"):
        actions.append("sts:TagSession")
    if "SourceIdentity" in params:
        actions.append("sts:SetSourceIdentity")
    return trust_checks(state, params["RoleArn"], actions, context)


def trust_checks(
    state: State, arn: str, actions: list[str], context: Mapping[str, str | tuple[str, ...]]
) -> tuple[PermissionCheck, ...]:
    """Each action on the role, with its trust policy for the resource's."""
    role = role_of(state, arn)
    trust = role and StoredPolicy(
        name=f"trust policy of role {role.name}",
        text=role.trust_policy,
        account=role.account,
        holder="trust",
        entity=role.name,
    )
    keys = dict(context)
    for key, value in (role.tags if role else {}).items():
        keys[f"aws:ResourceTag/{key}"] = value
        keys[f"iam:ResourceTag/{key}"] = value
    return tuple(
        PermissionCheck(
            action=action,
            resource=arn,
            resource_account=account_of(arn),
            resource_policy=trust or None,
            context=keys,
            missing="" if role else _missing(state, arn),
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
    near = difflib.get_close_matches(name, state.backends.iam.roles(account), n=1)
    hint = f" It has {near[0]}." if near else ""
    return f"Account {account} has no role of this ARN.{hint}"


def perform(state: State, call: Call, caller: Caller) -> Answer:
    """The answer of an AssumeRole that the gate let through."""
    params = call.params
    role = role_of(state, params["RoleArn"])
    assert role is not None  # the gate lets no one into a role that does not exist
    seconds = duration(call, role, chained=caller.session is not None)
    passed = sessions.passed_policies(state, call, role.account)
    tags, transitive = _session_tags(call, caller)
    chained_source = caller.session.source_identity if caller.session else None
    session = new_session(
        state,
        role,
        params["RoleSessionName"],
        seconds,
        passed,
        tags=tags,
        transitive_tag_keys=transitive,
        source_identity=params.get("SourceIdentity", chained_source),
        mfa="TokenCode" in params,
    )
    return answer(state, role, session, passed)


def new_session(
    state: State,
    role: Role,
    name: str,
    seconds: int,
    passed: sessions.Passed,
    *,
    mfa: bool = False,
    **more: Any,
) -> Session:
    """A new session of a role.

    mfa: whether the call showed a one-time code. more: further members of Session.
    """
    now = state.clock.second()
    return Session(
        access_key_id=sessions.temporary_key_id(role.account),
        secret=new_secret(),
        account=role.account,
        principal_id=role.unique_id,
        name=name,
        issued=now,
        expires=now + timedelta(seconds=seconds),
        role_name=role.name,
        mfa=now if mfa else None,
        policies=passed.policies,
        policy_arns=passed.arns,
        **more,
    )


def answer(state: State, role: Role, session: Session, passed: sessions.Passed) -> dict[str, Any]:
    """The members that the answers of all AssumeRole calls have in common."""
    value: dict[str, Any] = {
        "Credentials": sessions.credentials(state, session),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.unique_id}:{session.name}",
            "Arn": f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session.name}",
        },
    }
    if session.source_identity:
        value["SourceIdentity"] = session.source_identity
    return value | sessions.packed_size(passed, session.tags)


def duration(call: Call, role: Role, *, chained: bool) -> int:
    """Seconds the new session lives.

    chained: whether the caller's own credentials are temporary.
    Source: STS API Reference, AssumeRole, DurationSeconds: up to the role's maximum, and one hour
    when the caller's own credentials are temporary (role chaining).
    """
    checked: int | None = call.params.get("DurationSeconds")
    if checked is None:
        return _CHAINED_LIMIT
    if chained and checked > _CHAINED_LIMIT:
        raise ApiError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining.",
        )
    if checked > role.max_session_seconds:
        raise ApiError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return checked


def _session_tags(call: Call, caller: Caller) -> tuple[dict[str, str], tuple[str, ...]]:
    """The new session's tags and which of them go on to further sessions."""
    transitive = tuple(call.params.get("TransitiveTagKeys", ()))
    tags: dict[str, str] = {}
    if call.params.get("Tags"):
        tags = sessions.asked_tags(call)
        sessions.check_tags(tags, len(call.params["Tags"]))
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
