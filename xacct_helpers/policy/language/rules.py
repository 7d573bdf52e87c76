"""What AWS refuses when a policy is saved, in its order and its words.

`first_fault` raises for the first fault of a document whose syntax is right. One table below per
kind of policy lists the checks in the order in which AWS reports them; each check is a small
function that raises.
Sources, all of live answers: for texts and order moto 5.2.5, moto/iam/policy_validation.py, and
public logs; localstack/localstack, tests/aws/services/iam/test_iam.snapshot.json; for the Sid's
grammar ministryofjustice/analytical-platform#8486; for session policies hadoop-aws,
assumed_roles.md; for the order of the principal and resource checks lyft/metadataproxy#53, where a
document with both faults is answered with the principal's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from . import conditions
from .model import VARIABLES_SINCE, Kind, PolicyDocument, PolicyError, Statement
from .patterns import like
from .principal_forms import form_fault

SYNTAX = "Syntax errors in policy."
REPOSITORY = (
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
    "'Invalid repository policy provided'"
)
REGISTRY = (
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
    "'Invalid registry policy provided'"
)
ORGANIZATION = (
    "The provided policy document does not meet the requirements of the specified policy type."
)
SYNTAX_FAULT: dict[Kind, str] = {
    "managed": SYNTAX,
    "inline": SYNTAX,
    "trust": SYNTAX,
    "session": SYNTAX,
    "repository": REPOSITORY,
    "registry": REGISTRY,
    "scp": ORGANIZATION,
    "rcp": ORGANIZATION,
}
INVALID_JSON: dict[Kind, str] = {
    **SYNTAX_FAULT,
    "trust": "This policy contains invalid Json",
    "session": "The policy is not in the valid JSON format.",
}
PARTITIONS = frozenset(
    {
        "aws",
        "aws-cn",
        "aws-us-gov",
        "aws-iso",
        "aws-iso-b",
        "aws-iso-e",
        "aws-iso-f",
        "aws-eusc",
    }
)
IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
# AWS's own managed policies of 2026 name these, too; its message does not list them.
_NEWER_IAM_PATHS = ("role-template/", "root")
# S3's resources that do have a region. Source: Service Authorization Reference for Amazon S3.
_REGIONAL_S3 = (
    "accesspoint/",
    "access-grants/",
    "async-request/",
    "job/",
    "storage-lens/",
    "storage-lens-group/",
)
LOGIN = "ecr:getauthorizationtoken"
TRUST_ACTIONS = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
)

Check = Callable[[PolicyDocument], None]


def statement_not_empty(raw: Mapping[str, Any]) -> None:
    """A trust policy says its own words about `"Statement": []`."""
    if raw.get("Statement") == []:
        raise PolicyError("Could not parse the policy: Statement is empty!", "Statement")


def first_fault(document: PolicyDocument, raw: Mapping[str, Any], kind: Kind) -> None:
    """Raise PolicyError with the first fault that AWS reports for a policy of this kind."""
    _operators(document, SYNTAX_FAULT[kind])
    try:
        for check in CHECKS[kind]:
            check(document)
    except PolicyError as error:
        own_words = kind in ("managed", "inline", "trust")
        raise PolicyError(error.message if own_words else SYNTAX_FAULT[kind], error.path) from None


def _operators(document: PolicyDocument, message: str) -> None:
    for statement in document.statements:
        for one in statement.conditions:
            if conditions.operator(one.operator) is None:
                _refuse(message, statement, f"Condition.{one.operator}")


def _refuse(message: str, statement: Statement, element: str) -> NoReturn:
    raise PolicyError(message, f"Statement[{statement.index}].{element}")


def _version(document: PolicyDocument) -> None:
    if document.version != VARIABLES_SINCE:
        raise PolicyError("Policy document must be version 2012-10-17 or greater.", "Version")


def _legacy_parsing(document: PolicyDocument) -> None:
    """The case of Effect, dates in conditions, and ARNs with too few parts."""
    message = "The policy failed legacy parsing"
    for statement in document.statements:
        if statement.raw["Effect"] != statement.effect:
            _refuse(message, statement, "Effect")
        for one in statement.conditions:
            named = conditions.operator(one.operator)
            assert named is not None  # `_operators` has looked
            if named.name.startswith("Date"):
                for value in one.values:
                    if conditions.moment(value) is None:
                        _refuse(message, statement, f"Condition.{one.operator}.{one.key}")
    for statement, element, resource in _each(document, "Resource"):
        if resource != "*" and _resource_fault(resource) is None:
            too_few = "::" in resource and resource.count(":") < 5
            if too_few or resource.split(":")[2] == "":
                _refuse(message, statement, element)


def _sids(document: PolicyDocument) -> None:
    for statement in document.statements:
        if statement.sid and not re.fullmatch("[0-9A-Za-z]*", statement.sid):
            _refuse(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
                "regular expression [0-9A-Za-z]*",
                statement,
                "Sid",
            )
    _sids_unique(document)


def _sids_unique(document: PolicyDocument) -> None:
    seen: set[str | None] = set()
    for statement in document.statements:
        if statement.sid and statement.sid in seen:
            _refuse("Statement IDs (SID) in a single policy must be unique.", statement, "Sid")
        seen.add(statement.sid)


def _has_actions(document: PolicyDocument) -> None:
    for statement in document.statements:
        if not statement.actions and not statement.not_actions:
            _refuse("Policy statement must contain actions.", statement, "Action")


def _has_resources(document: PolicyDocument) -> None:
    for statement in document.statements:
        if not statement.resources and not statement.not_resources:
            _refuse("Policy statement must contain resources.", statement, "Resource")


def _no_principal(document: PolicyDocument) -> None:
    for statement in document.statements:
        for element in ("Principal", "NotPrincipal"):
            if element in statement.raw:
                _refuse("Policy document should not specify a principal.", statement, element)


def _resources(document: PolicyDocument) -> None:
    """Of several bad resources in one element AWS names the first in sorted order."""
    for statement, element, resource in _each(document, "Resource"):
        fault = _resource_fault(resource)
        if fault:
            _refuse(fault, statement, element)


def _resource_fault(resource: str) -> str | None:
    """AWS's text for a Resource of the wrong form, or None.

    A registry host such as 1.dkr.ecr.us-east-1.amazonaws.com/app is no ARN; with a tag, as in
    …/app:latest, AWS takes what follows the colon for a partition.
    """
    if resource == "*":
        return None
    prefix, colon, rest = resource.partition(":")
    if not colon:
        return f'Resource {prefix} must be in ARN format or "*".'
    partition, colon, rest = rest.partition(":")
    parts = rest.split(":", 3)
    if partition != "*" and partition not in PARTITIONS:
        shown = [part if part or len(parts) > 1 else "*" for part in parts]
        shown += ["*"] * (4 - len(shown))
        return (
            f'Partition "{partition}" is not valid for resource '
            f'"arn:{partition}:{":".join(shown)}".'
        )
    if not colon or "*" in parts[0] or "?" in parts[0]:
        return "Resource vendor must be fully qualified and cannot contain regexes."
    service, region = parts[0], parts[1] if len(parts) > 1 else "missing"
    name = parts[3] if len(parts) > 3 else ""
    if service == "iam" and region:
        return f"IAM resource {resource} cannot contain region information."
    if service == "s3" and region and not name.startswith(_REGIONAL_S3):
        return f"Resource {resource} can not contain region information."
    if service == "iam" and name != "*" and not name.startswith(IAM_PATHS + _NEWER_IAM_PATHS):
        listed = ", ".join(IAM_PATHS)
        return f'IAM resource path must either be "*" or start with {listed}.'
    return None


def _actions(document: PolicyDocument) -> None:
    for statement, element, action in _each(document, "Action"):
        vendor, colon, name = action.partition(":")
        if action == "*":
            continue
        if not colon:
            _refuse(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
                statement,
                element,
            )
        if ":" in name:
            _refuse("Actions/Condition can contain only one colon.", statement, element)
        if vendor != "*" and re.search(r"[^a-zA-Z0-9\-.]", vendor):
            _refuse(f"Vendor {vendor} is not valid", statement, element)


def _each(document: PolicyDocument, element: str) -> Iterator[tuple[Statement, str, str]]:
    """Every (statement, element, value) of an element and of its Not form."""
    for statement in document.statements:
        plain, negated = (
            (statement.actions, statement.not_actions)
            if element == "Action"
            else (statement.resources, statement.not_resources)
        )
        for name, values in ((element, plain), (f"Not{element}", negated)):
            ordered = sorted(values or ()) if element == "Resource" else values or ()
            for value in ordered:
                yield statement, name, value


def _trust_shape(document: PolicyDocument) -> None:
    """What a trust policy's statements must and must not have.

    Resource comes first: a permission policy given as a trust policy is answered with it.
    """
    for statement in document.statements:
        raw = statement.raw
        if "Resource" in raw:
            _refuse("Has prohibited field Resource", statement, "Resource")
        if "NotResource" in raw:
            _refuse("AssumeRole policy must not contain resources.", statement, "NotResource")
        if "Principal" not in raw and "NotPrincipal" not in raw:
            _refuse("Missing required field Principal", statement, "Principal")
        element = "Principal" if "Principal" in raw else "NotPrincipal"
        named = statement.principals or statement.not_principals
        if not (named.entries if named else ()):
            _refuse("Missing required field Principal cannot be empty!", statement, element)
        if not statement.actions:
            _refuse("Missing required field Action", statement, "Action")
        if element == "NotPrincipal" and statement.effect == "Allow":
            _refuse("Allow with NotPrincipal is not allowed.", statement, element)


def _trust_actions(document: PolicyDocument) -> None:
    for statement, element, action in _each(document, "Action"):
        pattern = action.lower()
        fits = pattern.startswith("sts:") and any(like(pattern, one) for one in TRUST_ACTIONS)
        if not fits:
            _refuse(
                "AssumeRole policy may only specify STS AssumeRole actions.", statement, element
            )


def _principals_formed(document: PolicyDocument) -> None:
    for statement in document.statements:
        for element, named in (
            ("Principal", statement.principals),
            ("NotPrincipal", statement.not_principals),
        ):
            for kind, value in named.entries if named else ():
                fault = form_fault(kind, value)
                if fault:
                    _refuse(fault, statement, element)


def _needs_principal(document: PolicyDocument) -> None:
    for statement in document.statements:
        named = statement.principals or statement.not_principals
        if named is None or not named.entries:
            _refuse(REPOSITORY, statement, "Principal")


def _no_resource(document: PolicyDocument) -> None:
    for statement in document.statements:
        for element in ("Resource", "NotResource"):
            if element in statement.raw:
                _refuse(REPOSITORY, statement, element)


def _no_token(document: PolicyDocument) -> None:
    """A repository has no authorization token to give.

    Source: public log, cloudposse/terraform-aws-ecr#67, of the action by its name.
    """
    for statement, element, action in _each(document, "Action"):
        if action.lower() == LOGIN:
            _refuse(REPOSITORY, statement, element)


def _rcp_shape(document: PolicyDocument) -> None:
    """Customer managed RCPs only deny, to everyone, and name a service.

    Source: AWS Organizations User Guide, "RCP syntax" *(general knowledge, not read)*.
    """
    for statement in document.statements:
        if statement.effect != "Deny":
            _refuse(ORGANIZATION, statement, "Effect")
        if not (statement.principals and statement.principals.anyone):
            _refuse(ORGANIZATION, statement, "Principal")
        if "*" in (statement.actions if statement.actions else ("*",)):  # or NotAction
            _refuse(ORGANIZATION, statement, "Action")


_IDENTITY: tuple[Check, ...] = (
    _legacy_parsing,
    _sids,
    _has_actions,
    _resources,
    _actions,
    _no_principal,
    _has_resources,
)
#: Kind of policy -> its checks, in the order in which AWS reports faults.
CHECKS: dict[Kind, tuple[Check, ...]] = {
    "managed": (_version, *_IDENTITY),
    "inline": _IDENTITY,
    "session": _IDENTITY,
    "scp": (_version, *_IDENTITY),
    "rcp": (
        _version,
        _legacy_parsing,
        _sids,
        _resources,
        _actions,
        _has_resources,
        _rcp_shape,
    ),
    "trust": (_legacy_parsing, _sids, _trust_shape, _trust_actions, _principals_formed),
    # Resources are not looked at: ECR takes an ARN without a service (aws/containers-roadmap#2675).
    "registry": (
        _legacy_parsing,
        _sids_unique,
        _has_actions,
        _has_resources,
        _actions,
        _needs_principal,
        _principals_formed,
    ),
    "repository": (
        _legacy_parsing,
        _sids_unique,
        _has_actions,
        _no_resource,
        _actions,
        _no_token,
        _needs_principal,
        _principals_formed,
    ),
}
