"""moto, mended: the lab's clock, ids from names, names as they are, nothing validated twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..clock import Clock
from ..protocol.models import loader
from .iam import Iam
from .ids import Ids
from .moto_imports import (
    PARTITION,
    IamResponse,
    core_responses,
    core_utils,
    ecr_models,
    iam_exceptions,
    iam_models,
)


def mend(ids: Ids, clock: Clock, iam: Iam) -> Callable[[], None]:
    """Put what behaves as AWS does in the place of what does not, for the whole process.

    Returns a function that puts moto back as it was.
    """

    def utcnow() -> datetime:
        return clock.now().replace(tzinfo=None)

    def get_role(backend: Any, role_name: str) -> Any:
        role = iam.moto_role(backend.account_id, role_name)
        if role is None:
            raise iam_exceptions.NotFoundException(f"Role {role_name} not found")
        return role

    def list_roles(
        backend: Any,
        path_prefix: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Any:
        """By name, as AWS's lists are, and not by id."""
        found = sorted(backend.roles.values(), key=lambda role: role.name.lower())
        found = [role for role in found if role.path.startswith(path_prefix or "/")]
        end = int(marker or 0) + int(max_items or 100)
        return found[int(marker or 0) : end], str(end) if end < len(found) else None

    backend: Any = iam_models.IAMBackend
    regions: Any = ecr_models.ecr_backends
    replacements: list[tuple[Any, str, Any]] = [
        # moto's own loader would read the models twice, and those in the user's home as well.
        (core_utils, "create_loader", loader),
        (core_utils, "service_name_from_moto_package_name", lambda name: name),
        *(
            (module, "utcnow", utcnow)
            for module in (iam_models, ecr_models, core_utils, core_responses)
        ),
        (iam_models, "random_resource_id", lambda size=20: ids.unique_id()),
        (iam_models, "random_policy_id", lambda: "ANPA" + ids.letters(17)),
        (iam_models, "random_alphanumeric", ids.secret),
        (iam_models, "IAMPolicyDocumentValidator", _AcceptAll),
        (iam_models, "IAMTrustPolicyDocumentValidator", _AcceptAll),
        (backend, "get_role", get_role),
        (backend, "list_roles", list_roles),
        (backend, "_tag_verification", _tags_by_key),
        (backend, "untag_policy", _untag_policy),
        (backend, "untag_open_id_connect_provider", _untag_provider),
        *(
            (IamResponse, name, _saying_whole(getattr(IamResponse, name)))
            for name in ("list_groups", "list_instance_profiles", "list_instance_profiles_for_role")
        ),
        (regions, "_use_boto3_regions", False),
        (regions, "_additional_regions", _ecr_regions()),
    ]
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in replacements]
    _put(replacements)
    return lambda: _put(originals)


def _put(attributes: list[tuple[Any, str, Any]]) -> None:
    for owner, name, value in attributes:
        setattr(owner, name, value)


class _AcceptAll(str):
    """A document that moto's validators need not look at: ours has judged it already."""

    def validate(self) -> None:
        return None


def _tags_by_key(backend: Any, tags: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """By the key as it is written: moto takes case out of the keys of policies and providers, for
    which IAM keeps it."""
    return {tag["Key"]: tag for tag in tags}


def _untag_policy(backend: Any, policy_arn: str, tag_keys: list[str]) -> None:
    for key in tag_keys:
        backend.get_policy(policy_arn).tags.pop(key, None)


def _untag_provider(backend: Any, arn: str, tag_keys: list[str]) -> None:
    for key in tag_keys:
        backend.get_open_id_connect_provider(arn).tags.pop(key, None)


def _saying_whole(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Have a listing say that it is not cut short, which moto leaves out."""

    def listing(response: Any) -> Any:
        answer = method(response)
        answer._result = {**answer._result, "IsTruncated": False}
        return answer

    return listing


def _ecr_regions() -> list[str]:
    """The regions of the aws partition: ECR is in every one."""
    partitions = loader().load_data("partitions")["partitions"]
    regions = next(p["regions"] for p in partitions if p["id"] == PARTITION)
    return [region for region in regions if region != "aws-global"]
