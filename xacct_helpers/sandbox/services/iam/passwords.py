"""IAM users' passwords: login profiles, and the account's policy that a password has to meet.

A password is looked at once and kept nowhere, as there is no console here to sign in to.
Source: IAM API Reference, CreateLoginProfile and UpdateAccountPasswordPolicy; IAM User Guide, set
an account password policy (what holds without one: eight characters of three kinds). The texts
about login profiles are those of public logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...errors import ApiError
from ...wire import Answer, Call
from . import common

if TYPE_CHECKING:
    from ...state import State

LOGIN_PROFILES = frozenset(f"{verb}LoginProfile" for verb in ("Create", "Get", "Update", "Delete"))
POLICIES = frozenset(f"{verb}AccountPasswordPolicy" for verb in ("Get", "Update", "Delete"))
_SHORTEST = 8
_KINDS = 3
_UPPER, _LOWER, _NUMBER = re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]")
_SYMBOL = re.compile(r"[!@#$%^&*()_+\-=\[\]{}|']")


def check_policy(state: State, call: Call, account: str) -> None:
    """NoSuchEntity when the account has no password policy to show or to delete."""
    if call.operation == "UpdateAccountPasswordPolicy":
        return
    if state.backends.iam.password_policy(account) is None:
        what = f"The Password Policy with domain name {account} cannot be found."
        if call.operation == "DeleteAccountPasswordPolicy":
            what = "The account policy with name PasswordPolicy cannot be found."
        raise common.missing(what)


def perform(state: State, call: Call, account: str) -> Answer:
    """Answer a call on a user's login profile; the user is known to exist."""
    _check(state, call, account)
    call = replace(call, params={k: v for k, v in call.params.items() if k != "Password"})
    if call.operation != "GetLoginProfile":
        _change(state, call, account, state.clock.now())
        state.record(call, account)
    if call.operation in ("UpdateLoginProfile", "DeleteLoginProfile"):
        return {}
    name = call.params["UserName"]
    found = state.backends.iam.login_profile(account, name)
    assert found is not None
    profile = {
        "UserName": name,
        "CreateDate": found.created,
        "PasswordResetRequired": found.reset_required,
    }
    return {"LoginProfile": profile}


def replay(state: State, call: Call, account: str) -> None:
    """A journalled call again, at the time it was made."""
    _change(state, call, account, state.clock.now())


def _change(state: State, call: Call, account: str, now: datetime) -> None:
    name, backends = call.params["UserName"], state.backends
    reset = call.params.get("PasswordResetRequired")
    if call.operation == "DeleteLoginProfile":
        backends.iam.delete_login_profile(account, name)
        return
    before = backends.iam.login_profile(account, name)
    created = before.created if before else now.astimezone(UTC).replace(microsecond=0)
    if reset is None:
        reset = before.reset_required if before else False
    backends.iam.set_login_profile(account, name, created=created, reset_required=bool(reset))


def _check(state: State, call: Call, account: str) -> None:
    name = call.params["UserName"]
    found = state.backends.iam.login_profile(account, name)
    if call.operation == "CreateLoginProfile" and found is not None:
        raise ApiError("EntityAlreadyExists", f"Login Profile for user {name} already exists.", 409)
    if call.operation != "CreateLoginProfile" and found is None:
        raise common.missing(f"Login Profile for User {name} cannot be found.")
    password = call.params.get("Password")
    if password is None:
        return
    policy = state.backends.iam.password_policy(account)
    wrong = next(_faults(password, policy), None)
    if wrong is not None:
        raise ApiError("PasswordPolicyViolation", wrong)


def _faults(password: str, policy: dict[str, Any] | None) -> Iterator[str]:
    """What the password lacks. policy: the account's, or None for what AWS asks without one."""
    has = {
        "RequireUppercaseCharacters": (_UPPER, "uppercase letter"),
        "RequireLowercaseCharacters": (_LOWER, "lowercase letter"),
        "RequireNumbers": (_NUMBER, "number"),
        "RequireSymbols": (_SYMBOL, "symbol"),
    }
    shortest = _SHORTEST if policy is None else policy["MinimumPasswordLength"]
    if len(password) < shortest:
        yield f"Password should have a minimum length of {shortest}"
    if policy is None:
        if sum(bool(pattern.search(password)) for pattern, _ in has.values()) < _KINDS:
            yield (
                "Password should have at least three of: uppercase letters, lowercase letters, "
                "numbers, symbols"
            )
        return
    for setting, (pattern, name) in has.items():
        if policy[setting] and not pattern.search(password):
            yield f"Password should have at least one {name}"
