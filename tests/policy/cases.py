"""Tables of cases: read the rows in tables/*.toml, run one row, say what is wrong with it.

A row is one of three kinds. With `expect` it is a decision: caller, action, resource, policies as
lists of statements, and the verdict with the layer that decides and why. With `holds` it is one
Condition block, tried in an Allow and in a Deny. With `kind` it is a document to save, and AWS's
first message about it ("" when it is accepted). Statements and callers that many rows share have
names in shared.toml.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xacct_helpers.policy import (
    REASONS,
    Decision,
    NamedPolicy,
    Policies,
    PolicyError,
    Principal,
    Request,
    check,
    derived_context,
    evaluate,
    parse,
    refusal,
    refusal_context,
)
from xacct_helpers.policy.evaluation.decision import near_misses

TABLES = Path(__file__).parent / "tables"
SHARED = "shared.toml"
ROLE_A = "arn:aws:iam::111111111111:role/account-a-role-name"
#: Key of a row -> what its policy is called.
NAMES = {
    "identity": "the identity-based policy",
    "policy": "the policy of the resource",
    "registry": "the policy of the registry",
    "boundary": "the boundary",
    "session": "the session policy",
}
#: Kind of row -> the keys it must have, and those it may have.
KEYS: dict[str, tuple[set[str], set[str]]] = {
    "expect": (
        {"caller", "expect"},
        {
            "action",
            "resource",
            "resource_account",
            "context",
            "version",
            "identity",
            "policy",
            "boundary",
            "session",
            "scps",
            "rcps",
            "arn",
            "by",
            "layer",
            "element",
            "reason",
            "sid",
            "note",
            "notes",
            "outcomes",
            "registry",
            "sides",
            "clause",
            "message",
        },
    ),
    "holds": ({"condition", "holds"}, {"context", "version", "reason"}),
    "kind": ({"kind", "text", "message"}, {"path"}),
}


class BadTable(Exception):
    """A table that cannot be trusted: missing, empty, or with a row that says too little."""


@dataclass(frozen=True)
class Case:
    """One row. given: its keys; shared: the callers and statements that have names."""

    topic: str
    id: str
    given: Mapping[str, Any]
    shared: Mapping[str, Any]


def load(folder: Path) -> list[Case]:
    """Every row of every table in folder. Raises BadTable rather than return none."""
    paths = sorted(path for path in folder.glob("*.toml") if path.name != SHARED)
    if not paths:
        raise BadTable(f"no tables in {folder}")
    common = tomllib.loads((folder / SHARED).read_text()) if (folder / SHARED).exists() else {}
    cases = [case for path in paths for case in _rows(path, common)]
    seen: set[tuple[str, str]] = set()
    for case in cases:
        if (case.topic, case.id) in seen:
            raise BadTable(f"{case.topic}: two rows are called {case.id!r}")
        seen.add((case.topic, case.id))
    return cases


def _rows(path: Path, common: Mapping[str, Any]) -> list[Case]:
    table = tomllib.loads(path.read_text())
    rows = table.get("case", [])
    if not rows:
        raise BadTable(f"{path.name} holds no rows")
    shared = {
        "caller": {**common.get("caller", {}), **table.get("caller", {})},
        "statement": {**common.get("statement", {}), **table.get("statement", {})},
    }
    cases = []
    for row in rows:
        given = {**table.get("default", {}), **row}
        name = given.pop("id", "")
        if not name or not given.pop("source", table.get("source", "")):
            raise BadTable(f"{path.name}: row {name!r} lacks an id or a source")
        cases.append(Case(topic=path.stem, id=name, given=given, shared=shared))
    return cases


def faults(case: Case) -> list[str]:
    """What is wrong with a row: empty when the engine does as the row says."""
    kinds = [kind for kind in KEYS if kind in case.given]
    if len(kinds) != 1:
        return [f"a row is one of {', '.join(KEYS)}, not {kinds}"]
    must, may = KEYS[kinds[0]]
    given = set(case.given)
    if not must <= given or not given <= must | may:
        return [f"missing {sorted(must - given)}, unknown {sorted(given - must - may)}"]
    return {"expect": _decision, "holds": _condition, "kind": _check}[kinds[0]](case)


def request_of(case: Case) -> tuple[Request, Policies]:
    """The request and the policies that a decision row describes."""
    given = case.given
    caller = Principal(**case.shared["caller"][given["caller"]])
    resource = given.get("resource", ROLE_A)
    account = resource.split(":")[4] if resource.count(":") >= 5 else caller.account
    request = Request(
        action=given.get("action", "sts:AssumeRole"),
        resource=resource,
        resource_account=given.get("resource_account", account),
        principal=caller,
        context=derived_context(caller) | _context(given),
    )
    boundary, session = _policy(case, "boundary"), _policy(case, "session")
    return request, Policies(
        identity=_policy(case, "identity") or (),
        resource=(_policy(case, "policy") or (None,))[0],
        registry=(_policy(case, "registry") or (None,))[0],
        boundary=boundary,
        session=session,
        scps=_levels(case, "scps"),
        rcps=_levels(case, "rcps"),
    )


def _context(given: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in given.get("context", {}).items()
    }


def _policy(case: Case, key: str) -> tuple[NamedPolicy, ...] | None:
    if key not in case.given:
        return None
    return (_document(case, case.given[key], NAMES[key]),)


def _levels(case: Case, key: str) -> tuple[tuple[NamedPolicy, ...], ...]:
    return tuple(
        (_document(case, level, f"{key}[{at}]"),) if level else ()
        for at, level in enumerate(case.given.get(key, []))
    )


def _document(case: Case, statements: list[Any], name: str) -> NamedPolicy:
    named = case.shared["statement"]
    raw = [named[one] if isinstance(one, str) else one for one in statements]
    version = case.given.get("version", "2012-10-17")
    document = parse({"Version": version, "Statement": raw})
    return NamedPolicy(name=name, document=document, arn=case.given.get("arn"))


def _decision(case: Case) -> list[str]:
    request, policies = request_of(case)
    decision = evaluate(request, policies)
    found = {
        "expect": decision.verdict,
        "layer": decision.decisive.layer if decision.decisive else "",
        "by": [one.layer for one in decision.layers if one.outcome == "allow"],
        "sides": [decision.caller_agrees, decision.resource_agrees],
        "sid": decision.decisive_statement.sid if decision.decisive_statement else "",
        "clause": refusal_context(request, decision),
        "message": refusal(request, decision),
        **_nearest(decision),
    }
    wrong = [
        f"{key}: expected {case.given[key]!r}, found {value!r}"
        for key, value in found.items()
        if key in case.given and case.given[key] != value
    ]
    note = case.given.get("note", "")
    if note and not any(note in one.note for one in decision.layers):
        wrong.append(f"note: no layer says {note!r}")
    for layer in decision.layers:
        wanted = case.given.get("notes", {}).get(layer.layer, layer.note)
        if wanted not in layer.note or (layer.note and not wanted):
            wrong.append(f"notes: {layer.layer}: expected {wanted!r}, found {layer.note!r}")
        if case.given.get("outcomes", {}).get(layer.layer, layer.outcome) != layer.outcome:
            wrong.append(f"outcomes: {layer.layer}: found {layer.outcome!r}")
    why = {"allowed": {"by"}, "implicitDeny": {"layer", "reason"}, "explicitDeny": {"layer", "sid"}}
    unsaid = why.get(case.given["expect"], set()) - set(case.given)
    if unsaid:
        wrong.append(f"a row that expects {case.given['expect']} must say {sorted(unsaid)}")
    return wrong


def _nearest(decision: Decision) -> dict[str, str]:
    """The element and the reason of the nearest miss in the layer that decided."""
    misses = near_misses(decision.decisive) if decision.decisive else []
    miss = misses[0].mismatch if misses else None
    if miss is None:
        return {"element": "", "reason": "nothing-there"}
    assert miss.reason in REASONS
    return {"element": miss.element, "reason": miss.reason}


def _condition(case: Case) -> list[str]:
    """The block in an Allow and in a Deny: unreadable must refuse in both."""
    outcomes = {}
    reason = ""
    for effect in ("Allow", "Deny"):
        statement = {
            "Effect": effect,
            "Action": "*",
            "Resource": "*",
            "Condition": case.given["condition"],
        }
        version = case.given.get("version", "2012-10-17")
        document = parse({"Version": version, "Statement": [statement]})
        caller = Principal(
            kind="user", arn="arn:aws:iam::222222222222:user/alice", account="222222222222"
        )
        request = Request(
            action="ecr:BatchGetImage",
            resource="arn:aws:ecr:us-east-1:222222222222:repository/my-app",
            resource_account="222222222222",
            principal=caller,
            context=_context(case.given),
        )
        named = NamedPolicy(name="the policy", document=document)
        result = evaluate(request, Policies(identity=(named,))).layers[2].statements[0]
        outcomes[effect] = result.matched
        if effect == "Allow" and result.mismatch:
            reason = result.mismatch.reason
    expected = {
        True: {"Allow": True, "Deny": True},
        False: {"Allow": False, "Deny": False},
        "unreadable": {"Allow": False, "Deny": True},
    }[case.given["holds"]]
    wrong = [] if outcomes == expected else [f"holds: expected {expected}, found {outcomes}"]
    if case.given["holds"] is not True and case.given.get("reason") != reason:
        wrong.append(f"reason: expected {case.given.get('reason')!r}, found {reason!r}")
    return wrong


def _check(case: Case) -> list[str]:
    message, path = "", ""
    try:
        check(case.given["text"], case.given["kind"])
    except PolicyError as error:
        message, path = str(error), error.path
    wrong = []
    if message != case.given["message"]:
        wrong.append(f"message: expected {case.given['message']!r}, found {message!r}")
    if "path" in case.given and path != case.given["path"]:
        wrong.append(f"path: expected {case.given['path']!r}, found {path!r}")
    return wrong
