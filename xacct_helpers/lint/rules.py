"""The warnings: each with the page of AWS's documentation that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .actions import (
    must_be_star,
    not_about_a_repository,
    resource_not_for_action,
    unknown_action,
    unknown_service,
    wildcard_matches_nothing,
)
from .conditions import (
    empty_condition,
    for_all_values,
    key_not_for_action,
    unknown_key,
    unreadable_value,
    variable_needs_version,
)
from .findings import Fault
from .grants import (
    allow_everything,
    not_action,
    not_principal,
    not_resource,
    third_party,
    wildcard_principal,
)
from .statement_view import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A warning: its name, the page of AWS's documentation that says so, and what finds it."""

    name: str
    source: str
    find: Callable[[Look], Iterator[Fault]]


_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"


_REFERENCE = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)


RULES: tuple[Rule, ...] = tuple(
    Rule(name=name, source=source, find=find)
    for name, source, find in (
        ("unknown-service", _REFERENCE, unknown_service),
        ("unknown-action", _REFERENCE, unknown_action),
        ("wildcard-matches-nothing", _REFERENCE, wildcard_matches_nothing),
        ("resource-must-be-star", _REFERENCE, must_be_star),
        ("action-not-about-a-repository", _REFERENCE, not_about_a_repository),
        ("resource-not-for-action", _REFERENCE, resource_not_for_action),
        ("unknown-condition-key", f"{_IAM}reference_policies_condition-keys.html", unknown_key),
        ("condition-key-not-for-action", _REFERENCE, key_not_for_action),
        (
            "wildcard-principal",
            f"{_IAM}reference_policies_elements_principal.html",
            wildcard_principal,
        ),
        ("third-party-without-external-id", f"{_IAM}confused-deputy.html", third_party),
        ("allow-not-action", f"{_IAM}reference_policies_elements_notaction.html", not_action),
        (
            "allow-not-resource",
            f"{_IAM}reference_policies_elements_notresource.html",
            not_resource,
        ),
        (
            "not-principal",
            f"{_IAM}reference_policies_elements_notprincipal.html",
            not_principal,
        ),
        ("allow-everything", f"{_IAM}best-practices.html", allow_everything),
        (
            "variable-needs-version",
            f"{_IAM}reference_policies_elements_version.html",
            variable_needs_version,
        ),
        (
            "empty-condition",
            f"{_IAM}reference_policies_elements_condition.html",
            empty_condition,
        ),
        (
            "unreadable-value",
            f"{_IAM}access-analyzer-reference-policy-checks.html",
            unreadable_value,
        ),
        (
            "for-all-values",
            f"{_IAM}reference_policies_condition-single-vs-multi-valued-context-keys.html",
            for_all_values,
        ),
    )
)
