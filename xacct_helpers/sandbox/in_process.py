"""A sandbox inside this process, without a port: boto3 calls it through botocore's own events.

    from xacct_helpers import Sandbox

    with Sandbox() as sandbox:
        iam = sandbox.client("iam")
        iam.create_role(RoleName="puller", AssumeRolePolicyDocument=trust)

Every call passes the same layers as one over HTTP and gets the same answer. It suits unit tests and
scripts. Programs outside of this process (the `aws` command, podman, a Jupyter kernel) need a port:
`xacct serve`, or pytest's fixture `xacct_lab`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
import threading
from email.utils import formatdate
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse

from .moto import mock_aws  # isort: split

from ..aws.regions import DEFAULT_REGION
from . import registry, services
from .protocol import parse
from .protocol.messages import FilePart, HttpRequest, HttpResponse
from .registry.bodies import Body
from .server import pipeline
from .services.ecr.beyond_the_course import lifecycle
from .store.state import DEFAULT_SEED, State

__all__ = ["ACCOUNTS", "Sandbox", "SandboxInUse"]

ACCOUNTS = ("111111111111", "222222222222")
# Nobody has this host (RFC 2606): what names it can be asked of the sandbox alone.
ENDPOINT = "http://sandbox.invalid"
_RESET = "/_lab/reset"

_open: Sandbox | None = None


class SandboxInUse(RuntimeError):
    """moto keeps one state for a process, and something else in this process uses it."""


class Sandbox:
    """AWS accounts in this process that refuse what AWS would refuse.

    accounts: their ids, of 12 digits. seed: ids of users, roles and so on follow from it; the same
    calls give the same ids. Nothing is kept after `close()`, or the end of the `with` block.
    Raises SandboxInUse while another Sandbox is open or moto's mock_aws is active, and ValueError
    for an account id that is not one.
    """

    def __init__(self, accounts: tuple[str, ...] = ACCOUNTS, *, seed: str = DEFAULT_SEED) -> None:
        global _open
        if _open is not None:
            raise SandboxInUse(
                "A sandbox is open in this process already, and moto keeps one state for a "
                "process. Close it first, or start another with `xacct serve`."
            )
        _refuse_mock_aws()
        self._folder = tempfile.TemporaryDirectory(prefix="xacct-")
        self._lock = threading.RLock()
        self._token = secrets.token_urlsafe(32)
        self._state = State(
            Path(self._folder.name), accounts, lasting=False, replay=services.replay, seed=seed
        )
        self._state.endpoint = ENDPOINT
        self._closed = False
        _open = self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the accounts and leave moto in this process as it was."""
        global _open
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._state.backends.close()
            self._folder.cleanup()
            _open = None

    # -- boto3 -------------------------------------------------------------------------------

    @property
    def accounts(self) -> tuple[str, ...]:
        """The ids of the accounts."""
        return self._state.accounts

    def credentials(self, account: str | None = None) -> dict[str, str]:
        """The keys of an account's administrator, an IAM user, as boto3.Session takes them.

        account: by default the first one. Raises KeyError for an account that is not here.
        """
        key = self._state.administrators[account or self.accounts[0]]
        return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret}

    def session(self, account: str | None = None, **options: Any) -> Any:
        """A boto3.Session whose clients call this sandbox and nothing else.

        account: whose administrator signs; by default the first account's. options: those of
        boto3.Session, for instance the three keys of a role's session.
        """
        if "aws_access_key_id" not in options and "profile_name" not in options:
            options |= self.credentials(account)
        session = boto3.Session(**{"region_name": DEFAULT_REGION} | options)
        # First: an active mock_aws must not answer in our place.
        session.events.register_first("before-send", self._send)
        return session

    def client(self, service: str, account: str | None = None, **options: Any) -> Any:
        """A boto3 client of a service, signing as an account's administrator.

        options: those of boto3.Session, as for `session`.
        """
        return self.session(account, **options).client(service)

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        """Answer in the place of the network; a handler of botocore's before-send event."""
        parts = urlsplit(request.url)
        body = request.body
        if hasattr(body, "read"):
            body = body.read()
        headers = {
            name: value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        response = self.request(
            request.method,
            f"{parts.path or '/'}?{parts.query}",
            body.encode() if isinstance(body, str) else bytes(body or b""),
            {"Host": parts.netloc} | headers,
        )
        content = response.body
        assert isinstance(content, bytes)
        return AWSResponse(request.url, response.status, dict(response.headers), _Raw(content))

    # -- plain requests ------------------------------------------------------------------------

    def request(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> HttpResponse:
        """Answer one HTTP request: of an AWS API, of the registry under /v2/, of the lab's own API.

        target: path and query. The answer's body is bytes, and header names are in lower case.
        """
        path, _, query = target.partition("?")
        given = {"content-length": str(len(body))} if body else {}
        given |= {name.lower(): value for name, value in (headers or {}).items()}
        request = HttpRequest(
            method=method,
            path=unquote(path),
            query=query,
            headers=given,
            body=body,
        )
        with self._lock:
            if self._closed:
                raise SandboxInUse("This sandbox is closed.")
            _refuse_mock_aws()
            if request.path != _RESET and not self._state.backends.intact():
                raise SandboxInUse(
                    "moto's mock_aws, started while this sandbox was open, emptied its accounts. "
                    "reset() begins again."
                )
            response = self._answer(request)
        content = _read(response.body)
        common = {
            "date": formatdate(usegmt=True),
            "server": "xacct",
            "content-length": str(len(content)),
        }
        sent = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(status=response.status, headers=common | sent, body=content)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        lifecycle.apply_due(self._state)
        if request.path == "/v2" or request.path.startswith("/v2/"):
            response = asyncio.run(registry.answer(self._state, request, _whole(request.body)))
            assert response is not None  # only a client that goes away gets none
            return response
        if len(request.body) > parse.MAX_API_BODY:
            return pipeline.too_large(request)
        return pipeline.answer(self._state, request, self._token)

    # -- the lab's own API ---------------------------------------------------------------------

    def get(self, path: str) -> dict[str, Any]:
        """What the lab's own API says: "trail/20", "decision/REQUEST-ID", "map", "status".

        Raises ValueError with its sentence.
        """
        return self._control("GET", path, None)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Have the lab's own API do something: "reset", "save" and "restore" with a name.

        Raises ValueError with its sentence.
        """
        return self._control("POST", path, body)

    def reset(self) -> None:
        """Empty the accounts. Administrators keep their keys, sessions end."""
        self.post("reset")

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward: sessions expire, dates in conditions come true."""
        self.post("clock", advance_seconds=seconds)

    def _control(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        response = self.request(
            method,
            f"/_lab/{path}",
            b"" if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._token}"},
        )
        answer: dict[str, Any] = json.loads(_read(response.body))
        if response.status != 200:
            raise ValueError(answer["error"])
        return answer


def _refuse_mock_aws() -> None:
    if mock_aws.is_active():
        raise SandboxInUse(
            "moto's mock_aws is active in this process and shares moto's one state with the "
            "sandbox. Leave it first, or use a sandbox of another process (`xacct serve`)."
        )


def _whole(body: bytes) -> Body:
    """A body that has arrived, as the registry reads it."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Body(receive)


def _read(body: bytes | FilePart) -> bytes:
    if isinstance(body, bytes):
        return body
    with body.path.open("rb") as file:
        file.seek(body.start)
        return file.read(body.length)


class _Raw(BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Any:
        """Give all of it at once."""
        yield self.read()
