"""Ids from names, and nothing that depends on the lesson's names.

The property test builds the lesson's accounts under names, account ids and a seed of its own, in
an order of its own where steps do not need each other, makes the lesson's calls, and sees the same
verdicts and the same words, with the names put back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.sandbox.images import Image, digest_of, push
from tests.sandboxes import A, Answer, B, C, Forked, Keys, Sandbox, allow, grant, trust

IMAGE = Image(b"layer of one")


@dataclass(frozen=True)
class Names:
    """What a lab may call things. Accounts: the owner's, the caller's, the stranger's."""

    owner: str = A
    caller: str = B
    stranger: str = C
    target: str = "account-a-role-name"
    worker: str = "some-role-name"
    user: str = "ann"
    repository: str = "my-app"
    session: str = "account-b"
    tag: str = "v1"
    policy: str = "pull"

    @property
    def target_arn(self) -> str:
        return f"arn:aws:iam::{self.owner}:role/{self.target}"

    @property
    def worker_arn(self) -> str:
        return f"arn:aws:iam::{self.caller}:role/{self.worker}"

    @property
    def repository_arn(self) -> str:
        return f"arn:aws:ecr:us-east-1:{self.owner}:repository/{self.repository}"


LESSON = Names()
Step = Callable[[Sandbox, Names], Any]


def make_worker(sandbox: Sandbox, n: Names) -> None:
    sandbox.role(n.caller, n.worker, trust(n.caller))


def let_worker_assume(sandbox: Sandbox, n: Names) -> None:
    sandbox.put(n.caller, "role", n.worker, allow("sts:AssumeRole", n.target_arn), n.policy)


def make_user(sandbox: Sandbox, n: Names) -> None:
    sandbox.do(n.caller, "iam:CreateUser", UserName=n.user)


def make_repository(sandbox: Sandbox, n: Names) -> None:
    sandbox.do(n.owner, "ecr:CreateRepository", repositoryName=n.repository)


def push_image(sandbox: Sandbox, n: Names) -> None:
    push(sandbox, n.owner, IMAGE, n.tag, repositoryName=n.repository)


def make_target(sandbox: Sandbox, n: Names) -> None:
    sandbox.role(n.owner, n.target, trust(n.worker_arn))


def let_target_pull(sandbox: Sandbox, n: Names) -> None:
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages"]
    sandbox.put(n.owner, "role", n.target, allow(actions, n.repository_arn), n.policy)
    sandbox.put(n.owner, "role", n.target, allow("ecr:GetAuthorizationToken"), "token")


# Each step with those it needs.
STEPS: dict[Step, tuple[Step, ...]] = {
    make_worker: (),
    let_worker_assume: (make_worker,),
    make_user: (),
    make_repository: (),
    push_image: (make_repository,),
    make_target: (make_worker,),
    let_target_pull: (make_target,),
}


def ordered(weights: list[int]) -> Iterator[Step]:
    """The steps by their weights, each after those it needs."""
    rank = dict(zip(STEPS, weights, strict=True))
    done: set[Step] = set()
    while len(done) < len(STEPS):
        ready = [s for s in STEPS if s not in done and done.issuperset(STEPS[s])]
        step = min(ready, key=lambda one: rank[one])
        done.add(step)
        yield step


def story(sandbox: Sandbox, n: Names) -> Iterator[Answer]:
    """The lesson's calls, good and refused, each with its answer."""

    def assume(keys: Keys | str, role: str) -> Answer:
        return sandbox.call(keys, "sts:AssumeRole", RoleArn=role, RoleSessionName=n.session)

    def keys_of(answer: Answer) -> Keys:
        return Keys.of(answer.value["Credentials"])

    named = {"repositoryName": n.repository, "registryId": n.owner}
    pull = {**named, "imageIds": [{"imageTag": n.tag}]}
    ann = Keys.of(sandbox.do(n.caller, "iam:CreateAccessKey", UserName=n.user)["AccessKey"])
    yield assume(ann, n.worker_arn)
    yield assume(n.stranger, n.target_arn)
    yield assume(n.caller, n.target_arn)  # the trust names the worker, not the account
    yield sandbox.call(n.caller, "ecr:DescribeImages", **named)
    entered = assume(n.caller, n.worker_arn)
    yield entered
    worker = keys_of(entered)
    yield sandbox.call(worker, "ecr:BatchGetImage", **pull)
    yield sandbox.call(worker, "iam:ListRoles")
    crossed = assume(worker, n.target_arn)
    yield crossed
    target = keys_of(crossed)
    yield sandbox.call(target, "sts:GetCallerIdentity")
    yield sandbox.call(target, "ecr:DescribeImages", **named)
    yield sandbox.call(target, "ecr:BatchGetImage", **pull)
    yield sandbox.call(target, "ecr:ListImages", **named)
    yield sandbox.call(target, "ecr:DescribeImages", **{**named, "repositoryName": "other"})
    yield sandbox.call(
        worker,
        "sts:AssumeRole",
        RoleArn=n.target_arn,
        RoleSessionName=n.session,
        DurationSeconds=7200,
    )
    sandbox.do(
        n.owner,
        "ecr:SetRepositoryPolicy",
        repositoryName=n.repository,
        policyText=grant(n.worker_arn, "ecr:BatchGetImage"),
    )
    yield sandbox.call(worker, "ecr:BatchGetImage", **pull)
    sandbox.do(n.caller, "iam:DeleteRolePolicy", RoleName=n.worker, PolicyName=n.policy)
    yield assume(worker, n.target_arn)
    sandbox.do(n.caller, "iam:DeleteRole", RoleName=n.worker)
    yield sandbox.call(worker, "sts:GetCallerIdentity")
    make_worker(sandbox, n)
    let_worker_assume(sandbox, n)
    again = keys_of(assume(n.caller, n.worker_arn))
    yield assume(again, n.target_arn)
    dangling = sandbox.do(n.owner, "iam:GetRole", RoleName=n.target)["Role"]
    [one] = dangling["AssumeRolePolicyDocument"]["Statement"]
    yield sandbox.call(
        n.owner,
        "iam:UpdateAssumeRolePolicy",
        RoleName=n.target,
        PolicyDocument=trust(one["Principal"]["AWS"]),
    )
    yield sandbox.call(
        n.owner, "iam:UpdateAssumeRolePolicy", RoleName=n.target, PolicyDocument=trust(n.worker_arn)
    )
    yield assume(again, n.target_arn)


def told(sandbox: Sandbox, n: Names, order: list[int]) -> list[Any]:
    """What the story tells, in the lesson's names: verdicts, words, explanations, answers."""
    for step in ordered(order):
        step(sandbox, n)
    found = []
    for answer in story(sandbox, n):
        entry = sandbox.decision(answer.request_id) if answer.request_id else None
        sentences = [one["sentences"] for one in entry["asked"]] if entry else []
        shown = {k: v for k, v in answer.value.items() if k != "ResponseMetadata"}
        found.append([answer.code, answer.status, answer.message, sentences, repr(shown)])
    return [_plain(one, n) for one in found]


def _plain(value: Any, n: Names) -> Any:
    """The value with the names put back and what is drawn by chance or time left out."""
    if isinstance(value, list):
        return [_plain(one, n) for one in value]
    if not isinstance(value, str):
        return value
    pairs = {getattr(n, name): getattr(LESSON, name) for name in Names.__dataclass_fields__}
    names = sorted(pairs, key=len, reverse=True)
    pattern = "|".join(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9-])" for one in names)
    value = re.sub(pattern, lambda found: pairs[found[0]], value)
    value = re.sub(r"\b(AROA|AIDA|ASIA|AKIA)[A-Z2-7]{16,17}", r"\1", value)
    value = re.sub(r"datetime\.datetime\([^)]*\)\)|tzlocal\(\)|tzutc\(\)", "", value)
    return re.sub(r"'(SecretAccessKey|SessionToken)': '[^']*'", r"'\1'", value)


LETTERS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=6, max_size=12)


@st.composite
def labs(draw: st.DrawFn) -> tuple[Names, str, list[int]]:
    accounts = draw(
        st.lists(st.from_regex(r"[0-9]{12}", fullmatch=True), min_size=3, max_size=3, unique=True)
    )
    words = draw(
        st.lists(LETTERS.map(lambda text: "n" + text), min_size=7, max_size=7, unique=True)
    )
    seed = draw(st.text("abcdefghij", min_size=1, max_size=8))
    order = draw(st.permutations(range(len(STEPS))))
    return Names(*accounts, *words), seed, list(order)


@pytest.fixture(scope="module")
def as_in_the_lesson(running_sandbox: Sandbox) -> list[Any]:
    running_sandbox.reset()
    return told(running_sandbox, LESSON, list(range(len(STEPS))))


def test_the_story_is_worth_telling(as_in_the_lesson: list[Any]) -> None:
    codes = [one[0] for one in as_in_the_lesson]
    assert codes.count("") >= 7
    assert {
        "AccessDenied",
        "AccessDeniedException",
        "ValidationError",
        "MalformedPolicyDocument",
        "InvalidClientTokenId",
    } <= set(codes)


@settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a try takes seconds: none to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lab=labs())
@pytest.mark.slow
def test_nothing_depends_on_names_or_order(
    as_in_the_lesson: list[Any], lab: tuple[Names, str, list[int]]
) -> None:
    names, seed, order = lab
    accounts = (names.owner, names.caller, names.stranger)
    with Forked("--seed", seed, accounts=accounts) as sandbox:
        for number, found in enumerate(told(sandbox, names, order)):
            assert found == as_in_the_lesson[number]


# -- ids -------------------------------------------------------------------------------------


def ids(sandbox: Sandbox, names: list[str]) -> dict[str, str]:
    found = {}
    for name in names:
        found[f"role {name}"] = sandbox.role(A, name, trust(A))["RoleId"]
        found[f"user {name}"] = sandbox.do(A, "iam:CreateUser", UserName=name)["User"]["UserId"]
        key = sandbox.do(A, "iam:CreateAccessKey", UserName=name)["AccessKey"]
        found[f"key {name}"] = key["AccessKeyId"]
        made = sandbox.do(A, "iam:CreatePolicy", PolicyName=name, PolicyDocument=allow("*"))
        found[f"policy {name}"] = made["Policy"]["PolicyId"]
        made = sandbox.do(A, "iam:CreateGroup", GroupName=name)
        found[f"group {name}"] = made["Group"]["GroupId"]
    return found


@pytest.mark.slow
def test_the_same_names_give_the_same_ids_in_any_order(sandbox: Sandbox) -> None:
    first = ids(sandbox, ["one", "two"])
    assert len(set(first.values())) == len(first)
    with Sandbox(accounts=(B, A)) as other:
        other.role(A, "something-else", trust(A))
        assert ids(other, ["two", "one"]) == first
        assert {k.access_key_id for k in other.admins.values()} <= {
            k.access_key_id for k in sandbox.admins.values()
        }
        # but secrets are drawn afresh
        assert other.admins[A].secret != sandbox.admins[A].secret
    with Sandbox("--seed", "another") as third:
        assert not set(ids(third, ["one", "two"]).values()) & set(first.values())


def test_accounts_have_ids_of_their_own(sandbox: Sandbox) -> None:
    assert sandbox.role(A, "one", trust(A))["RoleId"] != sandbox.role(B, "one", trust(B))["RoleId"]


def test_what_is_made_again_has_another_id(sandbox: Sandbox) -> None:
    seen = set()
    for _ in range(4):
        seen.add(sandbox.role(A, "one", trust(A))["RoleId"])
        sandbox.do(A, "iam:DeleteRole", RoleName="one")
    assert len(seen) == 4
    # a refused creation uses no id up
    sandbox.reset()
    fifth = sandbox.role(A, "one", trust(A))["RoleId"]
    sandbox.call(A, "iam:CreateRole", RoleName="one", AssumeRolePolicyDocument=trust(A))
    sandbox.do(A, "iam:DeleteRole", RoleName="one")
    after = sandbox.role(A, "one", trust(A))["RoleId"]
    assert fifth in seen
    assert after in seen


def test_digests_are_of_the_bytes(sandbox: Sandbox) -> None:
    make_repository(sandbox, LESSON)
    put = push(sandbox, A, IMAGE, repositoryName=LESSON.repository)
    assert put["imageId"]["imageDigest"] == digest_of(IMAGE.manifest.encode())
