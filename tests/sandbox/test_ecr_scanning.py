"""ECR's scans, which all end as on an image that ECR cannot scan, and the settings they follow.

Sources: ECR User Guide, image scanning and filters; ECR API Reference; texts as in public logs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.images import Image, push
from tests.sandboxes import A, B, Forked, Sandbox, allow

NAMED = {"repositoryName": "my-app"}
V1 = {**NAMED, "imageId": {"imageTag": "v1"}}
IMAGE = Image(b"layer of one")
ENDED = {
    "status": "FAILED",
    "description": (
        "UnsupportedImageError: The operating system and/or package manager are not supported."
    ),
}


@pytest.fixture
def repository(sandbox: Sandbox) -> Sandbox:
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    return sandbox


def test_a_scan_and_how_it_ends(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    assert repository.call(A, "ecr:DescribeImageScanFindings", **V1).error == (
        "ScanNotFoundException",
        400,
        "Image scan does not exist for the image with '{imageDigest:'null', imageTag:'v1'}' in "
        f"the repository with name 'my-app' in the registry with id '{A}'",
    )
    [before] = repository.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"]
    assert "imageScanStatus" not in before
    named = {
        "registryId": A,
        "repositoryName": "my-app",
        "imageId": {"imageDigest": IMAGE.digest, "imageTag": "v1"},
    }
    begun = repository.do(A, "ecr:StartImageScan", **V1)
    assert begun == {**named, "imageScanStatus": {"status": "IN_PROGRESS"}}
    found = repository.do(A, "ecr:DescribeImageScanFindings", **V1)
    assert found == {**named, "imageScanStatus": ENDED}, "no findings, not even none"
    [after] = repository.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"]
    assert after == {**before, "imageScanStatus": ENDED}


def test_one_scan_a_day(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    repository.do(A, "ecr:StartImageScan", **V1)
    again = repository.call(A, "ecr:StartImageScan", **V1)
    assert again.error == (
        "LimitExceededException",
        400,
        "The scan quota per image has been exceeded. Wait and try again.",
    )
    repository.advance(24 * 3600)
    repository.do(A, "ecr:StartImageScan", **V1)


def test_an_image_pushed_again_has_no_scan(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    repository.do(A, "ecr:StartImageScan", **V1)
    repository.do(A, "ecr:BatchDeleteImage", **NAMED, imageIds=[{"imageTag": "v1"}])
    repository.do(A, "ecr:PutImage", **NAMED, imageManifest=IMAGE.manifest, imageTag="v1")
    assert repository.call(A, "ecr:DescribeImageScanFindings", **V1).code == "ScanNotFoundException"


def test_what_cannot_be_scanned(repository: Sandbox) -> None:
    missing = repository.call(A, "ecr:StartImageScan", **V1)
    assert missing.code == "ImageNotFoundException"
    index = (
        '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", '
        '"manifests": []}'
    )
    repository.do(A, "ecr:PutImage", **NAMED, imageManifest=index, imageTag="v1")
    assert repository.call(A, "ecr:StartImageScan", **V1).code == "UnsupportedImageTypeException"


# -- settings --------------------------------------------------------------------------------


def rule(frequency: str, *filters: str) -> dict[str, Any]:
    named = [{"filter": one, "filterType": "WILDCARD"} for one in filters]
    return {"scanFrequency": frequency, "repositoryFilters": named}


def test_the_registrys_settings(sandbox: Sandbox) -> None:
    assert sandbox.do(A, "ecr:GetRegistryScanningConfiguration") == {
        "registryId": A,
        "scanningConfiguration": {"scanType": "BASIC", "rules": []},
    }
    wanted = {"scanType": "BASIC", "rules": [rule("SCAN_ON_PUSH", "prod*")]}
    put = sandbox.do(A, "ecr:PutRegistryScanningConfiguration", **wanted)
    assert put == {"registryScanningConfiguration": wanted}
    got = sandbox.do(A, "ecr:GetRegistryScanningConfiguration")
    assert got["scanningConfiguration"] == wanted
    for params, told in (
        ({"scanType": "ENHANCED"}, "this sandbox has no Amazon Inspector"),
        ({"rules": [rule("CONTINUOUS_SCAN", "*")]}, "SCAN_ON_PUSH or MANUAL"),
        ({"scanType": "DEEP"}, "enum value set"),
    ):
        answer = sandbox.call(A, "ecr:PutRegistryScanningConfiguration", **params)
        assert answer.code == "InvalidParameterException"
        assert told in answer.message
    assert sandbox.do(A, "ecr:GetRegistryScanningConfiguration") == got
    assert (
        sandbox.do(B, "ecr:GetRegistryScanningConfiguration")["scanningConfiguration"]["rules"]
        == []
    )


# name of the repository, its own setting, the registry's rules: whether a push is scanned.
ON_PUSH: dict[str, tuple[str, bool, list[dict[str, Any]], bool]] = {
    "nothing set": ("my-app", False, [], False),
    "the repository's own setting": ("my-app", True, [], True),
    "a part of the name": ("my-app", False, [rule("SCAN_ON_PUSH", "app")], True),
    "a wildcard": ("my-app", False, [rule("SCAN_ON_PUSH", "my-*")], True),
    "a wildcard is of the whole name": ("my-app", False, [rule("SCAN_ON_PUSH", "app*")], False),
    "another name": ("my-app", False, [rule("SCAN_ON_PUSH", "prod")], False),
    "by hand": ("my-app", True, [rule("MANUAL", "app")], False),
}


@pytest.mark.parametrize("name", ON_PUSH)
def test_scans_on_push(sandbox: Sandbox, name: str) -> None:
    repository, own, rules, scanned = ON_PUSH[name]
    named = {"repositoryName": repository}
    sandbox.do(A, "ecr:CreateRepository", **named)
    if own:
        put = sandbox.do(
            A,
            "ecr:PutImageScanningConfiguration",
            **named,
            imageScanningConfiguration={"scanOnPush": True},
        )
        assert put["imageScanningConfiguration"] == {"scanOnPush": True}
    sandbox.do(A, "ecr:PutRegistryScanningConfiguration", rules=rules)
    asked = {"repositoryNames": [repository]}
    found = sandbox.do(A, "ecr:BatchGetRepositoryScanningConfiguration", **asked)
    [told] = found["scanningConfigurations"]
    assert told["scanOnPush"] is scanned
    assert told["scanFrequency"] == ("SCAN_ON_PUSH" if scanned else "MANUAL")
    push(sandbox, A, IMAGE, **named)
    [image] = sandbox.do(A, "ecr:DescribeImages", **named)["imageDetails"]
    assert image.get("imageScanStatus") == (ENDED if scanned else None)


def test_settings_of_several_repositories(repository: Sandbox) -> None:
    my_app = f"arn:aws:ecr:*:{A}:repository/my-app"
    ann = repository.user(A, "ann", allow("ecr:BatchGetRepositoryScanningConfiguration", my_app))
    asked = {"repositoryNames": ["my-app", "other"]}
    answer = repository.call(ann, "ecr:BatchGetRepositoryScanningConfiguration", **asked)
    assert answer.code == "AccessDeniedException"
    assert "repository/other" in answer.message
    found = repository.do(A, "ecr:BatchGetRepositoryScanningConfiguration", **asked)
    assert [one["repositoryName"] for one in found["scanningConfigurations"]] == ["my-app"]
    [failure] = found["failures"]
    assert (failure["repositoryName"], failure["failureCode"]) == ("other", "REPOSITORY_NOT_FOUND")


@pytest.mark.slow
def test_kill_9_forgets_nothing(tmp_path: Path) -> None:
    folder = ("--state", str(tmp_path))
    with Forked(*folder) as first:
        first.do(A, "ecr:CreateRepository", **NAMED)
        push(first, A, IMAGE, **NAMED)
        first.do(A, "ecr:StartImageScan", **V1)
        first.do(A, "ecr:PutRegistryScanningConfiguration", rules=[rule("SCAN_ON_PUSH", "*")])
        second_image = Image(b"layer of two", b'{"two": 2}')
        push(first, A, second_image, "v2", **NAMED)
        images, before = first.do(A, "ecr:DescribeImages", **NAMED), first.fingerprint()
        assert [one["imageScanStatus"] for one in images["imageDetails"]] == [ENDED, ENDED]
        first.kill()
    with Forked(*folder) as second:
        assert second.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"] == images["imageDetails"]
        assert second.fingerprint() == before
        assert second.call(A, "ecr:StartImageScan", **V1).code == "LimitExceededException"
