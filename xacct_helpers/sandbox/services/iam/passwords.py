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
from typing import TYPE_CHECKING, Any

from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from . import common
from .entities import EVERYTHING, USER
from .own_user import or_own_user
from .without_moto import change, operation

if TYPE_CHECKING:
    from ...store.state import State

_SHORTEST = 8
_KINDS = 3
_UPPER, _LOWER, _NUMBER = re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]")
_SYMBOL = re.compile(r"[!@#$%^&*()_+\-=\[\]{}|']")


# -- login profiles --------------------------------------------------------------------------


def _create(state: State, call: Call, account: str) -> Answer:
    name = call.params["UserName"]
    if state.backends.iam.login_profile(account, name) is not None:
        raise ApiError("EntityAlreadyExists", f"Login Profile for user {name} already exists.", 409)
    _save(state, call, account)
    return _shown(state, name, account)


def _get(state: State, call: Call, account: str) -> Answer:
    _check_existing(state, call, account)
    return _shown(state, call.params["UserName"], account)


def _update(state: State, call: Call, account: str) -> Answer:
    _check_existing(state, call, account)
    _save(state, call, account)
    return {}


def _check_existing(state: State, call: Call, account: str) -> None:
    name = call.params["UserName"]
    if state.backends.iam.login_profile(account, name) is None:
        raise common.missing(f"Login Profile for User {name} cannot be found.")


def _save(state: State, call: Call, account: str) -> None:
    """Look at the password, and keep the profile without it."""
    password = call.params.get("Password")
    if password is not None:
        wrong = next(_faults(password, state.backends.iam.password_policy(account)), None)
        if wrong is not None:
            raise ApiError("PasswordPolicyViolation", wrong)
    call = replace(call, params={k: v for k, v in call.params.items() if k != "Password"})
    _set(state, call, account)
    state.record(call, account)


def _set(state: State, call: Call, account: str) -> None:
    name, iam = call.params["UserName"], state.backends.iam
    reset = call.params.get("PasswordResetRequired")
    before = iam.login_profile(account, name)
    now = state.clock.second()
    created = before.created if before else now
    if reset is None:
        reset = before.reset_required if before else False
    iam.set_login_profile(account, name, created=created, reset_required=bool(reset))


def _remove(state: State, call: Call, account: str) -> None:
    state.backends.iam.delete_login_profile(account, call.params["UserName"])


def _shown(state: State, name: str, account: str) -> Answer:
    found = state.backends.iam.login_profile(account, name)
    assert found is not None
    profile = {
        "UserName": name,
        "CreateDate": found.created,
        "PasswordResetRequired": found.reset_required,
    }
    return {"LoginProfile": profile}


# -- the account's policy, which moto keeps --------------------------------------------------


def _to_show(state: State, call: Call, account: str) -> None:
    if state.backends.iam.password_policy(account) is None:
        what = f"The Password Policy with domain name {account} cannot be found."
        raise common.missing(what)


def _to_delete(state: State, call: Call, account: str) -> None:
    if state.backends.iam.password_policy(account) is None:
        raise common.missing("The account policy with name PasswordPolicy cannot be found.")


def _read(state: State, call: Call, account: str) -> Answer:
    return state.read(call, account)


def _change(state: State, call: Call, account: str) -> Answer:
    return state.change(call, account)


def _redo(state: State, call: Call, account: str) -> None:
    state.redo(call, account)


# -- what a password has to meet -------------------------------------------------------------


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


OPERATIONS = {
    "CreateLoginProfile": or_own_user(operation(USER, _create, _set)),
    "GetLoginProfile": or_own_user(operation(USER, _get)),
    "UpdateLoginProfile": operation(USER, _update, _set),
    "DeleteLoginProfile": or_own_user(change(USER, _remove, check=_check_existing)),
    "GetAccountPasswordPolicy": operation(EVERYTHING, _read, check=_to_show),
    "UpdateAccountPasswordPolicy": operation(EVERYTHING, _change, _redo),
    "DeleteAccountPasswordPolicy": operation(EVERYTHING, _change, _redo, check=_to_delete),
}
