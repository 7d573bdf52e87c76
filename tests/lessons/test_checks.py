"""The checks of 03 and 06 against solutions that are right, half right, wrong and unexpected."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.notebooks.execute import fresh_lab
from xacct_helpers import open_lab
from xacct_helpers.lab import Lab
from xacct_helpers.lessons import checks

ROLE_A = "arn:aws:iam::111111111111:role/account-a-role-name"
ROLE_B = "arn:aws:iam::222222222222:role/some-role-name"
NAME_A, NAME_B = "account-a-role-name", "some-role-name"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab of this module's own; the process's environment is put back afterwards."""
    before = dict(os.environ)
    with fresh_lab():
        try:
            lab = open_lab()
            for number in range(9):
                lab.catch_up(through=number)
                lab.running.post("save", name=f"after_{number}")
            yield lab
        finally:
            os.environ.clear()
            os.environ.update(before)


def iam(profile: str) -> Any:
    return boto3.Session(profile_name=profile).client("iam")


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(principal: Any, **more: Any) -> None:
    text = document(Principal=principal, Action="sts:AssumeRole", **more)
    iam("account-a").update_assume_role_policy(RoleName=NAME_A, PolicyDocument=text)


def trust_star() -> None:
    trust("*")


def trust_star_object() -> None:
    trust({"AWS": "*"})


def trust_account() -> None:
    trust({"AWS": "222222222222"})


def trust_root() -> None:
    trust({"AWS": ["arn:aws:iam::222222222222:root"]})


def trust_by_condition() -> None:
    """Equivalent, written differently: everybody who has account B's principals' account id."""
    trust({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalAccount": "222222222222"}})


def trust_role() -> None:
    trust({"AWS": ROLE_B})


def trust_role_by_condition() -> None:
    trust({"AWS": "222222222222"}, Condition={"ArnEquals": {"aws:PrincipalArn": ROLE_B}})


def trust_nobody() -> None:
    trust({"AWS": "111111111111"})


def remade() -> None:
    """B's role deleted and made anew, A's trust policy not saved again."""
    b = iam("account-b-admin")
    text = json.dumps(b.get_role(RoleName=NAME_B)["Role"]["AssumeRolePolicyDocument"])
    for name in b.list_role_policies(RoleName=NAME_B)["PolicyNames"]:
        b.delete_role_policy(RoleName=NAME_B, PolicyName=name)
    b.delete_role(RoleName=NAME_B)
    b.create_role(RoleName=NAME_B, AssumeRolePolicyDocument=text)
    permission(ROLE_A)


def permission(resource: Any, **more: Any) -> None:
    text = document(Action="sts:AssumeRole", Resource=resource, **more)
    iam("account-b-admin").put_role_policy(
        RoleName=NAME_B, PolicyName="assume-account-a", PolicyDocument=text
    )


def permission_star() -> None:
    permission("*")


def permission_managed() -> None:
    """Equivalent, written differently: a managed policy in place of the inline one."""
    b = iam("account-b-admin")
    b.delete_role_policy(RoleName=NAME_B, PolicyName="assume-account-a")
    text = document(Action=["sts:assumerole"], Resource=[ROLE_A])
    arn = b.create_policy(PolicyName="go-to-a", PolicyDocument=text)["Policy"]["Arn"]
    b.attach_role_policy(RoleName=NAME_B, PolicyArn=arn)


def permission_gone() -> None:
    iam("account-b-admin").delete_role_policy(RoleName=NAME_B, PolicyName="assume-account-a")


def pull_star() -> None:
    text = document(Action="*", Resource="*")
    iam("account-a").put_role_policy(RoleName=NAME_A, PolicyName="pull", PolicyDocument=text)


def watcher(principal: Any, **more: Any) -> None:
    text = document(Principal=principal, Action="sts:AssumeRole", **more)
    iam("account-a").update_assume_role_policy(RoleName="watcher", PolicyDocument=text)


def watcher_open() -> None:
    watcher({"AWS": "333333333333"})


def watcher_if_exists() -> None:
    condition = {"StringEqualsIfExists": {"sts:ExternalId": "customer-4711"}}
    watcher({"AWS": "333333333333"}, Condition=condition)


def watcher_star() -> None:
    watcher("*", Condition={"StringEquals": {"sts:ExternalId": "customer-4711"}})


def watcher_like() -> None:
    watcher(
        {"AWS": "333333333333"}, Condition={"StringLike": {"sts:ExternalID": ["customer-4711"]}}
    )


def nothing() -> None:
    """The accounts as the notebook leaves them."""


STRANGER = "a stranger (account 333333333333) cannot become it"
CHAIN = "some-role-name can become account-a-role-name"
CASES: list[tuple[str, str, int, Callable[[], None], str | None]] = [
    # what, check, accounts as after notebook, change, the goal that is missed (None: passes)
    ("03 as the notebook leaves it", "03", 3, nothing, None),
    ("03 trusts the root ARN in a list", "03", 3, trust_root, None),
    ("03 trusts by a condition on the account", "03", 3, trust_by_condition, None),
    ('03 trusts "*"', "03", 3, trust_star, STRANGER),
    ('03 trusts {"AWS": "*"}', "03", 3, trust_star_object, STRANGER),
    ("03 trusts account A only", "03", 3, trust_nobody, "account B can become account-a-role-name"),
    ("03 with a remade role trusted by account", "03", 4, trust_account, None),
    ("06 as the notebook leaves it", "06", 6, nothing, None),
    ("06 trusts by a condition on the role", "06", 6, trust_role_by_condition, None),
    ("06 permission in a managed policy", "06", 6, permission_managed, None),
    (
        '06 trusts "*"',
        "06",
        6,
        trust_star,
        "account B's administrator cannot, other than by way of that role",
    ),
    (
        "06 trusts the whole account",
        "06",
        6,
        trust_account,
        "account B's administrator cannot, other than by way of that role",
    ),
    ("06 B's role remade", "06", 6, remade, CHAIN),
    (
        "06 B allows everything",
        "06",
        6,
        permission_star,
        "and some-role-name may become no other role",
    ),
    ("06 B allows nothing", "06", 6, permission_gone, CHAIN),
    ("06 A trusts nobody", "06", 6, trust_nobody, CHAIN),
    ("02 as the notebook leaves it", "02", 2, nothing, None),
    ("02 still passes after 06", "02", 6, nothing, None),
    ('02 allows "*"', "02", 2, pull_star, "… but from no other repository"),
    ('05 allows "*"', "05", 5, pull_star, "… but from no other repository"),
    ("05 as the notebook leaves it", "05", 5, nothing, None),
    (
        "04 before it was begun",
        "04",
        3,
        nothing,
        "some-role-name exists, and account B's administrator can become it",
    ),
    (
        "01 before it was begun",
        "01",
        0,
        nothing,
        "my-app:v1 is in account A, whole: every digest is right",
    ),
    ("00 at any time", "00", 6, nothing, None),
    ("07 as the notebook leaves it", "07", 7, nothing, None),
    ("07 without a condition", "07", 7, watcher_open, "… but not with another customer's word"),
    ("07 with IfExists", "07", 7, watcher_if_exists, "… nor with none at all"),
    (
        "07 open to all who know the word",
        "07",
        7,
        watcher_star,
        "… and nobody else, word or no word",
    ),
    ("07 another operator, the same meaning", "07", 7, watcher_like, None),
    (
        "07 before it was begun",
        "07",
        6,
        nothing,
        "the company (account 333333333333) becomes watcher when it comes for you",
    ),
    ("08 as the notebook leaves it", "08", 8, nothing, None),
    (
        "08 before it was begun",
        "08",
        7,
        nothing,
        "a user of account B can hold some-role-name for twelve hours",
    ),
    ("08 after 07's check", "07", 8, nothing, None),
]


@pytest.mark.parametrize(
    ("name", "after", "change", "missed"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_check(
    lab: Lab,
    capsys: pytest.CaptureFixture[str],
    name: str,
    after: int,
    change: Callable[[], None],
    missed: str | None,
) -> None:
    lab.running.post("restore", name=f"after_{after}")
    change()
    before = lab.running.get("fingerprint")
    capsys.readouterr()
    checks.check(name)
    said = capsys.readouterr().out
    if missed is None:
        assert "✗" not in said
        assert said.rstrip().splitlines()[-1].startswith("Passed: ")
    else:
        assert f"✗ {missed}\n" in said
        assert said.count("✗") == 1, "one failure at a time"
        assert "What happened: " in said
        assert "Look at: " in said
        assert "Passed" not in said
    assert checks.passed(name) == (missed is None)
    assert lab.running.get("fingerprint") == before, "a check changes nothing"


def test_every_check_has_three_hints_that_differ(capsys: pytest.CaptureFixture[str]) -> None:
    for name, hints in checks.HINTS.items():
        assert len(set(hints)) == 3
        for number in (1, 2, 3, 3):
            checks.hint(name)
            assert capsys.readouterr().out.startswith(f"Hint {number} of 3: ")
