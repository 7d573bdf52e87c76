"""Login profiles and the account's password policy. Sources: services/iam/passwords.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sandboxes import A, B, Forked, Sandbox

GOOD = "Secret-of-Ann-7"
SHORT = "Password should have a minimum length of {}"
ONE = "Password should have at least one {}"


@pytest.fixture
def ann(sandbox: Sandbox) -> Sandbox:
    """The sandbox with a user ann in account A."""
    sandbox.do(A, "iam:CreateUser", UserName="ann")
    return sandbox


def create(sandbox: Sandbox, password: str = GOOD, **more: Any) -> Any:
    return sandbox.call(A, "iam:CreateLoginProfile", UserName="ann", Password=password, **more)


def test_its_life(ann: Sandbox) -> None:
    made = ann.do(
        A, "iam:CreateLoginProfile", UserName="ann", Password=GOOD, PasswordResetRequired=True
    )["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"]) == ("ann", True)
    again = create(ann)
    assert (again.code, again.message) == (
        "EntityAlreadyExists",
        "Login Profile for user ann already exists.",
    )
    ann.do(A, "iam:UpdateLoginProfile", UserName="ann", PasswordResetRequired=False)
    shown = ann.do(A, "iam:GetLoginProfile", UserName="ann")["LoginProfile"]
    assert shown == {**made, "PasswordResetRequired": False}
    kept = ann.call(A, "iam:DeleteUser", UserName="ann")
    assert (kept.code, kept.message) == (
        "DeleteConflict",
        "Cannot delete entity, must delete login profile first.",
    )
    ann.do(A, "iam:DeleteLoginProfile", UserName="ann")
    gone = ann.call(A, "iam:GetLoginProfile", UserName="ann")
    assert (gone.code, gone.message) == (
        "NoSuchEntity",
        "Login Profile for User ann cannot be found.",
    )
    ann.do(A, "iam:DeleteUser", UserName="ann")


STRICT = {
    "MinimumPasswordLength": 12,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({}, "Aa1-", SHORT.format(8)),
    ({}, "onlyletters", "Password should have at least three of: uppercase letters, "
     "lowercase letters, numbers, symbols"),
    (STRICT, "Aa1-Aa1-Aa1", SHORT.format(12)),
    (STRICT, "aaaa1111----", ONE.format("uppercase letter")),
    (STRICT, "AAAA1111----", ONE.format("lowercase letter")),
    (STRICT, "AAAAaaaa----", ONE.format("number")),
    (STRICT, "AAAAaaaa1111", ONE.format("symbol")),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "password", "text"), REFUSED)
def test_a_password_the_policy_refuses(
    ann: Sandbox, policy: dict[str, Any], password: str, text: str
) -> None:
    if policy:
        ann.do(A, "iam:UpdateAccountPasswordPolicy", **policy)
    refused = create(ann, password)
    assert (refused.code, refused.message) == ("PasswordPolicyViolation", text)
    assert ann.call(A, "iam:GetLoginProfile", UserName="ann").code == "NoSuchEntity"
    assert create(ann, "AAaa11--AAaa").ok


def test_the_accounts_policy(sandbox: Sandbox) -> None:
    for operation in ("Get", "Delete"):
        assert sandbox.call(A, f"iam:{operation}AccountPasswordPolicy").code == "NoSuchEntity"
    sandbox.do(A, "iam:UpdateAccountPasswordPolicy", **STRICT)
    shown = sandbox.do(A, "iam:GetAccountPasswordPolicy")["PasswordPolicy"]
    assert {name: shown[name] for name in STRICT} == STRICT
    assert sandbox.call(B, "iam:GetAccountPasswordPolicy").code == "NoSuchEntity"
    sandbox.do(A, "iam:DeleteAccountPasswordPolicy")
    assert sandbox.call(A, "iam:GetAccountPasswordPolicy").code == "NoSuchEntity"


@pytest.mark.slow
def test_a_password_is_kept_nowhere_and_the_rest_lasts(tmp_path: Path) -> None:
    with Forked("--state", str(tmp_path / "state")) as sandbox:
        sandbox.do(A, "iam:CreateUser", UserName="ann")
        sandbox.do(A, "iam:UpdateAccountPasswordPolicy", **STRICT)
        made = sandbox.do(A, "iam:CreateLoginProfile", UserName="ann", Password=GOOD)
        trail = str(sandbox.control("GET", "trail/50").json)
        assert "CreateLoginProfile" in trail
        assert GOOD not in trail
        events = str(sandbox.do(A, "cloudtrail:LookupEvents")["Events"])
        assert "CreateLoginProfile" in events
        assert GOOD not in events
    for path in (tmp_path / "state").rglob("*"):
        assert path.is_dir() or GOOD.encode() not in path.read_bytes(), path
    with Forked("--state", str(tmp_path / "state")) as sandbox:
        shown = sandbox.do(A, "iam:GetLoginProfile", UserName="ann")
        assert shown["LoginProfile"] == made["LoginProfile"]
        policy = sandbox.do(A, "iam:GetAccountPasswordPolicy")["PasswordPolicy"]
        assert policy["MinimumPasswordLength"] == 12
