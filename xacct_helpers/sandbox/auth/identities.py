"""Access key to caller: users by their long-term keys, sessions by their sealed tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...policy import Principal
from ..callers import Caller, Session
from ..protocol.errors import authentication
from ..records import User
from ..sealed_tokens import SealError, seal, unseal

if TYPE_CHECKING:
    from ..store.state import State

_PURPOSE = "session"


def token(state: State, session: Session) -> str:
    """The session token that stands for a session."""
    content: dict[str, Any] = {
        "k": session.access_key_id,
        "s": session.secret,
        "a": session.account,
        "p": session.principal_id,
        "n": session.name,
        "i": session.issued.timestamp(),
        "e": session.expires.timestamp(),
        "r": session.role_name,
        "u": session.user_name,
        "f": session.federated,
        "w": session.provider,
        "m": session.mfa.timestamp() if session.mfa else None,
        "sp": session.policies,
        "sa": session.policy_arns,
        "t": dict(session.tags),
        "tt": session.transitive_tag_keys,
        "si": session.source_identity,
    }
    return seal(state.key, _PURPOSE, content)


def read_token(state: State, text: str) -> Session:
    """The session a token stands for; SealError when it is not this lab's."""
    content = unseal(state.key, _PURPOSE, text)
    return Session(
        access_key_id=content["k"],
        secret=content["s"],
        account=content["a"],
        principal_id=content["p"],
        name=content["n"],
        issued=datetime.fromtimestamp(content["i"], UTC),
        expires=datetime.fromtimestamp(content["e"], UTC),
        role_name=content["r"],
        user_name=content["u"],
        # not in the tokens that earlier versions sealed
        federated=content.get("f", False),
        provider=content.get("w"),
        mfa=datetime.fromtimestamp(content["m"], UTC) if content.get("m") else None,
        policies=None if content["sp"] is None else tuple(content["sp"]),
        policy_arns=tuple(content["sa"]),
        tags=content["t"],
        transitive_tag_keys=tuple(content["tt"]),
        source_identity=content["si"],
    )


def identify(state: State, access_key_id: str, session_token: str | None, protocol: str) -> Caller:
    """The caller behind a key, before its signature is checked against `secret`.

    Raises ApiError for a key that is unknown or inactive, a temporary key without its token, a
    token that does not belong to it, and a session whose role or user is gone.
    """
    caller = (
        _key_caller(state, access_key_id)
        if session_token is None
        else _token_caller(state, access_key_id, session_token)
    )
    if caller is None:
        raise authentication("invalid-token", protocol)
    return caller


def _key_caller(state: State, access_key_id: str) -> Caller | None:
    """The user of a long-term key; None when it is unknown or inactive."""
    owned = state.backends.iam.key_and_owner(access_key_id, state.accounts)
    if owned is None or not owned[0].active:
        return None
    key, user = owned
    return _user_caller(user, access_key_id, key.secret)


def _token_caller(state: State, access_key_id: str, session_token: str) -> Caller | None:
    """The caller of a session; None for a token of another lab, key, role or user."""
    try:
        session = read_token(state, session_token)
    except SealError:
        return None
    return session_caller(state, session) if session.access_key_id == access_key_id else None


def user_caller(state: State, account: str, name: str, access_key_id: str, secret: str) -> Caller:
    """The IAM user as caller."""
    user = state.backends.iam.user(account, name)
    assert user is not None  # a key is only found under a living user
    return _user_caller(user, access_key_id, secret)


def _user_caller(user: User, access_key_id: str, secret: str) -> Caller:
    return Caller(
        principal=Principal(
            kind="user", arn=user.arn, account=user.account, unique_id=user.unique_id
        ),
        name=user.name,
        user_id=user.unique_id,
        access_key_id=access_key_id,
        secret=secret,
        tags=user.tags,
    )


def session_caller(state: State, session: Session) -> Caller | None:
    """The caller of a session; None when its role or user was deleted, even if remade since."""
    if session.role_name is None:
        user = state.backends.iam.user(session.account, session.user_name or "")
        if user is None or user.unique_id != session.principal_id:
            return None
        name, user_id, tags = user.name, user.unique_id, user.tags
        if session.federated:
            principal = Principal(
                kind="federated-user",
                arn=f"arn:aws:sts::{session.account}:federated-user/{session.name}",
                account=session.account,
                unique_id=user.unique_id,
                user_arn=user.arn,
            )
            user_id = f"{session.account}:{session.name}"
            tags = _over(user.tags, session.tags)
        else:
            principal = Principal(
                kind="user", arn=user.arn, account=session.account, unique_id=user.unique_id
            )
    else:
        role = state.backends.iam.role_by_id(session.account, session.principal_id)
        if role is None:
            return None
        principal = Principal(
            kind="role-session",
            arn=f"arn:aws:sts::{session.account}:assumed-role/{role.name}/{session.name}",
            account=session.account,
            role_arn=role.arn,
            unique_id=role.unique_id,
        )
        name, user_id = role.name, f"{role.unique_id}:{session.name}"
        tags = _over(role.tags, session.tags)
    return Caller(
        principal=principal,
        name=name,
        user_id=user_id,
        access_key_id=session.access_key_id,
        secret=session.secret,
        tags=tags,
        session=session,
    )


def _over(tags: Mapping[str, str], session_tags: Mapping[str, str]) -> dict[str, str]:
    """The principal's tags with the session's over them; keys compare in any case.

    Source: STS API Reference, AssumeRole and GetFederationToken, Tags.
    """
    set_again = {key.lower() for key in session_tags}
    kept = {key: value for key, value in tags.items() if key.lower() not in set_again}
    return {**kept, **session_tags}


def check_expiry(state: State, caller: Caller, protocol: str) -> None:
    """ApiError when the caller's session is over by the lab's clock."""
    if caller.session is not None and state.clock.now() >= caller.session.expires:
        raise authentication("expired-token", protocol)
