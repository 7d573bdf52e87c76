"""A lifecycle policy's text, and which images of a repository it expires. Pure: values in and out.

Source: ECR User Guide, lifecycle policies: properties, evaluation rules and examples (read
2026-11-25). The faults' texts: the schema validator's as moto 5.2.5, moto/ecr/policy_validation.py,
has them and cloudposse/terraform-aws-ecr#158; those on rules beside each other from public logs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .....policy.language.patterns import like
from ....records import Image

_DAY = 24 * 3600
_TAG_STATUS = ("any", "tagged", "untagged")
_RULE = frozenset({"rulePriority", "description", "selection", "action"})
_SELECTION = frozenset(
    {"tagStatus", "tagPatternList", "tagPrefixList", "storageClass"}
    | {"countType", "countUnit", "countNumber"}
)
_ONE_SCHEMA = "instance failed to match exactly one schema (matched 0 out of 2)"
_ABSENT = (
    "this sandbox has no archive storage class and keeps no pull times: it has the action expire, "
    "and countType imageCountMoreThan and sinceImagePushed"
)


class LifecycleError(Exception):
    """A text that is no lifecycle policy; the message is what ECR says after its prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """days: the age that is too old, or None; count: how many stay, or None."""

    priority: int
    tag_status: str
    patterns: tuple[str, ...]
    days: int | None
    count: int | None

    def selects(self, image: Image) -> bool:
        """Whether the image meets the rule's requirements on tags: every pattern by some tag."""
        if self.tag_status == "any":
            return True
        if self.tag_status == "untagged":
            return not image.tags
        return bool(image.tags) and all(
            any(like(pattern, tag) for tag in image.tags) for pattern in self.patterns
        )


def read(text: str) -> tuple[Rule, ...]:
    """The rules, by priority; LifecycleError for what ECR does not take."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        raise LifecycleError("Could not map policyString into LifecyclePolicy.")
    if not isinstance(raw.get("rules"), list):
        raise LifecycleError('object has missing required properties (["rules"])')
    _no_others(raw, frozenset({"rules"}))
    rules = sorted((_rule(one) for one in raw["rules"]), key=lambda one: one.priority)
    _check_together(rules)
    return tuple(rules)


def expired(
    rules: Sequence[Rule], images: Sequence[Image], now: datetime, held: Collection[str]
) -> list[tuple[Image, int]]:
    """The images to expire, oldest first, each with the priority of the rule that says so.

    images: in the order they were pushed. held: digests of images that an index names.
    An image that a rule selects is never expired by one of lower priority, which counts it still.
    """
    ordered = sorted(images, key=lambda image: image.pushed_at)  # those of one second stay in order
    found: list[tuple[Image, int]] = []
    seen: set[str] = set()
    for rule in rules:
        selected = [image for image in ordered if rule.selects(image)]
        if rule.count is not None:
            marked = selected[: max(len(selected) - rule.count, 0)]
        else:
            oldest = now.timestamp() - (rule.days or 0) * _DAY
            marked = [image for image in selected if image.pushed_at < oldest]
        found += [
            (image, rule.priority)
            for image in marked
            if image.digest not in seen and image.digest not in held
        ]
        seen.update(image.digest for image in selected)
    return sorted(found, key=lambda one: one[0].pushed_at)


# -- reading ---------------------------------------------------------------------------------


def _rule(raw: Any) -> Rule:
    _need(raw, ("action", "rulePriority", "selection"))
    _no_others(raw, _RULE)
    _whole_number(raw["rulePriority"])
    if not isinstance(raw.get("description", ""), str):
        raise LifecycleError(_wrong_type(raw["description"], "string"))
    _check_action(raw["action"])
    selection = raw["selection"]
    _check_selection(selection)
    days = selection["countType"] == "sinceImagePushed"
    prefixes = tuple(f"{_literal(one)}*" for one in selection.get("tagPrefixList", ()))
    return Rule(
        priority=raw["rulePriority"],
        tag_status=selection["tagStatus"],
        patterns=prefixes or tuple(_pattern(one) for one in selection.get("tagPatternList", ())),
        days=selection["countNumber"] if days else None,
        count=None if days else selection["countNumber"],
    )


def _literal(text: str) -> str:
    """No tag holds a wildcard, so a prefix that does selects nothing."""
    return text.replace("*", "\0").replace("?", "\0")


def _pattern(text: str) -> str:
    return text.replace("?", "\0")


def _check_action(action: Any) -> None:
    _need(action, ("type",))
    if action["type"] == "transition":
        raise LifecycleError(_ABSENT)
    _one_of(action["type"], ("expire",))
    if set(action) != {"type"}:
        raise LifecycleError(_ONE_SCHEMA)


def _check_selection(selection: Any) -> None:
    _need(selection, ("countNumber", "countType", "tagStatus"))
    _no_others(selection, _SELECTION)
    _one_of(selection["tagStatus"], _TAG_STATUS)
    kind, unit = selection["countType"], selection.get("countUnit")
    if kind in ("sinceImagePulled", "sinceImageTransitioned"):
        raise LifecycleError(_ABSENT)
    if selection.get("storageClass", "standard") != "standard":
        raise LifecycleError(_ABSENT)
    if (kind, unit) not in (("imageCountMoreThan", None), ("sinceImagePushed", "days")):
        raise LifecycleError(_ONE_SCHEMA)
    if unit is None and "countUnit" in selection:
        raise LifecycleError(_ONE_SCHEMA)
    _whole_number(selection["countNumber"])
    _check_tags(selection)


def _check_tags(selection: dict[str, Any]) -> None:
    lists = [name for name in ("tagPrefixList", "tagPatternList") if name in selection]
    for name in lists:
        tags = selection[name]
        if not isinstance(tags, list) or not all(isinstance(one, str) for one in tags):
            raise LifecycleError(_wrong_type(tags, "array"))
        if name == "tagPatternList" and any(one.count("*") > 4 for one in tags):
            raise LifecycleError("A tag pattern can hold at most four wildcards (*).")
    if selection["tagStatus"] == "tagged":
        if not any(selection[name] for name in lists):
            raise LifecycleError(
                "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED."
            )
        if len(lists) == 2:
            raise LifecycleError("Can specify either tagPrefixList or tagPatternList, not both.")
    elif any(selection[name] for name in lists):
        raise LifecycleError(
            "tagPrefixList and tagPatternList can be specified only when tagStatus=TAGGED."
        )


def _check_together(rules: Sequence[Rule]) -> None:
    if len({rule.priority for rule in rules}) < len(rules):
        raise LifecycleError("Every rule must have a rulePriority of its own.")
    if sum(rule.tag_status == "untagged" for rule in rules) > 1:
        raise LifecycleError("Only one rule can select Untagged images per storage class.")
    if any(rule.tag_status == "any" for rule in rules[:-1]):
        raise LifecycleError(
            "Rule for tagStatus=ANY must have the lowest priority per storage class."
        )
    tagged = [frozenset(rule.patterns) for rule in rules if rule.tag_status == "tagged"]
    if len(set(tagged)) < len(tagged):
        raise LifecycleError("Every rule must have tag prefixes or patterns of its own.")


def _need(raw: Any, names: tuple[str, ...]) -> None:
    if not isinstance(raw, dict):
        raise LifecycleError(_wrong_type(raw, "object"))
    missing = [name for name in names if name not in raw]
    if missing:
        raise LifecycleError(f"object has missing required properties ({_listed(missing)})")


def _no_others(raw: dict[str, Any], known: Collection[str]) -> None:
    for name in raw:
        if name not in known:
            raise LifecycleError(
                "object instance has properties which are not allowed by the schema: "
                f"({_listed([name])})"
            )


def _one_of(value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise LifecycleError(
            f"instance value ({value}) not found in enum :(possible values: {_listed(known)})"
        )


def _whole_number(value: Any) -> None:
    if type(value) is not int:
        raise LifecycleError(_wrong_type(value, "integer"))
    if value < 1:
        raise LifecycleError(
            f"numeric instance is lower than the required minimum (minimum: 1, found: {value})"
        )


_TYPES: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
}


def _wrong_type(value: Any, wanted: str) -> str:
    found = _TYPES.get(type(value), "null")
    return (
        f"instance type ({found}) does not match any allowed primitive type "
        f"(allowed: {_listed([wanted])})"
    )


def _listed(names: Collection[str]) -> str:
    return json.dumps(list(names), separators=(",", ":"))


def named_by_indexes(images: Sequence[Image]) -> Iterator[str]:
    """The digests of the images that an index among them names."""
    for image in images:
        for one in json.loads(image.manifest).get("manifests") or []:
            yield one["digest"]
