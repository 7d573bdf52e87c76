"""Which API call writes, reads and deletes which policy document, by the API's own names.

Source: the API references of IAM, ECR and AWS Organizations; a test compares this with botocore's
service models. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..policy import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCalls:
    """The calls for one kind of policy.

    kind: the rules that its document follows; None for those that only Organizations knows.
    names: the parameters that say which policy it is.
    document: the parameter of `write` that takes the document. options: what else `write` is given.
    creates: operations that make the owner or the policy, and their parameter for the document.
    answer: where the document stands in the answer to `read`.
    delete: "" where it takes another call, or none.
    """

    service: str
    kind: Kind | None
    names: tuple[str, ...]
    document: str
    write: str
    options: Mapping[str, Any] = field(default_factory=dict)
    creates: Mapping[str, str] = field(default_factory=dict)
    read: str = ""
    answer: tuple[str, ...] = ()
    delete: str = ""

    def named(self, *values: str) -> dict[str, str]:
        """Return the parameters that say which policy is meant."""
        return dict(zip(self.names, values, strict=True))

    def writing(self, *values: str, document: str) -> dict[str, Any]:
        """Return the parameters of `write` for a document."""
        return {**self.named(*values), self.document: document, **self.options}


def _inline(entity: str) -> PolicyCalls:
    return PolicyCalls(
        service="iam",
        kind="inline",
        names=(f"{entity}Name", "PolicyName"),
        document="PolicyDocument",
        write=f"Put{entity}Policy",
        read=f"Get{entity}Policy",
        answer=("PolicyDocument",),
        delete=f"Delete{entity}Policy",
    )


ENTITIES = ("role", "user", "group")
"""What has inline policies, and managed ones attached."""
POLICY_CALLS: Mapping[str, PolicyCalls] = {
    **{entity: _inline(entity.capitalize()) for entity in ENTITIES},
    "trust": PolicyCalls(
        service="iam",
        kind="trust",
        names=("RoleName",),
        document="PolicyDocument",
        write="UpdateAssumeRolePolicy",
        creates={"CreateRole": "AssumeRolePolicyDocument"},
        read="GetRole",
        answer=("Role", "AssumeRolePolicyDocument"),
    ),
    "managed": PolicyCalls(
        service="iam",
        kind="managed",
        names=("PolicyArn",),
        document="PolicyDocument",
        write="CreatePolicyVersion",
        options={"SetAsDefault": True},
        creates={"CreatePolicy": "PolicyDocument"},
    ),
    "repository": PolicyCalls(
        service="ecr",
        kind="repository",
        names=("repositoryName",),
        document="policyText",
        write="SetRepositoryPolicy",
        read="GetRepositoryPolicy",
        answer=("policyText",),
        delete="DeleteRepositoryPolicy",
    ),
    "registry": PolicyCalls(
        service="ecr",
        kind="registry",
        names=(),
        document="policyText",
        write="PutRegistryPolicy",
        read="GetRegistryPolicy",
        answer=("policyText",),
        delete="DeleteRegistryPolicy",
    ),
    "organization": PolicyCalls(
        service="organizations",
        kind=None,
        names=("PolicyId",),
        document="Content",
        write="UpdatePolicy",
        creates={"CreatePolicy": "Content"},
        read="DescribePolicy",
        answer=("Policy", "Content"),
    ),
}
"""By what has the policy: "role", "user" and "group" are inline ones, "trust" is a role's own."""
