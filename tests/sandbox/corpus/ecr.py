"""ECR: repositories, images, what becomes of them, and a registry's settings."""

from __future__ import annotations

import json

from tests.sandbox.corpus.steps import Control, Step, no, ok, scenario
from tests.sandbox.images import Image, digest_of
from tests.sandboxes import A, B, grant, trust

APP = {"repositoryName": "my-app"}
GONE = {"repositoryName": "gone"}
OF_A = {**APP, "registryId": A}
ARN = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
NO_ARN = f"arn:aws:ecr:us-east-1:{A}:repository/gone"
NO_REPOSITORY = f"The repository with name 'gone' does not exist in the registry with id '{A}'"
IMAGE, OTHER = Image(b"layer of one"), Image(b"layer of two", b'{"two": 2}')
V1, V9 = {"imageTag": "v1"}, {"imageTag": "v9"}
TAG = {"Key": "team", "Value": "blue"}
NOT_FOUND = "RepositoryNotFoundException"
NO_IMAGE = ("ImageNotFoundException", "does not exist within the repository with name 'my-app'")


def pushed(image: Image, tag: str) -> tuple[Step | Control, ...]:
    """The calls that push an image."""
    steps: list[Step | Control] = []
    for what, data in (("layer", image.layer), ("config", image.config)):
        kept = f"{what}_{tag}"
        steps += [
            ok(f"a {what} of {tag} begun", "ecr:InitiateLayerUpload", **APP, keep=kept),
            ok(f"a {what} of {tag} sent", "ecr:UploadLayerPart", **APP, layerPartBlob=data,
               uploadId=f"{{{kept}.uploadId}}", partFirstByte=0, partLastByte=len(data) - 1),
            ok(f"a {what} of {tag} there", "ecr:CompleteLayerUpload", **APP,
               uploadId=f"{{{kept}.uploadId}}", layerDigests=[digest_of(data)]),
        ]  # fmt: skip
    manifest = ok(f"{tag} there", "ecr:PutImage", **APP, imageManifest=image.manifest, imageTag=tag)
    return (*steps, manifest)


REPOSITORIES = scenario(
    "repositories",
    ok("a repository", "ecr:CreateRepository", **APP, tags=[TAG],
       imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}),
    no("a name that is taken", "ecr:CreateRepository", "RepositoryAlreadyExistsException",
       "The repository with name 'my-app' already exists", **APP),
    no("a name that is not one", "ecr:CreateRepository", "InvalidParameterException",
       "Invalid parameter at 'repositoryName'", repositoryName="My App"),
    ok("all repositories", "ecr:DescribeRepositories"),
    ok("the repository", "ecr:DescribeRepositories", repositoryNames=["my-app"]),
    no("no such repository", "ecr:DescribeRepositories", NOT_FOUND, NO_REPOSITORY,
       repositoryNames=["gone"]),
    ok("tags", "ecr:TagResource", resourceArn=ARN, tags=[{"Key": "env", "Value": "test"}]),
    no("tags of none", "ecr:TagResource", NOT_FOUND, "The repository with name",
       resourceArn=NO_ARN, tags=[TAG]),
    no("a tag with signs", "ecr:TagResource", "InvalidTagParameterException",
       "Tag parameters are invalid", resourceArn=ARN, tags=[{"Key": "a", "Value": "~$"}]),
    ok("the tags", "ecr:ListTagsForResource", resourceArn=ARN),
    no("tags of what is no repository", "ecr:ListTagsForResource", "InvalidParameterException",
       "Invalid ARN", resourceArn="x"),
    ok("a tag taken away", "ecr:UntagResource", resourceArn=ARN, tagKeys=["env"]),
    no("a tag taken from none", "ecr:UntagResource", NOT_FOUND, "The repository with name",
       resourceArn=NO_ARN, tagKeys=["env"]),
    no("no policy yet", "ecr:GetRepositoryPolicy", "RepositoryPolicyNotFoundException",
       "Repository policy does not exist for the repository with name 'my-app'", **APP),
    ok("a policy", "ecr:SetRepositoryPolicy", **APP, policyText=grant(B)),
    no("what is no policy", "ecr:SetRepositoryPolicy", "InvalidParameterException",
       "Invalid repository policy provided", **APP, policyText="{"),
    ok("the policy", "ecr:GetRepositoryPolicy", **APP),
    ok("what the policy opens", "ecr:ListImages", by="B", **OF_A, denied="ecr:ListImages"),
    ok("no policy", "ecr:DeleteRepositoryPolicy", **APP),
    no("no policy again", "ecr:DeleteRepositoryPolicy", "RepositoryPolicyNotFoundException",
       "Repository policy does not exist", **APP),
    no("what is closed again", "ecr:ListImages", "AccessDeniedException",
       "because no resource-based policy allows the ecr:ListImages action", by="B", **OF_A),
    ok("tags that move", "ecr:PutImageTagMutability", **APP, imageTagMutability="MUTABLE"),
    no("tags that move nowhere", "ecr:PutImageTagMutability", NOT_FOUND, NO_REPOSITORY, **GONE,
       imageTagMutability="MUTABLE"),
    ok("its end", "ecr:DeleteRepository", **APP),
    no("the end of none", "ecr:DeleteRepository", NOT_FOUND, NO_REPOSITORY, **GONE),
)  # fmt: skip

IMAGES = scenario(
    "images",
    ok("a repository", "ecr:CreateRepository", **APP),
    no("an upload to nowhere", "ecr:InitiateLayerUpload", NOT_FOUND, NO_REPOSITORY, **GONE),
    *pushed(IMAGE, "v1"),
    no("a part of no upload", "ecr:UploadLayerPart", "UploadNotFoundException",
       "could not be found in the repository with name 'my-app'", **APP, layerPartBlob=b"x",
       uploadId="00000000-0000-0000-0000-000000000000", partFirstByte=0, partLastByte=0),
    no("the end of no upload", "ecr:CompleteLayerUpload", "UploadNotFoundException",
       "could not be found in the repository with name 'my-app'", **APP,
       uploadId="00000000-0000-0000-0000-000000000000", layerDigests=[digest_of(b"x")]),
    no("the same image again", "ecr:PutImage", "ImageAlreadyExistsException",
       "already exists in the repository with name 'my-app'", **APP, **V1,
       imageManifest=IMAGE.manifest),
    no("an image without its layer", "ecr:PutImage", "LayersNotFoundException",
       "The layers with digests", **APP, **V9, imageManifest=OTHER.manifest),
    *pushed(OTHER, "v2"),
    ok("the images", "ecr:DescribeImages", **APP),
    no("no such image", "ecr:DescribeImages", *NO_IMAGE, **APP, imageIds=[V9]),
    ok("their ids", "ecr:ListImages", **APP),
    no("ids in no repository", "ecr:ListImages", NOT_FOUND, NO_REPOSITORY, **GONE),
    ok("manifests, there and not", "ecr:BatchGetImage", **APP, imageIds=[V1, V9]),
    no("manifests in no repository", "ecr:BatchGetImage", NOT_FOUND, NO_REPOSITORY, **GONE,
       imageIds=[V1]),
    ok("layers, there and not", "ecr:BatchCheckLayerAvailability", **APP,
       layerDigests=[digest_of(IMAGE.layer), digest_of(b"x")]),
    no("layers in no repository", "ecr:BatchCheckLayerAvailability", NOT_FOUND, NO_REPOSITORY,
       **GONE, layerDigests=[digest_of(b"x")]),
    ok("where a layer is", "ecr:GetDownloadUrlForLayer", **APP,
       layerDigest=digest_of(IMAGE.layer)),
    no("where no layer is", "ecr:GetDownloadUrlForLayer", "LayersNotFoundException",
       "does not exist in the repository with name 'my-app'", **APP, layerDigest=digest_of(b"x")),
    no("a repository with images deleted", "ecr:DeleteRepository", "RepositoryNotEmptyException",
       "cannot be deleted because it still contains images", **APP),
    ok("images deleted, there and not", "ecr:BatchDeleteImage", **APP, imageIds=[V1, V9]),
    no("images deleted in no repository", "ecr:BatchDeleteImage", NOT_FOUND, NO_REPOSITORY,
       **GONE, imageIds=[V1]),
    ok("a repository deleted with its images", "ecr:DeleteRepository", **APP, force=True),
)  # fmt: skip

ON_PUSH = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [
    {"filter": "prod*", "filterType": "WILDCARD"}]}  # fmt: skip
SCANS = scenario(
    "scans",
    ok("a repository", "ecr:CreateRepository", **APP),
    *pushed(IMAGE, "v1"),
    no("findings before a scan", "ecr:DescribeImageScanFindings", "ScanNotFoundException",
       "Image scan does not exist for the image", **APP, imageId=V1),
    ok("a scan", "ecr:StartImageScan", **APP, imageId=V1),
    no("a second scan of the day", "ecr:StartImageScan", "LimitExceededException",
       "The scan quota per image has been exceeded.", **APP, imageId=V1),
    no("a scan of no image", "ecr:StartImageScan", *NO_IMAGE, **APP, imageId=V9),
    ok("how it ended", "ecr:DescribeImageScanFindings", **APP, imageId=V1),
    ok("scans on push", "ecr:PutImageScanningConfiguration", **APP,
       imageScanningConfiguration={"scanOnPush": True}),
    no("scans on push to nowhere", "ecr:PutImageScanningConfiguration", NOT_FOUND, NO_REPOSITORY,
       **GONE, imageScanningConfiguration={"scanOnPush": True}),
    ok("the registry's rules", "ecr:PutRegistryScanningConfiguration", scanType="BASIC",
       rules=[ON_PUSH]),
    no("rules of another kind", "ecr:PutRegistryScanningConfiguration",
       "InvalidParameterException", "this sandbox has no Amazon Inspector", scanType="ENHANCED"),
    ok("the rules", "ecr:GetRegistryScanningConfiguration"),
    ok("what they say of repositories, there and not",
       "ecr:BatchGetRepositoryScanningConfiguration", repositoryNames=["my-app", "gone"]),
    no("what they say of none", "ecr:BatchGetRepositoryScanningConfiguration",
       "InvalidParameterException", "Invalid parameter at", repositoryNames=[]),
)  # fmt: skip


def rules(status: str, count: int) -> str:
    """A lifecycle policy that keeps so many images of a status."""
    selection = {"tagStatus": status, "countType": "imageCountMoreThan", "countNumber": count}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    return json.dumps({"rules": [rule]}).ljust(100)


NO_LIFECYCLE = ("LifecyclePolicyNotFoundException", "Lifecycle policy does not exist")
LIFECYCLES = scenario(
    "lifecycle policies",
    ok("a repository", "ecr:CreateRepository", **APP),
    *pushed(IMAGE, "v1"),
    *pushed(OTHER, "v2"),
    no("no policy yet", "ecr:GetLifecyclePolicy", *NO_LIFECYCLE, **APP),
    no("a preview of none", "ecr:StartLifecyclePolicyPreview", *NO_LIFECYCLE, **APP),
    no("no preview yet", "ecr:GetLifecyclePolicyPreview",
       "LifecyclePolicyPreviewNotFoundException",
       "Lifecycle policy preview does not exist for the repository with name", **APP),
    ok("a preview", "ecr:StartLifecyclePolicyPreview", **APP, lifecyclePolicyText=rules("any", 1)),
    ok("what it shows", "ecr:GetLifecyclePolicyPreview", **APP),
    ok("a policy", "ecr:PutLifecyclePolicy", **APP, lifecyclePolicyText=rules("untagged", 1)),
    no("what is no policy", "ecr:PutLifecyclePolicy", "InvalidParameterException",
       "Invalid parameter at", **APP, lifecyclePolicyText="x" * 100),
    ok("the policy", "ecr:GetLifecyclePolicy", **APP),
    ok("no policy", "ecr:DeleteLifecyclePolicy", **APP),
    no("no policy again", "ecr:DeleteLifecyclePolicy", *NO_LIFECYCLE, **APP),
)  # fmt: skip


EVERY = f"arn:aws:ecr:us-east-1:{A}:repository/*"
NO_POLICY = (
    "RegistryPolicyNotFoundException",
    f"Registry policy does not exist in the registry with id '{A}'",
)


def to(region: str, account: str) -> dict[str, object]:
    """A replication configuration with one destination."""
    return {"rules": [{"destinations": [{"region": region, "registryId": account}]}]}


REGISTRY = scenario(
    "a registry",
    ok("a token", "ecr:GetAuthorizationToken"),
    no("a token for no registry", "ecr:GetAuthorizationToken", "InvalidParameterException",
       "Invalid parameter at 'registryIds.1.member'", registryIds=["1"]),
    ok("its settings", "ecr:DescribeRegistry"),
    no("no policy yet", "ecr:GetRegistryPolicy", *NO_POLICY),
    ok("a policy", "ecr:PutRegistryPolicy",
       policyText=grant(B, "ecr:BatchGetImage", Resource=EVERY)),
    no("what is no policy", "ecr:PutRegistryPolicy", "InvalidParameterException",
       "Invalid registry policy provided", policyText="{"),
    ok("the policy", "ecr:GetRegistryPolicy"),
    ok("no policy", "ecr:DeleteRegistryPolicy"),
    no("no policy again", "ecr:DeleteRegistryPolicy", *NO_POLICY),
    ok("copies in another region", "ecr:PutReplicationConfiguration",
       replicationConfiguration=to("eu-west-1", A)),
    no("copies in the same place", "ecr:PutReplicationConfiguration", "InvalidParameterException",
       "Replication destination cannot be the same as the source registry",
       replicationConfiguration=to("us-east-1", A)),
    ok("its settings then", "ecr:DescribeRegistry"),
    ok("a repository", "ecr:CreateRepository", **APP),
    *pushed(IMAGE, "v1"),
    ok("what became of the copy", "ecr:DescribeImageReplicationStatus", **APP, imageId=V1),
    no("what became of no copy", "ecr:DescribeImageReplicationStatus", *NO_IMAGE, **APP,
       imageId=V9),
    ok("the copy", "ecr:DescribeImages", region="eu-west-1", **APP),
)  # fmt: skip

PULL = scenario(
    "an image pulled from another account",
    ok("a repository", "ecr:CreateRepository", **APP),
    *pushed(IMAGE, "v1"),
    ok("a role that may pull", "iam:CreateRole", RoleName="puller",
       AssumeRolePolicyDocument=trust(B)),
    ok("what it may", "iam:PutRolePolicy", RoleName="puller", PolicyName="pull",
       PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
           {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
           {"Effect": "Allow", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": ARN}]})),
    ok("the role assumed", "sts:AssumeRole", by="B", RoleArn=f"arn:aws:iam::{A}:role/puller",
       RoleSessionName="pull", keep="session"),
    ok("a token", "ecr:GetAuthorizationToken", by="session"),
    ok("the manifest", "ecr:BatchGetImage", by="session", **APP, imageIds=[V1]),
    ok("where the layer is", "ecr:GetDownloadUrlForLayer", by="session", **APP,
       layerDigest=digest_of(IMAGE.layer)),
    no("no more than that", "ecr:ListImages", "AccessDeniedException",
       f"User: arn:aws:sts::{A}:assumed-role/puller/pull is not authorized to perform: "
       f"ecr:ListImages on resource: {ARN}", by="session", **APP),
)  # fmt: skip

SCENARIOS = (REPOSITORIES, IMAGES, SCANS, LIFECYCLES, REGISTRY, PULL)
