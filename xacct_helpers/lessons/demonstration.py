"""The end of the course shown first, on two accounts that are nobody's.

`demonstration()` starts a sandbox of its own, beside the lab's. It has other accounts, is kept
nowhere, and ends with this process, however that ends: the sandbox serves until the pipe that this
process holds is closed.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import workspace
from ..aws.regions import DEFAULT_REGION
from ..images import build_image, push_image
from ..lab_api.codec import from_json
from ..lab_api.lab_state import Announcement
from ..view.opening import current
from ..workspace import LabError

OWNER, CLUSTER = "555555555555", "666666666666"
_ROLE = "cluster"
_END_SECONDS = 10.0
_current: Demonstration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody in the demonstration's accounts. `client("ecr")` is a boto3 client, as that of a
    boto3.Session is."""

    endpoint: str
    access_key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    def client(self, service: str) -> Any:
        """A boto3 client of a service: sts, iam or ecr."""
        import boto3  # 150 ms
        from botocore.config import Config

        session = boto3.Session(
            self.access_key_id, self.secret, self.token, region_name=DEFAULT_REGION
        )
        # The endpoint is said to each client: the lab's is in the environment of this process.
        return session.client(service, endpoint_url=self.endpoint, config=Config(proxies={}))

    def as_session(self, credentials: Mapping[str, str]) -> Caller:
        """Whoever the Credentials in an answer of AssumeRole stand for."""
        return Caller(
            endpoint=self.endpoint,
            access_key_id=credentials["AccessKeyId"],
            secret=credentials["SecretAccessKey"],
            token=credentials["SessionToken"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """Two accounts: one owns the image my-app:v1, a cluster of the other would like to pull it.

    owner, cluster_admin: the administrators. cluster: a session of the role `cluster`, which its
    own account lets do everything in ECR.
    """

    owner: Caller
    cluster_admin: Caller
    cluster: Caller
    process: subprocess.Popen[bytes] = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"{OWNER} owns the image my-app:v1\n"
            f"{CLUSTER} runs a cluster, as the role {_ROLE}\n"
            "Both are gone when this notebook's kernel ends."
        )

    def session(self, credentials: Mapping[str, str]) -> Caller:
        """Whoever the Credentials in an answer of AssumeRole stand for."""
        return self.owner.as_session(credentials)

    def end(self) -> None:
        """End the accounts and the process that serves them."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def demonstration() -> Demonstration:
    """Start the two accounts afresh; those of an earlier call end.

    Raises LabError when they cannot start.
    """
    global _current
    current()  # errors are shown plainly, and nothing of the user's own AWS set-up is read
    if _current is not None:
        atexit.unregister(_current.end)
        _current.end()
        _current = None
    process, found = _start()
    owner, admin = (
        Caller(
            endpoint=found.endpoint,
            access_key_id=one.access_key_id,
            secret=one.secret_access_key,
        )
        for one in sorted(found.accounts, key=lambda one: one.id)
    )
    _current = Demonstration(
        owner=owner, cluster_admin=admin, cluster=_cluster(admin, owner), process=process
    )
    atexit.register(_current.end)
    return _current


def _start() -> tuple[subprocess.Popen[bytes], Announcement]:
    """A sandbox that ends when its standard input does, and what it says once it answers."""
    arguments = ["--port", "0", "--accounts", f"{OWNER},{CLUSTER}", "--until-stdin-closes"]
    with tempfile.TemporaryFile() as log:
        process, line = workspace.serve(arguments, log, stdin=subprocess.PIPE)
        if not line:
            log.seek(0)
            raise LabError(f"The demonstration did not start. {workspace.last_line(log.read())}")
    return process, from_json(Announcement, json.loads(line))


def _cluster(admin: Caller, owner: Caller) -> Caller:
    """Give one account its image and the other its role; a session of the role."""
    ecr, iam = owner.client("ecr"), admin.client("iam")
    ecr.create_repository(repositoryName="my-app")
    push_image(ecr, "my-app", "v1", build_image("Hello from the other account's image."))
    trusted = {"Effect": "Allow", "Principal": {"AWS": CLUSTER}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=_document(trusted))["Role"]
    everything = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
    iam.put_role_policy(RoleName=_ROLE, PolicyName="ecr", PolicyDocument=_document(everything))
    answer = admin.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="node-1")
    return admin.as_session(answer["Credentials"])


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
