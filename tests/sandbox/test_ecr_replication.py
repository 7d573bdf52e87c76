"""ECR's replication: where a pushed image is copied to, who does it, and who lets it in.

Sources: ECR User Guide, private image replication, and registry permissions for cross-account
replication (read 2026-11-25); DESTINATION_REGISTRY_ACCESS_DENIED from aws/containers-roadmap#2675.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.images import INDEX_TYPE, MANIFEST_TYPE, Image, push
from tests.sandboxes import A, Answer, B, Forked, Sandbox, allow, grant, policy, statement

NAMED = {"repositoryName": "my-app"}
V1 = {**NAMED, "imageId": {"imageTag": "v1"}}
IMAGE = Image(b"layer of one")
OTHER = Image(b"layer of two", b'{"two": 2}')
ROLE = (
    f"arn:aws:iam::{A}:role/aws-service-role/replication.ecr.amazonaws.com/"
    "AWSServiceRoleForECRReplication"
)
BOTH = ["ecr:CreateRepository", "ecr:ReplicateImage"]
IN_B = f"arn:aws:ecr:us-east-1:{B}:repository/*"


def rule(*places: tuple[str, str], prefixes: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "destinations": [{"region": region, "registryId": account} for region, account in places],
        **more,
    }
    if prefixes:
        found["repositoryFilters"] = [
            {"filter": one, "filterType": "PREFIX_MATCH"} for one in prefixes
        ]
    return found


def put(sandbox: Sandbox, *rules: dict[str, Any], keys: Any = A) -> Answer:
    return sandbox.call(
        keys, "ecr:PutReplicationConfiguration", replicationConfiguration={"rules": list(rules)}
    )


@pytest.fixture
def repository(sandbox: Sandbox) -> Sandbox:
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    return sandbox


def open_b(sandbox: Sandbox, actions: Any = BOTH, **more: Any) -> None:
    text = grant(A, actions, Resource=IN_B, **more)
    sandbox.do(B, "ecr:PutRegistryPolicy", policyText=text)


def status(sandbox: Sandbox) -> list[dict[str, Any]]:
    found = sandbox.do(A, "ecr:DescribeImageReplicationStatus", **V1)
    return list(found["replicationStatuses"])


def tags(sandbox: Sandbox, account: str, region: str = "us-east-1") -> list[str]:
    """digest:tag of each image of my-app there."""
    answer = sandbox.call(account, "ecr:ListImages", region=region, **NAMED)
    return sorted(one.get("imageTag", "-") for one in answer.value.get("imageIds", ()))


# -- the configuration -----------------------------------------------------------------------


def test_the_configuration_is_kept(sandbox: Sandbox) -> None:
    empty = {"registryId": A, "replicationConfiguration": {"rules": []}}
    assert sandbox.do(A, "ecr:DescribeRegistry") == empty
    one = rule(("eu-west-1", A), ("us-east-1", B), prefixes=("my-",))
    assert put(sandbox, one).value["replicationConfiguration"] == {"rules": [one]}
    assert sandbox.do(A, "ecr:DescribeRegistry")["replicationConfiguration"] == {"rules": [one]}
    assert sandbox.do(A, "ecr:DescribeRegistry", region="eu-west-1") == empty
    assert put(sandbox).ok
    assert sandbox.do(A, "ecr:DescribeRegistry") == empty


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (
            rule(("us-east-1", A)),
            "Replication destination cannot be the same as the source registry",
        ),
        (
            rule(("us-east-1", "999999999999")),
            "this lab has no account 999999999999, so there is no registry to copy to",
        ),
        (rule(("xx-nowhere-1", B)), "there is no region xx-nowhere-1"),
        (
            rule(("us-east-1", B), deleteReplication={"enabled": True}),
            "this sandbox does not replicate deletions",
        ),
    ],
    ids=["to itself", "to an account that is not", "to a region that is not", "of deletions"],
)
def test_what_is_no_configuration(sandbox: Sandbox, one: dict[str, Any], told: str) -> None:
    assert put(sandbox, one).error == (
        "InvalidParameterException",
        400,
        f"Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: '{told}'",
    )
    assert sandbox.do(A, "ecr:DescribeRegistry")["replicationConfiguration"] == {"rules": []}


def test_the_first_rule_makes_the_service_linked_role(sandbox: Sandbox) -> None:
    """... and asks for the permission to make it."""
    ann = sandbox.user(A, "ann", allow("ecr:PutReplicationConfiguration"))
    assert put(sandbox, keys=ann).ok, "no rule, no role"
    answer = put(sandbox, rule(("eu-west-1", A)), keys=ann)
    assert answer.error == (
        "AccessDeniedException",
        400,
        f"User: arn:aws:iam::{A}:user/ann is not authorized to perform: "
        f"iam:CreateServiceLinkedRole on resource: {ROLE} because no identity-based policy allows "
        "the iam:CreateServiceLinkedRole action",
    )
    only = {"StringEquals": {"iam:AWSServiceName": "replication.ecr.amazonaws.com"}}
    sandbox.put(
        A, "user", "ann", allow("iam:CreateServiceLinkedRole", ROLE, Condition=only), "make"
    )
    assert put(sandbox, rule(("eu-west-1", A)), keys=ann).ok
    name = "AWSServiceRoleForECRReplication"
    assert sandbox.do(A, "iam:GetRole", RoleName=name)["Role"]["Arn"] == ROLE
    sandbox.do(A, "iam:DeleteUserPolicy", UserName="ann", PolicyName="make")
    assert put(sandbox, rule(("eu-west-2", A)), keys=ann).ok, "the role is there now"


# -- copies ----------------------------------------------------------------------------------


def test_to_another_region(repository: Sandbox) -> None:
    """One's own registry needs no policy; the repository is made there."""
    put(repository, rule(("eu-west-1", A)))
    push(repository, A, IMAGE, **NAMED)
    assert status(repository) == [{"region": "eu-west-1", "registryId": A, "status": "COMPLETE"}]
    [copy] = repository.do(A, "ecr:DescribeImages", region="eu-west-1", **NAMED)["imageDetails"]
    assert (copy["imageDigest"], copy["imageTags"]) == (IMAGE.digest, ["v1"])
    layer = json.loads(IMAGE.manifest)["layers"][0]["digest"]
    url = repository.do(
        A, "ecr:GetDownloadUrlForLayer", region="eu-west-1", **NAMED, layerDigest=layer
    )["downloadUrl"]
    assert repository.http("GET", url.removeprefix(repository.endpoint)).body == IMAGE.layer


def failed(code: str = "DESTINATION_REGISTRY_ACCESS_DENIED") -> list[dict[str, Any]]:
    return [{"region": "us-east-1", "registryId": B, "status": "FAILED", "failureCode": code}]


COMPLETE = [{"region": "us-east-1", "registryId": B, "status": "COMPLETE"}]
CONDITION = {"StringEquals": {"aws:SourceAccount": A}}
# name: B's registry policy (None: none), whether B has the repository already, what comes of it.
ACROSS: dict[str, tuple[str | None, bool, bool]] = {
    "no registry policy": (None, False, False),
    "no registry policy, repository there": (None, True, False),
    "both actions": (grant(A, BOTH, Resource=IN_B), False, True),
    "no CreateRepository": (grant(A, "ecr:ReplicateImage", Resource=IN_B), False, False),
    "no CreateRepository, repository there": (
        grant(A, "ecr:ReplicateImage", Resource=IN_B),
        True,
        True,
    ),
    "no ReplicateImage": (grant(A, "ecr:CreateRepository", Resource=IN_B), False, False),
    "another repository": (grant(A, BOTH, Resource=IN_B[:-1] + "prod-*"), False, False),
    "an ARN without its service": (
        grant(A, BOTH, Resource=f"arn:aws:us-east-1:{B}:repository/*"),
        False,
        False,
    ),
    "aws:SourceAccount, which a role does not bring": (
        grant(A, BOTH, Resource=IN_B, Condition=CONDITION),
        False,
        False,
    ),
    "an explicit deny": (
        policy(
            statement("Allow", BOTH, IN_B, Principal={"AWS": A}),
            statement("Deny", "ecr:ReplicateImage", IN_B, Principal="*"),
        ),
        False,
        False,
    ),
}


@pytest.mark.parametrize("name", ACROSS)
def test_to_another_account(repository: Sandbox, name: str) -> None:
    text, there, good = ACROSS[name]
    if text:
        repository.do(B, "ecr:PutRegistryPolicy", policyText=text)
    if there:
        repository.do(B, "ecr:CreateRepository", **NAMED)
    assert put(repository, rule(("us-east-1", B))).ok
    push(repository, A, IMAGE, **NAMED)
    assert status(repository) == (COMPLETE if good else failed())
    assert tags(repository, B) == (["v1"] if good else [])
    assert tags(repository, A) == ["v1"], "the push itself is good"


def test_the_repository_policy_has_no_say(repository: Sandbox) -> None:
    repository.do(B, "ecr:CreateRepository", **NAMED)
    repository.do(B, "ecr:SetRepositoryPolicy", **NAMED, policyText=grant(A))
    put(repository, rule(("us-east-1", B)))
    push(repository, A, IMAGE, **NAMED)
    assert status(repository) == failed()


def test_a_failed_copy_is_in_cloudtrail(repository: Sandbox) -> None:
    repository.do(B, "ecr:CreateRepository", **NAMED)
    put(repository, rule(("us-east-1", B)))
    push(repository, A, IMAGE, **NAMED)
    [event] = [
        json.loads(one["CloudTrailEvent"])
        for one in repository.do(A, "cloudtrail:LookupEvents")["Events"]
        if one["EventName"] == "ReplicateImage"
    ]
    assert event["errorCode"] == "AccessDeniedException"
    assert event["errorMessage"].endswith(
        f"is not authorized to perform: ecr:ReplicateImage on resource: {IN_B[:-1]}my-app because "
        "no resource-based policy allows the ecr:ReplicateImage action"
    )
    by = "assumed-role/AWSServiceRoleForECRReplication/ecr-replication"
    assert event["userIdentity"]["arn"] == f"arn:aws:sts::{A}:{by}"


def test_only_what_is_pushed_after_that(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    put(repository, rule(("eu-west-1", A)))
    assert status(repository) == []
    push(repository, A, OTHER, "v2", **NAMED)
    assert tags(repository, A, "eu-west-1") == ["v2"]


def test_only_repositories_with_the_prefix(sandbox: Sandbox) -> None:
    put(sandbox, rule(("eu-west-1", A), prefixes=("prod", "my-")))
    for name, copied in (("prod/app", True), ("my-app", True), ("not-my-app", False)):
        named = {"repositoryName": name}
        sandbox.do(A, "ecr:CreateRepository", **named)
        push(sandbox, A, IMAGE, **named)
        there = sandbox.call(A, "ecr:ListImages", region="eu-west-1", **named)
        assert there.ok is copied, name


def test_a_copy_is_not_copied_on(repository: Sandbox) -> None:
    put(repository, rule(("eu-west-1", A)))
    repository.do(
        A,
        "ecr:PutReplicationConfiguration",
        region="eu-west-1",
        replicationConfiguration={"rules": [rule(("eu-west-2", A))]},
    )
    push(repository, A, IMAGE, **NAMED)
    assert tags(repository, A, "eu-west-1") == ["v1"]
    assert repository.call(A, "ecr:ListImages", region="eu-west-2", **NAMED).code == (
        "RepositoryNotFoundException"
    )


def test_a_tag_moves_there_too_unless_it_is_immutable(repository: Sandbox) -> None:
    put(repository, rule(("eu-west-1", A)))
    push(repository, A, IMAGE, **NAMED)
    push(repository, A, OTHER, **NAMED)
    assert tags(repository, A, "eu-west-1") == ["-", "v1"]
    repository.do(
        A,
        "ecr:PutImageTagMutability",
        region="eu-west-1",
        **NAMED,
        imageTagMutability="IMMUTABLE",
    )
    third = Image(b"layer of three", b'{"three": 3}')
    push(repository, A, third, **NAMED)
    there = repository.do(A, "ecr:DescribeImages", region="eu-west-1", **NAMED)["imageDetails"]
    assert {one["imageDigest"]: one.get("imageTags") for one in there} == {
        IMAGE.digest: None,
        OTHER.digest: ["v1"],
        third.digest: None,
    }


def test_an_image_that_is_there_already(repository: Sandbox) -> None:
    """A push of it again, without a tag, leaves it there as it is."""
    put(repository, rule(("eu-west-1", A)))
    push(repository, A, IMAGE, **NAMED)
    repository.do(A, "ecr:BatchDeleteImage", **NAMED, imageIds=[{"imageDigest": IMAGE.digest}])
    repository.do(A, "ecr:PutImage", **NAMED, imageManifest=IMAGE.manifest)
    asked = {**NAMED, "imageId": {"imageDigest": IMAGE.digest}}
    shown = repository.do(A, "ecr:DescribeImageReplicationStatus", **asked)
    assert [one["status"] for one in shown["replicationStatuses"]] == ["COMPLETE"]
    assert tags(repository, A, "eu-west-1") == ["v1"]


def test_an_index_brings_its_images(repository: Sandbox) -> None:
    push(repository, A, IMAGE, None, **NAMED)
    put(repository, rule(("eu-west-1", A)))
    part = {"mediaType": MANIFEST_TYPE, "digest": IMAGE.digest, "size": len(IMAGE.manifest)}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [part]})
    repository.do(A, "ecr:PutImage", **NAMED, imageManifest=index, imageTag="v1")
    assert status(repository)[0]["status"] == "COMPLETE"
    assert tags(repository, A, "eu-west-1") == ["-", "v1"]


def test_without_its_role_nothing_is_copied(repository: Sandbox) -> None:
    open_b(repository)
    put(repository, rule(("us-east-1", B)))
    repository.do(A, "iam:DeleteServiceLinkedRole", RoleName="AWSServiceRoleForECRReplication")
    push(repository, A, IMAGE, **NAMED)
    assert status(repository) == failed("SERVICE_LINKED_ROLE_NOT_FOUND")


@pytest.mark.slow
def test_kill_9_forgets_nothing(tmp_path: Path) -> None:
    folder = ("--state", str(tmp_path))
    with Forked(*folder) as first:
        first.do(A, "ecr:CreateRepository", **NAMED)
        open_b(first)
        put(first, rule(("us-east-1", B), ("eu-west-1", A)))
        push(first, A, IMAGE, **NAMED)
        before, copies = first.fingerprint(), status(first)
        assert [one["status"] for one in copies] == ["COMPLETE", "COMPLETE"]
        first.kill()
    with Forked(*folder) as second:
        assert second.fingerprint() == before
        assert status(second) == copies
        assert tags(second, B) == ["v1"]
        push(second, A, OTHER, "v2", **NAMED)
        assert tags(second, B) == ["v1", "v2"]
