"""The access map of 200 principals, from asking the sandbox to the finished picture.

Against the time it may take, and against IAM's own way to know: SimulatePrincipalPolicy for each
principal, which tells one half of each pair and takes a call a principal.
"""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import A, B, Server, xacct

PRINCIPALS = 200
ALLOWED_MS = 300.0
FASTER = 5
_ROUNDS = 5


def measure(principals: int = PRINCIPALS) -> list[Row]:
    """A row for the time, one for the ratio. CannotRun when the map lacks an edge."""
    with xacct() as server:
        each = principals // 2 - 1  # and two administrators
        say(f"{principals} principals, half of each account's roles in use")
        roles = furnish(server, each)
        drawn = min(_draw(server, principals, each) for _ in range(_ROUNDS))
        say("SimulatePrincipalPolicy for each")
        simulated = _simulate(server, roles)
    what = f"access map of {principals} principals: asked, laid out and drawn"
    ours = f"{drawn * 1000:.0f} ms"
    return [
        Row(
            what=what,
            ours=ours,
            peer=f"{ALLOWED_MS:.0f} ms",
            value=drawn * 1000 / ALLOWED_MS,
            limit=1.0,
        ),
        Row(
            what="the same, against SimulatePrincipalPolicy for each principal",
            ours=ours,
            peer=f"{simulated * 1000:.0f} ms",
            value=drawn / simulated,
            limit=1 / FASTER,
        ),
    ]


def _client(server: Server, account: str) -> Any:
    keys = server.keys[account]
    return boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=Config(proxies={}),
    )


def _arn(account: str, at: int) -> str:
    return f"arn:aws:iam::{account}:role/role-{at}"


def _document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def furnish(server: Server, each: int) -> dict[str, list[str]]:
    """So many roles in each account. Every second one of B's may assume its counterpart in A."""
    a, b = _client(server, A), _client(server, B)
    for at in range(each):
        own = _document(Principal={"AWS": B}, Action="sts:AssumeRole")
        b.create_role(RoleName=f"role-{at}", AssumeRolePolicyDocument=own)
        named = _document(Principal={"AWS": _arn(B, at) if at % 2 else A}, Action="sts:AssumeRole")
        a.create_role(RoleName=f"role-{at}", AssumeRolePolicyDocument=named)
        text = _document(Action="sts:AssumeRole", Resource=_arn(A, at))
        b.put_role_policy(RoleName=f"role-{at}", PolicyName="assume", PolicyDocument=text)
    return {account: [_arn(account, at) for at in range(each)] for account in (A, B)}


def _draw(server: Server, principals: int, each: int) -> float:
    """Seconds from the question to the picture and the table."""
    from xacct_helpers.lab_api.access_map import AccessMap
    from xacct_helpers.lab_api.codec import from_json
    from xacct_helpers.view.access_map.model import read
    from xacct_helpers.view.access_map.svg import svg
    from xacct_helpers.view.access_map.words import table

    began = time.perf_counter()
    connection = HTTPConnection(server.host, server.port, timeout=60)
    connection.request("GET", "/_lab/map", headers={"Authorization": f"Bearer {server.token}"})
    found = read(from_json(AccessMap, json.load(connection.getresponse())))
    picture = svg(found) + table(found)
    taken = time.perf_counter() - began
    connection.close()
    whole = sum(edge.full and edge.crosses for edge in found.edges)
    if whole != each // 2 or len(found.nodes) != principals or "</svg>" not in picture:
        raise CannotRun(f"the map has {whole} edges between the accounts, not {each // 2}")
    return taken


def _simulate(server: Server, roles: dict[str, list[str]]) -> float:
    """Seconds to ask the simulator about each principal and every role."""
    targets = [*roles[A], *roles[B]]
    taken = 0.0
    for account, some in roles.items():
        client = _client(server, account)
        for arn in some:
            began = time.perf_counter()
            client.simulate_principal_policy(
                PolicySourceArn=arn,
                ActionNames=["sts:AssumeRole"],
                ResourceArns=targets,
                MaxItems=1000,
            )
            taken += time.perf_counter() - began
    return taken
