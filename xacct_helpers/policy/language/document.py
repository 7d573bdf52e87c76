"""Policy documents: read them, check them as AWS does, list and change their principals.

`parse` reads what is to be evaluated and is content with any document that has a meaning.
`check` is what the API does when a document is saved, and refuses in AWS's words; its rules
are in `rules`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from . import rules
from .model import (
    VERSIONS,
    Condition,
    Effect,
    Kind,
    PolicyDocument,
    PolicyError,
    Principals,
    Statement,
)

__all__ = [
    "Condition",
    "Effect",
    "Kind",
    "PolicyDocument",
    "PolicyError",
    "Principals",
    "Statement",
    "check",
    "map_principals",
    "parse",
    "principal_values",
]

SYNTAX = "Syntax errors in policy."
PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
TOP_ELEMENTS = frozenset({"Version", "Id", "Statement"})
STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


def parse(document: str | Mapping[str, Any]) -> PolicyDocument:
    """The document as values to evaluate.

    document: JSON text, or the object it stands for. Text is read once and remembered.

    Raises PolicyError("Syntax errors in policy.") when it is no policy: not JSON, an unknown
    element, a wrong type, Action together with NotAction, an element twice.
    Source: IAM User Guide, "Grammar of the IAM JSON policy language" (read 2026-11-24).
    """
    if isinstance(document, str):
        return _parse_text(document)
    return _exact(_read(document))


def check(text: str, kind: Kind) -> PolicyDocument:
    """The document, when AWS would accept it as a policy of this kind.

    text: JSON text as the API call carries it.
    kind: what it is to be: "managed" and "inline" identity-based policies, a role's "trust"
          policy, a "session" policy, an ECR "repository" or
          "registry" policy, an "scp" or an "rcp".

    Raises PolicyError with the first fault that AWS reports, in its words.
    Source: as the module `rules`.
    """
    try:
        raw = load(text)
    except PolicyError:
        raise PolicyError(rules.INVALID_JSON[kind]) from None
    if kind == "trust":
        rules.statement_not_empty(raw)
    try:
        document = _read(raw)
    except PolicyError as error:
        raise PolicyError(rules.SYNTAX_FAULT[kind], error.path) from None
    rules.first_fault(document, raw, kind)
    return document


def principal_values(document: PolicyDocument) -> tuple[tuple[str, str], ...]:
    """Every (type, value) that a Principal or NotPrincipal names, in document order.

    type is "AWS", "Service", "Federated" or "CanonicalUser"; "*" is ("AWS", "*").
    """
    return tuple(
        entry
        for statement in document.statements
        for element in (statement.principals, statement.not_principals)
        if element is not None
        for entry in element.entries
    )


def map_principals(text: str, change: Callable[[str, str], str]) -> str:
    """text with each principal replaced by change(type, value).

    IAM does this twice: a saved trust policy holds unique ids in place of user and role ARNs,
    and reads show ARNs again. The same string comes back when nothing changes; otherwise JSON
    with the same elements in the same order, each list still a list and each single value single.

    Raises PolicyError when text is not a policy.
    Source: IAM User Guide, "AWS JSON policy elements: Principal" (read 2026-11-24).
    """
    raw = load(text)
    _read(raw)
    changed = False

    def value_of(kind: str, value: Any) -> Any:
        nonlocal changed
        if isinstance(value, list):
            return [value_of(kind, item) for item in value]
        new = change(kind, value)
        changed = changed or new != value
        return new

    statements = raw["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            named = statement.get(element)
            if isinstance(named, str):
                statement[element] = value_of("AWS", named)
            elif named is not None:
                statement[element] = {kind: value_of(kind, named[kind]) for kind in named}
    return json.dumps(raw, ensure_ascii=False) if changed else text


def load(text: str) -> dict[str, Any]:
    """The JSON object that text holds, with no element given twice.

    Raises PolicyError for anything else, however deeply it is nested.
    Source: IAM User Guide, "Grammar of the IAM JSON policy language": individual elements must
    not contain multiple instances of the same key (read 2026-11-24).
    """
    try:
        raw = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise PolicyError(SYNTAX) from None
    if not isinstance(raw, dict):
        raise PolicyError(SYNTAX)
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an element is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


@lru_cache(maxsize=2048)
def _parse_text(text: str) -> PolicyDocument:
    return _exact(_read(load(text)))


def _exact(document: PolicyDocument) -> PolicyDocument:
    """Refuse "allow": the case of Effect matters, and `check` has a text of its own for it."""
    for statement in document.statements:
        if statement.raw["Effect"] != statement.effect:
            raise PolicyError(SYNTAX, f"Statement[{statement.index}].Effect")
    return document


def _read(raw: Mapping[str, Any]) -> PolicyDocument:
    if not isinstance(raw, Mapping):
        raise PolicyError(SYNTAX)
    for element in raw:
        if element not in TOP_ELEMENTS:
            raise PolicyError(SYNTAX, str(element))
    version = raw.get("Version")
    if "Version" in raw and version not in VERSIONS:
        raise PolicyError(SYNTAX, "Version")
    if not isinstance(raw.get("Id", ""), str):
        raise PolicyError(SYNTAX, "Id")
    statements = raw.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, (list, tuple)) or not statements:
        raise PolicyError(SYNTAX, "Statement")
    return PolicyDocument(
        version=version,
        statements=tuple(_statement(index, one) for index, one in enumerate(statements)),
    )


def _statement(index: int, raw: Any) -> Statement:
    path = f"Statement[{index}]"
    if not isinstance(raw, Mapping):
        raise PolicyError(SYNTAX, path)
    for element in raw:
        if element not in STATEMENT_ELEMENTS:
            raise PolicyError(SYNTAX, f"{path}.{element}")
    for element in ("Principal", "Action", "Resource"):
        if element in raw and f"Not{element}" in raw:
            raise PolicyError(SYNTAX, f"{path}.Not{element}")
    sid = raw.get("Sid")
    if "Sid" in raw and not isinstance(sid, str):
        raise PolicyError(SYNTAX, f"{path}.Sid")
    return Statement(
        index=index,
        sid=sid,
        effect=_effect(raw, path),
        principals=_principals(raw, "Principal", path),
        not_principals=_principals(raw, "NotPrincipal", path),
        actions=_strings(raw, "Action", path),
        not_actions=_strings(raw, "NotAction", path),
        resources=_strings(raw, "Resource", path),
        not_resources=_strings(raw, "NotResource", path),
        conditions=_conditions(raw, path),
        raw=MappingProxyType(dict(raw)),
    )


def _effect(raw: Mapping[str, Any], path: str) -> Effect:
    """Allow or Deny in any case; `rules` refuses "allow", as AWS does when it is saved."""
    effect = raw.get("Effect")
    folded = effect.lower() if isinstance(effect, str) else ""
    if folded == "allow":
        return "Allow"
    if folded == "deny":
        return "Deny"
    raise PolicyError(SYNTAX, f"{path}.Effect")


def _strings(raw: Mapping[str, Any], element: str, path: str) -> tuple[str, ...] | None:
    if element not in raw:
        return None
    return _many(raw[element], f"{path}.{element}")


def _many(value: Any, path: str) -> tuple[str, ...]:
    values = value if isinstance(value, (list, tuple)) else (value,)
    if not all(isinstance(one, str) for one in values):
        raise PolicyError(SYNTAX, path)
    return tuple(values)


def _principals(raw: Mapping[str, Any], element: str, path: str) -> Principals | None:
    if element not in raw:
        return None
    value = raw[element]
    if value == "*":
        return Principals(entries=(("AWS", "*"),))
    if not isinstance(value, Mapping):
        raise PolicyError(SYNTAX, f"{path}.{element}")
    entries: list[tuple[str, str]] = []
    for kind in value:
        if kind not in PRINCIPAL_TYPES:
            raise PolicyError(SYNTAX, f"{path}.{element}.{kind}")
        named = _many(value[kind], f"{path}.{element}.{kind}")
        entries.extend((kind, one) for one in named)
    return Principals(entries=tuple(entries))


def _conditions(raw: Mapping[str, Any], path: str) -> tuple[Condition, ...]:
    block = raw.get("Condition", {})
    if not isinstance(block, Mapping):
        raise PolicyError(SYNTAX, f"{path}.Condition")
    found: list[Condition] = []
    for operator, keys in block.items():
        where = f"{path}.Condition.{operator}"
        if not isinstance(operator, str) or not isinstance(keys, Mapping):
            raise PolicyError(SYNTAX, where)
        for key, value in keys.items():
            many = value if isinstance(value, (list, tuple)) else (value,)
            if not isinstance(key, str) or not all(
                isinstance(one, (str, int, float)) for one in many
            ):
                raise PolicyError(SYNTAX, f"{where}.{key}")
            found.append(
                Condition(operator=operator, key=key, values=tuple(_text(one) for one in many))
            )
    return tuple(found)


def _text(value: str | bool | int | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
