"""ECR: repositories of one's own and of others, images with real bytes, and what goes wrong.

Sources: shared facts 5; ECR API Reference.
"""

from __future__ import annotations

import json
import urllib.request
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.images import INDEX_TYPE, MANIFEST_TYPE, Image, digest_of, push, upload
from tests.sandboxes import A, Answer, B, Keys, Sandbox, allow, grant, policy, statement, trust

NAMED = {"repositoryName": "my-app"}
OF_A = {"repositoryName": "my-app", "registryId": A}
ARN = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
IMAGE = Image(b"layer of one")
MISSING = f"The repository with name 'my-app' does not exist in the registry with id '{A}'"


@pytest.fixture
def repository(sandbox: Sandbox) -> Sandbox:
    """The sandbox with an empty repository my-app in account A."""
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    return sandbox


def error_of(answer: Answer) -> tuple[str, int]:
    return answer.code, answer.status


# -- whose repository, and which resource ----------------------------------------------------

ON_THE_REPOSITORY: dict[str, dict[str, Any]] = {
    "DescribeRepositories": {"repositoryNames": ["my-app"], "registryId": A},
    "DescribeImages": OF_A,
    "ListImages": OF_A,
    "BatchGetImage": {**OF_A, "imageIds": [{"imageTag": "v1"}]},
    "BatchDeleteImage": {**OF_A, "imageIds": [{"imageTag": "v1"}]},
    "BatchCheckLayerAvailability": {**OF_A, "layerDigests": [digest_of(b"x")]},
    "GetDownloadUrlForLayer": {**OF_A, "layerDigest": digest_of(IMAGE.layer)},
    "InitiateLayerUpload": OF_A,
    "GetRepositoryPolicy": OF_A,
    "SetRepositoryPolicy": {**OF_A, "policyText": grant(A)},
    "DeleteRepositoryPolicy": OF_A,
    "PutImage": {**OF_A, "imageManifest": IMAGE.manifest, "imageTag": "v2"},
    "PutImageTagMutability": {**OF_A, "imageTagMutability": "MUTABLE"},
    "TagResource": {"resourceArn": ARN, "tags": [{"Key": "k", "Value": "v"}]},
    "UntagResource": {"resourceArn": ARN, "tagKeys": ["k"]},
    "ListTagsForResource": {"resourceArn": ARN},
    "PutImageScanningConfiguration": {
        **OF_A,
        "imageScanningConfiguration": {"scanOnPush": True},
    },
    "StartImageScan": {**OF_A, "imageId": {"imageTag": "v1"}},
    "DescribeImageScanFindings": {**OF_A, "imageId": {"imageTag": "v1"}},
    "DescribeImageReplicationStatus": {**OF_A, "imageId": {"imageTag": "v1"}},
    "PutLifecyclePolicy": {**OF_A, "lifecyclePolicyText": '{"rules": []}'.ljust(100)},
    "StartLifecyclePolicyPreview": {**OF_A, "lifecyclePolicyText": '{"rules": []}'.ljust(100)},
    "GetLifecyclePolicy": OF_A,
    "GetLifecyclePolicyPreview": OF_A,
    "DeleteLifecyclePolicy": OF_A,
    "DeleteRepository": {**OF_A, "force": True},
}


@pytest.mark.parametrize("operation", ON_THE_REPOSITORY)
def test_authorised_on_the_repositorys_arn(repository: Sandbox, operation: str) -> None:
    action, params = f"ecr:{operation}", ON_THE_REPOSITORY[operation]
    push(repository, A, IMAGE, **NAMED)
    elsewhere = repository.user(A, "elsewhere", allow("ecr:*", ARN + "-2"))
    refused = repository.call(elsewhere, action, **params)
    assert refused.error == (
        "AccessDeniedException",
        400,
        f"User: arn:aws:iam::{A}:user/elsewhere is not authorized to perform: {action} on "
        f"resource: {ARN} because no identity-based policy allows the {action} action",
    )
    repository.do(A, "ecr:SetRepositoryPolicy", **NAMED, policyText=grant(B, action))
    abroad = repository.user(B, "abroad", allow(action, ARN))
    here = repository.user(A, "here", allow(action, ARN))
    assert repository.call(abroad, action, **params).code != "AccessDeniedException"
    assert repository.call(here, action, **params).code in (
        "",
        "ImageNotFoundException",
        "RepositoryPolicyNotFoundException",
        "ImageAlreadyExistsException",
        "RepositoryNotFoundException",
        "LayersNotFoundException",
        "LimitExceededException",
        "ScanNotFoundException",
        "LifecyclePolicyNotFoundException",
        "LifecyclePolicyPreviewNotFoundException",
    )


def test_the_registry_id_names_the_owner(repository: Sandbox) -> None:
    """Without registryId the caller's own registry is meant (facts 5.4)."""
    answer = repository.call(B, "ecr:DescribeImages", **NAMED)
    assert answer.error == (
        "RepositoryNotFoundException",
        400,
        MISSING.replace(A, B),
    )
    assert repository.call(B, "ecr:DescribeImages", **OF_A).message == (
        f"User: arn:aws:iam::{B}:user/admin is not authorized to perform: ecr:DescribeImages on "
        f"resource: {ARN} because no resource-based policy allows the ecr:DescribeImages action"
    )
    repository.do(A, "ecr:SetRepositoryPolicy", **NAMED, policyText=grant(B))
    assert repository.call(B, "ecr:DescribeImages", **OF_A).ok


def test_the_permission_comes_before_the_existence(sandbox: Sandbox) -> None:
    """What does not exist is refused to those who may not look (facts 5.3, the safe order)."""
    nobody = sandbox.user(A, "nobody")
    assert sandbox.call(nobody, "ecr:DescribeImages", **NAMED).code == "AccessDeniedException"
    assert sandbox.call(B, "ecr:DescribeImages", **OF_A).code == "AccessDeniedException"
    assert sandbox.call(A, "ecr:DescribeImages", **NAMED).error == (
        "RepositoryNotFoundException",
        400,
        MISSING,
    )


def test_an_unknown_account_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.call(
        A, "ecr:DescribeImages", repositoryName="my-app", registryId="999999999999"
    )
    assert answer.code == "AccessDeniedException"


def test_regions_are_apart(repository: Sandbox) -> None:
    answer = repository.call(A, "ecr:DescribeImages", region="eu-west-1", **NAMED)
    assert answer.code == "RepositoryNotFoundException"
    made = repository.do(A, "ecr:CreateRepository", region="eu-west-1", **NAMED)["repository"]
    assert made["repositoryUri"] == f"{A}.dkr.ecr.eu-west-1.amazonaws.com/my-app"


# -- repositories ----------------------------------------------------------------------------


def test_the_answer_of_create_repository(sandbox: Sandbox) -> None:
    made = sandbox.do(A, "ecr:CreateRepository", **NAMED)["repository"]
    assert made["repositoryArn"] == ARN
    assert made["registryId"] == A
    assert made["repositoryUri"] == f"{A}.dkr.ecr.us-east-1.amazonaws.com/my-app"
    assert made["imageTagMutability"] == "MUTABLE"
    [found] = sandbox.do(A, "ecr:DescribeRepositories")["repositories"]
    assert abs(found.pop("createdAt") - made.pop("createdAt")) < timedelta(milliseconds=2)
    assert found == made


TOO_MANY = (
    "The list of tags on the repository is over the limit. The maximum number of tags that can be "
    "applied to a repository is 50."
)


def tags(first: int, count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{number}", "Value": "v"} for number in range(first, first + count)]


def test_fifty_tags_over_all_calls(repository: Sandbox) -> None:
    repository.do(A, "ecr:TagResource", resourceArn=ARN, tags=tags(0, 50))
    repository.do(A, "ecr:TagResource", resourceArn=ARN, tags=tags(49, 1))
    more = repository.call(A, "ecr:TagResource", resourceArn=ARN, tags=tags(50, 1))
    assert more.error == ("TooManyTagsException", 400, TOO_MANY)


def refusals() -> list[Any]:
    absent = {"repositoryName": "my-app"}
    no_policy = (
        f"Repository policy does not exist for the repository with name 'my-app' in the "
        f"registry with id '{A}'"
    )
    bad_policy = (
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
        "'Invalid repository policy provided'"
    )
    rows: list[tuple[str, bool, str, dict[str, Any], str, str | None]] = [
        (
            "made twice",
            True,
            "CreateRepository",
            NAMED,
            "RepositoryAlreadyExistsException",
            f"The repository with name 'my-app' already exists in the registry with id '{A}'",
        ),
        ("not there", False, "DeleteRepository", absent, "RepositoryNotFoundException", MISSING),
        (
            "not there, described",
            False,
            "DescribeRepositories",
            {"repositoryNames": ["my-app"]},
            "RepositoryNotFoundException",
            MISSING,
        ),
        (
            "no policy",
            True,
            "GetRepositoryPolicy",
            NAMED,
            "RepositoryPolicyNotFoundException",
            no_policy,
        ),
        (
            "no policy to delete",
            True,
            "DeleteRepositoryPolicy",
            NAMED,
            "RepositoryPolicyNotFoundException",
            no_policy,
        ),
        (
            "an image not there",
            True,
            "DescribeImages",
            {**NAMED, "imageIds": [{"imageTag": "v9"}]},
            "ImageNotFoundException",
            "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the "
            f"repository with name 'my-app' in the registry with id '{A}'",
        ),
        (
            "a bad name",
            False,
            "CreateRepository",
            {"repositoryName": "My App"},
            "InvalidParameterException",
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy "
            r"regular expression '[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
            r"(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*''",
        ),
        (
            "a tag with a slash",
            True,
            "PutImage",
            {**NAMED, "imageManifest": IMAGE.manifest, "imageTag": "a/b"},
            "InvalidParameterException",
            "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular "
            "expression '[a-zA-Z0-9-_.]+''",
        ),
        (
            "tags of what is no ARN",
            False,
            "ListTagsForResource",
            {"resourceArn": ""},
            "InvalidParameterException",
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'",
        ),
        (
            "tags of another kind",
            False,
            "TagResource",
            {"resourceArn": f"arn:aws:iam::{A}:role/r", "tags": []},
            "InvalidParameterException",
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'",
        ),
        *(
            (
                f"a tag with {name}",
                True,
                "TagResource",
                {"resourceArn": ARN, "tags": [tag]},
                "InvalidTagParameterException",
                "Tag parameters are invalid",
            )
            for name, tag in {
                "a long key": {"Key": "k" * 129, "Value": "v"},
                "no key": {"Key": "", "Value": "v"},
                "a long value": {"Key": "k", "Value": "v" * 257},
                "signs": {"Key": "cost", "Value": "~$0.10/GB/month"},
            }.items()
        ),
        (
            "a tag with signs from the beginning",
            False,
            "CreateRepository",
            {**NAMED, "tags": [{"Key": "cost", "Value": "~$0.10/GB/month"}]},
            "InvalidTagParameterException",
            "Tag parameters are invalid",
        ),
        (
            "51 tags",
            True,
            "TagResource",
            {"resourceArn": ARN, "tags": tags(0, 51)},
            "TooManyTagsException",
            TOO_MANY,
        ),
        *(
            (
                name,
                False,
                "CreateRepository",
                {"repositoryName": text},
                "InvalidParameterException",
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have "
                f"length {rule}'",
            )
            for name, text, rule in (
                ("a short name", "a", "greater than or equal to 2"),
                ("a long name", "a" * 257, "less than or equal to 256"),
            )
        ),
        (
            "what is no registry",
            True,
            "DescribeImages",
            {**NAMED, "registryId": "1"},
            "InvalidParameterException",
            "Invalid parameter at 'registryId' failed to satisfy constraint: 'must satisfy "
            "regular expression '[0-9]{12}''",
        ),
        (
            "a long policy",
            True,
            "SetRepositoryPolicy",
            {**NAMED, "policyText": "x" * 10_241},
            "InvalidParameterException",
            "Invalid parameter at 'policyText' failed to satisfy constraint: 'must have length "
            "less than or equal to 10240'",
        ),
        (
            "no images asked for",
            True,
            "BatchGetImage",
            {**NAMED, "imageIds": []},
            "InvalidParameterException",
            "Invalid parameter at 'imageIds' failed to satisfy constraint: 'must have length "
            "greater than or equal to 1'",
        ),
        (
            "a long tag",
            True,
            "PutImage",
            {**NAMED, "imageManifest": IMAGE.manifest, "imageTag": "v" * 301},
            "InvalidParameterException",
            "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must have length less "
            "than or equal to 300'",
        ),
        (
            "another mutability",
            True,
            "PutImageTagMutability",
            {**NAMED, "imageTagMutability": "WRONG"},
            "InvalidParameterException",
            "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'must "
            "satisfy enum value set: [MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, "
            "MUTABLE_WITH_EXCLUSION]'",
        ),
        (
            "no name",
            False,
            "CreateRepository",
            {},
            "InvalidParameterException",
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: "
            "'must not be null'",
        ),
    ]
    for name, text in {
        "not JSON": "{",
        "a Resource": policy(statement("Allow", "ecr:*", "*", Principal="*")),
        "no Principal": policy(statement("Allow", "ecr:*")),
        "no Action": policy({"Effect": "Allow", "Principal": "*"}),
        "a role not there": grant(f"arn:aws:iam::{A}:role/nope"),
        "an account not there": grant("999999999999"),
        "the login, which is about no repository": grant("*", "ecr:GetAuthorizationToken"),
        "an unknown element": policy({**statement("Allow", "ecr:*", Principal="*"), "X": 1}),
    }.items():
        rows.append(
            (
                f"policy: {name}",
                True,
                "SetRepositoryPolicy",
                {**NAMED, "policyText": text},
                "InvalidParameterException",
                bad_policy,
            )
        )
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


@pytest.mark.parametrize(("exists", "operation", "params", "code", "message"), refusals())
def test_what_cannot_be_done(
    sandbox: Sandbox, exists: bool, operation: str, params: dict[str, Any], code: str, message: str
) -> None:
    if exists:
        sandbox.do(A, "ecr:CreateRepository", **NAMED)
    assert sandbox.call(A, f"ecr:{operation}", **params).error == (code, 400, message)


@pytest.mark.parametrize(
    "text",
    [
        grant("*", Sid="may hold spaces"),
        grant(B).replace("2012-10-17", "2008-10-17"),
        grant({"Service": "lambda.amazonaws.com"}),
        grant(f"arn:aws:iam::{B}:user/admin", ["ecr:BatchGetImage"]),
        grant("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3"}}),
    ],
)
def test_policies_that_are_fine(repository: Sandbox, text: str) -> None:
    stored = text.replace(f'"{B}"', f'"arn:aws:iam::{B}:root"')
    put = repository.do(A, "ecr:SetRepositoryPolicy", **NAMED, policyText=text)
    found = repository.do(A, "ecr:GetRepositoryPolicy", **NAMED)
    for answer in (put, found):
        assert json.loads(answer["policyText"]) == json.loads(stored)
        assert answer["registryId"] == A
    gone = repository.do(A, "ecr:DeleteRepositoryPolicy", **NAMED)
    assert json.loads(gone["policyText"]) == json.loads(stored)


def test_a_repository_with_images_is_kept(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    assert repository.call(A, "ecr:DeleteRepository", **NAMED).error == (
        "RepositoryNotEmptyException",
        400,
        f"The repository with name 'my-app' in registry with id '{A}' cannot be deleted because "
        "it still contains images",
    )
    assert repository.do(A, "ecr:DeleteRepository", **NAMED, force=True)
    # made again, it holds nothing of the old one
    repository.do(A, "ecr:CreateRepository", **NAMED)
    checked = repository.do(
        A, "ecr:BatchCheckLayerAvailability", **NAMED, layerDigests=[digest_of(IMAGE.layer)]
    )
    assert checked["layers"][0]["layerAvailability"] == "UNAVAILABLE"
    assert repository.call(A, "ecr:GetRepositoryPolicy", **NAMED).code == (
        "RepositoryPolicyNotFoundException"
    )


def test_describing_without_names_needs_them_all(repository: Sandbox) -> None:
    one = repository.user(A, "one", allow("ecr:DescribeRepositories", ARN))
    refused = repository.call(one, "ecr:DescribeRepositories")
    assert f"on resource: arn:aws:ecr:us-east-1:{A}:repository/*" in refused.message
    assert repository.call(one, "ecr:DescribeRepositories", repositoryNames=["my-app"]).ok
    both = repository.call(one, "ecr:DescribeRepositories", repositoryNames=["my-app", "other"])
    assert both.code == "AccessDeniedException"
    assert both.message.split(" because")[0].endswith("repository/other")


def test_pages(sandbox: Sandbox) -> None:
    for number in range(5):
        sandbox.do(A, "ecr:CreateRepository", repositoryName=f"r{number}")
    names: list[str] = []
    more: dict[str, Any] = {}
    for _ in range(5):
        page = sandbox.do(A, "ecr:DescribeRepositories", maxResults=2, **more)
        names += [one["repositoryName"] for one in page["repositories"]]
        if "nextToken" not in page:
            break
        more = {"nextToken": page["nextToken"]}
    assert names == [f"r{number}" for number in range(5)]
    assert sandbox.call(A, "ecr:DescribeRepositories", nextToken="?").code == (
        "InvalidParameterException"
    )


# -- images ----------------------------------------------------------------------------------


def test_push_and_pull(repository: Sandbox) -> None:
    put = push(repository, A, IMAGE, **NAMED)
    assert put["imageId"] == {"imageDigest": IMAGE.digest, "imageTag": "v1"}
    detail = repository.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"]
    assert [(one["imageDigest"], one["imageTags"]) for one in detail] == [(IMAGE.digest, ["v1"])]
    assert detail[0]["imageSizeInBytes"] == len(IMAGE.layer) + len(IMAGE.config)
    assert detail[0]["imageManifestMediaType"] == MANIFEST_TYPE
    for image_id in ({"imageTag": "v1"}, {"imageDigest": IMAGE.digest}):
        found = repository.do(A, "ecr:BatchGetImage", **NAMED, imageIds=[image_id])
        assert found["failures"] == []
        assert found["images"][0]["imageManifest"] == IMAGE.manifest
    assert download(repository, A, IMAGE.layer) == IMAGE.layer


def download(sandbox: Sandbox, keys: Keys | str, data: bytes) -> bytes:
    found = sandbox.do(keys, "ecr:GetDownloadUrlForLayer", **OF_A, layerDigest=digest_of(data))
    assert found["layerDigest"] == digest_of(data)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        found["downloadUrl"], timeout=20
    ) as answer:
        return bytes(answer.read())


def test_a_layer_in_parts(repository: Sandbox) -> None:
    data = bytes(range(256)) * 4096
    assert upload(repository, A, data, parts=3, **NAMED) == digest_of(data)
    assert download(repository, A, data) == data


def test_the_lessons_pull(repository: Sandbox) -> None:
    """B's role assumes A's, and pulls as a principal of A: no repository policy is needed."""
    push(repository, A, IMAGE, **NAMED)
    pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    target = repository.role(A, "puller", trust(B), allow(pull, ARN))["Arn"]
    worker = repository.role(B, "worker", trust(B), allow("sts:AssumeRole", target))["Arn"]
    keys = repository.assume(repository.assume(B, worker), target)
    found = repository.do(keys, "ecr:BatchGetImage", **NAMED, imageIds=[{"imageTag": "v1"}])
    assert found["images"][0]["imageId"]["imageDigest"] == IMAGE.digest
    assert download(repository, keys, IMAGE.layer) == IMAGE.layer
    assert repository.call(keys, "ecr:DescribeImages", **NAMED).code == "AccessDeniedException"


def test_pushing_into_another_accounts_repository(repository: Sandbox) -> None:
    actions = [
        "ecr:InitiateLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload",
        "ecr:PutImage",
    ]
    repository.do(A, "ecr:SetRepositoryPolicy", **NAMED, policyText=grant(B, actions))
    put = push(repository, B, IMAGE, **OF_A)
    assert put["registryId"] == A
    assert repository.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"][0]["registryId"] == A


OTHER = digest_of(b"other")
# What an id asks for, and the code and reason of its failure. Source: ECR API Reference,
# ImageFailure; the reasons as services/ecr/image_queries.py says, that of InvalidImageTag by
# analogy.
NOT_AN_IMAGE: dict[str, tuple[dict[str, str], str, str]] = {
    "a tag not there": ({"imageTag": "v9"}, "ImageNotFound", "Requested image not found"),
    "a digest not there": ({"imageDigest": OTHER}, "ImageNotFound", "Requested image not found"),
    "a tag not there and a digest that is": (
        {"imageTag": "v9", "imageDigest": IMAGE.digest},
        "ImageNotFound",
        "Requested image not found",
    ),
    "neither": (
        {},
        "MissingDigestAndTag",
        "Invalid request parameters: both tag and digest cannot be null",
    ),
    "a tag of another image": (
        {"imageTag": "v1", "imageDigest": OTHER},
        "ImageTagDoesNotMatchDigest",
        "Invalid request parameters: given tag does not map to the given digest",
    ),
    "a word as digest": (
        {"imageDigest": "latest"},
        "InvalidImageDigest",
        "Invalid request parameters: image digest should satisfy the regex "
        "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    ),
    "a path as tag": (
        {"imageTag": "a/b"},
        "InvalidImageTag",
        "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
    ),
}


@pytest.mark.parametrize("operation", ["BatchGetImage", "BatchDeleteImage"])
@pytest.mark.parametrize("name", NOT_AN_IMAGE)
def test_an_image_not_there_is_a_failure_not_an_error(
    repository: Sandbox, name: str, operation: str
) -> None:
    """Source: facts 5.3."""
    push(repository, A, IMAGE, **NAMED)
    image_id, code, reason = NOT_AN_IMAGE[name]
    asked = [image_id, {"imageTag": "v1"}]
    found = repository.do(A, f"ecr:{operation}", **NAMED, imageIds=asked)
    assert len(found["images" if operation == "BatchGetImage" else "imageIds"]) == 1
    assert found["failures"] == [
        {"imageId": image_id, "failureCode": code, "failureReason": reason}
    ]


def test_an_image_that_an_index_names_stays(repository: Sandbox) -> None:
    """Source: ECR API Reference, ImageFailure; the reason from ECR's guide on OCI artifacts."""
    push(repository, A, IMAGE, **NAMED)
    parts = [{"mediaType": MANIFEST_TYPE, "digest": IMAGE.digest, "size": len(IMAGE.manifest)}]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": parts})
    repository.do(A, "ecr:PutImage", imageManifest=index, imageTag="all", **NAMED)
    for image_id in ({"imageTag": "v1"}, {"imageDigest": IMAGE.digest}):
        kept = repository.do(A, "ecr:BatchDeleteImage", **NAMED, imageIds=[image_id])
        assert kept["imageIds"] == []
        assert kept["failures"] == [
            {
                "imageId": image_id,
                "failureCode": "ImageReferencedByManifestList",
                "failureReason": "Requested image referenced by manifest list: "
                f"[{digest_of(index.encode())}]",
            }
        ]


def test_layers_there_and_not(repository: Sandbox) -> None:
    data = b"some bytes"
    upload(repository, A, data, **NAMED)
    found = repository.do(
        A,
        "ecr:BatchCheckLayerAvailability",
        **NAMED,
        layerDigests=[digest_of(data), digest_of(b"x"), "sha999:0f"],
    )
    assert [one["layerAvailability"] for one in found["layers"]] == ["AVAILABLE", "UNAVAILABLE"]
    assert found["layers"][0]["layerSize"] == len(data)
    assert [one["failureCode"] for one in found["failures"]] == ["InvalidLayerDigest"]


def part(upload_id: str, first: int, data: bytes, last: int | None = None) -> dict[str, Any]:
    return {
        "uploadId": upload_id,
        "partFirstByte": first,
        "partLastByte": first + len(data) - 1 if last is None else last,
        "layerPartBlob": data,
        **NAMED,
    }


@pytest.mark.parametrize(
    ("first", "last"), [(0, None), (5, None), (11, None), (10, 10), (10, 30), (10, 9)]
)
def test_parts_must_follow_each_other(repository: Sandbox, first: int, last: int | None) -> None:
    begun = repository.do(A, "ecr:InitiateLayerUpload", **NAMED)["uploadId"]
    sent = repository.do(A, "ecr:UploadLayerPart", **part(begun, 0, b"0123456789"))
    assert sent["lastByteReceived"] == 9
    answer = repository.call(A, "ecr:UploadLayerPart", **part(begun, first, b"abc", last))
    assert error_of(answer) == ("InvalidLayerPartException", 400)
    assert answer.value["lastValidByteReceived"] == 9
    # nothing of it was kept
    assert repository.call(A, "ecr:UploadLayerPart", **part(begun, 10, b"abc")).ok
    done = repository.call(
        A,
        "ecr:CompleteLayerUpload",
        uploadId=begun,
        **NAMED,
        layerDigests=[digest_of(b"0123456789abc")],
    )
    assert done.ok


def test_uploads_that_are_not_there(repository: Sandbox) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    gone = repository.do(A, "ecr:InitiateLayerUpload", **NAMED)["uploadId"]
    repository.do(A, "ecr:UploadLayerPart", **part(gone, 0, b"x"))
    finish = {"layerDigests": [digest_of(b"x")], **NAMED}
    repository.do(A, "ecr:CompleteLayerUpload", uploadId=gone, **finish)
    repository.do(A, "ecr:CreateRepository", repositoryName="other")
    elsewhere = repository.do(A, "ecr:InitiateLayerUpload", repositoryName="other")["uploadId"]
    for upload_id in (nowhere, gone, elsewhere):
        for answer in (
            repository.call(A, "ecr:UploadLayerPart", **part(upload_id, 0, b"x")),
            repository.call(A, "ecr:CompleteLayerUpload", uploadId=upload_id, **finish),
        ):
            assert answer.error == (
                "UploadNotFoundException",
                400,
                f"The upload with id '{upload_id}' could not be found in the repository with name "
                f"'my-app' in the registry with id '{A}'",
            )
    odd = repository.call(A, "ecr:CompleteLayerUpload", uploadId="../../etc", **finish)
    assert odd.code == "InvalidParameterException"


def test_an_empty_upload(repository: Sandbox) -> None:
    begun = repository.do(A, "ecr:InitiateLayerUpload", **NAMED)["uploadId"]
    answer = repository.call(
        A, "ecr:CompleteLayerUpload", uploadId=begun, layerDigests=[digest_of(b"")], **NAMED
    )
    assert error_of(answer) == ("EmptyUploadException", 400)


def test_a_layers_digest_is_checked(repository: Sandbox) -> None:
    begun = repository.do(A, "ecr:InitiateLayerUpload", **NAMED)["uploadId"]
    repository.do(A, "ecr:UploadLayerPart", **part(begun, 0, b"right"))
    wrong = digest_of(b"wrong")
    answer = repository.call(
        A, "ecr:CompleteLayerUpload", uploadId=begun, layerDigests=[wrong], **NAMED
    )
    assert error_of(answer) == ("InvalidLayerException", 400)
    assert wrong in answer.message
    checked = repository.do(
        A, "ecr:BatchCheckLayerAvailability", **NAMED, layerDigests=[wrong, digest_of(b"right")]
    )
    assert {one["layerAvailability"] for one in checked["layers"]} == {"UNAVAILABLE"}


def test_a_layer_is_stored_once(repository: Sandbox) -> None:
    upload(repository, A, b"again", **NAMED)
    begun = repository.do(A, "ecr:InitiateLayerUpload", **NAMED)["uploadId"]
    repository.do(A, "ecr:UploadLayerPart", **part(begun, 0, b"again"))
    answer = repository.call(
        A, "ecr:CompleteLayerUpload", uploadId=begun, layerDigests=[digest_of(b"again")], **NAMED
    )
    assert error_of(answer) == ("LayerAlreadyExistsException", 400)


def test_a_layer_of_another_repository_is_not_here(repository: Sandbox) -> None:
    """Content-addressed files are shared; permission to read them is not."""
    repository.do(A, "ecr:CreateRepository", repositoryName="secret")
    upload(repository, A, b"secret", repositoryName="secret")
    asked = repository.call(
        A, "ecr:GetDownloadUrlForLayer", layerDigest=digest_of(b"secret"), **NAMED
    )
    assert asked.error == (
        "LayersNotFoundException",
        400,
        f"The layer with digest '{digest_of(b'secret')}' does not exist in the repository with "
        f"name 'my-app' in the registry with id '{A}'",
    )


BAD_MANIFESTS: dict[str, tuple[str, str]] = {
    "not JSON": ("{", "InvalidParameterException"),
    "a list": ("[]", "InvalidParameterException"),
    "no media type": ("{}", "InvalidParameterException"),
    "a word as config": (
        json.dumps({"mediaType": MANIFEST_TYPE, "config": "x"}),
        "InvalidParameterException",
    ),
    "a word as layers": (
        json.dumps({"mediaType": MANIFEST_TYPE, "layers": "x"}),
        "InvalidParameterException",
    ),
    "words as layers": (
        json.dumps({"mediaType": MANIFEST_TYPE, "layers": ["x"]}),
        "InvalidParameterException",
    ),
    "a number as manifests": (
        json.dumps({"mediaType": INDEX_TYPE, "manifests": 3}),
        "InvalidParameterException",
    ),
    "a word as size": (
        json.dumps(
            {
                "mediaType": MANIFEST_TYPE,
                "config": {"digest": digest_of(b"{}"), "size": "big"},
                "layers": [],
            }
        ),
        "InvalidParameterException",
    ),
    "a missing layer": (Image(b"never sent").manifest, "LayersNotFoundException"),
    "a missing image": (
        json.dumps({"mediaType": INDEX_TYPE, "manifests": [{"digest": digest_of(b"x")}]}),
        "ReferencedImagesNotFoundException",
    ),
}


@pytest.mark.parametrize("name", BAD_MANIFESTS)
def test_manifests_that_are_refused(repository: Sandbox, name: str) -> None:
    upload(repository, A, b"{}", **NAMED)
    text, code = BAD_MANIFESTS[name]
    answer = repository.call(A, "ecr:PutImage", imageManifest=text, imageTag="v1", **NAMED)
    assert error_of(answer) == (code, 400)
    if "never sent" not in name and code == "LayersNotFoundException":
        assert digest_of(b"never sent") in answer.message
    assert repository.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"] == []


def test_a_manifests_digest_is_checked(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    answer = repository.call(
        A, "ecr:PutImage", imageManifest=IMAGE.manifest, imageDigest=digest_of(b"x"), **NAMED
    )
    assert answer.error == (
        "ImageDigestDoesNotMatchException",
        400,
        f"The image with digest '{digest_of(b'x')}' in repository 'my-app' and registry ID '{A}' "
        "does not match the image digest that Amazon ECR has calculated.",
    )


def test_pushing_the_same_again(repository: Sandbox) -> None:
    """Source: facts 5.4: the same digest under the same tag is ImageAlreadyExistsException."""
    push(repository, A, IMAGE, **NAMED)
    again = {"imageManifest": IMAGE.manifest, **NAMED}
    same = repository.call(A, "ecr:PutImage", imageTag="v1", **again)
    assert same.error == (
        "ImageAlreadyExistsException",
        400,
        f"Image with digest '{IMAGE.digest}' and tag 'v1' already exists in the repository with "
        f"name 'my-app' in registry with id '{A}'",
    )
    assert repository.call(A, "ecr:PutImage", imageTag="v2", **again).ok
    detail = repository.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"]
    assert [sorted(one["imageTags"]) for one in detail] == [["v1", "v2"]]


def test_a_tag_moves_unless_it_may_not(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    other = Image(b"layer of two", b'{"two": 2}')
    push(repository, A, other, **NAMED)
    tagged = repository.do(A, "ecr:DescribeImages", **NAMED, imageIds=[{"imageTag": "v1"}])
    assert tagged["imageDetails"][0]["imageDigest"] == other.digest
    old = repository.do(A, "ecr:DescribeImages", **NAMED, imageIds=[{"imageDigest": IMAGE.digest}])
    assert "imageTags" not in old["imageDetails"][0]
    repository.do(A, "ecr:PutImageTagMutability", **NAMED, imageTagMutability="IMMUTABLE")
    answer = repository.call(
        A, "ecr:PutImage", imageManifest=IMAGE.manifest, imageTag="v1", **NAMED
    )
    assert answer.error == (
        "ImageTagAlreadyExistsException",
        400,
        "The image tag 'v1' already exists in the 'my-app' repository and cannot be overwritten "
        "because the repository is immutable.",
    )


def test_an_index_of_images(repository: Sandbox) -> None:
    push(repository, A, IMAGE, tag=None, **NAMED)
    index = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [
                {
                    "mediaType": MANIFEST_TYPE,
                    "digest": IMAGE.digest,
                    "size": len(IMAGE.manifest),
                    "platform": {"architecture": "amd64", "os": "linux"},
                }
            ],
        }
    )
    put = repository.do(A, "ecr:PutImage", imageManifest=index, imageTag="v1", **NAMED)["image"]
    assert put["imageId"]["imageDigest"] == digest_of(index.encode())
    found = repository.do(A, "ecr:BatchGetImage", **NAMED, imageIds=[{"imageTag": "v1"}])
    assert found["images"][0]["imageManifestMediaType"] == INDEX_TYPE


def test_deleting_images(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    gone = repository.do(
        A, "ecr:BatchDeleteImage", **NAMED, imageIds=[{"imageTag": "v1"}, {"imageTag": "v9"}]
    )
    assert gone["imageIds"] == [{"imageDigest": IMAGE.digest, "imageTag": "v1"}]
    assert [one["failureCode"] for one in gone["failures"]] == ["ImageNotFound"]
    assert repository.do(A, "ecr:DescribeImages", **NAMED)["imageDetails"] == []


def test_lists_of_images(repository: Sandbox) -> None:
    push(repository, A, IMAGE, **NAMED)
    push(repository, A, Image(b"two", b'{"two": 2}'), tag=None, **NAMED)
    listed = repository.do(A, "ecr:ListImages", **NAMED)["imageIds"]
    assert sorted(one.get("imageTag", "") for one in listed) == ["", "v1"]
    tagged = repository.do(A, "ecr:ListImages", **NAMED, filter={"tagStatus": "TAGGED"})
    assert [one["imageTag"] for one in tagged["imageIds"]] == ["v1"]


# -- download URLs ---------------------------------------------------------------------------


@pytest.fixture
def target(repository: Sandbox) -> str:
    """The path and query of a layer's download URL."""
    upload(repository, A, IMAGE.layer, **NAMED)
    found = repository.do(
        A, "ecr:GetDownloadUrlForLayer", **NAMED, layerDigest=digest_of(IMAGE.layer)
    )
    parts = urlsplit(found["downloadUrl"])
    assert f"{parts.scheme}://{parts.netloc}" == repository.endpoint
    return f"{parts.path}?{parts.query}"


def test_a_download_url_needs_nothing_else(repository: Sandbox, target: str) -> None:
    got = repository.http("GET", target)
    assert (got.status, got.body) == (200, IMAGE.layer)
    head = repository.http("HEAD", target)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(IMAGE.layer))


def test_an_altered_download_url_is_refused(repository: Sandbox, target: str) -> None:
    upload(repository, A, b"other", **NAMED)
    for altered in (
        target.replace(digest_of(IMAGE.layer), digest_of(b"other")),
        target.replace("expires=", "expires=1"),
        target[:-1] + ("0" if target[-1] != "0" else "1"),
        target.partition("&")[0],
        target.partition("?")[0],
        target.replace("expires=", "expires=x"),
        "/_layers/../../journal.jsonl?expires=1&signature=x",
        "/_layers/%00?expires=99999999999&signature=%FF",
    ):
        assert repository.http("GET", altered).status == 403, altered


def test_a_download_url_ends(repository: Sandbox, target: str) -> None:
    repository.advance(3590)
    assert repository.http("GET", target).status == 200
    repository.advance(20)
    assert repository.http("GET", target).status == 403


def test_the_tags_that_a_call_brings_or_takes_are_condition_keys(repository: Sandbox) -> None:
    """Source: Service Authorization Reference for Amazon ECR, TagResource and UntagResource."""
    only_team = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    keys = repository.user(
        A, "tagger", allow(["ecr:TagResource", "ecr:UntagResource"], "*", Condition=only_team)
    )
    arn = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"

    def tag(key: str) -> Answer:
        return repository.call(
            keys, "ecr:TagResource", resourceArn=arn, tags=[{"Key": key, "Value": "x"}]
        )

    def untag(key: str) -> Answer:
        return repository.call(keys, "ecr:UntagResource", resourceArn=arn, tagKeys=[key])

    assert tag("team").ok
    assert tag("cost").code == "AccessDeniedException"
    assert untag("cost").code == "AccessDeniedException"
    assert untag("team").ok
