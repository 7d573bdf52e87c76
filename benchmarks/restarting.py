"""How long a lab of 10,000 changes takes to start again, killed after the last of them.

A start performs all changes again, so the peer is plain moto performing the same calls in its own
process, through boto3 as its users do. Against the time it may take, too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import ROOT, A, B, Server, clean_environment, xacct

CHANGES = 10_000
ALLOWED_SECONDS = 5.0
LIMIT = 0.5
_STARTS = 3
_OF_A_THING = 4  # calls that make one role or one repository

_PEER = """
import sys, time
from moto import mock_aws
from benchmarks.restarting import calls, clients
with mock_aws():
    made = clients(region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any")
    began = time.perf_counter()
    for service, operation, params in calls(int(sys.argv[1]), "123456789012"):
        getattr(made[service], operation)(**params)
    print(time.perf_counter() - began)
"""


def measure(changes: int = CHANGES) -> list[Row]:
    """A row for the time, one for the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        with xacct("--state", folder) as server:
            say(f"{changes} changes")
            try:
                _fill(server, changes)
            except (BotoCoreError, ClientError) as error:
                raise CannotRun(f"a call failed: {error}") from error
            os.kill(server.pid, signal.SIGKILL)
        say("starting again")
        ours = median(_start(folder, changes) for _ in range(_STARTS))
    say("the same in plain moto")
    peer = _plain_moto(changes)
    return [
        Row(
            what=f"start of a lab of {changes} changes (median of {_STARTS})",
            ours=f"{ours:.2f} s",
            peer=f"{ALLOWED_SECONDS:.0f} s",
            value=ours / ALLOWED_SECONDS,
            limit=1.0,
        ),
        Row(
            what="the same, against plain moto making the same calls in its process",
            ours=f"{ours:.2f} s",
            peer=f"{peer:.2f} s",
            value=ours / peer,
            limit=LIMIT,
        ),
    ]


def calls(changes: int, account: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(service, operation, parameters) of so many changes: three roles for each repository."""
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    trust = _document(Action="sts:AssumeRole", Principal=root)
    allow = _document(Action="ecr:*", Resource="*")
    grant = _document(Action="ecr:BatchGetImage", Principal=root)
    for number in range(changes // _OF_A_THING):
        name = f"thing-{number}"
        if number % 4:
            role = {"RoleName": name}
            yield "iam", "create_role", {**role, "AssumeRolePolicyDocument": trust}
            yield "iam", "put_role_policy", {**role, "PolicyName": "p", "PolicyDocument": allow}
            yield "iam", "tag_role", {**role, "Tags": [{"Key": "team", "Value": "red"}]}
            yield "iam", "update_assume_role_policy", {**role, "PolicyDocument": trust}
        else:
            repository = {"repositoryName": name}
            arn = f"arn:aws:ecr:us-east-1:{account}:repository/{name}"
            scanned = {"imageScanningConfiguration": {"scanOnPush": True}}
            tags = [{"Key": "team", "Value": "red"}]
            yield "ecr", "create_repository", repository
            yield "ecr", "set_repository_policy", {**repository, "policyText": grant}
            yield "ecr", "put_image_scanning_configuration", {**repository, **scanned}
            yield "ecr", "tag_resource", {"resourceArn": arn, "tags": tags}


def clients(**options: Any) -> dict[str, Any]:
    """A client of each service that `calls` has."""
    return {service: boto3.client(service, **options) for service in ("iam", "ecr")}


def _document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _clients(server: Server, account: str) -> dict[str, Any]:
    keys = server.keys[account]
    return clients(
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


def _fill(server: Server, changes: int) -> None:
    def fill(account: str) -> None:
        made = _clients(server, account)
        for service, operation, params in calls(changes // 2, account):
            getattr(made[service], operation)(**params)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fill, (A, B)))


def _start(folder: str, changes: int) -> float:
    """Seconds from the command to the line that it answers; CannotRun when changes are lost."""
    began = time.perf_counter()
    with xacct("--state", folder) as server:
        taken = time.perf_counter() - began
        pages = _clients(server, B)["iam"].get_paginator("list_roles").paginate()
        found = sum(len(page["Roles"]) for page in pages)
    wanted = sum(operation == "create_role" for _, operation, _ in calls(changes // 2, B))
    if found != wanted:
        raise CannotRun(f"{found} roles are there after the start, not {wanted}")
    return taken


def _plain_moto(changes: int) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _PEER, str(changes)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CannotRun(f"plain moto failed:\n{done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout)
