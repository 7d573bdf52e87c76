"""Decisions a second, against @cloud-copilot/iam-simulate; how the cost of one grows.

What the gate costs is timed within the process, as the server has it: what a call asks is gathered
from the accounts (`asks`), then what applies to it is, and the engine decides (`gate.decide`). What
all of it adds to a call over HTTP is for `gated` to say.

Both sides get each case as an API call would bring it, the policies as text, and may keep what they
parsed by its content. A case on which the two disagree fails the run: speed says nothing then.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import CannotRun, Row, say
from xacct_helpers.policy import (
    NamedPolicy,
    Policies,
    Principal,
    PrincipalKind,
    Request,
    derived_context,
    evaluate,
    parse,
)

SECONDS = 3.0
FASTER = 10
FLAT = 1.5
GATE_MS = 0.4
FEW, MANY = 10, 1000
A, B = "111111111111", "222222222222"
_PEER = Path(__file__).parent / "peer"
_INSTALLED = Path(__file__).parents[1] / ".cache" / "iam-simulate"
_ROLE = f"arn:aws:iam::{A}:role/account-a-role-name"
_CALLER = f"arn:aws:iam::{B}:role/some-role-name"

Case = dict[str, Any]


def measure() -> list[Row]:
    """A row for the lesson's own case, one for a mix, one for long policies, two for the gate."""
    rows = [
        _against_peer("AssumeRole across accounts, decisions/s", [_assume(True)]),
        _against_peer("a mix of 8 decisions, decisions/s", _mix()),
    ]
    return [*rows, _growth_row(), *_gate_rows()]


# -- the cases -------------------------------------------------------------------------------


def _policy(*statements: Case) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(action: Any, resource: Any, **more: Any) -> Case:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _assume(trusted: bool) -> Case:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": _CALLER if trusted else f"arn:aws:iam::{A}:root"},
        "Action": "sts:AssumeRole",
    }
    return {
        "action": "sts:AssumeRole",
        "resource": _ROLE,
        "resource_account": A,
        "principal": _CALLER,
        "context": {},
        "identity_policies": [_policy(_allow("sts:AssumeRole", _ROLE))],
        "resource_policy": _policy(trust),
        "expected": "Allowed" if trusted else "ImplicitlyDenied",
    }


def _bucket(action: str, **more: Any) -> Case:
    """A call of a user of account A on an object of a bucket of account A."""
    return {
        "action": action,
        "resource": "arn:aws:s3:::reports/2026/11/24.csv",
        "resource_account": A,
        "principal": f"arn:aws:iam::{A}:user/ada",
        "context": {},
        "identity_policies": [],
        "resource_policy": None,
        **more,
    }


def _mix() -> list[Case]:
    """Same account and across, conditions, wildcards, variables, denies, long policies."""
    by_path = {"StringLike": {"s3:prefix": "2026/*"}}
    own = _allow("s3:GetObject", "arn:aws:s3:::reports/*")
    many = [_allow(["ec2:Describe*", "logs:*", "sqs:*"], "*") for _ in range(30)]
    deny = {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}
    home = _allow("s3:GetObject", "arn:aws:s3:::reports/${aws:username}/*")
    tls = {**own, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    return [
        _assume(True),
        _assume(False),
        _bucket("s3:GetObject", identity_policies=[_policy(own)], expected="Allowed"),
        _bucket("s3:GetObject", identity_policies=[_policy(*many, own)], expected="Allowed"),
        _bucket("s3:GetObject", identity_policies=[_policy(home)], expected="ImplicitlyDenied"),
        _bucket(
            "s3:GetObject",
            identity_policies=[_policy(tls)],
            context={"aws:SecureTransport": "true"},
            expected="Allowed",
        ),
        _bucket(
            "s3:ListBucket",
            resource="arn:aws:s3:::reports",
            identity_policies=[
                _policy(_allow("s3:ListBucket", "arn:aws:s3:::reports", Condition=by_path))
            ],
            context={"s3:prefix": "2025/01/"},
            expected="ImplicitlyDenied",
        ),
        _bucket(
            "s3:DeleteObject",
            identity_policies=[_policy(_allow("s3:*", "*"), deny)],
            expected="ExplicitlyDenied",
        ),
    ]


# -- ours ------------------------------------------------------------------------------------

_VERDICTS = {
    "allowed": "Allowed",
    "implicitDeny": "ImplicitlyDenied",
    "explicitDeny": "ExplicitlyDenied",
}


@lru_cache
def _principal(arn: str) -> Principal:
    kind: PrincipalKind = "user" if ":user/" in arn else "role-session"
    return Principal(kind=kind, arn=arn, account=arn.split(":")[4], role_arn=arn)


@lru_cache
def _named(text: str) -> NamedPolicy:
    return NamedPolicy(name="policy", document=parse(text))


def _ours(one: Case) -> str:
    """One decision from its raw parts; what is parsed is kept by its text."""
    principal = _principal(one["principal"])
    request = Request(
        action=one["action"],
        resource=one["resource"],
        resource_account=one["resource_account"],
        principal=principal,
        context={**derived_context(principal), **one["context"]},
    )
    resource = one["resource_policy"]
    policies = Policies(
        identity=tuple([_named(text) for text in one["identity_policies"]]),
        resource=_named(resource) if resource else None,
    )
    return _VERDICTS[evaluate(request, policies).verdict]


def _rate(cases: list[Case]) -> float:
    for one in cases:
        found = _ours(one)
        if found != one["expected"]:
            raise CannotRun(f"{one['action']} is {found} here, not {one['expected']}")
    for _ in range(200):
        for one in cases:
            _ours(one)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        for one in cases:
            _ours(one)
        count += len(cases)
    return count / (time.perf_counter() - start)


# -- long policies ---------------------------------------------------------------------------


def _growth_row() -> Row:
    few, many = (_decision_ms(_of_statements(count)) for count in (FEW, MANY))
    return Row(
        what=f"a decision over {MANY:,} statements about its action against one over {FEW}",
        ours=f"{many:.3f} ms",
        peer=f"{few:.3f} ms",
        value=many / few,
        limit=MANY / FEW,
    )


def _of_statements(count: int) -> Case:
    """A call that so many statements are about: each names its action, one in two its resource, and
    of those all conditions but the last one's fail."""
    years = [
        _allow(
            "s3:GetObject",
            "arn:aws:s3:::reports/*" if at % 2 else f"arn:aws:s3:::reports/{at}/*",
            Condition={"StringLike": {"aws:PrincipalTag/team": f"team-{at}-*"}},
        )
        for at in range(count)
    ]
    return _bucket(
        "s3:GetObject",
        identity_policies=[_policy(*years)],
        context={"aws:PrincipalTag/team": f"team-{count - 1}-x"},
        expected="Allowed",
    )


def _decision_ms(one: Case) -> float:
    """The median of one decision in milliseconds, its policies parsed before."""
    if _ours(one) != one["expected"]:
        raise CannotRun(f"a decision by long policies is {_ours(one)}, not {one['expected']}")
    return _median_ms(lambda: _ours(one), 50, 300)


# -- theirs ----------------------------------------------------------------------------------


def _against_peer(what: str, cases: list[Case]) -> Row:
    say(f"{what}: ours")
    ours = _rate(cases)
    say(f"{what}: @cloud-copilot/iam-simulate")
    theirs = _peer_rate(cases)
    return Row(
        what=what,
        ours=f"{ours:,.0f}",
        peer=f"{theirs:,.0f}",
        value=theirs / ours,
        limit=1 / FASTER,
    )


def _peer_rate(cases: list[Case]) -> float:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise CannotRun("node and npm are needed for the peer: apt install nodejs npm")
    _INSTALLED.mkdir(parents=True, exist_ok=True)
    for path in _PEER.iterdir():
        shutil.copyfile(path, _INSTALLED / path.name)
    try:
        if not (_INSTALLED / "node_modules").exists():
            command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=_INSTALLED, check=True, capture_output=True, timeout=300)
        done = subprocess.run(
            [node, "decide.mjs"],
            cwd=_INSTALLED,
            input=json.dumps({"seconds": SECONDS, "cases": cases}),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    except subprocess.SubprocessError as error:
        raise CannotRun(f"the peer failed: {error}") from error
    answer = json.loads(done.stdout)
    expected = [one["expected"] for one in cases]
    if answer["verdicts"] != expected:
        raise CannotRun(f"the peer decides {answer['verdicts']}, not {expected}")
    return float(answer["rate"])


# -- the gate --------------------------------------------------------------------------------


def _gate_rows() -> list[Row]:
    say("the gate, in accounts of 10 and of 10,000 roles")
    with _state() as make:
        few = _gate_ms(make(10))
    with _state() as make:
        many = _gate_ms(make(10_000))
    return [
        Row(
            what="asks and decide, account of 10,000 roles against one of 10",
            ours=f"{many:.3f} ms",
            peer=f"{few:.3f} ms",
            value=many / few,
            limit=FLAT,
        ),
        Row(
            what="asks and decide of AssumeRole, in the process (median)",
            ours=f"{many:.3f} ms",
            peer=f"{GATE_MS} ms",
            value=many / GATE_MS,
            limit=1.0,
        ),
    ]


@contextmanager
def _state() -> Iterator[Callable[[int], Callable[[], object]]]:
    """Makes a sandbox's state with so many roles in account A, and the decision to be timed: some
    role of B's assumes the last of them."""
    from xacct_helpers.sandbox import services
    from xacct_helpers.sandbox.auth.identities import session_caller
    from xacct_helpers.sandbox.authorization import gate
    from xacct_helpers.sandbox.callers import Session
    from xacct_helpers.sandbox.protocol.messages import Call
    from xacct_helpers.sandbox.services import BY_SERVICE
    from xacct_helpers.sandbox.store.state import State

    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder), (A, B), lasting=False, replay=services.replay)

        def do(account: str, operation: str, **parameters: Any) -> None:
            call = Call(
                service="iam",
                operation=operation,
                params=parameters,
                region="us-east-1",
                request_id="bench",
                protocol="query",
            )
            state.change(call, account)

        def make(roles: int) -> Callable[[], object]:
            case = _assume(True)
            trust = case["resource_policy"]
            do(B, "CreateRole", RoleName="some-role-name", AssumeRolePolicyDocument=trust)
            text = case["identity_policies"][0]
            put = {"RoleName": "some-role-name", "PolicyName": "assume", "PolicyDocument": text}
            do(B, "PutRolePolicy", **put)
            for number in range(roles - 1):
                do(A, "CreateRole", RoleName=f"r{number}", AssumeRolePolicyDocument=trust)
            do(A, "CreateRole", RoleName="account-a-role-name", AssumeRolePolicyDocument=trust)
            role = state.backends.iam.role(B, "some-role-name")
            assert role is not None
            now = state.clock.now()
            session = Session(
                access_key_id="ASIA",
                secret="s",
                account=B,
                principal_id=role.unique_id,
                name="bench",
                issued=now,
                expires=now,
                role_name=role.name,
            )
            caller = session_caller(state, session)
            assert caller is not None
            call = Call(
                service="sts",
                operation="AssumeRole",
                params={"RoleArn": _ROLE, "RoleSessionName": "bench"},
                region="us-east-1",
                request_id="bench",
                protocol="query",
            )

            operation = BY_SERVICE["sts"].operations["AssumeRole"]

            def decide() -> object:
                for ask in operation.permissions(state, call, caller):
                    asked = gate.decide(state, caller, ask, call)
                    if not asked.decision.allowed:
                        raise CannotRun("the gate refused the lesson's own case")
                return None

            return decide

        yield make


def _gate_ms(decide: Callable[[], object]) -> float:
    """The median of one decision in milliseconds, what applies gathered each time."""
    return _median_ms(decide, 200, 2000)


def _median_ms(act: Callable[[], object], before: int, times: int) -> float:
    """The median of so many times in milliseconds; those before are not counted."""
    for _ in range(before):
        act()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return median(taken) * 1000
