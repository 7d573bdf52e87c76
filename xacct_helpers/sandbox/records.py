"""What IAM and ECR hold, as plain values: users, roles, policies, repositories, images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginProfile:
    """That a user has a password, since when, and whether signing in asks for a new one."""

    created: datetime
    reset_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A long-term key. active is False for an Inactive one."""

    access_key_id: str
    secret: str
    account: str
    user_name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """boundary: the ARN of its permissions boundary."""

    account: str
    name: str
    arn: str
    unique_id: str
    tags: Mapping[str, str]
    boundary: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """boundary: the ARN of its permissions boundary."""

    account: str
    name: str
    arn: str
    unique_id: str
    trust_policy: str
    max_session_seconds: int
    tags: Mapping[str, str]
    boundary: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceProfile:
    path: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A policy as it is stored.

    text: the JSON document. account, holder: whose policy it is, and what has it: "user", "role",
    "group", "repository", "registry", "trust" for a role's own, "organization"; "" when unknown.
    entity: the name of what has it, or the id of the place in the organization where it is
    attached. policy: of an inline policy its name, of an organization's its id.
    """

    name: str
    text: str
    arn: str | None = None
    account: str = ""
    holder: str = ""
    entity: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """An identity provider of IAM's. url: without https://; client_ids: the audiences it takes."""

    arn: str
    url: str
    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    account: str
    region: str
    name: str
    arn: str
    policy: str | None
    layers: Mapping[str, int]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """pushed_at: seconds since 1970. artifact_type: None when the manifest names none."""

    digest: str
    tags: tuple[str, ...]
    size: int
    pushed_at: int
    media_type: str
    artifact_type: str | None
    manifest: str


def inline_name(kind: str, entity: str, policy: str) -> str:
    """What people call an inline policy of a "user", "role" or "group"."""
    return f'inline policy "{policy}" of {kind} {entity}'


def attached_name(kind: str, entity: str, policy: str) -> str:
    """What people call a managed policy attached to a "user", "role" or "group"."""
    return f'managed policy "{policy}" attached to {kind} {entity}'


def boundary_name(kind: str, entity: str) -> str:
    """What people call the permissions boundary of a "user" or "role"."""
    return f"permissions boundary of {kind} {entity}"
