"""The deployment: the program of account B's that is to pull the image, and what it is told.

It assumes B's role, with that A's role, and pulls: ordinary calls, which IAM decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ...aws.ecr_hosts import ecr_host, parse_ecr_host
from ...aws.regions import DEFAULT_REGION
from ...workspace import ACCOUNT_A, LabError

if TYPE_CHECKING:
    from ...images import PulledImage

SESSION_NAME = "deployment"
_REPOSITORY = f"arn:aws:ecr:{DEFAULT_REGION}:{ACCOUNT_A}:repository/my-app"


def session_policy(
    actions: tuple[str, ...] = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    resource: str = _REPOSITORY,
) -> dict[str, Any]:
    """What the deployment makes its session as small as: log in and pull, nothing else."""
    statements = [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": list(actions), "Resource": resource},
    ]
    return {"Version": "2012-10-17", "Statement": statements}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What the program is told; the defaults are right.

    profile: of the AWS config, in account B. image: HOST/REPOSITORY:TAG or HOST/REPOSITORY@DIGEST.
    session_policy and external_id: of the AssumeRole; None leaves them out. duration: seconds.
    """

    profile: str = "account-b"
    role_arn: str = f"arn:aws:iam::{ACCOUNT_A}:role/account-a-role-name"
    external_id: str | None = "customer-4711"
    session_policy: dict[str, Any] | None = field(default_factory=session_policy)
    duration: int = 3600
    image: str = f"{ecr_host(ACCOUNT_A, DEFAULT_REGION)}/my-app:v1"

    def __repr__(self) -> str:
        settings = {**asdict(self), "session_policy": json.dumps(self.session_policy)}
        if self.session_policy is None:
            settings["session_policy"] = None
        lines = [f"{name:<15} {value}" for name, value in settings.items()]
        return "\n".join([*lines, 'To change one: broken.redeploy(image="…")'])

    def but(self, **settings: Any) -> Deployment:
        """The same with other settings. LabError for one that it does not have, or cannot be."""
        unknown = sorted(settings.keys() - asdict(self).keys())
        if unknown:
            known = ", ".join(asdict(self))
            raise LabError(f"The deployment has no setting {unknown[0]!r}; it has {known}.")
        policy = settings.get("session_policy")
        if isinstance(policy, str):
            try:
                settings["session_policy"] = json.loads(policy)
            except ValueError as error:
                raise LabError(f"The session policy is no JSON: {error}.") from error
        changed = Deployment(**{**asdict(self), **settings})
        changed._check()
        return changed

    def _check(self) -> None:
        if isinstance(self.duration, bool) or not isinstance(self.duration, int):
            raise LabError(f"duration is a whole number of seconds, not {self.duration!r}.")
        for name in ("profile", "role_arn", "image"):
            if not isinstance(getattr(self, name), str):
                raise LabError(f"{name} is text, not {getattr(self, name)!r}.")
        if self.external_id is not None and not isinstance(self.external_id, str):
            raise LabError(f"external_id is text or None, not {self.external_id!r}.")
        if self.session_policy is not None and not isinstance(self.session_policy, dict):
            raise LabError("session_policy is a policy document (a dict or its JSON) or None.")
        image_parts(self.image)


def image_parts(image: str) -> tuple[str, str, str, dict[str, str]]:
    """(account, region, repository, {"tag" or "digest": …}) of an image's name in ECR.

    Raises LabError for anything else.
    """
    host, _, rest = image.partition("/")
    registry = parse_ecr_host(host)
    if registry is None or not re.fullmatch(".+", rest):
        raise LabError(f"An image in ECR is ACCOUNT.dkr.ecr.REGION.amazonaws.com/…, not {image!r}.")
    account, region = registry
    name, at, digest = rest.partition("@")
    if at:
        return account, region, name, {"digest": digest}
    name, colon, tag = rest.partition(":")
    if not colon or not tag:
        raise LabError(f"The image {image!r} has neither a tag nor a digest.")
    return account, region, name, {"tag": tag}


def assume(deployment: Deployment, new_session: Callable[..., Any]) -> Any:
    """A boto3 session of A's role, as the deployment gets it; AWS's errors as boto3 raises them.

    new_session: makes a boto3 session of `profile_name=` or of keys.
    """
    sts = new_session(profile_name=deployment.profile).client("sts")
    more: dict[str, Any] = {}
    if deployment.external_id is not None:
        more["ExternalId"] = deployment.external_id
    if deployment.session_policy is not None:
        more["Policy"] = json.dumps(deployment.session_policy)
    keys = sts.assume_role(
        RoleArn=deployment.role_arn,
        RoleSessionName=SESSION_NAME,
        DurationSeconds=deployment.duration,
        **more,
    )["Credentials"]
    _, region, _, _ = image_parts(deployment.image)
    return new_session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region,
    )


def run(deployment: Deployment, new_session: Callable[..., Any]) -> PulledImage:
    """Assume and pull: what comes of it, or the error of the call that failed."""
    from ...images import pull_image  # 30 ms

    ecr = assume(deployment, new_session).client("ecr")
    ecr.get_authorization_token()
    account, _, repository, which = image_parts(deployment.image)
    return pull_image(ecr, repository, registry_id=account, **which)
