"""Calls, and why each was refused or allowed: what explain() and the trail are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: The trail holds so many calls, the latest.
TRAIL_HOLDS = 5000

LayerName = Literal["scp", "rcp", "identity", "boundary", "session", "resource", "trust"]
Outcome = Literal["allow", "explicitDeny", "implicitDeny", "notApplicable"]
Verdict = Literal["allowed", "explicitDeny", "implicitDeny"]
Change = Literal["add", "remove", "replace", "send"]


# -- a decision, with its steps: as `xacct decide` prints it -----------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The first element of a statement that did not match.

    element: "Principal", "Action" and so on; wanted: what the policy says; found: what the request
    has; reason: a machine word, which `policy.REASONS` explains; operator, key: of a condition.
    """

    element: str
    wanted: str
    found: str
    reason: str
    operator: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementResult:
    """What became of one statement. mismatch: why it does not match; raw: it, as written."""

    policy: str
    policy_arn: str | None
    index: int
    sid: str | None
    effect: Literal["Allow", "Deny"]
    matched: bool
    mismatch: Mismatch | None
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerResult:
    """What one kind of policy says. account: whose policies; note: what is special, or ""."""

    layer: LayerName
    account: str
    outcome: Outcome
    statements: tuple[StatementResult, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict, and each step that led to it.

    decisive: the layer that AWS would name; None when allowed. decisive_statement: the one that
    denies, if one does.
    """

    verdict: Verdict
    allowed: bool
    layers: tuple[LayerResult, ...]
    decisive: LayerResult | None
    decisive_statement: StatementResult | None
    cross_account: bool
    caller_account: str
    resource_account: str
    caller_agrees: bool
    resource_agrees: bool


# -- one permission that was asked for ---------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one account said. whose: "both" when caller and resource are in this one account."""

    account: str
    whose: Literal["caller", "resource", "both"]
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A statement to add or to remove, or something to send with the call; `account` has to do it.

    statement: of "send" the condition key and its value.
    """

    account: str
    layer: str
    change: Change
    policy: str
    statement: Mapping[str, Any]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One call that makes a change. by: whoever makes it, the account's administrator or the caller
    of the refused call.

    parameters: by the API's names, as the SDK takes them; a policy document is its JSON text.
    note: a sentence on what else the call changes, or "".
    """

    account: str
    by: Literal["administrator", "caller"]
    service: str
    operation: str
    parameters: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """One change by itself, and the verdict that it would lead to. flips: another verdict."""

    change: Change
    account: str
    layer: str
    policy: str
    statement: Mapping[str, Any]
    verdict: Verdict
    flips: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionReport:
    """The question, the decision, and what would change it. GET decision/…, POST why.

    resource: "" without one. sides: each account's verdict. missing: a sentence when the
    resource is not there, or "". calls: the API calls that make the suggestions.
    """

    action: str
    resource: str
    principal: str
    decision: Decision
    sentences: tuple[str, ...]
    sides: tuple[Side, ...] = ()
    missing: str = ""
    suggestions: tuple[Suggestion, ...]
    calls: tuple[Remedy, ...] = ()
    counterfactuals: tuple[Counterfactual, ...] = ()


# -- calls -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One call and what became of it.

    number: counted from the first call of the sandbox's process. time: the lab's, ISO 8601.
    action: "sts:AssumeRole". caller: its ARN, None when nobody was recognised. gave: the access key
    id of the credentials that STS answered with. error_code: None when the call succeeded.
    denied: by a policy. check: a checkpoint of the course made the call, to see what happens.
    resources: what the call was about, for every permission that it needed.
    """

    number: int
    request_id: str
    time: str
    action: str
    caller: str | None
    account: str | None
    access_key_id: str = ""
    gave: str | None = None
    source_ip: str
    error_code: str | None
    error_message: str | None
    denied: bool
    check: bool = False
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport(TrailEntry):
    """One call with every permission that was asked for, in order. GET decision/…

    The last one is the one that was refused, or all were allowed.
    """

    asked: tuple[PermissionReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The latest calls, oldest first. GET trail/N"""

    entries: tuple[TrailEntry, ...]
