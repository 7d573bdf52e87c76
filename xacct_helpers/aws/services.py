"""The AWS services that the sandbox has, and how a request for one of them is recognised.

Source: botocore's service models (apiVersion, targetPrefix, protocol), which a test compares;
AWS General Reference, service endpoints. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Protocol = Literal["query", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsService:
    """One service.

    name:  its prefix in actions, and its name in a credential scope. title: as people write it.
    version: of its API, which a form names. target: what X-Amz-Target begins with; "" for a form.
    hosts: the first labels of its endpoints. global_endpoint: whether one has no region.
    resource_controls: whether resource control policies apply to it (AWS Organizations User Guide,
        resource control policies; ECR since 2025).
    """

    name: str
    title: str
    protocol: Protocol
    version: str
    target: str = ""
    hosts: tuple[str, ...]
    global_endpoint: bool = True
    resource_controls: bool = False


SERVICES: dict[str, AwsService] = {
    service.name: service
    for service in (
        AwsService(name="iam", title="IAM", protocol="query", version="2010-05-08", hosts=("iam",)),
        AwsService(
            name="sts",
            title="STS",
            protocol="query",
            version="2011-06-15",
            hosts=("sts",),
            resource_controls=True,
        ),
        AwsService(
            name="ecr",
            title="ECR",
            protocol="json",
            version="2015-09-21",
            target="AmazonEC2ContainerRegistry_V20150921",
            hosts=("ecr", "api.ecr"),
            global_endpoint=False,
            resource_controls=True,
        ),
        AwsService(
            name="cloudtrail",
            title="CloudTrail",
            protocol="json",
            version="2013-11-01",
            target="com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
            hosts=("cloudtrail",),
        ),
        AwsService(
            name="organizations",
            title="Organizations",
            protocol="json",
            version="2016-11-28",
            target="AWSOrganizationsV20161128",
            hosts=("organizations",),
        ),
    )
}


def titles() -> str:
    """Return all of them as people write them: "IAM, STS, … and Organizations"."""
    *rest, last = (service.title for service in SERVICES.values())
    return f"{', '.join(rest)} and {last}"
