"""One action, many callers and many resources: the same answers as `evaluate`, at once.

A map of 200 principals by 200 roles is 40,000 decisions, and nearly all of them come to the same:
nobody says yes. So the work is done a side at a time. Each statement becomes a set of resources,
or of callers, that it applies to, found through the ARNs and principals that it names; sets are
integers, a bit for each. A condition or a policy variable is looked at only for the pairs that are
left. What the sets come to is said by `combine`, which `evaluate` uses, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ..language.conditions import Context
from ..language.model import Principals, Statement
from ..language.patterns import like, resource_fault
from .combine import Outcomes, combine
from .decision import LayerName, Outcome, Verdict
from .evaluate import is_trust_action, needs_resource_policy
from .matching import match_action, match_conditions, match_principal, match_resource
from .principals import Principal, Reach
from .request import NamedPolicy, Policies, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Somebody who may ask: who it is, its keys, and its policies as in `Policies`."""

    principal: Principal
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    identity: tuple[NamedPolicy, ...] = ()
    boundary: tuple[NamedPolicy, ...] | None = None
    session: tuple[NamedPolicy, ...] | None = None
    scps: tuple[tuple[NamedPolicy, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that may be asked for.

    account: "" means the caller's. policy: the trust policy for sts:AssumeRole. registry: as in
    `Policies`.
    context: the keys of this resource; they go before the caller's of the same name.
    """

    arn: str
    account: str
    policy: NamedPolicy | None = None
    registry: NamedPolicy | None = None
    rcps: tuple[tuple[NamedPolicy, ...], ...] = ()
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What `evaluate` says of one pair; see `Decision`."""

    verdict: Verdict
    caller_agrees: bool
    resource_agrees: bool


def who_can(
    action: str, requesters: Sequence[Requester], targets: Sequence[Target]
) -> tuple[tuple[Answer, ...], ...]:
    """Whether each requester may do action to each target: a row for each requester, in order.

    Every answer is what `evaluate(*build_request(action, requester, target))` says. Never raises
    on documents that `parse` accepted.
    """
    return _Map(action, requesters, targets).answers()


def build_request(action: str, requester: Requester, target: Target) -> tuple[Request, Policies]:
    """One pair as the arguments of `evaluate`: to have it explained."""
    request = Request(
        action=action,
        resource=target.arn,
        resource_account=target.account,
        principal=requester.principal,
        context={**requester.context, **target.context},
    )
    return request, Policies(
        identity=requester.identity,
        resource=target.policy,
        registry=target.registry,
        boundary=requester.boundary,
        session=requester.session,
        scps=requester.scps,
        rcps=target.rcps,
    )


def _own_policies(target: Target) -> tuple[NamedPolicy, ...]:
    return tuple(one for one in (target.policy, target.registry) if one is not None)


@dataclass(slots=True)
class _Sets:
    """The bits for which one kind of policy has a Deny that matches, and an Allow, by reach."""

    deny: int = 0
    allow: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def split(self, among: int) -> Split:
        """What the layer says, for the bits among which it says anything."""
        allow = self.allow[0] | self.allow[1] | self.allow[2] | self.allow[3]
        return (
            ("explicitDeny", self.deny & among),
            ("allow", allow & ~self.deny & among),
            ("implicitDeny", among & ~allow & ~self.deny),
        )


Split = tuple[tuple[Outcome, int], ...]
Chosen = Callable[[Target], tuple[NamedPolicy, ...]]


class _Map:
    """The working of one question. Statements are told apart by identity: they outlive it."""

    def __init__(
        self, action: str, requesters: Sequence[Requester], targets: Sequence[Target]
    ) -> None:
        self.action = action
        self.requesters = requesters
        self.targets = targets
        self.everything = (1 << len(targets)) - 1
        self.everybody = (1 << len(requesters)) - 1
        self.arns = _index(one.arn for one in targets)
        self.names: dict[str, int] = {}
        for at, requester in enumerate(requesters):
            for name in requester.principal.spellings():
                self.names[name] = self.names.get(name, 0) | 1 << at
        groups: dict[tuple[object, ...], int] = {}
        #: For each target, which of the different contexts it has.
        self.group = [groups.setdefault(tuple(t.context.items()), len(groups)) for t in targets]
        self.contexts: dict[tuple[int, int], Context] = {}
        self.fitting: dict[str, int] = {}
        self.about: dict[tuple[int, bool], int] = {}
        self.naming: dict[tuple[int, int, LayerName], tuple[int, ...]] = {}
        self.holding: dict[tuple[int, int, int], bool] = {}
        self.acting: dict[int, bool] = {}

    def answers(self) -> tuple[tuple[Answer, ...], ...]:
        """The rows, one for each requester."""
        if not self.targets:
            return tuple(() for _ in self.requesters)
        layer: LayerName = "resource"
        if any(is_trust_action(self.action, one.arn) for one in self.targets):
            layer = "trust"  # for matching, the two layers are the same
        own = self._resource_side(_own_policies, layer)
        depth = max(len(one.rcps) for one in self.targets)
        guards = [
            (self._resource_side(_level(at), "rcp"), _bits(len(t.rcps) > at for t in self.targets))
            for at in range(depth)
        ]
        must = _bits(needs_resource_policy(self.action, one.arn) for one in self.targets)
        having = _bits(bool(_own_policies(one)) for one in self.targets)
        accounts = _index(one.account for one in self.targets)
        rows = []
        for at, requester in enumerate(self.requesters):
            account = requester.principal.account if requester.principal.in_account else ""
            guarded = not requester.principal.service_linked
            mine = accounts.get(account, 0) | accounts.get("", 0)
            lacking = self.everything & ~having
            silent = lacking & (must | ~mine) if account else lacking
            layers = (
                self._scps(requester, at)
                if account and guarded
                else self._for_all("notApplicable"),
                self._levelled([(one[at], bits) for one, bits in guards])
                if guarded
                else self._for_all("notApplicable"),
                self._identity(requester, at) if account else self._for_all("notApplicable"),
                self._limit(requester.boundary, at, account, "boundary"),
                self._session(requester, at, account),
                (
                    *own[at].split(having),
                    ("implicitDeny", silent),
                    ("notApplicable", lacking & ~silent),
                ),
            )
            crossing = self.everything & ~mine if account else 0
            rows.append(self._row(layers, own[at].allow, bool(account), crossing, must))
        return tuple(rows)

    def _row(
        self,
        layers: tuple[Split, ...],
        far: list[int],
        in_account: bool,
        crossing: int,
        must: int,
    ) -> tuple[Answer, ...]:
        """One requester's answers: targets for which all is the same are told together."""
        parts: list[tuple[int, tuple[Outcome, ...]]] = [(self.everything, ())]
        for layer in layers:
            parts = [
                (bits & with_outcome, (*before, outcome))
                for bits, before in parts
                for outcome, with_outcome in layer
                if bits & with_outcome
            ]
        answers: list[tuple[int, Answer]] = []
        for bits, outcomes in parts:
            left = bits
            for reach in reversed(Reach):
                reaching = left & far[reach] if reach is not Reach.NONE else left
                left &= ~reaching
                for across in (True, False):
                    there = reaching & (crossing if across else ~crossing)
                    for both in (True, False):
                        some = there & (must if both else ~must)
                        if some:
                            answers.append(
                                (some, _answer(outcomes, reach, in_account, across, both))
                            )
        largest = max(range(len(answers)), key=lambda at: answers[at][0].bit_count())
        row = [answers[largest][1]] * len(self.targets)
        for some, answer in answers[:largest] + answers[largest + 1 :]:
            for at in _ones(some):
                row[at] = answer
        return tuple(row)

    def _for_all(self, outcome: Outcome) -> Split:
        return ((outcome, self.everything),)

    def _scps(self, requester: Requester, at: int) -> Split:
        levels = [self._caller_side(level, at, "scp") for level in requester.scps]
        return self._levelled([(one, self.everything) for one in levels])

    def _levelled(self, levels: list[tuple[_Sets, int]]) -> Split:
        """SCPs or RCPs: each level, and the targets that have it."""
        deny = silent = having = 0
        for sets, there in levels:
            (_, denying), _, (_, quiet) = sets.split(there)
            deny, silent, having = deny | denying, silent | quiet, having | there
        return (
            ("explicitDeny", deny),
            ("implicitDeny", silent & ~deny),
            ("allow", having & ~deny & ~silent),
            ("notApplicable", self.everything & ~having),
        )

    def _identity(self, requester: Requester, at: int) -> Split:
        found = self._caller_side(requester.identity, at, "identity").split(self.everything)
        if requester.principal.kind == "root":
            return tuple(
                ("allow" if outcome == "implicitDeny" else outcome, bits) for outcome, bits in found
            )
        return found

    def _limit(
        self, policies: tuple[NamedPolicy, ...] | None, at: int, account: str, layer: LayerName
    ) -> Split:
        if policies is None or not account:
            return self._for_all("notApplicable")
        return self._caller_side(policies, at, layer).split(self.everything)

    def _session(self, requester: Requester, at: int, account: str) -> Split:
        if requester.session is None and requester.principal.kind == "federated-user":
            return self._for_all("implicitDeny")
        return self._limit(requester.session, at, account, "session")

    def _caller_side(self, policies: Iterable[NamedPolicy], at: int, layer: LayerName) -> _Sets:
        """What one requester's policies of one kind say, a bit for each target."""
        found = _Sets()
        for statement, variables in self._candidates(policies):
            bits = self._about(statement, layer)
            if statement.effect == "Allow" and (
                statement.principals is not None or statement.not_principals is not None
            ):
                continue  # such a policy must not have a Principal
            if statement.conditions or _varies(statement):
                bits = sum(
                    1 << to
                    for to in _ones(bits)
                    if self._applies(statement, variables, at, to, layer)
                )
            if statement.effect == "Deny":
                found.deny |= bits
            else:
                found.allow[Reach.NONE] |= bits
        return found

    def _resource_side(self, chosen: Chosen, layer: LayerName) -> list[_Sets]:
        """What the targets' policies of one kind say: for each requester, a bit for each target."""
        deny = [0] * len(self.targets)
        allow = [[0] * len(self.targets) for _ in Reach]
        for to, target in enumerate(self.targets):
            for statement, variables in self._candidates(chosen(target)):
                if not self._about(statement, layer) >> to & 1:
                    continue
                checked = bool(statement.conditions) or _varies(statement)
                for reach, bits in enumerate(self._naming(statement, to, layer)):
                    if checked:
                        bits = sum(
                            1 << at
                            for at in _ones(bits)
                            if self._applies(statement, variables, at, to, layer)
                        )
                    if statement.effect == "Deny":
                        deny[to] |= bits
                    else:
                        allow[reach][to] |= bits
        denied = _turned(deny, len(self.requesters))
        allowed = [_turned(one, len(self.requesters)) for one in allow]
        return [
            _Sets(deny=denied[at], allow=[one[at] for one in allowed])
            for at in range(len(self.requesters))
        ]

    def _candidates(self, policies: Iterable[NamedPolicy]) -> Iterator[tuple[Statement, bool]]:
        """The statements on this action, and whether their document has policy variables."""
        for policy in policies:
            for statement in policy.document.statements:
                acting = self.acting.get(id(statement))
                if acting is None:
                    acting = match_action(statement, self.action) is None
                    self.acting[id(statement)] = acting
                if acting:
                    yield statement, policy.document.has_variables

    def _about(self, statement: Statement, layer: LayerName) -> int:
        """The targets whose ARN fits; all of them when a policy variable has a say in it."""
        optional = layer in ("resource", "trust")
        key = (id(statement), optional)  # a statement stands in documents of one version
        found = self.about.get(key)
        if found is None:
            denies = statement.effect == "Deny"
            if _varies(statement):
                found = self.everything
            elif statement.resources is not None:
                found = 0
                for pattern in statement.resources:
                    if denies or not resource_fault(pattern):
                        found |= self._fitting(pattern)
            elif statement.not_resources is not None:
                found = self.everything
                for pattern in statement.not_resources:
                    found &= ~self._fitting(pattern)
            else:
                found = self.everything if denies or optional else 0
            self.about[key] = found
        return found

    def _fitting(self, pattern: str) -> int:
        """The targets whose ARN fits a pattern without variables."""
        if pattern == "*":
            return self.everything
        if "*" not in pattern and "?" not in pattern:
            return self.arns.get(pattern, 0)
        found = self.fitting.get(pattern)
        if found is None:
            found = 0
            for arn, bits in self.arns.items():
                if like(pattern, arn):
                    found |= bits
            self.fitting[pattern] = found
        return found

    def _naming(self, statement: Statement, to: int, layer: LayerName) -> tuple[int, ...]:
        """The askers whom the statement names, by reach."""
        federated = any(kind == "Federated" for kind, _ in _entries(statement.principals))
        key = (id(statement), to if federated else -1, layer)
        found = self.naming.get(key)
        if found is None:
            likely = self.everybody
            if statement.principals is not None and not federated:
                likely = 0
                for _, value in statement.principals.entries:
                    likely |= self.names.get(value, 0)
            by_reach = [0] * len(Reach)
            for at in _ones(likely):
                requester = self.requesters[at]
                request, _ = build_request(self.action, requester, self.targets[to])
                bounded = requester.boundary is not None
                context = self._context(at, to)
                reach, mismatch = match_principal(statement, request, context, layer, bounded)
                if mismatch is None:
                    by_reach[reach] |= 1 << at
            found = self.naming[key] = tuple(by_reach)
        return found

    def _applies(
        self, statement: Statement, variables: bool, at: int, to: int, layer: LayerName
    ) -> bool:
        """Whether conditions hold, and variables fit, for one pair whose other elements match."""
        context = self._context(at, to)
        if _varies(statement):
            arn = self.targets[to].arn
            if match_resource(statement, arn, context, layer, variables) is not None:
                return False
        key = (id(statement), at, self.group[to])
        holds = self.holding.get(key)
        if holds is None:
            holds = match_conditions(statement, context, variables) is None
            self.holding[key] = holds
        return holds

    def _context(self, at: int, to: int) -> Context:
        key = (at, self.group[to])
        found = self.contexts.get(key)
        if found is None:
            merged = {**self.requesters[at].context, **self.targets[to].context}
            found = self.contexts[key] = Context(merged)
        return found


@lru_cache(maxsize=4096)
def _answer(
    outcomes: Outcomes, far: Reach, in_account: bool, crossing: bool, must_agree: bool
) -> Answer:
    found = combine(outcomes, far, in_account, crossing, must_agree)
    return Answer(
        verdict=found.verdict,
        caller_agrees=found.caller_agrees,
        resource_agrees=found.resource_agrees,
    )


def _level(at: int) -> Chosen:
    """The RCPs of a target's level at."""
    return lambda target: target.rcps[at] if at < len(target.rcps) else ()


def _entries(named: Principals | None) -> tuple[tuple[str, str], ...]:
    return named.entries if named is not None else ()


def _varies(statement: Statement) -> bool:
    """True when a Resource holds what may be a policy variable."""
    patterns = statement.resources or statement.not_resources or ()
    return any("${" in one for one in patterns)


def _index(names: Iterable[str]) -> dict[str, int]:
    """For each name the places where it stands, as bits."""
    found: dict[str, int] = {}
    for at, name in enumerate(names):
        found[name] = found.get(name, 0) | 1 << at
    return found


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << at for at, flag in enumerate(flags) if flag)


def _ones(bits: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _turned(rows: list[int], width: int) -> list[int]:
    """The matrix with rows and columns changed: bit r of column c is bit c of row r."""
    if not any(rows):
        return [0] * width
    # As text, highest bit first, the work is done by zip and int.
    texts = [format(row, f"0{width}b") for row in reversed(rows)]
    return [int("".join(column), 2) for column in zip(*texts, strict=True)][::-1]
