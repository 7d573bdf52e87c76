"""Words around the service authorization reference: keys known everywhere, and common slips."""

from __future__ import annotations

# What people write for what is called otherwise. Source: each service's page of the reference.
MEANT: dict[str, tuple[str, ...]] = {
    "ecr:pull": ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    "ecr:pullimage": ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    "ecr:getimage": ("ecr:BatchGetImage",),
    "ecr:push": ("ecr:PutImage", "ecr:UploadLayerPart"),
    "ecr:pushimage": ("ecr:PutImage", "ecr:UploadLayerPart"),
    "ecr:login": ("ecr:GetAuthorizationToken",),
    "s3:headobject": ("s3:GetObject",),
    "s3:headbucket": ("s3:ListBucket",),
    "s3:listobjects": ("s3:ListBucket",),
    "s3:listobjectsv2": ("s3:ListBucket",),
    "s3:listbuckets": ("s3:ListAllMyBuckets",),
    "lambda:invoke": ("lambda:InvokeFunction",),
}


# Source of both: IAM User Guide, "AWS global condition context keys" (read 2026-11-24).
_GLOBAL = """
    PrincipalArn PrincipalAccount PrincipalOrgPaths PrincipalOrgID PrincipalTag/*
    PrincipalIsAWSService PrincipalServiceName PrincipalServiceNamesList PrincipalType userid
    username AssumedRoot FederatedProvider TokenIssueTime SignInSessionArn MultiFactorAuthAge
    MultiFactorAuthPresent ChatbotSourceArn Ec2InstanceSourceVpc Ec2InstanceSourcePrivateIPv4
    SourceIdentity SourceIp SourceVpc SourceVpcArn SourceVpce VpceAccount VpceOrgID VpceOrgPaths
    VpcSourceIp ResourceAccount ResourceOrgID ResourceOrgPaths ResourceTag/* CalledVia
    CalledViaFirst CalledViaLast CalledViaAWSMCP ViaAWSService ViaAWSMCPService CurrentTime
    EpochTime referer RequestedRegion RequestTag/* TagKeys SecureTransport SourceAccount SourceArn
    SourceOrgID SourceOrgPaths UserAgent IsMcpServiceAction
"""


_CROSS_SERVICE = """
    ec2:RoleDelivery ec2:SourceInstanceArn glue:RoleAssumedBy glue:CredentialIssuingService
    codebuild:BuildArn codebuild:ProjectArn lambda:SourceFunctionArn ssm:SourceInstanceArn
    identitystore:UserId
"""


GLOBAL_KEYS = frozenset(f"aws:{name}" for name in _GLOBAL.split())


CROSS_SERVICE_KEYS = frozenset(_CROSS_SERVICE.split())


EVERYWHERE = frozenset(key.lower() for key in GLOBAL_KEYS | CROSS_SERVICE_KEYS)
