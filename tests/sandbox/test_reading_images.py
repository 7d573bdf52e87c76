"""ECR's reading calls: order of push, filters, pages, and what is not there."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.sandboxes import A, Sandbox

NAMED = {"repositoryName": "my-app"}
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"


@pytest.fixture
def digests(sandbox: Sandbox) -> list[str]:
    """Of three images, in order of push: tagged v1 and latest, untagged, tagged v2."""
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    return [push(sandbox, b"one", "v1", "latest"), push(sandbox, b"two"), push(sandbox, b"3", "v2")]


def push(sandbox: Sandbox, config: bytes, *tags: str) -> str:
    blob = f"sha256:{hashlib.sha256(config).hexdigest()}"
    upload = sandbox.do(A, "ecr:InitiateLayerUpload", **NAMED)["uploadId"]
    part = {"uploadId": upload, "partFirstByte": 0, "partLastByte": len(config) - 1}
    sandbox.do(A, "ecr:UploadLayerPart", **NAMED, **part, layerPartBlob=config)
    sandbox.do(A, "ecr:CompleteLayerUpload", **NAMED, uploadId=upload, layerDigests=[blob])
    described = {"mediaType": CONFIG_TYPE, "digest": blob, "size": len(config)}
    text = json.dumps({"schemaVersion": 2, "mediaType": MEDIA_TYPE, "config": described})
    for tag in tags or (None,):
        named = NAMED if tag is None else {**NAMED, "imageTag": tag}
        sandbox.do(A, "ecr:PutImage", **named, imageManifest=text)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def seen(sandbox: Sandbox, **params: Any) -> list[str]:
    details = sandbox.do(A, "ecr:DescribeImages", **NAMED, **params)["imageDetails"]
    return [detail["imageDigest"] for detail in details]


def test_images_are_described_in_the_order_of_push(sandbox: Sandbox, digests: list[str]) -> None:
    details = sandbox.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"]
    assert [detail.pop("imageDigest") for detail in details] == digests
    assert [detail.pop("imageTags", None) for detail in details] == [["v1", "latest"], None, ["v2"]]
    assert [detail.pop("imageSizeInBytes") for detail in details] == [3, 3, 1]
    for detail in details:
        del detail["imagePushedAt"]
        assert detail == {
            "registryId": A,
            **NAMED,
            "imageManifestMediaType": MEDIA_TYPE,
            "artifactMediaType": CONFIG_TYPE,
        }


def test_a_filter_chooses_by_tags(sandbox: Sandbox, digests: list[str]) -> None:
    one, two, three = digests
    assert seen(sandbox, filter={"tagStatus": "TAGGED"}) == [one, three]
    assert seen(sandbox, filter={"tagStatus": "UNTAGGED"}) == [two]
    assert seen(sandbox, filter={"tagStatus": "ANY"}) == digests
    assert seen(sandbox, filter={"imageStatus": "ACTIVE"}) == digests
    assert seen(sandbox, filter={"imageStatus": "ARCHIVED"}) == [], "nothing here is archived"
    listed = sandbox.do(A, "ecr:ListImages", **NAMED, filter={"tagStatus": "UNTAGGED"})
    assert listed["imageIds"] == [{"imageDigest": two}]


def test_images_asked_for_come_once(sandbox: Sandbox, digests: list[str]) -> None:
    ids = [{"imageTag": "v2"}, {"imageTag": "latest"}, {"imageDigest": digests[0]}]
    assert seen(sandbox, imageIds=ids) == [digests[0], digests[2]]
    got = sandbox.do(A, "ecr:BatchGetImage", **NAMED, imageIds=ids)["images"]
    assert [image["imageId"]["imageTag"] for image in got] == ["v2", "latest"]


@pytest.mark.parametrize("operation", ["DescribeImages", "ListImages", "DescribeRepositories"])
def test_pages_hold_everything_once(sandbox: Sandbox, digests: list[str], operation: str) -> None:
    named: dict[str, Any] = {} if operation == "DescribeRepositories" else NAMED
    for name in ("b", "a"):
        sandbox.do(A, "ecr:CreateRepository", repositoryName=f"other/{name}")
    whole = sandbox.do(A, f"ecr:{operation}", **named)
    (key,) = set(whole) - {"ResponseMetadata", "nextToken"}
    found: list[Any] = []
    token: dict[str, str] = {}
    while True:
        answer = sandbox.do(A, f"ecr:{operation}", **named, maxResults=1, **token)
        assert len(answer[key]) == 1
        found += answer[key]
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}
    assert found == whole[key]
    assert len(found) >= 3
    for bad in ("x", base64.b64encode(b"x").decode()):
        refused = sandbox.call(A, f"ecr:{operation}", **named, nextToken=bad)
        assert refused.code == "InvalidParameterException"


def test_what_is_not_there_is_named_as_it_was_asked_for(
    sandbox: Sandbox, digests: list[str]
) -> None:
    refused = sandbox.call(A, "ecr:DescribeImages", **NAMED, imageIds=[{"imageTag": "v9"}])
    assert refused.error == (
        "ImageNotFoundException",
        400,
        "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the "
        f"repository with name 'my-app' in the registry with id '{A}'",
    )
    missing = [
        {"imageTag": "v9"},
        {"imageDigest": f"sha256:{'0' * 64}"},
        {"imageDigest": digests[0], "imageTag": "v2"},
    ]
    answer = sandbox.do(A, "ecr:BatchGetImage", **NAMED, imageIds=[*missing, {"imageTag": "v1"}])
    assert [failure["imageId"] for failure in answer["failures"]] == missing
    assert [failure["failureCode"] for failure in answer["failures"]] == [
        "ImageNotFound",
        "ImageNotFound",
        "ImageTagDoesNotMatchDigest",
    ]
    assert [image["imageId"]["imageDigest"] for image in answer["images"]] == digests[:1]


@pytest.mark.slow
def test_what_the_sandbox_leaves_out_of_moto_stays_importable() -> None:
    program = """
import sys
from xacct_helpers.sandbox.server import app
assert "boto3" not in sys.modules and "click" not in sys.modules
import boto3, botocore.session, uvicorn.main, moto
boto3.session.Session(region_name="us-east-1")
try:
    moto.mock_aws()
except RuntimeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout == "moto.core.models.MockAWS was left out of this process\n"
