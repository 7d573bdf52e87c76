"""The condition operators: a table of small functions, and how one condition is decided.

A condition is True, False or None. None means unreadable: an operator that does not exist or a
policy value that its operator cannot read. AWS refuses most of these when a document is saved,
so none should come here; if one does, the engine fails closed: an unreadable condition keeps an
Allow from matching and does not keep a Deny from it.
Sources: IAM User Guide, "Condition operators", "Multivalued context keys" (read 2026-11-24).
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from .model import Condition
from .patterns import Tokens, arn_like, arn_segments, expand, joined, like_tokens

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Context:
    """A request's context keys. Names are case-insensitive; an empty value counts as absent."""

    __slots__ = ("_folded", "_given")

    def __init__(self, given: Mapping[str, str | tuple[str, ...]]) -> None:
        self._given = given
        self._folded: dict[str, tuple[str, ...]] | None = None

    def get(self, key: str) -> tuple[str, ...]:
        """The key's values; () when the key is absent."""
        if self._folded is None:
            self._folded = {name.lower(): _values(value) for name, value in self._given.items()}
        return self._folded.get(key.lower(), ())

    def single(self, key: str) -> str | None:
        """The value a policy variable stands for: of single-valued keys only."""
        values = self.get(key)
        return values[0] if len(values) == 1 else None


def _values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one operator means.

    wanted:   reads the policy's value; None when it cannot.
    found:    reads the request's value; None when it cannot.
    holds:    compares the two.
    negated:  a "Not" operator: True when the key is absent, and NOR over several values.
    variable: policy variables are replaced in the policy's value, which `wanted` gets as tokens
              (strings, ARNs and Bool only).
    """

    wanted: Callable[[Any], Any]
    found: Callable[[str], Any]
    holds: Callable[[Any, Any], bool]
    negated: bool = False
    variable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator as written in a document: `ForAllValues:` + name + `IfExists`."""

    name: str
    quantifier: str
    if_exists: bool
    rule: Rule


#: A policy's value whose variable has no value: nothing is equal to it or like it, so that a
#: negated operator holds. Source: "Policy variables with no value" (read 2026-11-24).
_NO_VALUE = object()


def _same(text: Any) -> Any:
    return text


@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """An integer or decimal number, exactly; None for text that is no number."""
    return Decimal(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) else None


_DATE = re.compile(
    r"([+-]?[0-9]{1,9})(?:-([0-9]{2})(?:-([0-9]{2}))?)?"
    r"(?:[tT]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?"
    r"([zZ]|[+-][0-9]{2}:?[0-9]{2})?)?"
)


@lru_cache(maxsize=4096)
def moment(text: str) -> Decimal | None:
    """Seconds since 1970 for an ISO 8601 date, with or without time, or for epoch seconds.

    No time zone means UTC. None when text is neither.
    Source: IAM User Guide, "Date condition operators" (read 2026-11-24).
    """
    if re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,9})?", text):
        return Decimal(text)
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    hour, minute, second = int(found[4] or 0), int(found[5] or 0), int(found[6] or 0)
    in_range = 1 <= month <= 12 and 1 <= day <= 31 and hour <= 23 and minute <= 59 and second <= 59
    if not in_range:
        return None
    zone = found[8] or "Z"
    ahead = 0
    if zone not in "zZ":
        ahead = (int(zone[1:3]) * 60 + int(zone[-2:])) * (-60 if zone[0] == "-" else 60)
    seconds = _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - ahead
    return Decimal(seconds) + Decimal(f"0{found[7]}" if found[7] else 0)


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the Gregorian calendar, any year.

    March is made the first month, so that the leap day is a year's last.
    """
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (
        (era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
        + day_of_year
        - 719468
    )


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _boolean_of(tokens: Tokens) -> bool | None:
    return _boolean(joined(tokens))


@lru_cache(maxsize=4096)
def _network(text: str) -> Network | None:
    if not re.fullmatch(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?", text):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _octets(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _arn(text: str) -> str | None:
    return text if text.count(":") >= 5 else None


def _ordered(read: Callable[[str], Decimal | None], kind: str) -> dict[str, Rule]:
    """The six comparisons of numbers or dates: the request's value stands on the left."""
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "Equals": lambda wanted, found: bool(found == wanted),
        "LessThan": lambda wanted, found: bool(found < wanted),
        "LessThanEquals": lambda wanted, found: bool(found <= wanted),
        "GreaterThan": lambda wanted, found: bool(found > wanted),
        "GreaterThanEquals": lambda wanted, found: bool(found >= wanted),
    }
    rules = {
        f"{kind}{name}": Rule(wanted=read, found=read, holds=holds)
        for name, holds in compare.items()
    }
    rules[f"{kind}NotEquals"] = Rule(wanted=read, found=read, holds=compare["Equals"], negated=True)
    return rules


def _pair(name: str, negated_name: str, **parts: Any) -> dict[str, Rule]:
    return {name: Rule(**parts), negated_name: Rule(**parts, negated=True)}


def _equals(wanted: Tokens, found: str) -> bool:
    return joined(wanted) == found


def _equals_ignoring_case(wanted: Tokens, found: str) -> bool:
    return joined(wanted).lower() == found.lower()


def _in_network(wanted: Network, found: Address) -> bool:
    return found in wanted  # False for an address of the other version


def _is(wanted: Any, found: Any) -> bool:
    return bool(wanted == found)


_STRING: dict[str, Any] = {"wanted": _same, "found": _same, "variable": True}
_ARN: dict[str, Any] = {
    "wanted": arn_segments,
    "found": _arn,
    "holds": arn_like,
    "variable": True,
}

#: Operator name -> what it means. `Null` is apart: it asks whether the key is there.
RULES: dict[str, Rule] = {
    **_pair("StringEquals", "StringNotEquals", **_STRING, holds=_equals),
    **_pair(
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        **_STRING,
        holds=_equals_ignoring_case,
    ),
    **_pair("StringLike", "StringNotLike", **_STRING, holds=like_tokens),
    **_ordered(number, "Numeric"),
    **_ordered(moment, "Date"),
    "Bool": Rule(wanted=_boolean_of, found=_boolean, holds=_is, variable=True),
    "BinaryEquals": Rule(wanted=_octets, found=_octets, holds=_is),
    **_pair("IpAddress", "NotIpAddress", wanted=_network, found=_address, holds=_in_network),
    **_pair("ArnEquals", "ArnNotEquals", **_ARN),
    **_pair("ArnLike", "ArnNotLike", **_ARN),
    "Null": Rule(wanted=_boolean, found=_same, holds=_is),
}


def readable(named: Operator, value: str) -> bool:
    """Whether an operator can make anything of a policy's value.

    A value with a policy variable counts as readable: the request says what becomes of it.
    """
    if not named.rule.variable:
        return named.rule.wanted(value) is not None
    return "${" in value or named.rule.wanted(expand(value, None)) is not None


@lru_cache(maxsize=1024)
def operator(text: str) -> Operator | None:
    """The operator that text names, or None when no operator has that name.

    `IfExists` goes with all but Null. Source: as the module.
    """
    quantifier, colon, rest = text.rpartition(":")
    if colon and quantifier not in ("ForAllValues", "ForAnyValue"):
        return None
    name = rest.removesuffix("IfExists")
    rule = RULES.get(name)
    if rule is None or (name == "Null" and name != rest):
        return None
    return Operator(name=name, quantifier=quantifier, if_exists=name != rest, rule=rule)


def decide(condition: Condition, context: Context, variables: bool) -> tuple[bool | None, str]:
    """Whether the condition holds, and a machine word for why it does not.

    variables: True when the document's version has policy variables.
    The first is True, False or, unreadable, None; the word is "" for True.
    """
    named = operator(condition.operator)
    if named is None:
        return None, "operator-unknown"
    values = context.get(condition.key)
    if named.name == "Null":
        return _null(condition.values, present=bool(values))
    if named.quantifier and not any(values):
        holds = named.quantifier == "ForAllValues" or (named.if_exists and not values)
        return holds, "" if holds else "key-missing"
    if not values:
        holds = named.if_exists or named.rule.negated
        return holds, "" if holds else "key-missing"
    wanted: list[Any] = []
    for value in condition.values:
        if named.rule.variable:
            tokens = expand(value, context.single if variables else None)
            wanted.append(_NO_VALUE if tokens is None else named.rule.wanted(tokens))
        else:
            wanted.append(named.rule.wanted(value))
    results = [_one(named.rule, wanted, value) for value in values]
    every = named.quantifier == "ForAllValues" or (named.rule.negated and not named.quantifier)
    outcome = _all(results) if every else _any(results)
    if outcome:
        return True, ""
    if outcome is None:
        return None, "value-unreadable"
    return False, "variable-missing" if _NO_VALUE in wanted else "value-different"


def _null(wanted: tuple[str, ...], *, present: bool) -> tuple[bool | None, str]:
    outcome = _any([None if one is None else one is not present for one in map(_boolean, wanted)])
    if outcome:
        return True, ""
    if outcome is None or not wanted:
        return None, "value-unreadable"
    return False, "key-present" if present else "key-missing"


def _one(rule: Rule, wanted: list[Any], value: str) -> bool | None:
    """One request value against all the policy's values: OR, and NOR for a negated operator."""
    found = rule.found(value)
    if found is None:
        return None if rule.negated else False
    if not wanted:
        return None
    outcome = _any([_compared(rule, one, found) for one in wanted])
    return outcome if outcome is None or not rule.negated else not outcome


def _compared(rule: Rule, wanted: Any, found: Any) -> bool | None:
    if wanted is _NO_VALUE:
        return False
    return None if wanted is None else rule.holds(wanted, found)


def _any(results: list[bool | None]) -> bool | None:
    if True in results:
        return True
    return None if None in results else False


def _all(results: list[bool | None]) -> bool | None:
    if False in results:
        return False
    return None if None in results else True
