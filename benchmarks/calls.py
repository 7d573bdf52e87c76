"""How long one boto3 call takes, and how long the server takes for the same call.

The first is timed around the call, against the servers as they are. The second is timed in each
server's own process, from a request that has arrived whole to its answer: around the application
that reads no HTTP itself, which is ASGI's in the sandbox and WSGI's in moto. A raw socket would not
time both in the same way: moto_server closes the connection after each answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import SECONDS, A, B, Keys, Server, plain_moto, xacct
from xacct_helpers.images import build_image, push_image

CALLS = 300
BLOCK = 25
LIMITS = {"assume_role": 0.45, "describe_images": 0.42, "create_role": 0.40, "get_role": 0.40}

_ADMINISTRATOR = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)
_ANY = Keys(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="any")  # moto asks for no more


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a boto3 client by its method's name, and the call that undoes it."""

    client: Any
    method: str
    parameters: dict[str, str]
    undo: Call | None = None

    def make(self) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.client, self.method)(**self.parameters)
        return answer


def seconds_of_call(call: Call) -> float:
    """How long the client takes for a call, the server's time included."""
    began = time.perf_counter()
    call.make()
    return time.perf_counter() - began


def _seconds_of_server(call: Call) -> float:
    """How long a timed server takes for a call."""
    return float(call.make()["ResponseMetadata"]["HTTPHeaders"][SECONDS])


def measure(calls: int = CALLS) -> list[Row]:
    """Two rows for each call, the second of the server alone: medians of `calls` calls to each
    server, taken in turns by blocks."""
    try:
        with xacct() as sandbox, plain_moto() as moto:
            whole = _compared(sandbox, moto, calls, seconds_of_call)
        timed = xacct(program="benchmarks.timed_xacct"), plain_moto("benchmarks.timed_moto")
        with timed[0] as sandbox, timed[1] as moto:
            alone = _compared(sandbox, moto, calls, _seconds_of_server)
    except (BotoCoreError, ClientError) as error:
        raise CannotRun(f"a call failed: {error}") from error
    rows = []
    for what, limit in LIMITS.items():
        rows.append(_row(f"boto3 {what} (median of {calls})", *whole[what], limit))
        part = f"the server's part of {what}, timed around its ASGI or WSGI application"
        rows.append(_row(part, *alone[what], None))
    return rows


def _compared(
    sandbox: Server, moto: Server, calls: int, seconds: Callable[[Call], float]
) -> dict[str, tuple[float, float]]:
    """For each call the medians of the sandbox and of moto."""
    say("setting the two servers up")
    ours = set_up(sandbox, sandbox.keys)
    peers = set_up(moto, _administrators(moto))
    return {what: medians(what, ours[what], peers[what], calls, seconds) for what in LIMITS}


def client(server: Server, service: str, keys: Keys) -> Any:
    """A boto3 client that tries each call once."""
    return boto3.client(
        service,
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


def _administrators(moto: Server) -> dict[str, Keys]:
    """An administrator user's keys in each account of plain moto, like those of the sandbox.

    In moto any AssumeRole is a door into the account that the ARN names.
    """
    found = {}
    for account in (A, B):
        role = client(moto, "sts", _ANY).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/set-up", RoleSessionName="set-up"
        )["Credentials"]
        door = Keys(
            access_key_id=role["AccessKeyId"],
            secret_access_key=role["SecretAccessKey"],
            session_token=role["SessionToken"],
        )
        iam = client(moto, "iam", door)
        iam.create_user(UserName="admin")
        # Inline: plain moto has no AWS managed policies unless it is told to load them.
        iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=_ADMINISTRATOR)
        key = iam.create_access_key(UserName="admin")["AccessKey"]
        found[account] = Keys(
            access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
        )
    return found


def set_up(server: Server, keys: dict[str, Keys]) -> dict[str, Call]:
    """The calls to time, with everything they need: a role in A that trusts B's administrator, and
    a repository in A with one image."""
    sts = client(server, "sts", keys[B])
    administrator = sts.get_caller_identity()["Arn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": administrator},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = client(server, "iam", keys[A])
    named = {"RoleName": "account-a-role-name"}
    role = iam.create_role(**named, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    ecr = client(server, "ecr", keys[A])
    ecr.create_repository(repositoryName="my-app")
    push_image(ecr, "my-app", "v1", build_image())
    assumed = {"RoleArn": role, "RoleSessionName": "bench"}
    other = {"RoleName": "another-role-name"}
    deleted = Call(iam, "delete_role", other)
    calls = [
        Call(sts, "assume_role", assumed),
        Call(ecr, "describe_images", {"repositoryName": "my-app"}),
        Call(iam, "create_role", {**other, "AssumeRolePolicyDocument": trust}, deleted),
        Call(iam, "get_role", named),
    ]
    return {call.method: call for call in calls}


def medians(
    what: str,
    ours: Call,
    peer: Call,
    calls: int,
    seconds: Callable[[Call], float] = seconds_of_call,
) -> tuple[float, float]:
    """The median seconds of `calls` calls of each, taken in turns by blocks. What undoes a call is
    not counted."""
    pairs: list[tuple[Call, list[float]]] = [(ours, []), (peer, [])]

    def make(call: Call) -> float:
        taken = seconds(call)
        if call.undo is not None:
            call.undo.make()
        return taken

    for call, _ in pairs:  # not counted: opens the connection
        for _ in range(10):
            make(call)
    for block in range(0, calls, BLOCK):
        say(f"{what}: {block} of {calls}")
        for call, taken in pairs if block // BLOCK % 2 == 0 else reversed(pairs):
            taken += [make(call) for _ in range(min(BLOCK, calls - block))]
    mine, theirs = (median(taken) for _, taken in pairs)
    return mine, theirs


def _row(what: str, mine: float, theirs: float, limit: float | None) -> Row:
    return Row(
        what=what,
        ours=f"{mine * 1000:.2f} ms",
        peer=f"{theirs * 1000:.2f} ms",
        value=mine / theirs,
        limit=limit,
    )
