"""A request, the call that it is, and the response: what passes between the layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: What a call is answered with, by the names of its operation's output shape.
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request as it came in; header names in lower case, body complete."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    client: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """Bytes of a file, from `start` on, to be streamed."""

    path: Path
    length: int
    start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What goes back: status, headers, and a body that is bytes or those of a file."""

    status: int
    headers: Mapping[str, str]
    body: bytes | FilePart


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An API call that has been read but not yet judged.

    params: the parameters by the names of botocore's model, typed as the model says.
    """

    service: str
    operation: str
    params: Mapping[str, Any]
    region: str
    request_id: str
    protocol: str
    source_ip: str = "127.0.0.1"
    user_agent: str = ""

    @property
    def action(self) -> str:
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Which service and operation a request is for, before its parameters are read."""

    service: str
    operation: str
    protocol: str
    region: str
    form: Mapping[str, str] = field(default_factory=dict)
