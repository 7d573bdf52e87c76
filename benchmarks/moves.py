"""How often a request passes from one file to another, which is what its reader has to follow.

A profile hook counts, in this process, while `pipeline.answer` answers one request after a few of
the same have warmed everything up. The files that count are those of `xacct_helpers` outside of
`xacct_helpers/policy/`, the engine.

A move is the call event of a Python function in a file that counts, when the nearest frame below
it on the stack whose code is in a file that counts is in another one. Hence:

- Calls into the engine, the standard library, botocore and moto are no moves. What these call back
  is a move only when it is in another file than the last that counts.
- Code without a file, such as a dataclass's generated `__init__` ("<string>"), is passed over.
- Each resumption of a generator is a call event: a `with` on a `@contextmanager` of another file is
  two moves, one that enters it and one that leaves it.
- A return is no move, and neither is the first call, from here into the pipeline.

The files of a request are those in which at least one function was called, the pipeline's included.

`python -m benchmarks.moves` prints the moves of each request in order.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import xacct_helpers
from benchmarks.report import CannotRun, Row
from benchmarks.servers import A, B

_ALLOWED = "AssumeRole across accounts, allowed"
_REFUSED = "AssumeRole across accounts, refused"
_PUT = "PutRolePolicy"
_MOVES = {_ALLOWED: 45, _PUT: 55}
_FILES = {_ALLOWED: 16}
"""The limits of the requests that have one."""

_WARM = 5
_PACKAGE = f"{Path(xacct_helpers.__file__).parent}/"
_ENGINE = f"{_PACKAGE}policy/"
_VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}

Send = Callable[[], int]
"""Has the pipeline answer one request; its HTTP status."""


@dataclass(frozen=True, slots=True)
class Place:
    """A function and the file it is in, below `xacct_helpers/`."""

    file: str
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.function}"


@dataclass(frozen=True, slots=True)
class Trace:
    """What one request passed through: moves as (from, to), and the files in order of first use."""

    moves: tuple[tuple[Place, Place], ...]
    files: tuple[str, ...]


def measure() -> list[Row]:
    """Two rows for each request: its moves and its files."""
    rows = []
    for request, trace in traces().items():
        rows.append(_row(f"{request}: moves between files", len(trace.moves), _MOVES.get(request)))
        rows.append(_row(f"{request}: files it passes", len(trace.files), _FILES.get(request)))
    return rows


def _row(what: str, count: int, limit: int | None) -> Row:
    return Row(what=what, ours=str(count), peer="-", value=count, limit=limit)


def traces() -> dict[str, Trace]:
    """What each of the three requests passes through once everything is warm.

    CannotRun when one is not answered as it should be, or passes other files the second time.
    """
    found = {}
    with _requests() as requests:
        for name, (send, wanted) in requests.items():
            for _ in range(_WARM):
                if (status := send()) != wanted:
                    raise CannotRun(f"{name} was answered with {status}, not {wanted}")
            found[name] = traced(send)
            if traced(send) != found[name]:
                raise CannotRun(f"{name} passes through other code each time")
    return found


def traced(act: Callable[[], object]) -> Trace:
    """Call `act` and keep the moves that happen in it."""
    moves: list[tuple[Place, Place]] = []
    files: dict[str, None] = {}

    def hook(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not _counts(frame.f_code):
            return
        here = _place(frame.f_code)
        files[here.file] = None
        before = frame.f_back
        while before is not None and not _counts(before.f_code):
            before = before.f_back
        if before is not None and before.f_code.co_filename != frame.f_code.co_filename:
            moves.append((_place(before.f_code), here))

    sys.setprofile(hook)
    try:
        act()
    finally:
        sys.setprofile(None)
    return Trace(tuple(moves), tuple(files))


def _counts(code: CodeType) -> bool:
    name = code.co_filename
    return name.startswith(_PACKAGE) and not name.startswith(_ENGINE)


def _place(code: CodeType) -> Place:
    return Place(code.co_filename.removeprefix(_PACKAGE), code.co_qualname)


@contextmanager
def _requests() -> Iterator[dict[str, tuple[Send, int]]]:
    """The three requests by name, each with the status that answers it, in a lab with a journal.

    B's administrator assumes a role in A that trusts it and one that does not; A's administrator
    puts a policy on the first.
    """
    # Not at the top: moto hooks itself into every boto3 client of a process that imports it, and
    # other benchmarks time those.
    from xacct_helpers.sandbox import services
    from xacct_helpers.sandbox.protocol.messages import HttpRequest
    from xacct_helpers.sandbox.server import pipeline
    from xacct_helpers.sandbox.store.state import State

    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder), (A, B), lasting=True, replay=services.replay)

        def request(account: str, service: str, action: str, **parameters: str) -> Send:
            form = {"Action": action, "Version": _VERSIONS[service], **parameters}
            body = urlencode(form).encode()
            key = state.administrators[account]
            headers = _signed(Credentials(key.access_key_id, key.secret), service, body)
            signed = HttpRequest(method="POST", path="/", query="", headers=headers, body=body)
            return lambda: pipeline.answer(state, signed, "").status

        def create_role(name: str, trusted: str) -> None:
            trust = _document(Action="sts:AssumeRole", Principal={"AWS": trusted})
            role = {"RoleName": name, "AssumeRolePolicyDocument": trust}
            if (status := request(A, "iam", "CreateRole", **role)()) != 200:
                raise CannotRun(f"CreateRole was answered with {status}")

        def assume(name: str) -> Send:
            role = f"arn:aws:iam::{A}:role/{name}"
            return request(B, "sts", "AssumeRole", RoleArn=role, RoleSessionName="bench")

        create_role("open", B)
        create_role("closed", A)
        policy = {"RoleName": "open", "PolicyName": "pull"}
        policy["PolicyDocument"] = _document(Action="ecr:BatchGetImage", Resource="*")
        try:
            yield {
                _ALLOWED: (assume("open"), 200),
                _REFUSED: (assume("closed"), 403),
                _PUT: (request(A, "iam", "PutRolePolicy", **policy), 200),
            }
        finally:
            state.backends.close()


def _document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _signed(credentials: Credentials, service: str, body: bytes) -> dict[str, str]:
    """The headers of a form sent to a service's API, names in lower case."""
    headers = {"content-type": "application/x-www-form-urlencoded", "host": "127.0.0.1"}
    request = AWSRequest("POST", "http://127.0.0.1/", headers=headers, data=body)
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def main() -> int:
    """Print the moves of each request in order, and the files it passes."""
    for request, trace in traces().items():
        print(f"{request}: {len(trace.moves)} moves, {len(trace.files)} files\n")
        width = max(len(str(start)) for start, _ in trace.moves)
        for number, (start, end) in enumerate(trace.moves, 1):
            print(f"{number:4}  {start!s:{width}}  ->  {end}")
        print()
        for number, file in enumerate(trace.files, 1):
            print(f"{number:4}  {file}")
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
