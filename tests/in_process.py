"""A sandbox inside the test's own process, with the methods of one that is a process."""

from __future__ import annotations

from collections.abc import Mapping

import xacct_helpers
from tests.sandboxes import A, B, C, Keys, Reply, Sandbox


class InProcess(Sandbox):
    """`xacct_helpers.Sandbox`, called as `tests.sandboxes.Sandbox` is."""

    def __init__(self, accounts: tuple[str, ...] = (A, B, C)) -> None:
        self.inner = xacct_helpers.Sandbox(accounts)
        self.endpoint = self.inner.get("status")["endpoint"]
        keys = {account: self.inner.credentials(account) for account in accounts}
        self.admins = {
            account: Keys(one["aws_access_key_id"], one["aws_secret_access_key"])
            for account, one in keys.items()
        }
        self.line = {"lab_token": self.inner._token}
        self._clients = {}
        self._session = self.inner.session()

    def stop(self) -> str:
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self.inner.close()
        return ""

    def http(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        answer = self.inner.request(method, target, body, dict(headers or {}))
        assert isinstance(answer.body, bytes)
        return Reply(answer.status, answer.headers, answer.body)
