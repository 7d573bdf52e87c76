"""The values a policy document is read into, and the error for a document that is not one.

Nothing here decides anything: `document` makes these values, `evaluation.matching` matches them.
Source: IAM User Guide, "IAM JSON policy elements reference" (read 2026-11-24).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Effect = Literal["Allow", "Deny"]
Kind = Literal["managed", "inline", "trust", "session", "repository", "registry", "scp", "rcp"]

#: The only version of the policy language that knows policy variables.
VARIABLES_SINCE = "2012-10-17"
VERSIONS = ("2008-10-17", VARIABLES_SINCE)


class PolicyError(ValueError):
    """A document that AWS would refuse. `str()` is AWS's wording.

    message: AWS's text, as the API's error message gives it.
    path:    the element at fault, such as "Statement[0].Resource"; "" for the whole document.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        #: What to show: AWS's own words.
        self.message = message
        #: Where to point: for underlining the element; AWS itself does not tell.
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Principals:
    """What a Principal or NotPrincipal element names.

    entries: (type, value) in document order; type is "AWS", "Service", "Federated" or
             "CanonicalUser". The plain string "*" is the entry ("AWS", "*").
    """

    entries: tuple[tuple[str, str], ...]

    @property
    def anyone(self) -> bool:
        """True when "*" is among them."""
        return ("AWS", "*") in self.entries

    def __str__(self) -> str:
        return ", ".join(value for _, value in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition key under one operator: `{"StringEquals": {"sts:ExternalId": "x"}}`.

    operator: as written, with its ForAllValues:/ForAnyValue: prefix and IfExists suffix.
    values:   strings; JSON true and 5 are read as "true" and "5".
    """

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. An element that is absent is None; a single value is a tuple of one.

    index: its place in the document, from 0.
    raw:   the statement as it was written.
    """

    index: int
    effect: Effect
    sid: str | None = None
    principals: Principals | None = None
    not_principals: Principals | None = None
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    raw: Mapping[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, hash=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDocument:
    """A policy document as far as evaluation needs it."""

    version: str | None
    statements: tuple[Statement, ...]
    #: What `evaluation.matching` has worked out about this document; no part of its value.
    memo: dict[Any, Any] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    @property
    def has_variables(self) -> bool:
        """True when `${…}` is a policy variable here and not literal text."""
        return self.version == VARIABLES_SINCE


def plain(value: Any) -> Any:
    """value as plain JSON types, deeply copied: what a `to_json` may hand out."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
