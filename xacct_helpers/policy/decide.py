"""`xacct decide`: one JSON line in, one answer out, for programs in any language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .evaluation.decision import Decision, LayerResult, mismatch_json, near_misses, statement_json
from .evaluation.evaluate import evaluate
from .evaluation.principals import Principal, refused_to
from .evaluation.request import NamedPolicy, Policies, Request, derived_context
from .language.document import PolicyError, load, parse
from .language.patterns import is_account

_SERVICE = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class LineError(ValueError):
    """A line that cannot be read; str() says which key and why."""


def decide_line(line: str) -> dict[str, Any]:
    """The answer to one line, as a dict of plain JSON types.

    line: a JSON object with "action", "resource" and "principal" (an ARN, a service's name, or
          "*" for anonymous), and as wanted "resource_account", "context" and the policies:
          "identity_policies", "resource_policy", "permissions_boundary", "session_policies",
          "service_control_policies" and "resource_control_policies" (these two by level). A
          policy is an object or its text. An empty list of boundaries or session policies means
          that the caller has none.
    Out:  {"decision": "allowed" | "explicitDeny" | "implicitDeny", "reasons": [...], ...}, one
          reason per layer; {"error": "..."} when the line cannot be read. Never raises. Where the
          service refuses such a caller whatever the policies say, "refused" has AWS's words and
          no layer is decisive.
    """
    try:
        request, policies = read_line(line)
    except LineError as error:
        return {"error": str(error)}
    found = answer(evaluate(request, policies))
    refused = refused_to(request.principal, request.action)
    if refused is not None:
        found |= {"decision": "implicitDeny", "decisive": None, "caller_agrees": False}
    return {**found, "refused": refused}


def answer(decision: Decision) -> dict[str, Any]:
    """A decision in the words of AWS's policy simulator."""
    return {
        "decision": decision.verdict,
        "decisive": decision.decisive.layer if decision.decisive else None,
        "cross_account": decision.cross_account,
        "caller_account": decision.caller_account,
        "resource_account": decision.resource_account,
        "caller_agrees": decision.caller_agrees,
        "resource_agrees": decision.resource_agrees,
        "reasons": [_reason(layer) for layer in decision.layers],
    }


def read_line(line: str) -> tuple[Request, Policies]:
    """The request and the policies that a line holds.

    Raises LineError, naming the key at fault.
    """
    try:
        given = load(line)
    except PolicyError:
        raise LineError("the line is not a JSON object with each key once") from None
    action, resource = _text(given, "action"), _text(given, "resource")
    if not re.fullmatch(r"[^:\s]+:[^:\s]+", action):
        raise LineError(f'action: "{action}" is not of the form service:Action')
    context = _context(given.get("context"))
    folded = {key.lower(): value for key, value in context.items()}
    principal = read_principal(_text(given, "principal"), folded)
    account = given.get("resource_account") or _account(resource) or principal.account
    if not isinstance(account, str):
        raise LineError("resource_account: not a string")
    derived: dict[str, str] = derived_context(principal)
    if account:
        derived["aws:ResourceAccount"] = account
    for key, value in derived.items():
        if key.lower() not in folded:
            context[key] = (value,)
    request = Request(
        action=action,
        resource=resource,
        resource_account=account,
        principal=principal,
        context=context,
    )
    return request, _policies(given)


def read_principal(text: str, context: Mapping[str, tuple[str, ...]]) -> Principal:
    """The caller that an ARN, "*" or a service's name stands for.

    context: keys in lower case. aws:PrincipalArn gives the ARN of a role with a path, which a
             session's ARN does not hold; aws:userid gives the unique id.
    Raises LineError for anything that cannot make a call.
    """
    if text == "*":
        return Principal(kind="anonymous", arn="*", account="")
    if _SERVICE.fullmatch(text):
        return Principal(kind="service", arn=text, account="")
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not is_account(parts[4]):
        raise LineError(f'principal: "{text}" is neither an ARN, nor a service, nor "*"')
    _, partition, service, _, account, name = parts
    kind, _, rest = name.partition("/")
    found: Principal | None = None
    if service == "iam" and name == "root":
        found = Principal(kind="root", arn=text, account=account)
    elif service == "iam" and kind == "user" and rest:
        found = Principal(kind="user", arn=text, account=account)
    elif service == "iam" and kind == "role" and rest:
        found = Principal(kind="role-session", arn=text, account=account, role_arn=text)
    elif service == "sts" and kind == "federated-user" and rest:
        found = Principal(kind="federated-user", arn=text, account=account)
    elif service == "sts" and kind == "assumed-role" and re.fullmatch("[^/]+/[^/]+", rest):
        role = rest.split("/")[0]
        found = Principal(
            kind="role-session",
            arn=text,
            account=account,
            role_arn=_role_arn(f"arn:{partition}:iam::{account}:role/", role, context),
        )
    if found is None:
        raise LineError(f'principal: "{text}" cannot make a request')
    return replace(found, unique_id=_unique_id(context))


def _role_arn(prefix: str, role: str, context: Mapping[str, tuple[str, ...]]) -> str:
    given = context.get("aws:principalarn", ())
    for arn in given:
        if arn.startswith(prefix) and arn.endswith(f"/{role}"):
            return arn
    return prefix + role


def _unique_id(context: Mapping[str, tuple[str, ...]]) -> str | None:
    values = context.get("aws:userid", ())
    found = values[0].split(":", 1)[0] if len(values) == 1 else ""
    return found if found.startswith(("AIDA", "AROA")) else None


def _account(resource: str) -> str:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and is_account(parts[4]) else ""


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise LineError(f"{key}: missing, or not a string")
    return value


def _context(given: Any) -> dict[str, tuple[str, ...]]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise LineError("context: not an object")
    context: dict[str, tuple[str, ...]] = {}
    for key, value in given.items():
        if value is None:
            continue
        many = value if isinstance(value, list) else [value]
        if not all(isinstance(one, (str, int, float)) for one in many):
            raise LineError(f"context: {key} is neither a value nor a list of values")
        context[key] = tuple(_scalar(one) for one in many)
    return context


def _scalar(value: str | bool | int | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _policies(given: Mapping[str, Any]) -> Policies:
    resource = given.get("resource_policy")
    return Policies(
        identity=_named(given.get("identity_policies"), "identity_policies"),
        resource=_one(resource, "resource_policy") if resource is not None else None,
        boundary=_named(given.get("permissions_boundary"), "permissions_boundary") or None,
        session=_named(given.get("session_policies"), "session_policies") or None,
        scps=_levels(given, "service_control_policies"),
        rcps=_levels(given, "resource_control_policies"),
    )


def _levels(given: Mapping[str, Any], key: str) -> tuple[tuple[NamedPolicy, ...], ...]:
    levels = given.get(key)
    if levels is None:
        return ()
    if not isinstance(levels, list) or not all(isinstance(level, list) for level in levels):
        raise LineError(f"{key}: not a list of levels, each a list of policies")
    return tuple(_named(level, f"{key}[{at}]") for at, level in enumerate(levels))


def _named(given: Any, key: str) -> tuple[NamedPolicy, ...]:
    if given is None:
        return ()
    if isinstance(given, (dict, str)):
        given = [given]
    if not isinstance(given, list):
        raise LineError(f"{key}: not a list of policies")
    return tuple(_one(document, f"{key}[{at}]") for at, document in enumerate(given))


def _one(document: Any, name: str) -> NamedPolicy:
    if not isinstance(document, (dict, str)):
        raise LineError(f"{name}: not a policy")
    try:
        return NamedPolicy(name=name, document=parse(document))
    except PolicyError as error:
        at = f" ({error.path})" if error.path else ""
        raise LineError(f"{name}: {error}{at}") from None


def _reason(layer: LayerResult) -> dict[str, Any]:
    """A layer's outcome, the statement that made it, and for an implicit deny the nearest miss."""
    effect = {"allow": "Allow", "explicitDeny": "Deny"}.get(layer.outcome)
    made = next((one for one in layer.statements if one.matched and one.effect == effect), None)
    missed = next(iter(near_misses(layer)), None) if layer.outcome == "implicitDeny" else None
    mismatch = missed.mismatch if missed else None
    return {
        "layer": layer.layer,
        "account": layer.account,
        "outcome": layer.outcome,
        "statement": statement_json(made) if made else None,
        "near_miss": statement_json(missed) if missed else None,
        "mismatch": mismatch_json(mismatch) if mismatch else None,
        "note": layer.note,
    }
