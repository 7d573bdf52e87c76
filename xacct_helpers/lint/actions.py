"""Warnings about actions and the resources that they work on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ..aws.service_reference import actions_of, blank, covered, services, templates_of
from ..policy.language.rules import LOGIN
from .findings import Fault, did_you_mean, similar
from .reference import MEANT
from .statement_view import Look


def _free_actions(look: Look) -> Iterator[Fault]:
    """(path, action) where any action is accepted; in a trust policy AWS refuses strange ones."""
    return iter(()) if look.kind == "trust" else look.values("Action", "NotAction")


def unknown_service(look: Look) -> Iterator[Fault]:
    for path, action in _free_actions(look):
        service, colon, name = action.partition(":")
        if colon and service != "*" and service.lower() not in services():
            near = [f"{one}:{name}" for one in similar(service, sorted(services()), 5)]
            meant = [one for one in near if covered(one)] or near
            yield path, f"AWS's reference has no service {service}.{did_you_mean(meant[:1])}"


def unknown_action(look: Look) -> Iterator[Fault]:
    for path, action in _free_actions(look):
        service, colon, name = action.partition(":")
        if not colon or "*" in action or "?" in action or service.lower() not in services():
            continue
        if not covered(action):
            close = similar(name, actions_of(service.lower()))
            meant = MEANT.get(action.lower()) or [f"{service}:{one}" for one in close]
            yield (
                path,
                f"AWS's reference has no action {action}; it is accepted and does nothing."
                + (did_you_mean(meant)),
            )


def wildcard_matches_nothing(look: Look) -> Iterator[Fault]:
    for path, action in _free_actions(look):
        service, _, name = action.partition(":")
        wild = "*" in name or "?" in name
        if wild and service.lower() in services() and not covered(action):
            yield path, f"No action of {service} in AWS's reference fits {action}."


def must_be_star(look: Look) -> Iterator[Fault]:
    resources = look.statement.resources
    if not resources or "*" in resources:
        return
    for path, action in look.values("Action"):
        if covered(action) and not templates_of(action):
            verb = "allow" if look.allows else "deny"
            yield (
                path,
                f"{action} works on no particular resource, so this statement does not {verb} it. "
                'Put it into a statement of its own with "Resource": "*".',
            )


def not_about_a_repository(look: Look) -> Iterator[Fault]:
    if look.kind != "repository":
        return
    for path, action in look.values("Action"):
        refused = action.lower() == LOGIN
        if not refused and covered(action) and not templates_of(action):
            yield (
                path,
                f"{action} works on no repository, so a repository's policy has no say in it. It "
                "belongs in an identity policy.",
            )


def resource_not_for_action(look: Look) -> Iterator[Fault]:
    resources = look.statement.resources
    if not resources or not all(one.startswith("arn:") for one in resources):
        return
    for path, action in look.values("Action"):
        templates = templates_of(action)
        if templates and not any(
            _overlap(blank(template), blank(resource))
            for template in templates
            for resource in resources
        ):
            known = sorted(templates)
            forms = " or ".join(known[:2]) + (" and others" if len(known) > 2 else "")
            yield path, f"No Resource of this statement is one that {action} works on: {forms}."


@lru_cache(maxsize=4096)
def _overlap(one: str, other: str) -> bool:
    """True when some text fits both patterns."""
    if len(one) > 2048 or len(other) > 2048:
        return True
    below = [False] * len(other) + [True]  # what the rest of `other` can do with the rest of `one`
    for j in range(len(other) - 1, -1, -1):
        below[j] = other[j] == "*" and below[j + 1]
    for left in reversed(one):
        row = [left == "*" and below[-1]] * (len(other) + 1)
        for j in range(len(other) - 1, -1, -1):
            right = other[j]
            if left == "*" or right == "*":
                row[j] = below[j] or row[j + 1]
            else:
                row[j] = (left == right or "?" in (left, right)) and below[j + 1]
        below = row
    return below[0]
