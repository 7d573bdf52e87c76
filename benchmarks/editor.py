"""Validation of a draft in the policy editor, against the call that refuses the document."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.calls import client
from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import A, B, xacct
from xacct_helpers.view.lint_marks import marks

ROUNDS = 200
BUDGET_MS = 50.0
ROLE = "account-a-role-name"


def measure(rounds: int = ROUNDS) -> list[Row]:
    """The lesson's draft with a slip against boto3's call for it, and a long one against 50 ms."""
    say("validating drafts")
    draft, long = _draft(1), _draft(40)
    if not marks(draft, "inline", (A, B)):
        raise CannotRun("the draft is to have a fault")
    short = _milliseconds(lambda: marks(draft, "inline", (A, B)), rounds)
    slow = _milliseconds(lambda: marks(long, "inline", (A, B)), rounds // 4)
    say("asking AWS's way: the call that refuses it")
    call = _refused_ms(draft, rounds)
    return [
        Row(
            what=f"a draft validated, against boto3's refused call (median of {rounds})",
            ours=f"{short:.2f} ms",
            peer=f"{call:.2f} ms",
            value=short / call,
            limit=1.0,
        ),
        Row(
            what=f"a draft of {len(long):,} characters validated, against what a key may take",
            ours=f"{slow:.2f} ms",
            peer=f"{BUDGET_MS:.0f} ms",
            value=slow / BUDGET_MS,
            limit=1.0,
        ),
    ]


def _draft(copies: int) -> str:
    """A permission policy as the course has it, so many times over, with a hyphen in each Sid."""
    statements: list[dict[str, Any]] = []
    for number in range(copies):
        statements += [
            {
                "Sid": f"Log-In{number}",
                "Effect": "Allow",
                "Action": "ecr:GetAuthorizationToken",
                "Resource": "*",
            },
            {
                "Sid": f"Pull-The-Image{number}",
                "Effect": "Allow",
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Resource": f"arn:aws:ecr:us-east-1:{A}:repository/my-app",
                "Condition": {"StringEquals": {"aws:PrincipalAccount": A}},
            },
        ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _refused_ms(draft: str, rounds: int) -> float:
    trust = {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}
    try:
        with xacct() as sandbox:
            iam = client(sandbox, "iam", sandbox.keys[A])
            iam.create_role(
                RoleName=ROLE,
                AssumeRolePolicyDocument=json.dumps(
                    {"Version": "2012-10-17", "Statement": [trust]}
                ),
            )

            def put() -> None:
                try:
                    iam.put_role_policy(RoleName=ROLE, PolicyName="pull", PolicyDocument=draft)
                except iam.exceptions.MalformedPolicyDocumentException:
                    return
                raise CannotRun("the draft was not refused")

            return _milliseconds(put, rounds)
    except (BotoCoreError, ClientError) as error:
        raise CannotRun(f"a call failed: {error}") from error


def _milliseconds(work: Callable[[], object], rounds: int) -> float:
    for _ in range(5):
        work()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000
