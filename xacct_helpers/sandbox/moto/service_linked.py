"""Service-linked roles, which moto would name at random and leave without a policy."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from urllib.parse import quote
from uuid import UUID

from .iam import Iam
from .ids import Ids
from .managed import AwsManaged
from .moto_imports import iam_backend


class ServiceLinkedRoles:
    """Roles that a service alone may assume, and how they were deleted."""

    def __init__(self, ids: Ids, managed: AwsManaged, iam: Iam) -> None:
        self._ids = ids
        self._managed = managed
        self._iam = iam
        self._deletions: set[tuple[str, str]] = set()

    def create(
        self, account: str, service: str, name: str, policy_arn: str, description: str
    ) -> None:
        """A role that a service alone may assume, with the AWS managed policy for it.

        moto's own way would make up the name and attach nothing.
        """
        backend = iam_backend(account)
        self._ids.begin(account, "CreateServiceLinkedRole", name)
        statement = {
            "Action": ["sts:AssumeRole"],
            "Effect": "Allow",
            "Principal": {"Service": [service]},
        }
        backend.create_role(
            role_name=name,
            assume_role_policy_document=json.dumps(
                {"Version": "2012-10-17", "Statement": [statement]}
            ),
            path=f"/aws-service-role/{service}/",
            permissions_boundary=None,
            description=description,
            tags=[],
            max_session_duration="3600",
            linked_service=service,
        )
        self._iam.look_again(account)
        self._managed.load(account, policy_arn)
        backend.attach_role_policy(policy_arn, name)

    def answer(self, account: str, name: str) -> dict[str, Any]:
        """A role as CreateServiceLinkedRole's answer shows it."""
        role = self._iam.moto_role(account, name)
        return {
            "Path": role.path,
            "RoleName": name,
            "RoleId": role.id,
            "Arn": role.arn,
            "CreateDate": role.create_date.replace(tzinfo=UTC),
            "AssumeRolePolicyDocument": quote(role.assume_role_policy_document),
        }

    def delete(self, account: str, name: str) -> str:
        """Delete the role with its policies; the id of the deletion, the same on replay."""
        role = self._iam.moto_role(account, name)
        digest = self._ids.digest(f"{account}\0{role.id}")
        task = f"task{role.path}{name}/{UUID(bytes=digest[:16], version=4)}"
        backend = iam_backend(account)
        for arn in tuple(role.managed_policies):
            backend.detach_role_policy(arn, name)
        backend.delete_role(name)
        self._iam.look_again(account)
        self._deletions.add((account, task))
        return task

    def deletion_known(self, account: str, task: str) -> bool:
        """Whether the account has had this deletion of a service-linked role."""
        return (account, task) in self._deletions

    def clear(self) -> None:
        """Of accounts that are empty again."""
        self._deletions.clear()
