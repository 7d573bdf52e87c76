"""Asking the control API: each question as a function, each answer as its message."""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from .codec import Misfit, from_json
from .lab_state import Changes, Done, Fingerprint, Holdings, Refusal, ServiceAccountToken, Status

if TYPE_CHECKING:
    from .access_map import AccessMap, Edge, MapChanges
    from .decisions import CallReport, PermissionReport, TrailEntry

T = TypeVar("T")
_ANSWER_SECONDS = 60.0


class LabError(Exception):
    """Something about the lab that the user can mend; the text is one plain sentence or two."""


class NotThere(LabError):
    """The sandbox has nothing of the name that was asked for."""


class NotOurs(LabError):
    """Nothing answers at the endpoint, or something that does not take our token."""


class ControlApi(ABC):
    """The control API's questions. What it runs over is for the class that says `get` and `post`.

    Each raises LabError: with the sandbox's words when it refuses, and when its answer does not fit
    the message, as that of another version's sandbox may.
    """

    __slots__ = ()

    @abstractmethod
    def get(self, path: str) -> dict[str, Any]:
        """GET /_lab/PATH, as plain JSON."""

    @abstractmethod
    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """POST /_lab/PATH, as plain JSON."""

    # -- the lab itself

    def status(self) -> Status:
        """The sandbox's process and its clock."""
        return self._get(Status, "status")

    def advance_clock(self, seconds: float) -> Status:
        """Move the lab's time forward."""
        return self._post(Status, "clock", advance_seconds=seconds)

    def reset(self) -> None:
        """Empty the accounts: everything as on the first day."""
        self._post(Done, "reset")

    def save(self, name: str) -> None:
        """Keep the accounts as they are under a name; what it held before is gone."""
        self._post(Done, "save", name=name)

    def restore(self, name: str) -> None:
        """Bring back the accounts as they were kept. Raises NotThere for an unknown name."""
        self._post(Done, "restore", name=name)

    def fingerprint(self) -> str:
        """A digest of what the accounts hold, times and secrets apart."""
        return self._get(Fingerprint, "fingerprint").fingerprint

    def holdings(self) -> dict[str, Holdings]:
        """What each account holds, by its id."""
        return self._get(dict[str, Holdings], "describe")

    def changes(self, since: int) -> Changes:
        """What has changed the accounts since there were so many records."""
        return self._get(Changes, f"changes/{since}")

    def service_account_token(
        self, service_account: str, *, namespace: str, audience: str
    ) -> ServiceAccountToken:
        """A token of the lab's own issuer, as Kubernetes would project it."""
        return self._post(
            ServiceAccountToken,
            "service-account-token",
            service_account=service_account,
            namespace=namespace,
            audience=audience,
        )

    # The dataclasses of these take 12 ms to make, which `xacct --help` and the credential helpers
    # do without.

    # -- calls

    def decision(self, request_id: str) -> CallReport:
        """One call, "latest" for the latest refusal. Raises NotThere when the lab has none."""
        from .decisions import CallReport  # 8 ms

        return self._get(CallReport, f"decision/{request_id}")

    def trail(self, count: int | None = None) -> tuple[TrailEntry, ...]:
        """The latest calls, oldest first. count: how many at most; None for all that are kept."""
        from .decisions import TRAIL_HOLDS, Trail  # 8 ms

        return self._get(Trail, f"trail/{TRAIL_HOLDS if count is None else count}").entries

    # -- the access map

    def access_map(self) -> AccessMap:
        """Who can assume which role and pull from which repository."""
        from .access_map import AccessMap  # 4 ms

        return self._get(AccessMap, "map")

    def why(self, edge: Edge) -> PermissionReport:
        """Every step of the decision on an edge's pair."""
        from .decisions import PermissionReport  # 8 ms

        return self._post(
            PermissionReport,
            "why",
            source=edge.source,
            target=edge.target,
            relation=edge.relation,
        )

    def preview(self, account: str, operation: str, parameters: Mapping[str, Any]) -> MapChanges:
        """What a call that writes a policy would change. LabError where AWS would refuse it."""
        from .access_map import MapChanges  # 4 ms

        return self._post(
            MapChanges,
            "preview",
            account=account,
            operation=operation,
            parameters=dict(parameters),
        )

    def _get(self, kind: type[T], path: str) -> T:
        return _read(kind, path, self.get(path))

    def _post(self, kind: type[T], path: str, **body: Any) -> T:
        return _read(kind, path, self.post(path, **body))


def _read(kind: type[T], path: str, answer: object) -> T:
    try:
        return from_json(kind, answer)
    except Misfit as error:
        raise LabError(
            f"The sandbox's answer to {path} does not fit this version of xacct ({error}): run "
            "`xacct stop`, then open_lab() again."
        ) from error


def request(
    endpoint: str,
    token: str,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    seconds: float = _ANSWER_SECONDS,
) -> dict[str, Any]:
    """One request to a sandbox and the JSON of its answer; LabError with the sandbox's words."""
    # With what it imports it takes 30 ms, and `xacct --help` asks nobody.
    import http.client

    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(
        str(address.hostname), address.port or 80, timeout=seconds
    )
    with contextlib.closing(connection):
        try:
            connection.request(
                method,
                f"/_lab/{path}",
                body=None if body is None else json.dumps(body),
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                },
            )
            answer = connection.getresponse()
            content = json.load(answer)
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise NotOurs(f"The sandbox at {endpoint} does not answer ({error}).") from error
    if not isinstance(content, dict):
        raise NotOurs(f"What answers at {endpoint} is not the sandbox.")
    if answer.status == 200:
        return content
    try:
        text = from_json(Refusal, content).error
    except Misfit:
        text = f"status {answer.status}"
    raise {403: NotOurs, 404: NotThere}.get(answer.status, LabError)(text)
