"""Errors: what AWS refuses, in its own words, with a hint."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..aws.ecr_hosts import parse_ecr_host
from ..aws.service_reference import actions_of
from ..policy import PolicyError, check, parse
from ..policy.language.conditions import RULES as OPERATORS
from ..policy.language.conditions import operator
from ..policy.language.document import PRINCIPAL_TYPES, STATEMENT_ELEMENTS, TOP_ELEMENTS
from ..policy.language.patterns import like
from ..policy.language.rules import LOGIN, ORGANIZATION, REPOSITORY, TRUST_ACTIONS
from .findings import Guess, did_you_mean, listed, similar, statements_of

#: How AWS's words begin -> the rule's name, and a hint where the words alone leave one helpless.
REFUSALS: tuple[tuple[str, str, str], ...] = (
    ("Syntax errors", "syntax", ""),
    ("The policy is not in the valid JSON", "syntax", ""),
    (REPOSITORY, "repository-policy", ""),
    (ORGANIZATION, "organization-policy", ""),
    ("Could not parse", "syntax", "give it at least one statement"),
    ("Policy document must be version", "version", 'write "Version": "2012-10-17"'),
    ("The policy failed legacy", "legacy-parsing", ""),
    ("Statement IDs (SID) must be", "sid", "only letters and digits, so no hyphens or spaces"),
    ("Statement IDs (SID) in a", "sid-repeated", ""),
    ("Policy statement must contain act", "no-action", ""),
    ("Policy statement must contain res", "no-resource", 'name ARNs, or "*" for all'),
    (
        "Policy document should not specify",
        "principal-in-identity-policy",
        "it applies to whom it is attached to; a Principal belongs in a trust or resource policy",
    ),
    (
        "Has prohibited field",
        "resource-in-trust-policy",
        "a trust policy says who may assume its role; what the role may do belongs in a permission "
        "policy",
    ),
    (
        "AssumeRole policy must not contain",
        "resource-in-trust-policy",
        "a trust policy is about the role that it belongs to",
    ),
    ("Missing required field", "trust-incomplete", ""),
    (
        "Allow with NotPrincipal",
        "not-principal",
        "it would let in everybody else; name whom you trust",
    ),
    ("AssumeRole policy may only", "trust-action", ""),
    ("Invalid principal", "principal", "an account id, or an ARN without wildcards"),
    ("Federated principals", "principal", "the ARN of an identity provider of the role's account"),
    ("Actions/Condition", "action", 'an action is "service:Name", such as "ecr:BatchGetImage"'),
    ("Vendor", "action", "the part before the colon is a service, such as ecr"),
    ("Partition", "resource", ""),
    ("Resource", "resource", ""),
    ("IAM resource", "resource", ""),
)


#: What an element must be, for AWS's words that say only that something is wrong.
ELEMENTS: dict[str, str] = {
    "Effect": 'it is "Allow" or "Deny", with a capital',
    "Version": 'it is "2012-10-17"',
    "Statement": "it is one statement, or a list of at least one",
    "Sid": "it is a string, and each is given once",
    "Action": "it is a string or a list of strings, with at least one action, and not together "
    "with NotAction",
    "NotAction": "it is a string or a list of strings, and not together with Action",
    "Principal": '"*" or an object such as {"AWS": "111111111111"}, and not together with '
    "NotPrincipal",
    "NotPrincipal": "it is an object, and not together with Principal",
    "Resource": 'it is "*" or ARNs, and not together with NotResource',
    "NotResource": "it is ARNs, and not together with Resource",
    "Condition": 'it is an object: {"operator": {"key": "value"}}',
    "AWS": "it is a string or a list of strings",
}


_NO_RESOURCE = (
    "an ECR repository policy is about its own repository and has no Resource (an identity policy "
    "has one, and no Principal)"
)


_NO_LOGIN = (
    "ecr:GetAuthorizationToken is about no repository: allow it in an identity policy, with "
    '"Resource": "*"'
)


_SCHEME = re.compile("https?://")
_REPOSITORY_NAME = re.compile(r"[^:@\s]+")


def refusals_of(text: str, raw: Any, kind: Guess) -> Iterator[tuple[str, str, str]]:
    """(path, rule, message) of AWS's refusal, and of each further statement's by itself.

    AWS names only the first fault; a person would rather mend them all at once.
    """
    rest = {name: value for name, value in raw.items() if name != "Statement"}
    faults = {fault.path: fault for fault in [_check(text, kind)] if fault}
    for index, one in enumerate(statements_of(raw)):
        try:
            fault = _check(json.dumps({**rest, "Statement": [one]}), kind)
        except RecursionError:  # nested too deep to be written, though it could be read
            continue
        if fault and fault.path.startswith("Statement[0]"):
            path = f"Statement[{index}]{fault.path.removeprefix('Statement[0]')}"
            faults.setdefault(path, PolicyError(fault.message, path))
    for path, fault in faults.items():
        rule, hint = _explained(fault, raw, kind)
        end = "?" if "id you mean" in hint else "."
        advice = f": {hint}" if hint else ""
        yield path, rule, f"{fault.message} — {path or 'the document'}{advice}{end}"


def _check(text: str, kind: Guess) -> PolicyError | None:
    try:
        if kind == "other":
            parse(text)
        else:
            check(text, kind)
    except PolicyError as error:
        return error
    return None


def _explained(fault: PolicyError, raw: Any, kind: Guess) -> tuple[str, str]:
    """The rule's name and the hint for a refusal."""
    rule, hint = next(
        ((rule, hint) for words, rule, hint in REFUSALS if fault.message.startswith(words)),
        ("refused", ""),
    )
    values = [one for one in listed(_value(raw, fault.path)) if isinstance(one, str)]
    if rule == "trust-action":
        strange = [one for one in values if not any(like(one.lower(), a) for a in TRUST_ACTIONS)]
        known = [f"sts:{name}" for name in actions_of("sts") if f"sts:{name.lower()}" in _TRUST]
        meant = [one for value in strange[:1] for one in similar(value, known)]
        return rule, f"{strange[0]} is none." + did_you_mean(meant)[:-1] if strange else hint
    if rule == "resource":
        meant = [arn for arn in map(_arn_of_address, values) if arn]
        return rule, f"a registry's address is no ARN; did you mean {meant[0]}" if meant else hint
    if kind == "repository" and LOGIN in map(str.lower, values):
        return rule, _NO_LOGIN
    return rule, hint or _element_hint(fault.path, kind)


_TRUST = frozenset(TRUST_ACTIONS)


def _arn_of_address(value: str) -> str | None:
    """The ARN of the repository that an address such as HOST/my-app:v1 names; None for others."""
    scheme = _SCHEME.match(value)
    host, _, rest = value[scheme.end() if scheme else 0 :].partition("/")
    registry, name = parse_ecr_host(host), _REPOSITORY_NAME.match(rest)
    if registry is None or name is None:
        return None
    return f"arn:aws:ecr:{registry.region}:{registry.account}:repository/{name[0]}"


def _element_hint(path: str, kind: Guess) -> str:
    """What the element at fault must be; for a name that does not exist, what was meant."""
    parts = re.sub(r"\[\d+\]", "", path).split(".")
    if kind == "repository" and parts[-1] in ("Resource", "NotResource"):
        return _NO_RESOURCE
    if len(parts) == 1:
        known: Iterable[str] = TOP_ELEMENTS
    elif len(parts) == 2:
        known = STATEMENT_ELEMENTS
    elif parts[1] == "Condition":
        known = OPERATORS
        if len(parts) > 3 or operator(parts[2]):
            return "a value here is a string, a number, true or false, or a list of them"
    else:
        known = PRINCIPAL_TYPES
    name = parts[-1]
    if name in known or not name:
        return ELEMENTS.get(name, "")
    meant = similar(name, sorted(known))
    return f"there is no {name} here" + (f"; did you mean {meant[0]}" if meant else "")


def _value(raw: Any, path: str) -> Any:
    """What stands at the path of a statement's element, or None."""
    match = re.fullmatch(r"Statement\[(\d+)\]\.(\w+)", path)
    if not match:
        return None
    return statements_of(raw)[int(match[1])].get(match[2])
