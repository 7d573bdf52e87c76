"""The calls that a check makes, and what each came to.

They go through boto3 as the learner's own do. None of them would do harm if it went through, and
what had to be made for a moment is gone afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ...aws.regions import DEFAULT_REGION
from ...view.opening import current
from ...workspace import ACCOUNT_A, ACCOUNT_B
from ..answers import Answer
from ..marked_calls import attempt, inner_session

ROLE_A = f"arn:aws:iam::{ACCOUNT_A}:role/account-a-role-name"
ROLE_B = f"arn:aws:iam::{ACCOUNT_B}:role/some-role-name"
REPOSITORY = "my-app"
SESSION_NAME = "check"


class Tries:
    """One run of a check. A session that a goal has won is at hand for the goals after it.

    The goals share its boto3 sessions and clients, one for each profile and for each keys.
    """

    def __init__(self) -> None:
        self._held: dict[str, Answer] = {}
        self._sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, str], Any] = {}

    def hold(self, name: str, answer: Answer) -> Answer:
        """Keep the answer of an AssumeRole under a name."""
        self._held[name] = answer
        return answer

    def client(self, profile: str, service: str) -> Any:
        """A client of a service with a profile's credentials."""
        return self._client(profile, service, lambda: _session(profile=profile))

    def acting(self, name: str, service: str) -> Any:
        """A client of a service that acts with the session held under the name."""
        return self.acting_as(self._held[name], service)

    def acting_as(self, answer: Answer, service: str) -> Any:
        """A client of a service that acts with the credentials an AssumeRole gave."""
        given = answer.value["Credentials"]
        key = given["AccessKeyId"]
        return self._client(
            key,
            service,
            lambda: _session(
                aws_access_key_id=key,
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            ),
        )

    def _client(self, who: str, service: str, make: Callable[[], Any]) -> Any:
        if who not in self._sessions:
            self._sessions[who] = make()
        if (who, service) not in self._clients:
            self._clients[who, service] = self._sessions[who].client(service)
        return self._clients[who, service]


def _session(profile: str | None = None, **credentials: str) -> Any:
    """A boto3 session whose calls are marked as a check's."""
    import boto3  # 150 ms

    inner = inner_session(profile)
    return boto3.Session(botocore_session=inner, region_name=DEFAULT_REGION, **credentials)


def identity(tries: Tries, profile: str) -> Answer:
    """GetCallerIdentity, by a profile."""
    return attempt(lambda: tries.client(profile, "sts").get_caller_identity())


def region(profile: str) -> Answer:
    """The region that a profile says, as a client made with it looks for one."""
    return attempt(lambda: _region(profile))


def _region(profile: str) -> str:
    from botocore.exceptions import NoRegionError  # 10 ms

    found: str | None = inner_session(profile).get_config_variable("region")
    if found is None:
        raise NoRegionError
    return found


def assume(tries: Tries, profile: str, role: str, **parameters: Any) -> Answer:
    """AssumeRole, by a profile."""
    return attempt(
        lambda: tries.client(profile, "sts").assume_role(
            RoleArn=role, RoleSessionName=SESSION_NAME, **parameters
        )
    )


def assume_first(tries: Tries, profiles: tuple[str, ...], role: str) -> Answer:
    """AssumeRole by whichever of the profiles the way is open to; else the last one's refusal."""
    for profile in profiles:
        answer = assume(tries, profile, role)
        if answer.ok:
            break
    return answer


def get_image(ecr: Any, repository: str = REPOSITORY, **parameters: Any) -> Answer:
    """The first call of a pull."""
    wanted = [{"imageTag": "v1"}]
    return attempt(
        lambda: ecr.batch_get_image(repositoryName=repository, imageIds=wanted, **parameters)
    )


def pull(ecr: Any, **parameters: Any) -> Answer:
    """The whole pull of my-app:v1, every digest computed again."""
    from ...images import TransferError, pull_image  # 30 ms

    try:
        return attempt(lambda: pull_image(ecr, REPOSITORY, tag="v1", **parameters))
    except TransferError as error:  # something of the image is missing or has changed
        return Answer(code="TransferError", message=str(error))


def with_token(role: str, service_account: str, **parameters: str) -> Answer:
    """What AssumeRoleWithWebIdentity answers to a Pod of this service account."""
    from botocore import UNSIGNED  # 10 ms
    from botocore.config import Config

    token = current().service_account_token(service_account, **parameters)
    sts = _session().client("sts", config=Config(signature_version=UNSIGNED))
    return attempt(
        lambda: sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName=SESSION_NAME, WebIdentityToken=token
        )
    )


def assume_decoy(tries: Tries, profile: str) -> Answer:
    """AssumeRole of a role of the stranger's, made for this moment, that trusts account B."""
    with _decoy(tries) as role:
        return assume(tries, profile, role)


@contextmanager
def _decoy(tries: Tries) -> Iterator[str]:
    iam = tries.client("stranger", "iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT_B}, "Action": "sts:AssumeRole"}
        ],
    }
    with suppress(iam.exceptions.NoSuchEntityException):  # left by a check that was interrupted
        iam.delete_role(RoleName="decoy")
    role = iam.create_role(RoleName="decoy", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    try:
        yield role["Arn"]
    finally:
        iam.delete_role(RoleName="decoy")
