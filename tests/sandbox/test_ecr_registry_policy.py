"""ECR's registry policy: what it opens, what it closes, and what is no such policy.

Sources: ECR User Guide, private registry permissions (scope V2: every ECR action, on every ECR
request) and its examples (read 2026-11-25); pulumi/pulumi-aws#2326 and aws/containers-roadmap#2675.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.images import Image, push
from tests.sandbox.registries import Client, error_of
from tests.sandboxes import A, B, C, Forked, Sandbox, allow, grant, policy, statement

NAMED = {"repositoryName": "my-app"}
OF_A = {**NAMED, "registryId": A}
EVERY = f"arn:aws:ecr:us-east-1:{A}:repository/*"
ARN = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
IMAGE = Image(b"layer of one")


def about(
    principal: Any, action: Any = PULL, resource: Any = EVERY, effect: str = "Allow", **more: Any
) -> str:
    """A registry policy of one statement."""
    return grant(principal, action, effect, Resource=resource, **more)


@pytest.fixture
def repository(sandbox: Sandbox) -> Sandbox:
    """The sandbox with an image in my-app of account A."""
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    push(sandbox, A, IMAGE, **NAMED)
    return sandbox


def set_policy(sandbox: Sandbox, text: str, account: str = A) -> None:
    sandbox.do(account, "ecr:PutRegistryPolicy", policyText=text)


# -- put, get, delete ------------------------------------------------------------------------


def test_put_get_delete(sandbox: Sandbox) -> None:
    missing = (
        "RegistryPolicyNotFoundException",
        400,
        f"Registry policy does not exist in the registry with id '{A}'",
    )
    assert sandbox.call(A, "ecr:GetRegistryPolicy").error == missing
    assert sandbox.call(A, "ecr:DeleteRegistryPolicy").error == missing
    put = sandbox.do(A, "ecr:PutRegistryPolicy", policyText=about(B))
    assert put["registryId"] == A
    got = sandbox.do(A, "ecr:GetRegistryPolicy")
    assert got == put
    named = json.loads(got["policyText"])["Statement"][0]["Principal"]["AWS"]
    assert named == f"arn:aws:iam::{B}:root", "an account shows as its root"
    elsewhere = sandbox.call(A, "ecr:GetRegistryPolicy", region="eu-west-1")
    assert elsewhere.code == "RegistryPolicyNotFoundException", "a registry for each region"
    assert sandbox.call(B, "ecr:GetRegistryPolicy").code == "RegistryPolicyNotFoundException"
    assert sandbox.do(A, "ecr:DeleteRegistryPolicy") == got
    assert sandbox.call(A, "ecr:GetRegistryPolicy").error == missing


BAD = {
    "no JSON": "{",
    "no principal": allow("ecr:BatchGetImage", EVERY),
    "no resource": grant(B, "ecr:BatchGetImage"),
    "no action": policy(statement("Allow", None, EVERY, Principal={"AWS": B})),
    "an account that is not": about("999999999999"),
    "a role that is not": about(f"arn:aws:iam::{B}:role/nobody"),
    "an action without a service": about(B, "BatchGetImage"),
    "an operator that is not": about(B, Condition={"StringLikes": {"aws:PrincipalArn": "*"}}),
    "one Sid twice": policy(
        *(statement("Allow", PULL, EVERY, Principal={"AWS": B}, Sid="one") for _ in "ab")
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_one_text_for_every_fault(sandbox: Sandbox, name: str) -> None:
    assert sandbox.call(A, "ecr:PutRegistryPolicy", policyText=BAD[name]).error == (
        "InvalidParameterException",
        400,
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
        "'Invalid registry policy provided'",
    )


def test_an_arn_without_its_service_is_taken_and_fits_nothing(repository: Sandbox) -> None:
    """As in aws/containers-roadmap#2675."""
    set_policy(repository, about(B, resource=f"arn:aws:us-east-1:{A}:repository/*"))
    answer = repository.call(B, "ecr:BatchGetImage", **OF_A, imageIds=[{"imageTag": "v1"}])
    assert answer.code == "AccessDeniedException"


# -- what it decides -------------------------------------------------------------------------


def look(sandbox: Sandbox, account: str, **named: Any) -> str:
    """The code of a BatchGetImage on A's repository by an account's administrator; "" when good."""
    params = {**OF_A, **named}
    return sandbox.call(account, "ecr:BatchGetImage", **params, imageIds=[{"imageTag": "v1"}]).code


DENIED = "AccessDeniedException"
ONE = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
# name: registry policy, repository policy, and who may look at my-app.
RULES: dict[str, tuple[str | None, str | None, str]] = {
    "neither": (None, None, "A"),
    "the registry policy opens every repository": (about(B), None, "A B"),
    "it opens one repository": (about(B, resource=ONE), None, "A B"),
    "it opens another repository": (about(B, resource=f"{ONE}-2"), None, "A"),
    "it opens another action": (about(B, "ecr:ListImages"), None, "A"),
    "the repository policy opens": (None, grant(C), "A C"),
    "each opens to another": (about(B), grant(C), "A B C"),
    "the registry policy closes what the repository policy opens": (
        about(C, effect="Deny"),
        grant(C),
        "A",
    ),
    "the repository policy closes what the registry policy opens": (
        about(B),
        grant(B, effect="Deny"),
        "A",
    ),
    "the registry policy closes it to the owner": (about("*", effect="Deny"), None, ""),
    "a condition": (
        about("*", Condition={"StringEquals": {"aws:PrincipalAccount": B}}),
        None,
        "A B",
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_the_registry_policy_is_read_with_the_repositorys(repository: Sandbox, name: str) -> None:
    wide, narrow, wanted = RULES[name]
    if wide:
        set_policy(repository, wide)
    if narrow:
        repository.do(A, "ecr:SetRepositoryPolicy", **NAMED, policyText=narrow)
    accounts = {"A": A, "B": B, "C": C}
    found = [letter for letter, account in accounts.items() if not look(repository, account)]
    assert " ".join(found) == wanted


def test_the_words_and_the_explanation(repository: Sandbox) -> None:
    set_policy(repository, about(C, effect="Deny"))
    repository.do(A, "ecr:SetRepositoryPolicy", **NAMED, policyText=grant(C))
    answer = repository.call(C, "ecr:BatchGetImage", **OF_A, imageIds=[{"imageTag": "v1"}])
    assert answer.message == (
        f"User: arn:aws:iam::{C}:user/admin is not authorized to perform: ecr:BatchGetImage on "
        f"resource: {ARN} with an explicit deny in a resource-based policy"
    )
    [asked] = repository.decision(answer.request_id)["asked"]
    [suggestion] = [one for one in asked["suggestions"] if one["change"] == "remove"]
    assert suggestion["policy"] == f"registry policy of account {A} in us-east-1"


def test_a_pull_by_the_registry_policy_ends_with_it(repository: Sandbox) -> None:
    """Under /v2/, with a token that lives on."""
    client = Client.of(repository, B)
    assert error_of(client.send("GET", "my-app/manifests/v1"))[:2] == (403, "DENIED")
    set_policy(repository, about(B))
    assert client.send("GET", "my-app/manifests/v1").status == 200
    repository.do(A, "ecr:DeleteRegistryPolicy")
    assert error_of(client.send("GET", "my-app/manifests/v1"))[:2] == (403, "DENIED")


def test_the_map_has_what_it_opens(repository: Sandbox) -> None:
    """The access map asks the same question as a pull."""
    pull = {"source": f"arn:aws:iam::{B}:user/admin", "target": ARN, "relation": "can-pull"}

    def edges() -> list[bool]:
        found = repository.control("GET", "map").json["edges"]
        return [
            one["resource_agrees"]
            for one in found
            if {key: one[key] for key in pull} == pull and one["verdict"] == "allowed"
        ]

    assert edges() == []
    set_policy(repository, about(B))
    assert edges() == [True]
    repository.do(A, "ecr:DeleteRegistryPolicy")
    assert edges() == []


def test_a_repository_made_for_another_account(sandbox: Sandbox) -> None:
    """ecr:CreateRepository is asked on the repository that is to be; registryId is its registry."""
    assert sandbox.call(B, "ecr:CreateRepository", **OF_A).code == DENIED
    set_policy(sandbox, about(B, "ecr:CreateRepository", f"{EVERY[:-1]}my-*"))
    assert (
        sandbox.call(B, "ecr:CreateRepository", repositoryName="other", registryId=A).code == DENIED
    )
    made = sandbox.do(B, "ecr:CreateRepository", **OF_A)["repository"]
    assert (made["registryId"], made["repositoryArn"]) == (A, ARN)
    assert sandbox.do(A, "ecr:DescribeRepositories")["repositories"][0]["repositoryName"] == (
        "my-app"
    )
    assert sandbox.do(B, "ecr:DescribeRepositories")["repositories"] == []


def test_a_token_is_asked_for_by_identity_policies_alone(sandbox: Sandbox) -> None:
    nobody = sandbox.user(A, "nobody")
    set_policy(sandbox, about(f"arn:aws:iam::{A}:user/nobody", "ecr:*", "*"))
    assert sandbox.call(nobody, "ecr:GetAuthorizationToken").code == DENIED
    assert sandbox.call(nobody, "ecr:DescribeRegistry").ok


def test_the_calls_need_their_permission(sandbox: Sandbox) -> None:
    nobody = sandbox.user(A, "nobody")
    for operation, params in (
        ("GetRegistryPolicy", {}),
        ("DeleteRegistryPolicy", {}),
        ("PutRegistryPolicy", {"policyText": about(B)}),
    ):
        answer = sandbox.call(nobody, f"ecr:{operation}", **params)
        assert answer.message == (
            f"User: arn:aws:iam::{A}:user/nobody is not authorized to perform: ecr:{operation} on "
            f"resource: * because no identity-based policy allows the ecr:{operation} action"
        )


def test_a_principal_made_again_is_not_the_one_that_was_named(repository: Sandbox) -> None:
    ann = repository.user(B, "ann", allow("ecr:*"))
    arn = f"arn:aws:iam::{B}:user/ann"
    set_policy(repository, about(arn))
    params = {**OF_A, "imageIds": [{"imageTag": "v1"}]}
    assert repository.call(ann, "ecr:BatchGetImage", **params).ok
    repository.do(B, "iam:DeleteAccessKey", UserName="ann", AccessKeyId=ann.access_key_id)
    repository.do(B, "iam:DeleteUserPolicy", UserName="ann", PolicyName="p0")
    repository.do(B, "iam:DeleteUser", UserName="ann")
    again = repository.user(B, "ann", allow("ecr:*"))
    assert repository.call(again, "ecr:BatchGetImage", **params).code == DENIED
    text = repository.do(A, "ecr:GetRegistryPolicy")["policyText"]
    assert json.loads(text)["Statement"][0]["Principal"]["AWS"].startswith("AIDA")


@pytest.mark.slow
def test_kill_9_forgets_nothing(tmp_path: Path) -> None:
    def sandboxes() -> Iterator[Sandbox]:
        for _ in range(2):
            with Forked("--state", str(tmp_path)) as sandbox:
                yield sandbox
                sandbox.kill()

    first, second = sandboxes(), None
    sandbox = next(first)
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    push(sandbox, A, IMAGE, **NAMED)
    set_policy(sandbox, about(B))
    got, before = sandbox.do(A, "ecr:GetRegistryPolicy"), sandbox.fingerprint()
    second = next(first)
    assert second.fingerprint() == before
    assert second.do(A, "ecr:GetRegistryPolicy") == got
    assert look(second, B) == ""
    second.do(A, "ecr:DeleteRegistryPolicy")
    assert second.fingerprint() != before
    first.close()
