"""The permissions that a call needs, before and after the engine has judged them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..policy import Decision, Policies, Request
from .records import StoredPolicy

Context = dict[str, "str | tuple[str, ...]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionCheck:
    """One permission that a call needs.

    resource: an ARN, or "*" for actions without a resource type.
    resource_policy: the trust or repository policy of the resource; None without one.
    registry_policy: the policy of the registry that the repository is in, likewise.
    context: the condition keys of this action and resource.
    missing: a sentence for the learner when the resource does not exist; AWS does not tell.
    """

    action: str
    resource: str
    resource_account: str
    resource_policy: StoredPolicy | None = None
    registry_policy: StoredPolicy | None = None
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPermission:
    """A PermissionCheck that was put to the engine, with all that is needed to explain it."""

    request: Request
    policies: Policies
    decision: Decision
    missing: str = ""
