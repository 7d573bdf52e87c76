"""A registry's user name and password, for whoever the AWS profile or environment says.

Credentials are found as every AWS SDK finds them: AWS_PROFILE, role_arn, credential_process and so
on. That is the point of it: the program that pulls says nothing about roles.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..aws import sdk_models
from ..aws.ecr_hosts import parse_ecr_host
from ..aws.regions import DEFAULT_REGION
from ..workspace import LabError, lab_folder

_PORT_HOST = re.compile(r"(?:127\.0\.0\.1|localhost):\d+")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A registry of the lab, as an image name or a login calls it."""

    host: str
    account: str | None
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    user: str
    password: str
    expires: datetime


def registry_of(name: str) -> Registry | None:
    """The registry that an image name, a URL or a bare host means; None when it is not one of ours.

    Registries are known by ECR's host names, and by the sandbox's own port, where the account is
    the first part of the path.
    """
    host, _, path = re.sub(r"^https?://", "", name.strip()).partition("/")
    named = parse_ecr_host(host)
    if named is not None:
        return Registry(host=host, account=named.account, region=named.region)
    if _PORT_HOST.fullmatch(host):
        first = path.partition("/")[0]
        account = first if _ACCOUNT.fullmatch(first) else None
        return Registry(host=host, account=account, region=DEFAULT_REGION)
    return None


def log_in(
    registry: Registry,
    *,
    role_arn: str | None = None,
    web_identity: Mapping[str, str] | None = None,
    session_name: str,
) -> Login:
    """What GetAuthorizationToken answers.

    role_arn:     a role to assume before, with what the environment gives.
    web_identity: the role and the token to begin with instead of the environment's credentials:
                  {"RoleArn": …, "WebIdentityToken": …}.

    Raises LabError in AWS's words, or in the SDK's when it finds no credentials.
    """
    import botocore.session  # 110 ms
    from botocore.exceptions import BotoCoreError, ClientError

    sdk_models.keep_to(lab_folder())
    try:
        session = botocore.session.get_session()
        if web_identity is not None:
            session = _within(
                session, "assume_role_with_web_identity", session_name, **web_identity
            )
        if role_arn is not None:
            session = _within(session, "assume_role", session_name, RoleArn=role_arn)
        ecr = session.create_client("ecr", region_name=registry.region)
        data = ecr.get_authorization_token()["authorizationData"][0]
    except (BotoCoreError, ClientError) as error:
        raise LabError(str(error)) from error
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return Login(user=user, password=password, expires=data["expiresAt"])


def _within(session: Any, operation: str, name: str, **parameters: str) -> Any:
    """A session of the role that a call to STS gives."""
    import botocore.session  # 110 ms
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(signature_version=UNSIGNED) if "WebIdentityToken" in parameters else None
    sts = session.create_client("sts", region_name=DEFAULT_REGION, config=config)
    given = getattr(sts, operation)(RoleSessionName=name, **parameters)["Credentials"]
    made = botocore.session.get_session()
    made.set_credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return made
