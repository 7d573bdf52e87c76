"""What if one statement were not there, or one more: each verdict is the engine's own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from tests.policy.cases import TABLES, load, request_of
from tests.policy.test_laws import policy_sets, requests
from xacct_helpers.policy import Policies, Request, counterfactuals, evaluate
from xacct_helpers.policy.advice.edits import with_statement

ROWS = {(case.topic, case.id): case for case in load(TABLES)}

# Table, row -> "change layer verdict" of each counterfactual, "*" before those that flip it.
TOLD = [
    (
        "assume_role",
        "both accounts agree",
        ["*remove identity implicitDeny", "*remove trust implicitDeny"],
    ),
    ("assume_role", "only the caller's account agrees", ["*add trust allowed"]),
    ("assume_role", "only the role's account agrees", ["*add identity allowed"]),
    (
        "assume_role",
        "neither agrees: the caller's side is named first",
        ["add identity implicitDeny", "add trust implicitDeny"],
    ),
    ("assume_role", "the trust policy denies explicitly", ["*remove trust allowed"]),
    (
        "assume_role",
        "both deny: the caller's is named",
        [
            "remove identity explicitDeny",
            "remove trust explicitDeny",
            "add identity explicitDeny",
            "add trust explicitDeny",
        ],
    ),
    ("assume_role", "the external id is wrong", ["*send trust allowed"]),
    ("guardrails", "an SCP denies explicitly at one level", ["*remove scp allowed"]),
    ("guardrails", "one level of SCPs is silent", ["*add scp allowed"]),
    ("typos", "a digit of the account", ["*replace identity allowed"]),
    (
        "typos",
        "a typo in both accounts",
        ["replace identity implicitDeny", "replace resource implicitDeny"],
    ),
]


@pytest.mark.parametrize(("topic", "row", "told"), TOLD, ids=[row for _, row, _ in TOLD])
def test_one_change_by_itself(topic: str, row: str, told: list[str]) -> None:
    request, policies = request_of(ROWS[topic, row])
    found = counterfactuals(request, policies, evaluate(request, policies))
    said = [f"{'*' if one.flips else ''}{one.change} {one.layer} {one.verdict}" for one in found]
    assert said == told


def test_the_words() -> None:
    def words(row: str) -> list[str]:
        request, policies = request_of(ROWS["assume_role", row])
        found = counterfactuals(request, policies, evaluate(request, policies))
        return [one.sentence for one in found]

    assert words("both accounts agree") == [
        'Without statement "AssumeA" of the identity-based policy it would be refused.',
        'Without statement "TrustRoleB" of the policy of the resource it would be refused.',
    ]
    assert words("neither agrees: the caller's side is named first") == [
        "With an identity-based policy of account 222222222222 allowing it, and nothing else "
        "changed, it would still be refused.",
        "With the role trust policy of account 111111111111 allowing it, and nothing else "
        "changed, it would still be refused.",
    ]
    assert words("the external id is wrong") == [
        'With sts:ExternalId "x-1" sent, and nothing else changed, it would be allowed.'
    ]
    assert words("both deny: the caller's is named")[0].endswith(
        "it would still be refused: another statement denies it."
    )


def test_a_deny_that_hides_a_missing_allow() -> None:
    request, policies = request_of(ROWS["assume_role", "the trust policy denies explicitly"])
    alone = replace(policies, identity=())
    first = counterfactuals(request, alone, evaluate(request, alone))[0]
    assert first.sentence.endswith(
        "it would still be refused: nothing denies it then, but an Allow is missing."
    )


def test_a_statement_that_did_not_match_is_not_taken_away() -> None:
    request, policies = request_of(ROWS["assume_role", "both accounts agree"])
    other = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
    beside = with_statement(policies, "identity", 0, other)
    found = counterfactuals(request, beside, evaluate(request, beside))
    assert found == counterfactuals(request, policies, evaluate(request, policies))


@given(requests, policy_sets)
def test_they_never_contradict_themselves(request: Request, policies: Policies) -> None:
    decision = evaluate(request, policies)
    for one in counterfactuals(request, policies, decision):
        assert one.flips == ((one.verdict == "allowed") != decision.allowed)
        assert (" be allowed" in one.sentence) == (one.verdict == "allowed")
        assert ("still" in one.sentence) != one.flips
        assert decision.allowed <= (one.change == "remove")
        assert json.loads(json.dumps(one.statement)) == one.statement
