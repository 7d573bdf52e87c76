"""A decision in words, and the change that would turn it."""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.policy.cases import TABLES, Case, load, request_of
from xacct_helpers.policy import (
    Decision,
    NamedPolicy,
    Policies,
    Request,
    Suggestion,
    evaluate,
    parse,
    refusal,
    sentences,
    suggest,
)
from xacct_helpers.policy.advice.edits import with_another, with_statement, without
from xacct_helpers.policy.advice.explain import sides

ROWS = {(case.topic, case.id): case for case in load(TABLES)}
ROLE = "arn:aws:iam::111111111111:role/account-a-role-name"
CALLER = "arn:aws:sts::222222222222:assumed-role/some-role-name/account-b"


def told(topic: str, row: str) -> list[str]:
    request, policies = request_of(ROWS[topic, row])
    return list(sentences(request, evaluate(request, policies)))


def advice(topic: str, row: str) -> tuple[tuple[Request, Policies], tuple[Suggestion, ...]]:
    request, policies = request_of(ROWS[topic, row])
    return (request, policies), suggest(request, policies, evaluate(request, policies))


def test_both_agree() -> None:
    assert told("assume_role", "both accounts agree") == [
        f"{CALLER} may perform sts:AssumeRole on {ROLE}.",
        "Account 222222222222 (the caller's) allows it: "
        'statement "AssumeA" of the identity-based policy does.',
        "Account 111111111111 (the resource's) allows it: "
        'statement "TrustRoleB" of the policy of the resource does.',
    ]


def test_which_side_did_not_agree_and_why() -> None:
    assert told("assume_role", "the external id is wrong") == [
        f"{CALLER} may not perform sts:AssumeRole on {ROLE}.",
        "Account 222222222222 (the caller's) allows it: "
        'statement "AssumeA" of the identity-based policy does.',
        "Account 111111111111 (the resource's) does not: "
        "no statement of the role trust policy of account 111111111111 allows it.",
        "Statement 1 of the policy of the resource does not match: "
        "its Condition StringEquals asks sts:ExternalId for x-1, and the request has x-2.",
    ]


def test_a_key_that_was_not_sent() -> None:
    assert told("assume_role", "the external id is asked for and not sent")[-1] == (
        "Statement 1 of the policy of the resource does not match: "
        "its Condition StringEquals asks sts:ExternalId for x-1, and the request has no such key."
    )


def test_an_account_that_is_not_named() -> None:
    assert told("assume_role", "only the caller's account agrees")[-1] == (
        "Statement 1 of the policy of the resource does not match: its Principal is "
        f"arn:aws:iam::333333333333:root, the request has {CALLER}: it names another account."
    )


def test_a_side_without_any_policy() -> None:
    assert told("assume_role", "only the role's account agrees")[1] == (
        "Account 222222222222 (the caller's) does not: "
        "there is no identity-based policy of account 222222222222 that could allow it."
    )


def test_an_explicit_deny_is_pointed_at() -> None:
    assert told("assume_role", "the trust policy denies explicitly")[2:] == [
        "Account 111111111111 (the resource's) does not: "
        "the role trust policy of account 111111111111 denies it.",
        'Statement "TrustDeny" of the policy of the resource denies it, '
        "and an explicit deny wins over every allow.",
    ]


def test_within_one_account_both_kinds_of_policy_are_told() -> None:
    assert told("repository", "same account, neither: identity is named") == [
        "arn:aws:sts::111111111111:assumed-role/account-a-role-name/pull may not perform "
        "ecr:BatchGetImage on arn:aws:ecr:us-east-1:111111111111:repository/my-app.",
        "There is no identity-based policy of account 111111111111 that could allow it.",
        'Statement "RepoB" of the policy of the resource does not match: '
        "its Principal is 222222222222, "
        "the request has arn:aws:sts::111111111111:assumed-role/account-a-role-name/pull: "
        "it names another account.",
    ]


def test_a_role_that_was_deleted_and_made_again() -> None:
    row = "the unique id of a role of the same name that was deleted"
    assert "it names a principal that was deleted, by its unique id." in told("principals", row)[-1]


def test_what_is_special_is_said() -> None:
    row = "same account, trust names the account, identity-based policy silent"
    assert told("assume_role", row)[-1] == (
        "The trust policy names the account, which leaves it to the account's "
        "identity-based policies."
    )


def test_the_bare_refusal_has_no_because() -> None:
    request, policies = request_of(ROWS["assume_role", "only the caller's account agrees"])
    decision = evaluate(request, policies)
    bare = f"User: {CALLER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    assert refusal(request, decision, bare=True) == bare
    assert refusal(request, decision) == (
        f"{bare} because no role trust policy allows the sts:AssumeRole action"
    )


@pytest.mark.parametrize(
    ("topic", "row", "changes"),
    [
        ("assume_role", "only the caller's account agrees", ["add trust 111111111111"]),
        ("assume_role", "only the role's account agrees", ["add identity 222222222222"]),
        (
            "assume_role",
            "neither agrees: the caller's side is named first",
            ["add identity 222222222222", "add trust 111111111111"],
        ),
        ("assume_role", "the trust policy denies explicitly", ["remove trust 111111111111"]),
        (
            "assume_role",
            "both deny: the caller's is named",
            [
                "remove identity 222222222222",
                "remove trust 111111111111",
                "add identity 222222222222",
                "add trust 111111111111",
            ],
        ),
        (
            "assume_role",
            "same account, trust names the account, identity-based policy silent",
            ["add identity 111111111111"],
        ),
        (
            "assume_role",
            "same account, neither says yes: identity is named",
            ["add trust 111111111111"],
        ),
        ("assume_role", "across accounts the caller's boundary must allow", ["add boundary 2"]),
        ("repository", "role named: the session policy limits", ["add session 1"]),
        ("repository", "anonymous is not of any account", ["add resource 111111111111"]),
        ("guardrails", "one level of SCPs is silent", ["add scp 222222222222"]),
        ("guardrails", "a level of RCPs without an Allow", ["add rcp 111111111111"]),
        ("guardrails", "an SCP denies explicitly at one level", ["remove scp 222222222222"]),
        ("assume_role", "the external id is asked for and not sent", ["send trust 222222222222"]),
        ("assume_role", "the external id is wrong", ["send trust 222222222222"]),
    ],
)
def test_the_smallest_change(topic: str, row: str, changes: list[str]) -> None:
    _, found = advice(topic, row)
    said = [f"{one.change} {one.layer} {one.side_account}" for one in found]
    assert len(said) == len(changes)
    assert all(one.startswith(change) for one, change in zip(said, changes, strict=True))


def test_a_suggested_trust_statement_names_the_role_and_has_no_resource() -> None:
    _, (one,) = advice("assume_role", "only the caller's account agrees")
    assert one == Suggestion(
        side_account="111111111111",
        layer="trust",
        change="add",
        policy="the policy of the resource",
        statement={
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::222222222222:role/some-role-name"},
            "Action": "sts:AssumeRole",
        },
        sentence="Account 111111111111 adds a statement to the policy of the resource that allows "
        "arn:aws:iam::222222222222:role/some-role-name sts:AssumeRole.",
    )


def test_what_a_condition_asks_for_is_to_be_sent() -> None:
    """Not a weaker trust policy: the statement is there, and the call lacks its word."""
    (request, policies), (one,) = advice("assume_role", "the external id is wrong")
    assert one.statement == {"sts:ExternalId": "x-1"}
    assert one.sentence == (
        'Account 222222222222 sends ExternalId "x-1" with the call: the policy of the resource '
        "asks for it."
    )
    sent = replace(request, context={**request.context, **one.statement})
    assert evaluate(sent, policies).allowed


def test_a_word_is_of_no_use_where_another_half_is_missing() -> None:
    request, policies = request_of(ROWS["assume_role", "the external id is wrong"])
    alone = replace(policies, identity=())
    found = suggest(request, alone, evaluate(request, alone))
    assert {one.change for one in found} == {"add"}


def test_where_there_is_no_policy_one_is_to_be_written() -> None:
    _, (one,) = advice("assume_role", "only the role's account agrees")
    assert one.policy == "an identity-based policy"
    assert one.sentence == (
        "Account 222222222222 writes an identity-based policy that allows "
        f"sts:AssumeRole on {ROLE}."
    )


def test_nothing_is_suggested_for_what_is_allowed() -> None:
    assert advice("assume_role", "both accounts agree")[1] == ()


def _case(resource: str, **policies: Any) -> Case:
    shared = next(iter(ROWS.values())).shared
    given = {"caller": "ana", "action": "s3:GetObject", "resource": resource, "expect": "x"}
    return Case(topic="t", id="x", given={**given, **policies}, shared=shared)


def test_a_suggested_resource_fits_this_resource_only() -> None:
    request, policies = request_of(_case("arn:aws:s3:::bucket/${aws:username}*"))
    (one,) = suggest(request, policies, evaluate(request, policies))
    assert one.statement["Resource"] == "arn:aws:s3:::bucket/${$}{aws:username}${*}"


TOLD = tomllib.loads((Path(__file__).with_name("told.toml")).read_text())["row"]


@pytest.mark.parametrize("row", TOLD, ids=[f"{row['topic']}: {row['id']}" for row in TOLD])
def test_all_that_is_told_of_a_row(row: dict[str, Any]) -> None:
    request, policies = request_of(ROWS[row["topic"], row["id"]])
    decision = evaluate(request, policies)
    assert list(sentences(request, decision)) == row["sentences"]
    assert [
        f"{one.whose} {one.account}: {one.outcome}: {one.sentence}" for one in sides(decision)
    ] == row["sides"]
    found = suggest(request, policies, decision)
    assert [f"{one.change}: {one.sentence}" for one in found] == row["suggestions"]


def test_a_request_without_a_resource() -> None:
    request, policies = request_of(_case("*"))
    request = replace(request, resource="")
    assert sentences(request, evaluate(request, policies))[0] == (
        "arn:aws:iam::111111111111:user/team/ana may not perform s3:GetObject on no resource."
    )


def followed(
    request: Request, policies: Policies, decision: Decision, advice: Iterable[Suggestion]
) -> Decision:
    """The decision when the advice is followed."""
    for one in advice:
        if one.change == "send":
            request = replace(request, context={**request.context, **one.statement})
        elif one.change == "add":
            policies = with_statement(policies, one.layer, one.level, one.statement)
        elif one.replaces is not None:
            policies = with_another(policies, one.layer, one.policy, one.replaces, one.statement)
        else:
            layer = decision.layer(one.layer)
            assert layer is not None
            gone = [it for it in layer.statements if it.matched and it.raw == one.statement]
            policies = without(policies, one.layer, gone)
    return evaluate(request, policies)


@pytest.mark.parametrize(
    "case",
    [case for case in ROWS.values() if case.given.get("expect", "allowed") != "allowed"],
    ids=lambda case: f"{case.topic}: {case.id}",
)
def test_advice_helps_and_nothing_of_it_is_too_much(case: Case) -> None:
    request, policies = request_of(case)
    decision = evaluate(request, policies)
    found = suggest(request, policies, decision)
    assert followed(request, policies, decision, found).allowed
    for at in range(len(found)):
        less = (*found[:at], *found[at + 1 :])
        assert not followed(request, policies, decision, less).allowed


def test_a_statement_is_added_to_an_inline_policy_first_and_never_to_one_of_aws() -> None:
    document = parse({"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}})
    arns = {
        "AWS's": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "managed": "arn:aws:iam::111111111111:policy/m",
        "inline": None,
    }
    named = {name: NamedPolicy(name=name, document=document, arn=arn) for name, arn in arns.items()}
    request, _ = request_of(_case("arn:aws:s3:::bucket/key"))
    for having, told in (
        (("AWS's", "managed", "inline"), "inline"),
        (("AWS's", "managed"), "managed"),
        (("AWS's",), "an identity-based policy"),
    ):
        policies = Policies(identity=tuple(named[name] for name in having))
        (one,) = suggest(request, policies, evaluate(request, policies))
        assert one.policy == told


def test_everything_is_plain_json() -> None:
    for case in ROWS.values():
        if "expect" in case.given:
            request, policies = request_of(case)
            decision = evaluate(request, policies)
            assert json.loads(json.dumps(decision.to_json())) == decision.to_json()
            for one in suggest(request, policies, decision):
                assert json.loads(json.dumps(one.statement)) == one.statement
