"""A class on one lab: fifty clients at once, each with a role of its own and one that all share."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.memory import resident
from tests.sandboxes import A, Answer, B, Keys, Sandbox, allow, policy, statement, trust
from tests.soak import scaled

pytestmark = pytest.mark.slow

CLIENTS = 50
SECONDS = scaled(20, reduced=6)
ROUNDS = 2  # at least, on a machine that is too slow for them
MAY_GROW = 32 * 2**20  # bytes of resident memory, from the first third of the time to the end
SHARED = "shared"
WHO_AM_I = b"Action=GetCallerIdentity&Version=2011-06-15"


class Client:
    """One learner: a user of account A and a role of account B that trusts it."""

    def __init__(self, sandbox: Sandbox, number: int) -> None:
        self.sandbox, self.number = sandbox, number
        self.name = f"learner-{number}"
        self.role = f"arn:aws:iam::{B}:role/{self.name}"
        own = statement("Allow", "sts:AssumeRole", self.role)
        iam = statement("Allow", ["iam:*InlinePolicy", "iam:*RolePolicy", "iam:TagUser"], "*")
        tags = statement("Allow", "iam:ListUserTags", "*")
        self.keys = sandbox.user(A, self.name, policy(own, iam, tags))
        sandbox.role(B, self.name, trust(f"arn:aws:iam::{A}:user/{self.name}"))
        self.written = -1
        self.seen: Counter[int] = Counter()
        self.wrong: list[str] = []

    def run(self, until: float) -> None:
        """Go round until the time is over; what is not as it should be is noted."""
        while (time.monotonic() < until or self.written + 1 < ROUNDS) and not self.wrong:
            self.round()

    def round(self) -> None:
        self.written += 1
        self._writes_and_reads_its_own()
        self._is_in_its_own_account()
        self._becomes_its_role_and_no_other()

    def _writes_and_reads_its_own(self) -> None:
        document = allow("ecr:ListImages", f"arn:aws:ecr:us-east-1:{A}:repository/r{self.written}")
        self._ok("iam:PutRolePolicy", **self._policy, PolicyDocument=document)
        found = self._ok("iam:GetRolePolicy", **self._policy)
        if found is not None:
            self._expect(found["PolicyDocument"] == json.loads(document), "its write was lost")

    @property
    def _policy(self) -> dict[str, str]:
        return {"RoleName": SHARED, "PolicyName": self.name}

    def _is_in_its_own_account(self) -> None:
        me = self._ok("sts:GetCallerIdentity")
        if me is not None:
            self._expect(me["Arn"] == f"arn:aws:iam::{A}:user/{self.name}", f"it was {me['Arn']}")

    def _becomes_its_role_and_no_other(self) -> None:
        given = self._ok("sts:AssumeRole", RoleArn=self.role, RoleSessionName="own")
        if given is not None:
            session = Keys.of(given["Credentials"])
            reply = self.sandbox.send(self.sandbox.signed(session, "sts", WHO_AM_I))
            self.seen[reply.status] += 1
            mine = f"<Arn>arn:aws:sts::{B}:assumed-role/{self.name}/own</Arn>".encode()
            self._expect(mine in reply.body, f"its session was {reply.body!r}")
        other = f"arn:aws:iam::{B}:role/learner-{(self.number + 1) % CLIENTS}"
        refused = self._answer(self.keys, "sts:AssumeRole", RoleArn=other, RoleSessionName="own")
        self._expect(refused.code == "AccessDenied", f"another's role: {refused.code or 'let in'}")

    def _ok(self, action: str, **params: Any) -> Any:
        answer = self._answer(self.keys, action, **params)
        self._expect(answer.ok, f"{action}: {answer.code} {answer.message}")
        return answer.value if answer.ok else None

    def _answer(self, keys: Keys, action: str, **params: Any) -> Answer:
        answer = self.sandbox.call(keys, action, **params)
        self.seen[answer.status] += 1
        return answer

    def _expect(self, so: bool, otherwise: str) -> None:
        if not so:
            self.wrong.append(f"{self.name}: {otherwise}")


def watch(pid: int, ended: threading.Event) -> list[int]:
    """The memory of a process, looked at twice a second."""
    found = [resident(pid)]
    while not ended.wait(0.5):
        found.append(resident(pid))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc, which Linux has")
def test_fifty_clients_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox("--state", str(tmp_path)) as sandbox, ThreadPoolExecutor(CLIENTS + 1) as pool:
        sandbox.role(A, SHARED, trust(A))
        clients = [Client(sandbox, number) for number in range(CLIENTS)]
        ended = threading.Event()
        memory = pool.submit(watch, sandbox.process.pid, ended)
        until = time.monotonic() + SECONDS
        try:
            for running in [pool.submit(client.run, until) for client in clients]:
                running.result()
        finally:
            ended.set()
        seen: Counter[int] = sum((client.seen for client in clients), Counter())
        kept = {
            name: sandbox.do(A, "iam:GetRolePolicy", RoleName=SHARED, PolicyName=name)
            for name in sandbox.do(A, "iam:ListRolePolicies", RoleName=SHARED)["PolicyNames"]
        }
    sizes = memory.result()
    assert [wrong for client in clients for wrong in client.wrong] == []
    grown = max(sizes[len(sizes) // 3 :]) - max(sizes[: len(sizes) // 3])
    with capsys.disabled():
        print(
            f"\n{CLIENTS} clients, {sum(seen.values())} answers in {SECONDS} s ({dict(seen)}); "
            f"memory {sizes[0] >> 20} to {sizes[-1] >> 20} MiB, {grown >> 10} KiB of it late"
        )
    assert max(seen) < 500
    assert min(client.written for client in clients) >= ROUNDS - 1
    for client in clients:
        last = json.dumps(kept[client.name]["PolicyDocument"])
        assert f'repository/r{client.written}"' in last, f"{client.name}'s last write was lost"
    assert grown < MAY_GROW
