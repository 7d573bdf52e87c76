"""What holds for every request and every policy, whatever they say."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xacct_helpers.policy import (
    Decision,
    Kind,
    NamedPolicy,
    Policies,
    PolicyDocument,
    PolicyError,
    Principal,
    Request,
    check,
    decide_line,
    derived_context,
    evaluate,
    map_principals,
    parse,
    principal_values,
    refusal,
    refusal_context,
    sentences,
    suggest,
)
from xacct_helpers.policy.advice.explain import sides
from xacct_helpers.policy.language.conditions import RULES

KINDS: tuple[Kind, ...] = get_args(Kind)

ACCOUNTS = ("111111111111", "222222222222")
CALLERS = (
    Principal(kind="user", arn="arn:aws:iam::222222222222:user/alice", account=ACCOUNTS[1]),
    Principal(
        kind="role-session",
        arn="arn:aws:sts::222222222222:assumed-role/some-role-name/s",
        account=ACCOUNTS[1],
        role_arn="arn:aws:iam::222222222222:role/some-role-name",
        unique_id="AROASOMEROLENAME00000",
    ),
    Principal(
        kind="role-session",
        arn="arn:aws:sts::111111111111:assumed-role/account-a-role-name/s",
        account=ACCOUNTS[0],
        role_arn="arn:aws:iam::111111111111:role/account-a-role-name",
    ),
    Principal(
        kind="federated-user", arn="arn:aws:sts::111111111111:federated-user/f", account=ACCOUNTS[0]
    ),
    Principal(kind="root", arn="arn:aws:iam::111111111111:root", account=ACCOUNTS[0]),
    Principal(kind="service", arn="ec2.amazonaws.com", account=""),
    Principal(kind="anonymous", arn="*", account=""),
)
ACTIONS = ("sts:AssumeRole", "ecr:BatchGetImage", "kms:Decrypt", "sts:TagSession")
RESOURCES = (
    "arn:aws:iam::111111111111:role/account-a-role-name",
    "arn:aws:ecr:us-east-1:111111111111:repository/my-app",
    "arn:aws:kms:us-east-1:111111111111:key/1",
    "*",
)
PATTERNS = (*RESOURCES, "arn:aws:iam::*:role/*", "arn:aws:ecr:*", "${aws:username}", "nonsense")
OPERATORS = (*RULES, "StringEqualsIfExists", "ForAnyValue:StringLike", "ForAllValues:Bool", "Nope")
KEYS = ("aws:PrincipalArn", "sts:ExternalId", "aws:SourceIp", "aws:CurrentTime", "aws:TagKeys")
VALUES = ("x-1", "true", "10", "10.0.0.0/8", "2026-01-01", "*", "${aws:username}", "", "QUJD")
NAMED = (
    "*",
    {"AWS": "*"},
    {"AWS": list(ACCOUNTS)},
    {"AWS": "arn:aws:iam::222222222222:role/some-role-name"},
    {"AWS": ["AROASOMEROLENAME00000", "arn:aws:iam::222222222222:user/alice"]},
    {"AWS": "arn:aws:sts::111111111111:assumed-role/account-a-role-name/s"},
    {"Service": "ec2.amazonaws.com"},
)

few = st.lists(st.sampled_from(VALUES), max_size=3)
condition = st.dictionaries(
    st.sampled_from(OPERATORS), st.dictionaries(st.sampled_from(KEYS), few, max_size=2), max_size=2
)


@st.composite
def statements(draw: st.DrawFn, *, named: bool = False) -> dict[str, object]:
    """A statement of any form that parse accepts; named: with a Principal or NotPrincipal."""
    statement: dict[str, object] = {"Effect": draw(st.sampled_from(("Allow", "Allow", "Deny")))}
    actions = st.sampled_from((*ACTIONS, "*", "sts:*", "ecr:Batch*", "e", "s3:GetObjec?"))
    statement[draw(st.sampled_from(("Action", "Action", "NotAction")))] = draw(
        st.lists(actions, min_size=1, max_size=3) | actions
    )
    resource = draw(st.sampled_from(("Resource", "Resource", "NotResource", "")))
    if resource:
        statement[resource] = draw(st.lists(st.sampled_from((*PATTERNS, "*")), min_size=1))
    if named:
        statement[draw(st.sampled_from(("Principal", "Principal", "NotPrincipal")))] = draw(
            st.sampled_from(NAMED)
        )
    if draw(st.booleans()):
        statement["Condition"] = draw(condition)
    return statement


def documents(*, named: bool = False) -> st.SearchStrategy[PolicyDocument]:
    return st.builds(
        lambda version, many: parse({"Version": version, "Statement": many}),
        st.sampled_from(("2012-10-17", "2008-10-17")),
        st.lists(statements(named=named), min_size=1, max_size=3),
    )


def policies_of(name: str, *, named: bool = False) -> st.SearchStrategy[NamedPolicy]:
    return st.builds(NamedPolicy, name=st.just(name), document=documents(named=named))


def many(name: str, *, named: bool = False) -> st.SearchStrategy[tuple[NamedPolicy, ...]]:
    return st.lists(policies_of(name, named=named), max_size=2).map(tuple)


policy_sets = st.builds(
    Policies,
    identity=many("identity"),
    resource=st.none() | policies_of("resource", named=True),
    registry=st.none() | policies_of("registry", named=True),
    boundary=st.none() | many("boundary"),
    session=st.none() | many("session"),
    scps=st.just(()) | st.lists(many("scp"), max_size=2).map(tuple),
    rcps=st.just(()) | st.lists(many("rcp", named=True), max_size=2).map(tuple),
)
requests = st.builds(
    lambda caller, action, resource, given: Request(
        action=action,
        resource=resource,
        resource_account="111111111111",
        principal=caller,
        context=derived_context(caller) | given,
    ),
    st.sampled_from(CALLERS),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES) | few.map(tuple), max_size=3),
)


def map_layers(policies: Policies, change: object) -> list[Policies]:
    """The policies with one document at a time replaced by each of what change(document) gives."""
    assert callable(change)
    found = []

    def each(group: tuple[NamedPolicy, ...]) -> list[tuple[NamedPolicy, ...]]:
        return [
            (*group[:at], replace(one, document=new), *group[at + 1 :])
            for at, one in enumerate(group)
            for new in change(one.document)
        ]

    for field in ("identity", "boundary", "session"):
        for group in each(getattr(policies, field) or ()):
            found.append(replace(policies, **{field: group}))
    for field in ("scps", "rcps"):
        levels = getattr(policies, field)
        for at, level in enumerate(levels):
            for group in each(level):
                found.append(replace(policies, **{field: (*levels[:at], group, *levels[at + 1 :])}))
    for field in ("resource", "registry"):
        policy = getattr(policies, field)
        for (one,) in each((policy,)) if policy else ():
            found.append(replace(policies, **{field: one}))
    return found


DENY = parse({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*"}})


@given(requests, policy_sets, statements(named=True), statements())
def test_adding_a_deny_never_allows(
    request: Request, policies: Policies, named: dict[str, object], plain: dict[str, object]
) -> None:
    if evaluate(request, policies).allowed:
        return
    denies = [
        parse({"Version": "2012-10-17", "Statement": [{**one, "Effect": "Deny"}]}).statements
        for one in (named, plain)
    ]

    def longer(document: PolicyDocument) -> list[PolicyDocument]:
        return [replace(document, statements=document.statements + deny) for deny in denies]

    for changed in map_layers(policies, longer):
        assert not evaluate(request, changed).allowed


@given(requests, policy_sets)
def test_a_statement_that_does_not_match_changes_nothing_when_it_goes(
    request: Request, policies: Policies
) -> None:
    before = evaluate(request, policies)

    def shorter(document: PolicyDocument) -> list[PolicyDocument]:
        return [
            replace(document, statements=document.statements[:at] + document.statements[at + 1 :])
            for at in range(len(document.statements))
        ]

    matched = {id(one.raw) for layer in before.layers for one in layer.statements if one.matched}
    for changed in map_layers(policies, shorter):
        after = evaluate(request, changed)
        gone = matched - {
            id(one.raw) for layer in after.layers for one in layer.statements if one.matched
        }
        if not gone:
            assert after.verdict == before.verdict


@given(requests, policy_sets)
def test_an_allow_across_accounts_means_that_both_agree(
    request: Request, policies: Policies
) -> None:
    decision = evaluate(request, policies)
    if decision.cross_account:
        assert decision.allowed == (decision.caller_agrees and decision.resource_agrees)
    else:
        assert decision.caller_agrees == decision.resource_agrees == decision.allowed


@given(requests, policy_sets)
def test_a_registrys_policy_is_read_as_its_repositorys(
    request: Request, policies: Policies
) -> None:
    """ECR User Guide, registry policy of scope V2: either may allow and either may deny."""
    changed = replace(policies, resource=policies.registry, registry=policies.resource)
    before, after = evaluate(request, policies), evaluate(request, changed)
    assert after.verdict == before.verdict
    assert (after.caller_agrees, after.resource_agrees) == (
        before.caller_agrees,
        before.resource_agrees,
    )


@given(requests, policy_sets)
def test_a_decision_is_whole(request: Request, policies: Policies) -> None:
    decision = evaluate(request, policies)
    assert (decision.decisive is None) == decision.allowed
    assert (decision.decisive_statement is not None) == (decision.verdict == "explicitDeny")
    outcomes = [layer.outcome for layer in decision.layers]
    assert ("explicitDeny" in outcomes) == (decision.verdict == "explicitDeny")
    if decision.decisive:
        assert decision.decisive in decision.layers
        assert decision.decisive.outcome == decision.verdict
    for layer in decision.layers:
        for one in layer.statements:
            assert one.matched == (one.mismatch is None)
    assert json.loads(json.dumps(decision.to_json())) == decision.to_json()


@given(requests, policy_sets)
def test_words_never_disagree_with_the_decision(request: Request, policies: Policies) -> None:
    decision = evaluate(request, policies)
    told = sentences(request, decision)
    assert told
    assert all(one.endswith(".") and "None" not in one for one in told)
    assert (" may perform " in told[0]) == decision.allowed
    clause = refusal_context(request, decision)
    assert (clause == "") == decision.allowed
    assert clause.startswith("with an explicit deny") == (decision.verdict == "explicitDeny")
    assert refusal(request, decision).endswith(clause)
    if decision.cross_account:
        assert (f"Account {decision.caller_account} (the caller's) allows" in told[1]) == (
            decision.caller_agrees
        )
        assert (f"Account {decision.resource_account} (the resource's) allows" in told[2]) == (
            decision.resource_agrees
        )
    agreeing = [side.outcome == "allow" for side in sides(decision)]
    assert all(agreeing) == decision.allowed
    assert all(side.sentence.endswith(".") for side in sides(decision))


@given(requests, policy_sets)
def test_a_suggestion_is_for_a_refusal_and_one_is_always_found(
    request: Request, policies: Policies
) -> None:
    decision = evaluate(request, policies)
    found = suggest(request, policies, decision)
    assert bool(found) != decision.allowed
    for one in found:
        statement = dict(one.statement)
        if one.change == "send":  # a condition key and the value that a statement asks for
            assert all(isinstance(value, str) for value in statement.values())
            continue
        assert statement["Effect"] == ("Deny" if one.change == "remove" else "Allow")
        parse({"Version": "2012-10-17", "Statement": [statement]})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_parse_and_check_refuse_what_is_no_policy(raw: object) -> None:
    text = json.dumps(raw)
    for kind in KINDS:
        with pytest.raises(PolicyError) as caught:
            check(text, kind)
        assert str(caught.value) == caught.value.message != ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(VALUES) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("AWS", "Service", *OPERATORS, *KEYS)), inner, max_size=3)
    ),
    max_leaves=6,
)
loose_statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(("Allow", "Deny"))},
    optional={
        element: json_values | st.sampled_from(VALUES)
        for element in (
            "Sid",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        )
    },
)


@given(st.lists(loose_statements, max_size=2), requests)
def test_what_parse_accepts_can_always_be_decided(raw: list[object], request: Request) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": raw})
    for kind in KINDS:
        with suppress(PolicyError):
            check(text, kind)
    try:
        document = parse(text)
    except PolicyError:
        return
    named = (NamedPolicy(name="p", document=document),)
    policies = Policies(
        identity=named,
        resource=named[0],
        registry=named[0],
        boundary=named,
        scps=(named,),
        rcps=(named,),
    )
    decision = evaluate(request, policies)
    assert isinstance(decision, Decision)
    assert sentences(request, decision)
    assert sides(decision)
    suggest(request, policies, decision)
    principal_values(document)
    assert map_principals(text, lambda _, value: value) is text


@given(st.text() | json_values.map(lambda value: json.dumps(value)))
@example("[" * 200_000)
@example('{"action": "a:b", "resource": "*", "principal": "*", "context": {"k": {}}}')
def test_no_line_makes_decide_raise(line: str) -> None:
    answer = decide_line(line)
    assert isinstance(answer.get("error", answer.get("decision")), str)
