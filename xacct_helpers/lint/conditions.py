"""Warnings about conditions, their keys and policy variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..aws.service_reference import covered, fits, keys_of, known_keys, services
from ..policy.language.conditions import operator, readable
from ..policy.language.model import VARIABLES_SINCE
from .findings import Fault, did_you_mean, similar
from .reference import EVERYWHERE, GLOBAL_KEYS
from .statement_view import Look


def _own_keys(look: Look) -> Iterator[tuple[str, str]]:
    """(path, key) of the conditions that are neither global nor an identity provider's.

    Those of a provider, such as token.actions.githubusercontent.com:sub, begin with its address.
    """
    for path, _, key, _ in look.conditions():
        prefix = key.partition(":")[0]
        if not fits(key, EVERYWHERE) and not re.search("[./]", prefix):
            yield path, key


def unknown_key(look: Look) -> Iterator[Fault]:
    asked = {action.partition(":")[0].lower() for _, action in look.values("Action")}
    for path, key in _own_keys(look):
        prefix, _, name = key.partition(":")
        homes = {prefix.lower()} if prefix.lower() in services() else {*asked, "sts"}
        known = {one for home in homes for one in known_keys(home)}
        if not fits(key, known):
            near = known | GLOBAL_KEYS
            short = {one.partition(":")[2]: one for one in sorted(near)}
            meant = similar(key, sorted(near)) or [
                short[one] for one in similar(name or key, short)
            ]
            named = [one.replace("*", "KEY") for one in meant]
            yield path, f"AWS's reference has no condition key {key}.{did_you_mean(named)}"


def key_not_for_action(look: Look) -> Iterator[Fault]:
    actions = [action for _, action in look.values("Action")]
    if not actions or not all(map(covered, actions)):
        return
    carried = frozenset[str]().union(*map(keys_of, actions))
    for path, key in _own_keys(look):
        if fits(key, known_keys(key.partition(":")[0].lower())) and not fits(key, carried):
            yield path, f"By AWS's reference {key} does not come with {' or '.join(actions[:3])}."


def variable_needs_version(look: Look) -> Iterator[Fault]:
    if look.version == VARIABLES_SINCE or look.kind in ("managed", "scp", "rcp"):
        return  # AWS refuses those without the version
    values = list(look.values("Resource", "NotResource"))
    values += [(path, one) for path, _, _, several in look.conditions() for one in several]
    for path, value in values:
        variable = re.search(r"\$\{[^}]*\}", value)
        if variable:
            yield (
                path,
                f"{variable[0]} stands for itself here, not for a value: policy variables need "
                '"Version": "2012-10-17".',
            )


#: What an operator compares, by how its name begins.
_COMPARED = {
    "Numeric": "a number",
    "Date": "a date",
    "Bool": "true or false",
    "Null": "true or false",
    "IpAddress": "an IP address or a range in CIDR form",
    "NotIpAddress": "an IP address or a range in CIDR form",
    "Arn": "an ARN",
    "Binary": "base64",
}


def unreadable_value(look: Look) -> Iterator[Fault]:
    for path, name, _, values in look.conditions():
        named = operator(name)
        if named is None:
            continue
        if named.name.startswith("Date") and look.kind != "other":
            continue  # AWS refuses those
        for value in values:
            any_arn = named.name.startswith("Arn") and value == "*"
            if not any_arn and not readable(named, value):
                taken = next(
                    words for start, words in _COMPARED.items() if named.name.startswith(start)
                )
                yield path, f'{name} can make nothing of "{value}": it takes {taken}.'


def empty_condition(look: Look) -> Iterator[Fault]:
    block = look.raw.get("Condition")
    if block is None:
        return
    if not block:
        yield f"{look.path}.Condition", "An empty Condition asks for nothing; leave it out."
    for name, keys in block.items():
        if not keys:
            yield f"{look.path}.Condition.{name}", f"{name} is empty and asks for nothing."
    for path, _, key, values in look.conditions():
        if not values:
            yield path, f"{key} has no value to be compared with."


def for_all_values(look: Look) -> Iterator[Fault]:
    asked = {key.lower() for _, name, key, _ in look.conditions() if name == "Null"}
    for path, name, key, _ in look.conditions():
        if look.allows and name.startswith("ForAllValues:") and key.lower() not in asked:
            yield (
                path,
                f'{name} also holds when {key} is missing. Add "Null": {{"{key}": "false"}}, or '
                "use ForAnyValue.",
            )
