"""What IAM's operations are authorised on: each entity's ARN, tags and boundary, in one look.

Source: Service Authorization Reference for IAM, with which a test compares every operation; public
logs for listings, which have no resource type there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...protocol.messages import Call

if TYPE_CHECKING:
    from ...store.state import State


@dataclass(frozen=True, slots=True)
class Target:
    """What a call is authorised on, whether it exists or not. boundary: that policy's ARN."""

    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)
    boundary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityType:
    """What operations can be authorised on.

    look: finds what a call in an account is authorised on.
    parameter: the parameter that names the entity.
    kind: of an entity that has policies: "role", "user" or "group".
    caseless_tags: whether the keys of its tags are the same in any case.
    """

    look: Callable[[State, Call, str], Target]
    kind: str = ""
    parameter: str = ""
    caseless_tags: bool = False


def _role(state: State, call: Call, account: str) -> Target:
    name = call.params["RoleName"]
    role = state.backends.iam.role(account, name)
    if role is None:
        return Target(f"arn:aws:iam::{account}:role{call.params.get('Path', '/')}{name}")
    return Target(role.arn, role.tags, role.boundary)


def _user(state: State, call: Call, account: str) -> Target:
    name = call.params["UserName"]
    user = state.backends.iam.user(account, name)
    if user is None:
        return Target(f"arn:aws:iam::{account}:user{call.params.get('Path', '/')}{name}")
    return Target(user.arn, user.tags, user.boundary)


def _group(state: State, call: Call, account: str) -> Target:
    name = call.params["GroupName"]
    path = call.params.get("Path") or state.backends.iam.group_path(account, name)
    return Target(f"arn:aws:iam::{account}:group{path}{name}")


def _policy(state: State, call: Call, account: str) -> Target:
    """The managed policy of an ARN, or the one that a call would make."""
    params = call.params
    if "PolicyArn" in params:
        arn = str(params["PolicyArn"])
        return Target(arn, state.backends.iam.policy_tags(account, arn))
    return Target(f"arn:aws:iam::{account}:policy{params.get('Path', '/')}{params['PolicyName']}")


def _instance_profile(state: State, call: Call, account: str) -> Target:
    name = call.params["InstanceProfileName"]
    profile = state.backends.iam.instance_profile(account, name)
    path = call.params.get("Path") or (profile.path if profile else "/")
    arn = f"arn:aws:iam::{account}:instance-profile{path}{name}"
    return Target(arn, profile.tags if profile else {})


def _everything(state: State, call: Call, account: str) -> Target:
    return Target("*")


ROLE = EntityType(look=_role, kind="role", parameter="RoleName", caseless_tags=True)
USER = EntityType(look=_user, kind="user", parameter="UserName", caseless_tags=True)
GROUP = EntityType(look=_group, kind="group", parameter="GroupName")
POLICY = EntityType(look=_policy)
INSTANCE_PROFILE = EntityType(look=_instance_profile, parameter="InstanceProfileName")
#: Of an operation without a resource type.
EVERYTHING = EntityType(look=_everything)


def listing(resource_type: str) -> EntityType:
    """Return what a listing is authorised on: the entities of a type under a path.

    Public logs: "iam:ListRoles on resource: arn:aws:iam::ACCOUNT:role/", of MFA devices ":mfa/".
    """

    def look(state: State, call: Call, account: str) -> Target:
        path = call.params.get("PathPrefix", "/")
        return Target(f"arn:aws:iam::{account}:{resource_type}{path}")

    return EntityType(look=look)
