"""The answer, with everything that led to it. Values only; `evaluate` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..language.model import Effect, plain
from .principals import Reach

LayerName = Literal["scp", "rcp", "identity", "boundary", "session", "resource", "trust"]
Outcome = Literal["allow", "explicitDeny", "implicitDeny", "notApplicable"]
Verdict = Literal["allowed", "explicitDeny", "implicitDeny"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The first element of a statement that did not match, of Principal, Action, Resource and
    Condition in this order.

    element:  "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource" or
              "Condition".
    wanted:   what the policy says.
    found:    what the request has; "" when it has nothing.
    reason:   a machine word, one of REASONS.
    operator: of a condition, with its prefix and suffix; key: the condition key.
    """

    element: str
    wanted: str
    found: str
    reason: str
    operator: str = ""
    key: str = ""


#: Every machine word a Mismatch may hold, and what it says to a person.
REASONS: dict[str, str] = {
    "account-different": "it names another account",
    "action-different": "it names other actions",
    "action-excluded": "NotAction leaves this action out",
    "action-missing": "it has no Action",
    "case-different": "upper and lower case differ",
    "key-missing": "the request does not have this condition key",
    "key-present": "the request has this condition key, and the policy wants it absent",
    "not-an-arn": "it is not an ARN",
    "operator-unknown": "there is no such condition operator",
    "principal-different": "it names another principal",
    "principal-excluded": "NotPrincipal leaves this caller out",
    "principal-missing": "it has no Principal, and this kind of policy must name one",
    "principal-prohibited": "it has a Principal, which this kind of policy must not have",
    "region-different": "it names another region",
    "resource-different": "it names another resource",
    "resource-excluded": "NotResource leaves this resource out",
    "resource-missing": "it has no Resource, and this kind of policy must name one",
    "service-wildcard": "the service part of an ARN must not hold wildcards",
    "session-different": "it names another session of the same role",
    "unique-id-different": "it names a principal that was deleted, by its unique id",
    "value-different": "the request has another value",
    "value-unreadable": "the operator cannot read one of the values",
    "variable-misplaced": "policy variables may stand only after an ARN's fifth colon",
    "variable-missing": "it uses a policy variable for which the request has no value",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementResult:
    """What became of one statement.

    policy:   the policy's name; policy_arn: its ARN, if it has one.
    matched:  True when its effect applies to this request.
    mismatch: why not, when it does not.
    raw:      the statement as written.
    """

    policy: str
    policy_arn: str | None
    index: int
    sid: str | None
    effect: Effect
    matched: bool
    mismatch: Mismatch | None
    raw: Mapping[str, Any] = field(repr=False, hash=False)
    #: How far a matching Allow of a resource-based policy reaches; NONE elsewhere.
    reach: Reach = Reach.NONE

    @property
    def label(self) -> str:
        """How people point at it: its Sid, or its number counted from 1."""
        return f'"{self.sid}"' if self.sid else f"{self.index + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerResult:
    """What one kind of policy says.

    account: whose policies they are; "" when nobody's.
    note:    a sentence when something special applies, else "".
    """

    layer: LayerName
    account: str
    outcome: Outcome
    statements: tuple[StatementResult, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict, and each step that led to it.

    layers:             all six kinds of policy, in a fixed order.
    decisive:           the layer AWS would name in its message; None when allowed.
    decisive_statement: the statement that denies explicitly, if one does.
    caller_agrees, resource_agrees: what each account's half said. Both equal the verdict when
                        only one account is concerned.
    """

    verdict: Verdict
    layers: tuple[LayerResult, ...]
    decisive: LayerResult | None
    decisive_statement: StatementResult | None
    cross_account: bool
    caller_account: str
    resource_account: str
    caller_agrees: bool
    resource_agrees: bool

    @property
    def allowed(self) -> bool:
        return self.verdict == "allowed"

    def layer(self, name: str) -> LayerResult | None:
        """The result of the layer with this name; None when the request has no such layer."""
        return next((one for one in self.layers if one.layer == name), None)

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON types."""
        return {
            "verdict": self.verdict,
            "allowed": self.allowed,
            "layers": [layer_json(one) for one in self.layers],
            "decisive": layer_json(self.decisive) if self.decisive else None,
            "decisive_statement": (
                statement_json(self.decisive_statement) if self.decisive_statement else None
            ),
            "cross_account": self.cross_account,
            "caller_account": self.caller_account,
            "resource_account": self.resource_account,
            "caller_agrees": self.caller_agrees,
            "resource_agrees": self.resource_agrees,
        }


def near_misses(layer: LayerResult) -> list[StatementResult]:
    """The Allows of a layer that did not match, those first in which the most elements did."""
    misses = [one for one in layer.statements if one.effect == "Allow" and one.mismatch]
    return sorted(misses, key=_matched_elements, reverse=True)


def _matched_elements(one: StatementResult) -> int:
    element = one.mismatch.element if one.mismatch else "Condition"
    return ("Principal", "Action", "Resource", "Condition").index(element.removeprefix("Not"))


def layer_json(layer: LayerResult) -> dict[str, Any]:
    """A layer's result as plain JSON types."""
    return {
        "layer": layer.layer,
        "account": layer.account,
        "outcome": layer.outcome,
        "statements": [statement_json(one) for one in layer.statements],
        "note": layer.note,
    }


def statement_json(result: StatementResult) -> dict[str, Any]:
    """A statement's result as plain JSON types."""
    mismatch = result.mismatch
    return {
        "policy": result.policy,
        "policy_arn": result.policy_arn,
        "index": result.index,
        "sid": result.sid,
        "effect": result.effect,
        "matched": result.matched,
        "mismatch": mismatch_json(mismatch) if mismatch else None,
        "raw": plain(result.raw),
    }


def mismatch_json(mismatch: Mismatch) -> dict[str, str]:
    """A mismatch as plain JSON types."""
    return {
        "element": mismatch.element,
        "wanted": mismatch.wanted,
        "found": mismatch.found,
        "reason": mismatch.reason,
        "operator": mismatch.operator,
        "key": mismatch.key,
    }
