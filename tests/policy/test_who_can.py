"""One question for many pairs gives the answers that evaluate gives, pair by pair; and fast."""

from collections import Counter
from dataclasses import replace

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
from tests.soak import scaled
from xacct_helpers.policy import (
    Answer,
    NamedPolicy,
    Principal,
    Requester,
    Target,
    build_request,
    derived_context,
    evaluate,
    parse,
    who_can,
)

# A fifth of them in `make fast`, whose profile draws the fewest; ten times as many in `make soak`.
PAIRS = 60 if settings.default.max_examples <= 20 else scaled(300)

contexts = st.dictionaries(
    st.sampled_from((*KEYS, "aws:FederatedProvider")),
    st.sampled_from((*VALUES, "accounts.google.com")) | few.map(tuple),
    max_size=3,
)
requesters = st.builds(
    lambda caller, given, identity, boundary, session, scps: Requester(
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
    action: str, requesters: list[Requester], targets: list[Target]
) -> tuple[tuple[Answer, ...], ...]:
    return tuple(tuple(answer(action, one, target) for target in targets) for one in requesters)


def answer(action: str, requester: Requester, target: Target) -> Answer:
    decision = evaluate(*build_request(action, requester, target))
    return Answer(
        verdict=decision.verdict,
        caller_agrees=decision.caller_agrees,
        resource_agrees=decision.resource_agrees,
    )


@settings(max_examples=PAIRS)
@given(
    st.sampled_from((*ACTIONS, "sts:AssumeRoleWithWebIdentity")),
    st.lists(requesters, max_size=4),
    st.lists(targets, max_size=4),
)
def test_every_pair_is_as_evaluate_says(
    action: str, some: list[Requester], things: list[Target]
) -> None:
    assert who_can(action, some, things) == one_by_one(action, some, things)


def test_every_row_of_the_tables_is_as_evaluate_says() -> None:
    """Each action of the tables, with the callers and the resources of all its rows crossed."""
    by_action: dict[str, list[tuple[Requester, Target]]] = {}
    for case in load(TABLES):
        if "expect" not in case.given:
            continue
        request, policies = request_of(case)
        pair = (
            Requester(
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


def accounts(size: int) -> tuple[list[Requester], list[Target]]:
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
            Requester(
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


def test_a_map_of_a_hundred_by_a_hundred_is_what_one_by_one_gives() -> None:
    some, things = accounts(100)
    found = who_can("sts:AssumeRole", some, things)
    assert found == one_by_one("sts:AssumeRole", some, things)
    agreeing = sum(one.verdict == "allowed" for row in found for one in row)
    assert 0.02 < agreeing / 10_000 < 0.1


def test_one_document_as_two_kinds_of_policy() -> None:
    """A trust policy needs no Resource; as an RCP the same text allows nothing."""
    trust = named([{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}])
    some, things = accounts(4)
    targets = [replace(one, policy=trust, rcps=((trust,),)) for one in things]
    found = who_can("sts:AssumeRole", some, targets)
    assert found == one_by_one("sts:AssumeRole", some, targets)
    assert {one.verdict for row in found for one in row} == {"implicitDeny"}


def test_one_document_without_a_principal_as_two_kinds_of_policy() -> None:
    """As a repository policy it names nobody; as an RCP it speaks of everybody."""
    everything = named([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    (one,), _ = accounts(1)
    requester = replace(one, identity=(everything,), scps=())
    target = Target(
        arn=f"arn:aws:ecr:us-east-1:{ACCOUNTS[1]}:repository/my-app",
        account=ACCOUNTS[1],
        policy=everything,
        rcps=((everything,),),
    )
    found = who_can("ecr:BatchGetImage", [requester], [target])
    assert found == one_by_one("ecr:BatchGetImage", [requester], [target])
    assert found[0][0].verdict == "allowed"


def test_the_same_statement_for_two_providers() -> None:
    trust = {"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}}
    policy = named([{**trust, "Action": "sts:AssumeRoleWithWebIdentity"}])
    _, things = accounts(2)
    anonymous = [Requester(principal=Principal(kind="anonymous", arn="*", account=""))]
    for providers in (
        ("accounts.google.com", "www.amazon.com"),
        ("www.amazon.com", "accounts.google.com"),
    ):
        targets = [
            replace(one, policy=policy, context={"aws:FederatedProvider": provider})
            for one, provider in zip(things, providers, strict=True)
        ]
        ((first, second),) = who_can("sts:AssumeRoleWithWebIdentity", anonymous, targets)
        allowed = [one.verdict == "allowed" for one in (first, second)]
        assert allowed == [provider == "accounts.google.com" for provider in providers]


def test_one_condition_on_resources_that_differ() -> None:
    condition = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    allow = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*", "Condition": condition}
    (one,), _ = accounts(1)
    requester = replace(one, identity=(named([allow]),))
    teams = ("red", "blue", "red")
    targets = [
        Target(
            arn=f"arn:aws:ecr:us-east-1:{ACCOUNTS[1]}:repository/{at}",
            account=ACCOUNTS[1],
            context={"aws:ResourceTag/team": team},
        )
        for at, team in enumerate(teams)
    ]
    (row,) = who_can("ecr:BatchGetImage", [requester], targets)
    assert [one.verdict == "allowed" for one in row] == [team == "red" for team in teams]
