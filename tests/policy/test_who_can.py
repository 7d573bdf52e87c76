"""One question for many pairs gives the answers that evaluate gives, pair by pair; and fast."""

import time
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.cases import TABLES, load, request_of
from tests.policy.test_laws import (
    ACCOUNTS,
    ACTIONS,
    CALLERS,
    KEYS,
    RESOURCES,
    VALUES,
    few,
    many,
    policies_of,
)
from xacct_helpers.policy import (
    Answer,
    Asker,
    NamedPolicy,
    Principal,
    Target,
    asked,
    derived_context,
    evaluate,
    parse,
    who_can,
)

contexts = st.dictionaries(
    st.sampled_from((*KEYS, "aws:FederatedProvider")),
    st.sampled_from((*VALUES, "accounts.google.com")) | few.map(tuple),
    max_size=3,
)
askers = st.builds(
    lambda caller, given, identity, boundary, session, scps: Asker(
        principal=caller,
        context=derived_context(caller) | given,
        identity=identity,
        boundary=boundary,
        session=session,
        scps=scps,
    ),
    st.sampled_from(CALLERS),
    contexts,
    many("identity"),
    st.none() | many("boundary"),
    st.none() | many("session"),
    st.just(()) | st.lists(many("scp"), max_size=2).map(tuple),
)
targets = st.builds(
    Target,
    arn=st.sampled_from(RESOURCES),
    account=st.sampled_from((*ACCOUNTS, "")),
    policy=st.none() | policies_of("resource", named=True),
    registry=st.none() | policies_of("resource", named=True),
    rcps=st.just(()) | st.lists(many("rcp", named=True), max_size=2).map(tuple),
    context=contexts,
)


def one_by_one(
    action: str, askers: list[Asker], targets: list[Target]
) -> tuple[tuple[Answer, ...], ...]:
    return tuple(tuple(answer(action, one, target) for target in targets) for one in askers)


def answer(action: str, asker: Asker, target: Target) -> Answer:
    decision = evaluate(*asked(action, asker, target))
    return Answer(
        verdict=decision.verdict,
        caller_agrees=decision.caller_agrees,
        resource_agrees=decision.resource_agrees,
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from((*ACTIONS, "sts:AssumeRoleWithWebIdentity")),
    st.lists(askers, max_size=4),
    st.lists(targets, max_size=4),
)
def test_every_pair_is_as_evaluate_says(
    action: str, some: list[Asker], things: list[Target]
) -> None:
    assert who_can(action, some, things) == one_by_one(action, some, things)


def test_every_row_of_the_tables_is_as_evaluate_says() -> None:
    """Each action of the tables, with the callers and the resources of all its rows crossed."""
    by_action: dict[str, list[tuple[Asker, Target]]] = {}
    for case in load(TABLES):
        if "expect" not in case.given:
            continue
        request, policies = request_of(case)
        pair = (
            Asker(
                principal=request.principal,
                context=request.context,
                identity=policies.identity,
                boundary=policies.boundary,
                session=policies.session,
                scps=policies.scps,
            ),
            Target(
                arn=request.resource,
                account=request.resource_account,
                policy=policies.resource,
                rcps=policies.rcps,
            ),
        )
        by_action.setdefault(request.action, []).append(pair)
    seen: Counter[str] = Counter()
    for action, pairs in by_action.items():
        some, things = [one for one, _ in pairs], [one for _, one in pairs]
        found = who_can(action, some, things)
        assert found == one_by_one(action, some, things)
        seen.update(one.verdict for row in found for one in row)
    assert set(seen) == {"allowed", "implicitDeny", "explicitDeny"}


def accounts(size: int) -> tuple[list[Asker], list[Target]]:
    """size roles of account B and size roles of A: each role of A trusts six of B's, which may
    assume six of A's; a few administrators of B, and a few roles that trust the whole account."""
    a, b = ACCOUNTS
    some, things = [], []
    for at in range(size):
        role = f"arn:aws:iam::{b}:role/caller-{at}"
        wanted = [f"arn:aws:iam::{a}:role/target-{(at + step) % size}" for step in range(6)]
        allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": wanted}
        if at % 50 == 0:
            allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        read = {"Effect": "Allow", "Action": ["ecr:Get*", "ecr:Batch*"], "Resource": "*"}
        caller = Principal(
            kind="role-session",
            arn=f"arn:aws:sts::{b}:assumed-role/caller-{at}/s",
            account=b,
            role_arn=role,
        )
        some.append(
            Asker(
                principal=caller,
                context=derived_context(caller),
                identity=(named([read, allow]),),
            )
        )
        trusted = [f"arn:aws:iam::{b}:role/caller-{(at - step) % size}" for step in range(6)]
        trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
        if at % 50 == 0:
            trust["Principal"] = {"AWS": b}
        things.append(
            Target(arn=f"arn:aws:iam::{a}:role/target-{at}", account=a, policy=named([trust]))
        )
    return some, things


def named(statements: list[dict[str, object]]) -> NamedPolicy:
    return NamedPolicy(name="p", document=parse({"Version": "2012-10-17", "Statement": statements}))


def test_a_map_costs_a_tenth_of_its_decisions_or_less() -> None:
    some, things = accounts(100)
    who_can("sts:AssumeRole", some, things)
    began = time.process_time()
    found = who_can("sts:AssumeRole", some, things)
    ours = time.process_time() - began
    began = time.process_time()
    expected = one_by_one("sts:AssumeRole", some, things)
    assert found == expected
    agreeing = sum(one.verdict == "allowed" for row in found for one in row)
    assert 0.02 < agreeing / 10_000 < 0.1
    assert ours * 10 <= time.process_time() - began
