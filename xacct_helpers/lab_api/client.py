"""Asking the control API: each question as a function, each answer as its message."""

from __future__ import annotations

import contextlib
import json
from typing import Any, TypeVar
from urllib.parse import urlsplit

from .codec import Misfit, from_json
from .decisions import CallReport, PermissionReport

T = TypeVar("T")
_ANSWER_SECONDS = 60.0


class LabError(Exception):
    """Something about the lab that the user can mend; the text is one plain sentence or two."""


class NotThere(LabError):
    """The sandbox has nothing of the name that was asked for."""


class NotOurs(LabError):
    """Nothing answers at the endpoint, or something that does not take our token."""


class ControlApi:
    """The control API's questions. What it runs over is for the class that says `get` and `post`.

    Each raises LabError: with the sandbox's words when it refuses, and when its answer does not fit
    the message, as that of another version's sandbox may.
    """

    __slots__ = ()

    def get(self, path: str) -> dict[str, Any]:
        """GET /_lab/PATH, as plain JSON."""
        raise NotImplementedError

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """POST /_lab/PATH, as plain JSON."""
        raise NotImplementedError

    def decision(self, request_id: str) -> CallReport:
        """One call, "latest" for the latest refusal. Raises NotThere when the lab has none."""
        path = f"decision/{request_id}"
        return _read(CallReport, path, self.get(path))

    def why(self, source: str, target: str, relation: str) -> PermissionReport:
        """One pair of the access map, with every step of the decision."""
        answer = self.post("why", source=source, target=target, relation=relation)
        return _read(PermissionReport, "why", answer)


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
    text = str(content.get("error", f"status {answer.status}"))
    raise {403: NotOurs, 404: NotThere}.get(answer.status, LabError)(text)
