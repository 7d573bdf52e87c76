"""A real sandbox in a process of its own, and the ways tests speak to it: boto3 and plain HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import boto3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.forking import Fork

A, B, C = "111111111111", "222222222222", "333333333333"
REGION = "us-east-1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
ECR_TARGET = "AmazonEC2ContainerRegistry_V20150921"
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
_CONFIG = Config(
    proxies={}, retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=20
)
_CLIENTS_LOCK = threading.Lock()


class Keys(NamedTuple):
    """What a caller signs with."""

    access_key_id: str
    secret: str
    token: str | None = None

    @classmethod
    def of(cls, credentials: Mapping[str, Any]) -> Keys:
        """The keys in an answer of AssumeRole (its Credentials) or CreateAccessKey."""
        return cls(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials.get("SessionToken"),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call ended with. code and message are empty when it succeeded."""

    status: int
    code: str
    message: str
    value: Mapping[str, Any] = field(default_factory=dict, repr=False)
    request_id: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        return not self.code

    @property
    def error(self) -> tuple[str, int, str]:
        return self.code, self.status, self.message


@dataclass(frozen=True, slots=True)
class Reply:
    """A plain HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Sandbox:
    """`xacct serve --json` as a process."""

    def __init__(
        self,
        *arguments: str,
        accounts: tuple[str, ...] = (A, B, C),
        preexec: Callable[[], None] | None = None,
        command: list[str] | None = None,
    ) -> None:
        named = ["--accounts", ",".join(accounts)] if accounts else []
        # Not a pipe: one that nobody empties stops its writer once it is full.
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._told = ""
        self.process = self._process([*(command or serve_command()), *named, *arguments], preexec)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            told = self._ended()
            raise NotStarted(self.process.returncode, told)
        self.line: dict[str, Any] = json.loads(line)
        self.endpoint: str = self.line["endpoint"]
        self.port = int(self.endpoint.rpartition(":")[2])
        self.admins = {
            one["id"]: Keys(one["access_key_id"], one["secret_access_key"])
            for one in self.line["accounts"]
        }
        self._clients: dict[tuple[str, Keys, str], Any] = {}
        self._session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none")

    # -- the process -------------------------------------------------------------------------

    def _process(
        self, command: list[str], preexec: Callable[[], None] | None
    ) -> subprocess.Popen[str] | Fork:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=clean_environment(),
            text=True,
            preexec_fn=preexec,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> str:
        """End it as `xacct stop` does; what it said on standard error."""
        return self._end(signal.SIGTERM)

    def kill(self) -> str:
        """kill -9."""
        return self._end(signal.SIGKILL)

    def _end(self, with_signal: signal.Signals) -> str:
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self._ended()

    def _ended(self) -> str:
        self.process.communicate(timeout=20)
        if not self._errors.closed:
            with self._errors:
                self._errors.seek(0)
                self._told = self._errors.read()
        return self._told

    # -- AWS calls ---------------------------------------------------------------------------

    def client(self, service: str, keys: Keys | str, region: str = REGION) -> Any:
        """A boto3 client; keys, or an account's id for its administrator."""
        signer = self.admins[keys] if isinstance(keys, str) else keys
        with _CLIENTS_LOCK:
            if (service, signer, region) not in self._clients:
                self._clients[service, signer, region] = self._session.client(
                    service,
                    endpoint_url=self.endpoint,
                    region_name=region,
                    config=_CONFIG,
                    aws_access_key_id=signer.access_key_id,
                    aws_secret_access_key=signer.secret,
                    aws_session_token=signer.token,
                )
        return self._clients[service, signer, region]

    def call(self, keys: Keys | str, action: str, region: str = REGION, **params: Any) -> Answer:
        """One API call by its IAM name ("sts:AssumeRole"), whatever it ends with."""
        service, _, operation = action.partition(":")
        client = self.client(service, keys, region)
        try:
            value = client._make_api_call(operation, params)
        except ClientError as error:
            meta = error.response["ResponseMetadata"]
            told = error.response["Error"]
            return Answer(
                meta["HTTPStatusCode"],
                told["Code"],
                told.get("Message") or "",
                error.response,
                meta.get("RequestId", ""),
            )
        meta = value.pop("ResponseMetadata")
        return Answer(meta["HTTPStatusCode"], "", "", value, meta.get("RequestId", ""))

    def do(self, keys: Keys | str, action: str, region: str = REGION, **params: Any) -> Any:
        """The result of a call that is to succeed."""
        answer = self.call(keys, action, region, **params)
        assert answer.ok, f"{action}: {answer.code} {answer.status} {answer.message}"
        return answer.value

    # -- plain HTTP --------------------------------------------------------------------------

    def http(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request, exactly as given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, target, body=body or None, headers=dict(headers or {}))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()

    def signed(
        self,
        keys: Keys,
        service: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        scope: str | None = None,
        region: str = REGION,
    ) -> AWSRequest:
        """A signed POST to send with `send`, or to alter first. scope: signed for that service."""
        made = {"Content-Type": FORM, **(headers or {})}
        request = AWSRequest("POST", f"{self.endpoint}/", headers=made, data=body)
        signer = Credentials(keys.access_key_id, keys.secret, keys.token)
        SigV4Auth(signer, scope or service, region).add_auth(request)
        return request

    def send(self, request: AWSRequest) -> Reply:
        """Send a request of `signed`."""
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        return self.http("POST", "/", body, dict(request.headers.items()))

    def presigned(self, keys: Keys, *, expires: int, query: str | None = None) -> str:
        """The path and query of a presigned GetCallerIdentity."""
        asked = query or "Action=GetCallerIdentity&Version=2011-06-15"
        request = AWSRequest("GET", f"{self.endpoint}/?{asked}")
        signer = Credentials(keys.access_key_id, keys.secret, keys.token)
        SigV4QueryAuth(signer, "sts", REGION, expires=expires).add_auth(request)
        return str(request.url).removeprefix(self.endpoint)

    # -- the control API ---------------------------------------------------------------------

    def control(self, method: str, path: str, body: Any = None, token: str | None = None) -> Reply:
        """A request to the sandbox's own API, path without /_lab/."""
        bearer = self.line["lab_token"] if token is None else token
        data = b"" if body is None else json.dumps(body).encode()
        return self.http(method, f"/_lab/{path}", data, {"Authorization": f"Bearer {bearer}"})

    def reset(self) -> None:
        assert self.control("POST", "reset").status == 200
        # A reset ends all keys but the administrators'. Clients that sign with the others would
        # only hold memory and connections.
        lasting = set(self.admins.values())
        with _CLIENTS_LOCK:
            for named in [named for named in self._clients if named[1] not in lasting]:
                self._clients.pop(named).close()

    def advance(self, seconds: float) -> None:
        """Move the lab's clock."""
        assert self.control("POST", "clock", {"advance_seconds": seconds}).status == 200

    def fingerprint(self) -> str:
        return str(self.control("GET", "fingerprint").json["fingerprint"])

    def decision(self, request_id: str) -> dict[str, Any]:
        """What the trail holds of a call."""
        reply = self.control("GET", f"decision/{request_id}")
        assert reply.status == 200, reply.body
        return dict(reply.json)

    # -- common steps ------------------------------------------------------------------------

    def user(self, account: str, name: str, *documents: str, **more: Any) -> Keys:
        """A new user with inline policies; its keys."""
        self.do(account, "iam:CreateUser", UserName=name, **more)
        for number, text in enumerate(documents):
            self.put(account, "user", name, text, f"p{number}")
        made = self.do(account, "iam:CreateAccessKey", UserName=name)
        return Keys.of(made["AccessKey"])

    def role(
        self, account: str, name: str, trusted: str, *documents: str, **more: Any
    ) -> Mapping[str, Any]:
        """A new role with this trust policy and inline policies; the Role of the answer."""
        made = self.do(
            account, "iam:CreateRole", RoleName=name, AssumeRolePolicyDocument=trusted, **more
        )
        for number, text in enumerate(documents):
            self.put(account, "role", name, text, f"p{number}")
        return dict(made["Role"])

    def put(self, account: str, kind: str, name: str, text: str, policy: str = "p0") -> None:
        """An inline policy of a "user", "role" or "group"."""
        owner = {f"{kind.capitalize()}Name": name}
        self.do(
            account,
            f"iam:Put{kind.capitalize()}Policy",
            **owner,
            PolicyName=policy,
            PolicyDocument=text,
        )

    def assume(self, keys: Keys | str, role_arn: str, name: str = "session", **more: Any) -> Keys:
        """The keys of a new session."""
        found = self.do(keys, "sts:AssumeRole", RoleArn=role_arn, RoleSessionName=name, **more)
        return Keys.of(found["Credentials"])

    def whoami(self, keys: Keys | str) -> str:
        return str(self.do(keys, "sts:GetCallerIdentity")["Arn"])


class Forked(Sandbox):
    """A sandbox whose process starts in no time, as tests.forking tells."""

    def _process(self, command: list[str], preexec: Callable[[], None] | None) -> Fork:
        beginning = [sys.executable, "-m", "xacct_helpers"]
        assert command[:3] == beginning, "only ours can be forked"
        assert preexec is None
        return Fork(command[3:], clean_environment(), self._errors)


class NotStarted(Exception):
    """The sandbox ended before it answered."""

    def __init__(self, code: int, told: str) -> None:
        super().__init__(f"exit code {code}: {told}")
        self.code, self.told = code, told


def serve_command() -> list[str]:
    return [sys.executable, "-m", "xacct_helpers", "serve", "--port", "0", "--json"]


def clean_environment() -> dict[str, str]:
    """This process's environment without the user's AWS settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


# -- documents -------------------------------------------------------------------------------


def statement(effect: str, action: Any = None, resource: Any = None, **more: Any) -> dict[str, Any]:
    """One statement; elements that are None are left out."""
    found = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {name: value for name, value in found.items() if value is not None}


def policy(*statements: Any) -> str:
    """A document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> str:
    """An identity policy of one Allow."""
    return policy(statement("Allow", action, resource, **more))


def deny(action: Any, resource: Any = "*", **more: Any) -> str:
    """An identity policy of one Deny."""
    return policy(statement("Deny", action, resource, **more))


def trust(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> str:
    """A trust policy. principal: what stands under "AWS" unless it is "*" or an object."""
    named = principal if principal == "*" or isinstance(principal, dict) else {"AWS": principal}
    return policy(statement("Allow", action, Principal=named, **more))


def grant(principal: Any, action: Any = "ecr:*", effect: str = "Allow", **more: Any) -> str:
    """A repository policy of one statement."""
    named = principal if principal == "*" or isinstance(principal, dict) else {"AWS": principal}
    return policy(statement(effect, action, Principal=named, **more))
