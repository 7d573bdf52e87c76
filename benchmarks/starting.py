"""How long from the command to the first answers of STS, IAM and ECR.

The requests are signed and sent without an SDK, so that only the server is timed.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import A, Keys, Server, plain_moto, xacct

STARTS = 7
LIMIT = 0.85

_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_ECR = "AmazonEC2ContainerRegistry_V20150921"
_ANY = Keys(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="any")  # moto asks for no more
FIRST_CALLS = (
    ("sts", {"Content-Type": _FORM}, b"Action=GetCallerIdentity&Version=2011-06-15"),
    ("iam", {"Content-Type": _FORM}, b"Action=ListRoles&Version=2010-05-08"),
    (
        "ecr",
        {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{_ECR}.DescribeRepositories",
        },
        b"{}",
    ),
)


def measure(starts: int = STARTS) -> list[Row]:
    """One row: the medians of `starts` starts of each server, taken in turns."""
    seconds: dict[str, list[float]] = {"xacct": [], "moto": []}
    servers: list[Callable[[], AbstractContextManager[Server]]] = [xacct, plain_moto]
    for start in servers:  # not counted: fills the disk cache and writes __pycache__
        _seconds_to_answers(start)
    for number in range(starts):
        say(f"start {number + 1} of {starts}")
        for start in servers if number % 2 == 0 else reversed(servers):
            name, taken = _seconds_to_answers(start)
            seconds[name].append(taken)
    ours, peer = median(seconds["xacct"]), median(seconds["moto"])
    return [
        Row(
            what=f"start to first answers of STS, IAM, ECR (median of {starts})",
            ours=f"{ours:.2f} s",
            peer=f"{peer:.2f} s",
            value=ours / peer,
            limit=LIMIT,
        )
    ]


def _seconds_to_answers(start: Callable[[], AbstractContextManager[Server]]) -> tuple[str, float]:
    """(server's name, seconds from its command to the third answer)."""
    began = time.perf_counter()
    with start() as server:
        for service, headers, body in FIRST_CALLS:
            _call(server, service, headers, body)
        return server.name, time.perf_counter() - began


def _call(server: Server, service: str, headers: dict[str, str], body: bytes) -> None:
    keys = server.keys.get(A, _ANY)
    request = AWSRequest("POST", f"{server.endpoint}/", headers=headers, data=body)
    credentials = Credentials(keys.access_key_id, keys.secret_access_key)
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    try:
        connection.request("POST", "/", body, dict(request.headers.items()))
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise CannotRun(f"{server.name} answered {service} with {answer.status}: {text[:300]!r}")
