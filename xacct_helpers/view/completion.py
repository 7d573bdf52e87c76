"""What may be written at a place of a policy document: names, actions, ARNs, condition keys.

Pure: the document as far as it is typed and a position in it give the candidates. Actions,
resource types and condition keys are AWS's service authorization reference's; ARNs are those that
the accounts hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from ..aws.service_reference import (
    actions_of,
    blank,
    fits,
    keys_of,
    known_keys,
    reference,
    services,
    templates_of,
)
from ..lint.json_text import Path
from ..lint.reference import GLOBAL_KEYS
from ..policy import Kind
from ..policy.language.conditions import RULES as OPERATORS
from ..policy.language.document import PRINCIPAL_TYPES
from ..policy.language.patterns import like
from ..policy.language.rules import TRUST_ACTIONS
from .partial_json import Spot, Word, spot, words

SERVICES = ("iam", "sts", "ecr")
SERVICE_PRINCIPALS = (
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "eks.amazonaws.com",
    "lambda.amazonaws.com",
    "pods.eks.amazonaws.com",
)
_TOP = ("Version", "Id", "Statement")
_STATEMENT = {
    "trust": ("Sid", "Effect", "Principal", "Action", "NotAction", "Condition"),
    "repository": (
        *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"),
    ),
    "identity": ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"),
}
_OBJECTS = ("Principal", "NotPrincipal", "Condition", *OPERATORS)
_LISTS = ("Statement", "Action", "NotAction", "Resource", "NotResource")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the accounts hold. accounts: ids; principals: ARNs of users and roles; resources: ARNs
    of those and of repositories; providers: ARNs of identity providers."""

    accounts: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing to write. insert: the text that stands in the document then; detail: a few words
    on what it is."""

    label: str
    insert: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Candidates, and the part of the text that the chosen one takes the place of.

    in_string: False where none is open yet; then candidates are for who asks, not for who types.
    """

    start: int
    end: int
    in_string: bool
    candidates: tuple[Candidate, ...]


def complete(text: str, position: int, kind: Kind, known: Known) -> Completion:
    """What may stand at a position of a document of this kind: "trust", "inline", "repository"…"""
    at = spot(text, position)
    found = _names(text, at, kind) if at.is_name else _values(text, at, kind, known)
    start, end = (at.word.start, at.word.end) if at.word else (position, position)
    return Completion(
        start=start,
        end=end,
        in_string=at.word is not None,
        candidates=tuple(_candidate(label, detail, at) for label, detail in found),
    )


def _candidate(label: str, detail: str, at: Spot) -> Candidate:
    """Inside quotes the bare text; elsewhere with quotes, and a name with what follows a name."""
    written = json.dumps(label, ensure_ascii=False)
    if at.word:
        return Candidate(label=label, detail=detail, insert=written[1:-1])
    if at.is_name:
        written += ": " + ("{}" if label in _OBJECTS else "[]" if label in _LISTS else '""')
    return Candidate(label=label, detail=detail, insert=written)


# -- names -----------------------------------------------------------------------------------


def _names(text: str, at: Spot, kind: Kind) -> Iterator[tuple[str, str]]:
    found = words(text)
    there = {
        one.text for one in found if one.is_name and one.path == at.path and one is not at.word
    }
    there -= {at.word.text} if at.word else set()
    match _shape(at.path):
        case ():
            known = [(name, "") for name in _TOP]
        case ("Statement",):
            known = [(name, "") for name in _STATEMENT.get(kind, _STATEMENT["identity"])]
        case ("Statement", "Principal" | "NotPrincipal"):
            known = [(name, "") for name in PRINCIPAL_TYPES]
        case ("Statement", "Condition"):
            known = [(name, "") for name in _operators()]
        case ("Statement", "Condition", _):
            known = list(_condition_keys(_actions_near(found, at.path), kind))
        case _:
            known = []
    opposite = {f"Not{name}" for name in there} | {name.removeprefix("Not") for name in there}
    yield from (one for one in known if one[0] not in there | opposite)


def _shape(path: Path) -> tuple[str, ...]:
    """A path without its indexes."""
    return tuple(step for step in path if isinstance(step, str))


@cache
def _operators() -> tuple[str, ...]:
    """Condition operators, the plain ones first."""
    plain = tuple(OPERATORS)
    several = tuple(name for name in plain if name.startswith(("String", "Arn")))
    return (
        *plain,
        *(f"{name}IfExists" for name in plain if name != "Null"),
        *(f"{which}:{name}" for which in ("ForAnyValue", "ForAllValues") for name in several),
    )


def _actions_near(found: Iterable[Word], path: Path) -> tuple[str, ...]:
    """The actions of the statement that a path leads into."""
    return tuple(
        one.text
        for one in found
        if one.text and one.path[:2] == path[:2] and one.path[2:3] == ("Action",)
    )


def _condition_keys(actions: tuple[str, ...], kind: Kind) -> Iterator[tuple[str, str]]:
    """The keys that come with the actions, then those that come with every call."""
    homes = dict.fromkeys(action.partition(":")[0].lower() for action in actions)
    homes = homes or dict.fromkeys(("sts",) if kind == "trust" else SERVICES)
    carried = frozenset[str]().union(*map(keys_of, actions)) if actions else None
    own = {
        key.replace("*", "KEY")
        for service in homes
        for key in known_keys(service)
        if carried is None or fits(key, carried)
    }
    yield from ((key, "comes with these actions") for key in sorted(own, key=_plain_first))
    yield from (
        (key.replace("*", "KEY"), "any call")
        for key in sorted(GLOBAL_KEYS)
        if key.replace("*", "KEY") not in own
    )


def _plain_first(key: str) -> tuple[bool, str]:
    """The service's own keys before those of an identity provider's, which begin with a host."""
    return "." in key.partition(":")[0], key


# -- values ----------------------------------------------------------------------------------


def _values(text: str, at: Spot, kind: Kind, known: Known) -> Iterable[tuple[str, str]]:
    match _shape(at.path):
        case ("Version",):
            return [("2012-10-17", "the current version")]
        case ("Statement", "Effect"):
            return [("Allow", ""), ("Deny", "")]
        case ("Statement", "Action" | "NotAction"):
            return _actions(at.word.text if at.word else "", kind)
        case ("Statement", "Resource" | "NotResource"):
            return _resources(_actions_near(words(text), at.path), known)
        case ("Statement", "Principal" | "NotPrincipal"):
            return [("*", "everybody")]
        case ("Statement", "Principal" | "NotPrincipal", "AWS"):
            return _principals(known)
        case ("Statement", "Principal" | "NotPrincipal", "Service"):
            return [(name, "service") for name in SERVICE_PRINCIPALS]
        case ("Statement", "Principal" | "NotPrincipal", "Federated"):
            return [(arn, "identity provider") for arn in known.providers]
        case ("Statement", "Condition", operator, key):
            return _condition_values(operator, key, known)
    return []


def _actions(typed: str, kind: Kind) -> Iterator[tuple[str, str]]:
    """Of the services that this is about; of any other one once its name is typed."""
    if kind == "trust":
        wanted = [f"sts:{one}" for one in actions_of("sts")]
        yield from (
            (one, _access("sts", one[4:])) for one in wanted if one.lower() in TRUST_ACTIONS
        )
        return
    service, colon, _ = typed.partition(":")
    home = ("ecr",) if kind == "repository" else SERVICES
    other = colon and service.lower() in services() and service.lower() not in home
    for name in (service.lower(),) if other else home:
        yield from ((f"{name}:{one}", _access(name, one)) for one in actions_of(name))


@cache
def _access(service: str, action: str) -> str:
    return str(reference().actions.get_action_details(service, action)["accessLevel"]).lower()


def _resources(actions: tuple[str, ...], known: Known) -> Iterator[tuple[str, str]]:
    """What the accounts hold that the statement's actions work on; all of it for any action."""
    templates = [blank(one).lower() for action in actions for one in templates_of(action)]
    for arn in known.resources:
        if not actions or "*" in actions or any(like(one, arn.lower()) for one in templates):
            yield arn, _what(arn)
    yield "*", "everything"


def _principals(known: Known) -> Iterator[tuple[str, str]]:
    yield from ((arn, _what(arn)) for arn in known.principals)
    yield from ((f"arn:aws:iam::{account}:root", "the whole account") for account in known.accounts)
    yield "*", "everybody"


def _what(arn: str) -> str:
    """user, role, repository …"""
    return arn.split(":", 5)[-1].partition("/")[0]


def _condition_values(operator: str, key: str, known: Known) -> list[tuple[str, str]]:
    folded = key.lower()
    if operator.removesuffix("IfExists").rpartition(":")[2] in ("Bool", "Null"):
        return [("true", ""), ("false", "")]
    if folded in ("aws:principalaccount", "aws:resourceaccount", "aws:sourceaccount"):
        return [(account, "account") for account in known.accounts]
    if folded == "aws:principalarn":
        return [(arn, _what(arn)) for arn in known.principals]
    return []
