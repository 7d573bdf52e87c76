"""The company that is broken in notebook 13: every document that the deployment depends on.

A world is plain data. `SOUND` is the one in which everything is right; a fault makes another one
out of it, in which one document, or one setting of the deployment, is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...aws.regions import DEFAULT_REGION
from ...workspace import ACCOUNT_A, ACCOUNT_B
from .deployment import Deployment

Document = Mapping[str, Any]
Statement = dict[str, Any]

NAME_A, NAME_B = "account-a-role-name", "some-role-name"
ROLE_A = f"arn:aws:iam::{ACCOUNT_A}:role/{NAME_A}"
ROLE_B = f"arn:aws:iam::{ACCOUNT_B}:role/{NAME_B}"
NODE = f"arn:aws:iam::{ACCOUNT_B}:role/cluster-node"
REPOSITORY = "my-app"
REPOSITORY_ARN = f"arn:aws:ecr:{DEFAULT_REGION}:{ACCOUNT_A}:repository/{REPOSITORY}"
EXTERNAL_ID = "customer-4711"
PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

# Names that planting gives and repairs use.
PERMISSION_NAME, TOOLS_NAME, PULL_NAME = "assume-account-a", "tools", "pull"
BOUNDARY_NAME, CONTROL_NAME = "limits", "our-region-only"
BOUNDARY_ARN = f"arn:aws:iam::{ACCOUNT_B}:policy/{BOUNDARY_NAME}"

Place = Literal[
    "trust",
    "pull",
    "repository",
    "caller_trust",
    "permission",
    "tools",
    "boundary",
    "control",
    "deployment",
]
"""Where a fault is: one document, or the deployment's settings. Each is mended by one change."""


def document(*statements: Statement) -> Document:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(**elements: Any) -> Statement:
    """A statement that allows."""
    return {"Effect": "Allow", **elements}


def deny(**elements: Any) -> Statement:
    """A statement that denies."""
    return {"Effect": "Deny", **elements}


# -- the documents as they should be -----------------------------------------------------------


def trust_of_deployment(
    *, principal: str = ROLE_B, action: str = "sts:AssumeRole", **condition: str
) -> Statement:
    """A's yes to the deployment. condition: key (`:` written `__`) to value."""
    keys = {key.replace("__", ":"): value for key, value in condition.items()}
    return {
        "Sid": "Deployment",
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": action,
        "Condition": {"StringEquals": keys or {"sts:ExternalId": EXTERNAL_ID}},
    }


TRUST_OF_NODE = {
    "Sid": "ClusterNode",
    "Effect": "Allow",
    "Principal": {"AWS": NODE},
    "Action": "sts:AssumeRole",
}
LOG_IN = allow(Sid="LogIn", Action="ecr:GetAuthorizationToken", Resource="*")


def pulls(
    actions: tuple[str, ...] = (*PULL, "ecr:DescribeImages"), resource: str = REPOSITORY_ARN
) -> Statement:
    """What A's role may do with the image."""
    return allow(Sid="Pull", Action=list(actions), Resource=resource)


def assume(resource: str = ROLE_A, action: str = "sts:AssumeRole") -> Document:
    """B's yes."""
    return document(allow(Sid="AssumeTheRoleInA", Action=action, Resource=resource))


REPOSITORY_STATEMENT = allow(Sid="Pull", Principal={"AWS": NODE}, Action=list(PULL))
TOOLS_STATEMENT = allow(
    Sid="LookAround", Action=["ecr:Describe*", "iam:Get*", "iam:List*"], Resource="*"
)


def only_in(region: str) -> Document:
    """The company's rule for account B: one region, but for services that have none."""
    return document(
        deny(
            Sid="OurRegionOnly",
            NotAction=["iam:*", "organizations:*", "cloudtrail:*"],
            Resource="*",
            Condition={"StringNotEquals": {"aws:RequestedRegion": region}},
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is planted. None: there is no such policy.

    trust, pull: account-a-role-name's trust policy and its permission. repository: my-app's policy.
    caller_trust, permission, tools, boundary: of some-role-name. control: the service control
    policy on account B. remade: B's role is deleted and made again after A has named it.
    """

    trust: Document = field(
        default_factory=lambda: document(trust_of_deployment(), dict(TRUST_OF_NODE))
    )
    pull: Document = field(default_factory=lambda: document(LOG_IN, pulls()))
    repository: Document = field(default_factory=lambda: document(REPOSITORY_STATEMENT))
    caller_trust: Document = field(
        default_factory=lambda: document(
            allow(Principal={"AWS": ACCOUNT_B}, Action="sts:AssumeRole")
        )
    )
    permission: Document | None = field(default_factory=assume)
    tools: Document = field(default_factory=lambda: document(TOOLS_STATEMENT))
    boundary: Document = field(
        default_factory=lambda: document(allow(Action=["ecr:*", "sts:*"], Resource="*"))
    )
    control: Document = field(default_factory=lambda: only_in(DEFAULT_REGION))
    deployment: Deployment = field(default_factory=Deployment)
    remade: bool = False


SOUND = World()
