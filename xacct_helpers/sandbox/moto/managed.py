"""AWS's own managed policies, which moto brings: read when an account first asks for one."""

from __future__ import annotations

import functools
import json
from typing import Any

from .ids import Ids
from .moto_imports import PARTITION, aws_managed_policies_data, iam_backend, iam_models

PREFIX = "arn:aws:iam::aws:policy/"


class AwsManaged:
    """The AWS managed policies that the accounts have looked at."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._whole: set[str] = set()

    def load(self, account: str, arn: str) -> None:
        """Make one of AWS's managed policies known to the account, if AWS has it."""
        backend = iam_backend(account)
        if arn in backend.managed_policies:
            return
        name = arn.rsplit("/", 1)[-1]
        data = _definition(name)
        if data is not None:
            self._add(backend, name, data, only=arn)

    def load_all(self, account: str) -> None:
        """Make all of them known to the account."""
        if account in self._whole:
            return
        backend = iam_backend(account)
        for name, data in json.loads(aws_managed_policies_data).items():
            self._add(backend, name, data)
        self._whole.add(account)

    def _add(self, backend: Any, name: str, data: Any, only: str | None = None) -> None:
        self._ids.begin_text(f"aws-managed\0{name}")
        policy = iam_models.AWSManagedPolicy.from_data(name, backend.account_id, PARTITION, data)
        if policy.arn not in backend.managed_policies and only in (None, policy.arn):
            backend.managed_policies[policy.arn] = policy
            backend.aws_managed_policies.append(policy)

    def clear(self) -> None:
        """Of accounts that are empty again."""
        self._whole.clear()


@functools.lru_cache(maxsize=64)
def _definition(name: str) -> Any:
    """Find what moto has of one of AWS's managed policies; None when there is no such policy.

    moto's data is one text of several megabytes, in which each policy begins a line.
    """
    key = f"\n {json.dumps(name)}:"
    at = aws_managed_policies_data.find(key + "{")
    if at < 0:
        return None
    data, _ = json.JSONDecoder().raw_decode(aws_managed_policies_data, at + len(key))
    return data
