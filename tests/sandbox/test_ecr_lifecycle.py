"""ECR's lifecycle policies: which images they expire, when, and what ECR does not take.

Sources: ECR User Guide, lifecycle policies (evaluation rules, examples, properties; read
2026-11-25); cloudposse/terraform-aws-ecr#158 and public logs for the texts.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.images import INDEX_TYPE, Image, push
from tests.sandbox.registries import Client
from tests.sandboxes import A, B, Forked, Sandbox, allow
from xacct_helpers.sandbox.records import Image as Stored
from xacct_helpers.sandbox.services.ecr.beyond_the_course.lifecycle_rules import expired, read

NAMED = {"repositoryName": "my-app"}
DAY = 24 * 3600
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def rule(priority: int, status: str, count: int, **more: Any) -> dict[str, Any]:
    """A rule that keeps `count` images, or with days=True those of `count` days."""
    days = more.pop("days", False)
    kind: dict[str, Any] = {"countType": "imageCountMoreThan"}
    if days:
        kind = {"countType": "sinceImagePushed", "countUnit": "days"}
    return {
        "rulePriority": priority,
        "description": "to be long enough for what the model asks of a text",
        "selection": {"tagStatus": status, "countNumber": count, **kind, **more},
        "action": {"type": "expire"},
    }


def text(*rules: Any) -> str:
    return json.dumps({"rules": list(rules)}).ljust(100)


def tagged(priority: int, count: int, *prefixes: str, **more: Any) -> dict[str, Any]:
    return rule(priority, "tagged", count, tagPrefixList=list(prefixes), **more)


# -- which images ----------------------------------------------------------------------------

BETA_PROD = {"A": (10, "beta-1 prod-1"), "B": (9, "beta-2 prod-2"), "C": (8, "beta-3")}
ALPHA_BETA = {
    "A": (12, "alpha-1"),
    "B": (11, "beta-1"),
    "C": (10, "alpha-2 beta-2"),
    "D": (4, "alpha-3"),
    "E": (3, "beta-3"),
    "F": (2, "alpha-4 beta-4"),
}
NOT_EXCLUSIVE = {
    "A": (10, "alpha-1 beta-1 gamma-1"),
    "B": (9, "alpha-2 beta-2"),
    "C": (8, "alpha-3 beta-3 gamma-2"),
}
MIXED = {"A": (20, "prod-1"), "B": (15, ""), "C": (10, "test.1"), "D": (5, ""), "E": (1, "prod-2")}

# name: the images (age in days, tags), the rules, and what is expired, oldest first.
EXPIRY: dict[str, tuple[dict[str, tuple[float, str]], list[dict[str, Any]], str]] = {
    "guide, multiple rules A": (BETA_PROD, [tagged(1, 1, "prod"), tagged(2, 1, "beta")], "A1"),
    "guide, multiple rules B": (BETA_PROD, [tagged(1, 1, "beta"), tagged(2, 1, "prod")], "A1 B1"),
    "guide, several tags A": (ALPHA_BETA, [tagged(1, 5, "alpha", "beta", days=True)], "C1"),
    "guide, several tags B": (NOT_EXCLUSIVE, [tagged(1, 1, "alpha", "beta")], "A1 B1"),
    "untagged ones by age": (MIXED, [rule(1, "untagged", 14, days=True)], "B1"),
    "untagged ones by count": (MIXED, [rule(1, "untagged", 1)], "B1"),
    "any by age": (MIXED, [rule(1, "any", 14, days=True)], "A1 B1"),
    "any by count": (MIXED, [rule(1, "any", 2)], "A1 B1 C1"),
    "a rule before spares what it selects": (
        MIXED,
        [tagged(1, 100, "prod", days=True), rule(2, "any", 1)],
        "B2 C2 D2",
    ),
    "the order of the text does not count": (
        MIXED,
        [rule(9, "any", 1), tagged(3, 100, "prod", days=True)],
        "B9 C9 D9",
    ),
    "what a rule before took is still counted": (
        MIXED,
        [tagged(1, 1, "prod"), rule(2, "any", 4)],
        "A1",
    ),
    "a pattern": (MIXED, [rule(1, "tagged", 6, days=True, tagPatternList=["*o*-*"])], "A1"),
    "a pattern is of the whole tag": (
        MIXED,
        [rule(1, "tagged", 6, days=True, tagPatternList=["prod"])],
        "",
    ),
    "a question mark is no wildcard": (
        MIXED,
        [rule(1, "tagged", 6, days=True, tagPatternList=["test?1"])],
        "",
    ),
    "a star in a prefix is no wildcard": (MIXED, [tagged(1, 6, "p*d", days=True)], ""),
    "as old as that is not older": (
        {"A": (14, ""), "B": (14.001, "")},
        [rule(1, "any", 14, days=True)],
        "B1",
    ),
    "no more than that many": (MIXED, [rule(1, "any", 5)], ""),
    "no rules": (MIXED, [], ""),
}


@pytest.mark.parametrize("name", EXPIRY)
def test_which_images_expire(name: str) -> None:
    contents, rules, wanted = EXPIRY[name]
    images = [
        Stored(
            digest=digest,
            tags=tuple(tags.split()),
            size=1,
            pushed_at=int(NOW.timestamp() - age * DAY),
            media_type="",
            artifact_type=None,
            manifest="{}",
        )
        for digest, (age, tags) in contents.items()
    ]
    found = expired(read(text(*rules)), images, NOW, ())
    assert " ".join(f"{one.digest}{priority}" for one, priority in found) == wanted


# -- what is refused -------------------------------------------------------------------------

LONG = " " * 100
ONE_SCHEMA = "instance failed to match exactly one schema (matched 0 out of 2)"
ABSENT = (
    "this sandbox has no archive storage class and keeps no pull times: it has the action expire, "
    "and countType imageCountMoreThan and sinceImagePushed"
)


def changed(**selection: Any) -> dict[str, Any]:
    made = rule(1, "any", 1)
    kept = {**made["selection"], **selection}
    return {**made, "selection": {key: one for key, one in kept.items() if one is not ...}}


REFUSED: dict[str, tuple[str, str]] = {
    "no JSON": ("{" + LONG, "Could not map policyString into LifecyclePolicy."),
    "a list": ("[]" + LONG, "Could not map policyString into LifecyclePolicy."),
    "no rules": ("{}" + LONG, 'object has missing required properties (["rules"])'),
    "rules that are no list": (
        '{"rules": 1}' + LONG,
        'object has missing required properties (["rules"])',
    ),
    "more than rules": (
        '{"rules": [], "more": 1}' + LONG,
        'object instance has properties which are not allowed by the schema: (["more"])',
    ),
    "a rule that is a word": (
        text("word"),
        'instance type (string) does not match any allowed primitive type (allowed: ["object"])',
    ),
    "half a rule": (
        text({"rulePriority": 1}),
        'object has missing required properties (["action","selection"])',
    ),
    "more than a rule": (
        text({**rule(1, "any", 1), "enabled": True}),
        'object instance has properties which are not allowed by the schema: (["enabled"])',
    ),
    "priority none": (
        text(rule(0, "any", 1)),
        "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ),
    "a priority that is true": (
        text({**rule(1, "any", 1), "rulePriority": True}),
        'instance type (boolean) does not match any allowed primitive type (allowed: ["integer"])',
    ),
    "another tag status": (
        text(changed(tagStatus="some")),
        'instance value (some) not found in enum :(possible values: ["any","tagged","untagged"])',
    ),
    "a tag status that is a list": (
        text(changed(tagStatus=[])),
        'instance value ([]) not found in enum :(possible values: ["any","tagged","untagged"])',
    ),
    "another count": (text(changed(countType="imageSize")), ONE_SCHEMA),
    "a count that is a list": (text(changed(countType=[])), ONE_SCHEMA),
    "days of a count": (text(changed(countUnit="days")), ONE_SCHEMA),
    "a unit of null": (text(changed(countUnit=None)), ONE_SCHEMA),
    "an age without a unit": (text(changed(countType="sinceImagePushed")), ONE_SCHEMA),
    "an age in hours": (
        text(changed(countType="sinceImagePushed", countUnit="hours")),
        ONE_SCHEMA,
    ),
    "a storage class of null beside expire": (
        text({**rule(1, "any", 1), "action": {"type": "expire", "targetStorageClass": None}}),
        ONE_SCHEMA,
    ),
    "no number": (
        text(changed(countNumber=...)),
        'object has missing required properties (["countNumber"])',
    ),
    "number none": (
        text(changed(countNumber=0)),
        "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ),
    "tagged without tags": (
        text(rule(1, "tagged", 1)),
        "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ),
    "tagged with no tags": (
        text(tagged(1, 1)),
        "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ),
    "prefixes and patterns": (
        text(tagged(1, 1, "a", tagPatternList=["a*"])),
        "Can specify either tagPrefixList or tagPatternList, not both.",
    ),
    "tags of the untagged": (
        text(rule(1, "untagged", 1, tagPrefixList=["a"])),
        "tagPrefixList and tagPatternList can be specified only when tagStatus=TAGGED.",
    ),
    "five wildcards": (
        text(rule(1, "tagged", 1, tagPatternList=["*1*2*3*4*"])),
        "A tag pattern can hold at most four wildcards (*).",
    ),
    "two rules of the untagged": (
        text(rule(1, "untagged", 1), rule(2, "untagged", 5, days=True)),
        "Only one rule can select Untagged images per storage class.",
    ),
    "any before another": (
        text(rule(1, "any", 1), rule(2, "untagged", 1)),
        "Rule for tagStatus=ANY must have the lowest priority per storage class.",
    ),
    "one priority twice": (
        text(rule(1, "untagged", 1), rule(1, "any", 1)),
        "Every rule must have a rulePriority of its own.",
    ),
    "one prefix twice": (
        text(tagged(1, 1, "a"), tagged(2, 9, "a", days=True)),
        "Every rule must have tag prefixes or patterns of its own.",
    ),
    "a description that is a number": (
        text({**rule(1, "any", 1), "description": 7}),
        'instance type (integer) does not match any allowed primitive type (allowed: ["string"])',
    ),
    "a prefix that is no list": (
        text(rule(1, "tagged", 1, tagPrefixList="prod")),
        'instance type (string) does not match any allowed primitive type (allowed: ["array"])',
    ),
    "transition": (text({**rule(1, "any", 1), "action": {"type": "transition"}}), ABSENT),
    "since pulled": (text(changed(countType="sinceImagePulled", countUnit="days")), ABSENT),
    "of the archive": (text(changed(storageClass="archive")), ABSENT),
    "another action": (
        text({**rule(1, "any", 1), "action": {"type": "keep"}}),
        'instance value (keep) not found in enum :(possible values: ["expire"])',
    ),
}


@pytest.fixture
def repository(sandbox: Sandbox) -> Sandbox:
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    return sandbox


def test_what_is_no_policy(repository: Sandbox) -> None:
    start = "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
    for name, (given, told) in REFUSED.items():
        for operation in ("PutLifecyclePolicy", "StartLifecyclePolicyPreview"):
            answer = repository.call(A, f"ecr:{operation}", **NAMED, lifecyclePolicyText=given)
            assert answer.error == (
                "InvalidParameterException",
                400,
                f"{start}'Lifecycle policy validation failure: {told}'",
            ), name
    short = repository.call(A, "ecr:PutLifecyclePolicy", **NAMED, lifecyclePolicyText="{}")
    assert "must have length greater than or equal to 100" in short.message
    assert repository.call(A, "ecr:GetLifecyclePolicy", **NAMED).error == (
        "LifecyclePolicyNotFoundException",
        400,
        "Lifecycle policy does not exist for the repository with name 'my-app' in the registry "
        f"with id '{A}'",
    )


# -- as time goes by -------------------------------------------------------------------------


def tags(sandbox: Sandbox) -> list[str]:
    """The tag of each image there, "-" for none."""
    found = sandbox.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"]
    return sorted(",".join(one.get("imageTags", ["-"])) for one in found)


def image(name: str) -> Image:
    """An image with bytes of its own."""
    return Image(f"layer of {name}".encode(), json.dumps({"name": name}).encode())


def fill(sandbox: Sandbox, *names: str, apart: float = DAY) -> dict[str, Image]:
    """An image for each tag, a day after each other; and the clock as much after the last."""
    made = {}
    for name in names:
        made[name] = image(name)
        push(sandbox, A, made[name], name, **NAMED)
        sandbox.advance(apart)
    return made


def test_images_expire_within_a_day_of_the_labs_clock(repository: Sandbox) -> None:
    fill(repository, "v1", "v2", "v3")
    policy = text(rule(1, "any", 1))
    put = repository.do(A, "ecr:PutLifecyclePolicy", **NAMED, lifecyclePolicyText=policy)
    assert put == {"registryId": A, "repositoryName": "my-app", "lifecyclePolicyText": policy}
    before = repository.do(A, "ecr:GetLifecyclePolicy", **NAMED)
    assert "lastEvaluatedAt" not in before
    repository.advance(DAY - 60)
    assert tags(repository) == ["v1", "v2", "v3"]
    repository.advance(60)
    assert tags(repository) == ["v3"]
    assert repository.do(A, "ecr:GetLifecyclePolicy", **NAMED)["lastEvaluatedAt"]
    # what is pushed after that is looked at a day later
    push(repository, A, image("v4"), "v4", **NAMED)
    repository.advance(DAY - 60)
    assert tags(repository) == ["v3", "v4"]
    repository.advance(60)
    assert tags(repository) == ["v4"]
    # and without the policy nothing happens
    repository.do(A, "ecr:DeleteLifecyclePolicy", **NAMED)
    push(repository, A, image("v5"), "v5", **NAMED)
    repository.advance(9 * DAY)
    assert tags(repository) == ["v4", "v5"]
    assert repository.call(A, "ecr:DeleteLifecyclePolicy", **NAMED).code == (
        "LifecyclePolicyNotFoundException"
    )


def test_a_pull_does_not_get_what_has_expired(repository: Sandbox) -> None:
    """Whatever the next request is, it finds the images gone; layers stay for other images."""
    made = fill(repository, "v1", "v2")
    registry = Client.of(repository, A)
    repository.do(A, "ecr:PutLifecyclePolicy", **NAMED, lifecyclePolicyText=text(rule(1, "any", 1)))
    assert registry.send("GET", f"my-app/manifests/{made['v1'].digest}").status == 200
    repository.advance(DAY)
    registry = Client.of(repository, A)
    assert registry.send("GET", f"my-app/manifests/{made['v1'].digest}").status == 404
    assert registry.send("GET", "my-app/manifests/v2").status == 200


def test_an_image_that_an_index_names_stays(repository: Sandbox) -> None:
    [inner] = fill(repository, "v1").values()
    index = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [
                {
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": inner.digest,
                    "size": len(inner.manifest),
                }
            ],
        }
    )
    repository.do(A, "ecr:PutImage", **NAMED, imageManifest=index, imageTag="many")
    repository.do(
        A, "ecr:PutLifecyclePolicy", **NAMED, lifecyclePolicyText=text(rule(1, "any", 3, days=True))
    )
    repository.advance(3.5 * DAY)
    assert tags(repository) == ["v1"]  # its index was too old as well, and is gone
    repository.advance(DAY)
    assert tags(repository) == []


def test_a_preview_tells_and_deletes_nothing(repository: Sandbox) -> None:
    made = fill(repository, "v1", "v2", "v3")
    none = repository.call(A, "ecr:GetLifecyclePolicyPreview", **NAMED)
    assert none.code == "LifecyclePolicyPreviewNotFoundException"
    without = repository.call(A, "ecr:StartLifecyclePolicyPreview", **NAMED)
    assert without.code == "LifecyclePolicyNotFoundException"
    policy = text(rule(7, "any", 1))
    begun = repository.do(A, "ecr:StartLifecyclePolicyPreview", **NAMED, lifecyclePolicyText=policy)
    assert begun["status"] == "IN_PROGRESS"
    shown = repository.do(A, "ecr:GetLifecyclePolicyPreview", **NAMED)
    assert (shown["status"], shown["lifecyclePolicyText"]) == ("COMPLETE", policy)
    assert shown["summary"] == {"expiringImageTotalCount": 2}
    results = shown["previewResults"]
    assert [one["imageDigest"] for one in results] == [made["v1"].digest, made["v2"].digest]
    assert {key: results[0][key] for key in ("imageTags", "action", "appliedRulePriority")} == {
        "imageTags": ["v1"],
        "action": {"type": "EXPIRE"},
        "appliedRulePriority": 7,
    }
    one = repository.do(A, "ecr:GetLifecyclePolicyPreview", **NAMED, imageIds=[{"imageTag": "v2"}])
    assert [found["imageTags"] for found in one["previewResults"]] == [["v2"]]
    untagged = repository.do(
        A, "ecr:GetLifecyclePolicyPreview", **NAMED, filter={"tagStatus": "UNTAGGED"}
    )
    assert untagged["previewResults"] == []
    first = repository.do(A, "ecr:GetLifecyclePolicyPreview", **NAMED, maxResults=1)
    rest = repository.do(A, "ecr:GetLifecyclePolicyPreview", **NAMED, nextToken=first["nextToken"])
    assert [*first["previewResults"], *rest["previewResults"]] == results
    repository.advance(9 * DAY)
    assert tags(repository) == ["v1", "v2", "v3"]


def test_the_policy_goes_with_its_repository(repository: Sandbox) -> None:
    fill(repository, "v1", "v2")
    repository.do(A, "ecr:PutLifecyclePolicy", **NAMED, lifecyclePolicyText=text(rule(1, "any", 1)))
    repository.do(A, "ecr:DeleteRepository", **NAMED, force=True)
    repository.advance(DAY)
    repository.do(A, "ecr:CreateRepository", **NAMED)
    fill(repository, "v1", "v2")
    repository.advance(DAY)
    assert tags(repository) == ["v1", "v2"]
    assert repository.call(A, "ecr:GetLifecyclePolicy", **NAMED).code == (
        "LifecyclePolicyNotFoundException"
    )


def test_who_may_set_one(repository: Sandbox) -> None:
    policy = text(rule(1, "any", 1))
    refused = repository.call(
        B, "ecr:PutLifecyclePolicy", **NAMED, registryId=A, lifecyclePolicyText=policy
    )
    assert refused.code == "AccessDeniedException"
    reader = repository.user(A, "reader", allow("ecr:GetLifecyclePolicy"))
    answer = repository.call(reader, "ecr:PutLifecyclePolicy", **NAMED, lifecyclePolicyText=policy)
    assert answer.code == "AccessDeniedException"
    assert repository.call(reader, "ecr:GetLifecyclePolicy", **NAMED).code == (
        "LifecyclePolicyNotFoundException"
    )


@pytest.mark.slow
def test_kill_9_forgets_nothing(tmp_path: Path) -> None:
    folder = ("--state", str(tmp_path))
    with Forked(*folder) as first:
        first.do(A, "ecr:CreateRepository", **NAMED)
        fill(first, "v1", "v2", "v3")
        first.do(A, "ecr:PutLifecyclePolicy", **NAMED, lifecyclePolicyText=text(rule(1, "any", 2)))
        first.advance(DAY)
        assert tags(first) == ["v2", "v3"]
        evaluated = first.do(A, "ecr:GetLifecyclePolicy", **NAMED)
        print_of_it = first.fingerprint()
        first.kill()
    with Forked(*folder) as second:
        assert second.fingerprint() == print_of_it
        assert tags(second) == ["v2", "v3"]
        assert second.do(A, "ecr:GetLifecyclePolicy", **NAMED) == evaluated
        fill(second, "v4")
        assert tags(second) == ["v3", "v4"]
