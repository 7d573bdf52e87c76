"""How long one boto3 call takes: AssumeRole across accounts, and DescribeImages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import A, B, Keys, Server, plain_moto, xacct
from xacct_helpers.images import build_image, push_image

CALLS = 300
BLOCK = 25
LIMIT = 0.45

_ADMINISTRATOR = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)
_ANY = Keys(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="any")  # moto asks for no more

Call = Callable[[], object]


def measure(calls: int = CALLS) -> list[Row]:
    """A row for each call: medians of `calls` calls to each server, taken in turns by blocks."""
    try:
        with xacct() as sandbox, plain_moto() as moto:
            say("setting the two servers up")
            ours = set_up(sandbox, sandbox.keys)
            peers = set_up(moto, _administrators(moto))
            return [
                _row(what, calls, *medians(what, ours[what], peers[what], calls)) for what in ours
            ]
    except (BotoCoreError, ClientError) as error:
        raise CannotRun(f"a call failed: {error}") from error


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
    role = client(server, "iam", keys[A]).create_role(
        RoleName="account-a-role-name",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]["Arn"]
    ecr = client(server, "ecr", keys[A])
    ecr.create_repository(repositoryName="my-app")
    push_image(ecr, "my-app", "v1", build_image())
    return {
        "assume_role": lambda: sts.assume_role(RoleArn=role, RoleSessionName="bench"),
        "describe_images": lambda: ecr.describe_images(repositoryName="my-app"),
    }


def medians(what: str, ours: Call, peer: Call, calls: int) -> tuple[float, float]:
    """The median seconds of `calls` calls of each, taken in turns by blocks."""
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    pairs = [("ours", ours), ("peer", peer)]
    for _, call in pairs:  # not counted: opens the connection
        for _ in range(10):
            call()
    for block in range(0, calls, BLOCK):
        say(f"{what}: {block} of {calls}")
        for name, call in pairs if block // BLOCK % 2 == 0 else reversed(pairs):
            for _ in range(min(BLOCK, calls - block)):
                began = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - began)
    return median(seconds["ours"]), median(seconds["peer"])


def _row(what: str, calls: int, mine: float, theirs: float) -> Row:
    return Row(
        what=f"boto3 {what} (median of {calls})",
        ours=f"{mine * 1000:.2f} ms",
        peer=f"{theirs * 1000:.2f} ms",
        value=mine / theirs,
        limit=LIMIT,
    )
