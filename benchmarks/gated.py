"""What the gate adds to a call over HTTP: the same sandbox twice, once with its gate left out."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.calls import client, medians, set_up
from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import A, Keys, Server, xacct

CALLS = 600
ADDS_MS = 0.4
GATED = ("assume_role", "describe_images")


def measure(calls: int = CALLS) -> list[Row]:
    """A row for each call: how far the medians of `calls` calls to each are apart, in turns.

    With the gate goes all that it is needed for: what the call asks is gathered and decided, and
    the trail keeps it. CannotRun when one of the two refuses what the other lets through wrongly.
    """
    try:
        with xacct() as sandbox, xacct(program="benchmarks.ungated") as without:
            say("setting the two sandboxes up")
            ours, peers = set_up(sandbox, sandbox.keys), set_up(without, without.keys)
            if _powerless_may(sandbox) or not _powerless_may(without):
                raise CannotRun("the gate is not left out, or not there")
            return [_row(what, *medians(what, ours[what], peers[what], calls)) for what in GATED]
    except (BotoCoreError, ClientError) as error:
        raise CannotRun(f"a call failed: {error}") from error


def _powerless_may(server: Server) -> bool:
    """Whether a user without any policy may list the users of account A."""
    iam = client(server, "iam", server.keys[A])
    iam.create_user(UserName="powerless")
    made = iam.create_access_key(UserName="powerless")["AccessKey"]
    keys = Keys(access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])
    try:
        client(server, "iam", keys).list_users()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def _row(what: str, gated: float, without: float) -> Row:
    added = (gated - without) * 1000
    return Row(
        what=f"what the gate adds to boto3 {what}, over HTTP (of {without * 1000:.2f} ms without)",
        ours=f"{added:.2f} ms",
        peer=f"{ADDS_MS} ms",
        value=added / ADDS_MS,
        limit=1.0,
    )
