"""The IAM policy simulator on the gate's own engine: what would this principal be allowed?

It asks the caller's half alone: trust policies and the other account have no say in it, as on AWS.
Source: IAM API Reference, SimulatePrincipalPolicy, SimulateCustomPolicy and
GetContextKeysFor…Policy; names and positions of matched statements as recorded in public logs
("role_NAME_POLICY", "PolicyInputList.1", a managed policy's name; "IAM Policy"; of the resource's
policy ScottLogic/blog#308: "ResourcePolicy", "Resource Policy").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....policy import (
    Decision,
    NamedPolicy,
    Policies,
    PolicyDocument,
    PolicyError,
    Principal,
    Request,
    StatementResult,
    check,
    derived_context,
    evaluate,
    parse,
)
from ...authorization.gate import Levels, service_controls
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import StoredPolicy
from ..operation import Operation
from . import common
from .entities import EVERYTHING, EntityType, Target
from .permissions import on

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

_SOURCE = re.compile(r"arn:aws:iam::(\d{12}):(user|role|group)/(?:.*/)?([^/]+)")
_VARIABLE = re.compile(r"\$\{\s*([A-Za-z][\w:/.-]*)\s*(?:,[^}]*)?\}")
_TYPE = "IAM Policy"
_RESOURCE_POLICY, _RESOURCE_TYPE = "ResourcePolicy", "Resource Policy"
_PAGE = 100


def _of_a_principal(state: State, call: Call, caller: Caller) -> Answer:
    """SimulatePrincipalPolicy: a principal with its policies, and more of the call's."""
    given = _inputs(call)
    stored, boundary, who = _principal(state, call.params["PolicySourceArn"], caller.account)
    boundary = _boundary(call) or boundary
    simulated = _simulated(call, who, caller)
    scps = service_controls(state, simulated.account) if who is not None else ()
    return _page(call, list(_results(call, [*stored, *given], boundary, simulated, scps)))


def _of_policies(state: State, call: Call, caller: Caller) -> Answer:
    """SimulateCustomPolicy: the call's policies on their own, which are of no account."""
    given, boundary = _inputs(call), _boundary(call)
    simulated = _simulated(call, None, caller)
    return _page(call, list(_results(call, given, boundary, simulated, ())))


def _boundary(call: Call) -> StoredPolicy | None:
    """The permissions boundary that a call brings."""
    given = call.params.get("PermissionsBoundaryPolicyInputList")
    if not given:
        return None
    if len(given) > 1:
        raise ApiError("InvalidInput", "Only one permissions boundary can be simulated.")
    return StoredPolicy(name="PermissionsBoundaryPolicyInputList.1", text=_checked(given[0]))


def _keys_of_a_principal(state: State, call: Call, caller: Caller) -> Answer:
    given = _inputs(call)
    stored, _, _ = _principal(state, call.params["PolicySourceArn"], caller.account)
    return _keys([*stored, *given])


def _keys_of_policies(state: State, call: Call, caller: Caller) -> Answer:
    return _keys(_inputs(call))


def _keys(policies: list[StoredPolicy]) -> Answer:
    keys = {key for policy in policies for key in context_keys(parse(policy.text))}
    return {"ContextKeyNames": sorted(keys)}


def _inputs(call: Call) -> list[StoredPolicy]:
    return [
        StoredPolicy(name=f"PolicyInputList.{number}", text=_checked(text))
        for number, text in enumerate(call.params.get("PolicyInputList", ()), 1)
    ]


def _checked(text: str) -> str:
    try:
        check(text, "inline")
    except PolicyError as error:
        raise ApiError("InvalidInput", f"Invalid policy input: {error}") from error
    return text


def _principal(
    state: State, arn: str, account: str
) -> tuple[list[StoredPolicy], StoredPolicy | None, Principal | None]:
    """The policies of a user, role or group, its boundary, and it as a caller (not a group)."""
    found = _SOURCE.fullmatch(arn)
    if found is None or found[1] != account:
        raise ApiError(
            "InvalidInput",
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name.",
        )
    kind, name = found[2], found[3]
    backends = state.backends
    if kind == "group":
        if not backends.iam.group_exists(account, name):
            raise common.missing(f"The group with name {name} cannot be found.")
        return list(_of(state, account, "group", name)), None, None
    entity = (backends.iam.role if kind == "role" else backends.iam.user)(account, name)
    if entity is None or entity.arn != arn:
        raise common.missing(f"The {kind} with name {name} cannot be found.")
    stored = list(_of(state, account, kind, name))
    if kind == "user":
        for group in backends.iam.groups_of(account, name):
            stored += _of(state, account, "group", group)
    if kind == "role":
        who = _session_of(arn, entity.unique_id)
    else:
        who = Principal(kind="user", arn=arn, account=account, unique_id=entity.unique_id)
    return stored, backends.iam.boundary(account, kind, name), who


def _of(state: State, account: str, kind: str, name: str) -> Iterator[StoredPolicy]:
    """The entity's own policies under the simulator's names for them."""
    for policy, text in state.backends.iam.inline_policies(account, kind, name).items():
        yield StoredPolicy(name=f"{kind}_{name}_{policy}", text=text)
    for arn in state.backends.iam.attached_policies(account, kind, name):
        managed = state.backends.iam.managed_policy(account, arn)
        if managed is not None:
            yield managed


def _session_of(role_arn: str, unique_id: str | None = None) -> Principal:
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    return Principal(
        kind="role-session",
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/simulated",
        account=account,
        role_arn=role_arn,
        unique_id=unique_id,
    )


def _simulated(call: Call, who: Principal | None, caller: Caller) -> Principal:
    """The caller to simulate: CallerArn, else the source, else some user of the account.

    Source: IAM API Reference, CallerArn; required where a resource policy would have nobody to
    match, a group or policies on their own.
    """
    arn = call.params.get("CallerArn")
    if arn is not None:
        found = _SOURCE.fullmatch(arn)
        if found is None or found[2] == "group":
            text = f"CallerArn must be the ARN of an IAM user or role, not {arn}"
            raise ApiError("InvalidInput", text)
        if found[2] == "role":
            return _session_of(arn)
        return Principal(kind="user", arn=arn, account=found[1])
    if who is None and "ResourcePolicy" in call.params:
        raise ApiError("InvalidInput", "CallerArn is required with a ResourcePolicy.")
    anyone = f"arn:aws:iam::{caller.account}:user/simulated"
    return who or Principal(kind="user", arn=anyone, account=caller.account)


def _results(
    call: Call,
    stored: Sequence[StoredPolicy],
    boundary: StoredPolicy | None,
    who: Principal,
    scps: Levels,
) -> Iterator[dict[str, Any]]:
    """One result for each action and resource, in the order they were asked."""
    context: dict[str, Any] = {}
    for entry in call.params.get("ContextEntries", ()):
        if "ContextKeyName" in entry:
            context[entry["ContextKeyName"]] = tuple(entry.get("ContextKeyValues", ()))
    known = {key.lower() for key in (*context, *derived_context(who))}
    given = call.params.get("ResourcePolicy")
    resource_policy = None if given is None else StoredPolicy(name=_RESOURCE_POLICY, text=given)
    read = [*stored, *([resource_policy] if resource_policy else ())]
    for action in call.params.get("ActionNames", ()):
        for resource in call.params.get("ResourceArns") or ("*",):
            decision = _decide(call, stored, boundary, who, action, resource, context, scps)
            missing = sorted(
                key
                for policy in read
                for key in context_keys(parse(policy.text))
                if key.lower() not in known
            )
            matched = _matched(decision, stored, resource_policy)
            yield _result(
                action, resource, matched, boundary, decision, list(dict.fromkeys(missing))
            )


def _decide(
    call: Call,
    stored: Sequence[StoredPolicy],
    boundary: StoredPolicy | None,
    who: Principal,
    action: str,
    resource: str,
    context: Mapping[str, Any],
    scps: Levels,
) -> Decision:
    text = call.params.get("ResourcePolicy")
    if text is not None:
        owner = _account(call.params.get("ResourceOwner", who.account))
        policy = NamedPolicy(name=_RESOURCE_POLICY, document=_resource_policy(text))
    else:
        # The other account and the role's trust policy are not asked: stand-ins that delegate to
        # the caller's account leave the decision to the policies under simulation.
        owner = who.account
        policy = NamedPolicy(name="", document=parse(_delegation(who.account)))
    request = Request(
        action=action,
        resource=resource,
        resource_account=owner,
        principal=who,
        context={**derived_context(who), **context},
    )
    policies = Policies(
        identity=tuple(NamedPolicy(name=p.name, document=parse(p.text), arn=p.arn) for p in stored),
        resource=policy,
        boundary=None
        if boundary is None
        else (NamedPolicy(name=boundary.name, document=parse(boundary.text), arn=boundary.arn),),
        scps=scps,
    )
    return evaluate(request, policies)


def _account(text: str) -> str:
    found = re.fullmatch(r"(?:arn:aws:iam::)?(\d{12})(?::.*)?", text)
    if found is None:
        raise ApiError("InvalidInput", f"ResourceOwner must name an account, not {text}")
    return found[1]


def _resource_policy(text: str) -> PolicyDocument:
    try:
        return parse(text)
    except PolicyError as error:
        raise ApiError("InvalidInput", f"Invalid resource policy: {error}") from error


def _delegation(account: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _result(
    action: str,
    resource: str,
    matched: list[dict[str, Any]],
    boundary: StoredPolicy | None,
    decision: Decision,
    missing: list[str],
) -> dict[str, Any]:
    value: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision.verdict,
        "MatchedStatements": matched,
        "MissingContextValues": missing,
    }
    limits = decision.layer("boundary")
    if boundary is not None and limits is not None:
        allowed = limits.outcome == "allow"
        value["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    controls = decision.layer("scp")
    if controls is not None and controls.outcome != "notApplicable":
        allowed = controls.outcome == "allow"
        value["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": allowed}
    return value


def _matched(
    decision: Decision, stored: Sequence[StoredPolicy], resource_policy: StoredPolicy | None
) -> list[dict[str, Any]]:
    """The statements of identity policies and of the resource's that decide: the Denies alone
    when one denies (EvaluationResult, MatchedStatements). The resource's come first."""
    if decision.verdict == "implicitDeny":
        return []
    wanted = "Deny" if decision.verdict == "explicitDeny" else "Allow"
    sources = [("identity", _TYPE, stored)]
    if resource_policy is not None:
        sources.insert(0, ("resource", _RESOURCE_TYPE, [resource_policy]))
    return [
        _place(statement, kind, policies)
        for name, kind, policies in sources
        if (layer := decision.layer(name)) is not None
        for statement in layer.statements
        if statement.matched and statement.effect == wanted
    ]


def _place(
    statement: StatementResult, kind: str, policies: Sequence[StoredPolicy]
) -> dict[str, Any]:
    """Where a statement stands. Two policies may have one name, AWS's and the account's own: the
    one that has this statement is meant."""
    text = next(
        policy.text
        for policy in policies
        if policy.name == statement.policy
        and any(
            one.index == statement.index and one.raw == statement.raw
            for one in parse(policy.text).statements
        )
    )
    start, end = statement_positions(text)[statement.index]
    return {
        "SourcePolicyId": statement.policy,
        "SourcePolicyType": kind,
        "StartPosition": {"Line": start[0], "Column": start[1]},
        "EndPosition": {"Line": end[0], "Column": end[1]},
    }


def _page(call: Call, results: list[dict[str, Any]]) -> dict[str, Any]:
    marker = call.params.get("Marker", "0")
    if not marker.isdigit() or int(marker) > len(results):
        raise ApiError("InvalidInput", f"Invalid Marker: {marker}")
    start = int(marker)
    end = start + call.params.get("MaxItems", _PAGE)
    page: dict[str, Any] = {
        "EvaluationResults": results[start:end],
        "IsTruncated": end < len(results),
    }
    if end < len(results):
        page["Marker"] = str(end)
    return page


def context_keys(document: PolicyDocument) -> list[str]:
    """The condition keys that a document's conditions and policy variables use, as written."""
    found: dict[str, str] = {}
    for statement in document.statements:
        for condition in statement.conditions:
            found.setdefault(condition.key.lower(), condition.key)
        if document.has_variables:
            for key in _VARIABLE.findall(json.dumps(dict(statement.raw))):
                found.setdefault(key.lower(), key)
    return list(found.values())


Position = tuple[int, int]


def statement_positions(text: str) -> list[tuple[Position, Position]]:
    """(line, column) behind what stands before each statement, the bracket or the statement before
    it, and behind the statement.

    Both are counted from 1, as AWS's recorded answers count them.
    """
    decoder = json.JSONDecoder()
    opening = re.search(r'"Statement"\s*:\s*', text)
    if opening is None:
        return []
    cursor = opening.end()
    single = text[cursor] != "["
    cursor += 0 if single else 1
    found: list[tuple[Position, Position]] = []
    while True:
        start = cursor
        while text[cursor].isspace() or text[cursor] == ",":
            cursor += 1
        if text[cursor] == "]":
            return found
        _, cursor = decoder.raw_decode(text, cursor)
        found.append((_position(text, start), _position(text, cursor)))
        if single:
            return found


def _position(text: str, offset: int) -> Position:
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _simulated_principal(state: State, call: Call, account: str) -> Target:
    return Target(call.params["PolicySourceArn"])


_on_principal, _on_everything = on(EntityType(look=_simulated_principal)), on(EVERYTHING)
OPERATIONS = {
    "SimulatePrincipalPolicy": Operation(permissions=_on_principal, perform=_of_a_principal),
    "SimulateCustomPolicy": Operation(permissions=_on_everything, perform=_of_policies),
    "GetContextKeysForPrincipalPolicy": Operation(
        permissions=_on_principal, perform=_keys_of_a_principal
    ),
    "GetContextKeysForCustomPolicy": Operation(
        permissions=_on_everything, perform=_keys_of_policies
    ),
}
