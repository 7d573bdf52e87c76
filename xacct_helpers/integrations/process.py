"""`xacct credential-process`: a role assumed for the AWS CLI and SDKs, by their JSON protocol.

A profile with a credential_process runs it before each command, so it must be quick: botocore alone
would take longer to import than this takes as a whole. Hence the request is signed here.
Source: AWS SDKs and Tools Reference, process credential provider.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from .._version import __version__
from ..aws import sigv4
from ..aws.regions import DEFAULT_REGION
from ..aws.services import SERVICES
from ..workspace import LabError, Running

_SECONDS = 30.0
_USER_AGENT = f"xacct-credential-process/{__version__}"
_STS = SERVICES["sts"]
_NAMESPACE = {"sts": f"https://sts.amazonaws.com/doc/{_STS.version}/"}
_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What AWS signs and checks calls by; token and expiration of temporary ones only."""

    access_key_id: str
    secret: str
    token: str | None = None
    expiration: str | None = None


def assume(
    running: Running,
    account: str,
    roles: Sequence[str],
    *,
    session_name: str,
    external_id: str | None = None,
    duration_seconds: int | None = None,
) -> Credentials:
    """The credentials of the last role, each assumed with those of the one before.

    account:          whose administrator begins.
    external_id, duration_seconds: go with the last role.

    Raises LabError with AWS's own words when a role is refused.
    """
    if account not in running.accounts:
        raise LabError(f"This lab has no account {account}.")
    key, secret = running.accounts[account]
    held = Credentials(access_key_id=key, secret=secret)
    for role in roles:
        if not _ROLE.fullmatch(role):
            raise LabError(f"'{role}' is not the ARN of a role.")
        parameters = {"RoleArn": role, "RoleSessionName": session_name}
        if role is roles[-1]:
            if external_id is not None:
                parameters["ExternalId"] = external_id
            if duration_seconds is not None:
                parameters["DurationSeconds"] = str(duration_seconds)
        held = _assume_role(running.endpoint, held, parameters)
    return held


def spoken(credentials: Credentials) -> dict[str, Any]:
    """The credentials in the protocol's JSON."""
    value: dict[str, Any] = {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret,
    }
    if credentials.token is not None:
        value["SessionToken"] = credentials.token
        value["Expiration"] = credentials.expiration
    return value


def _assume_role(endpoint: str, held: Credentials, parameters: Mapping[str, str]) -> Credentials:
    body = urlencode({"Action": "AssumeRole", "Version": _STS.version, **parameters})
    address = urlsplit(endpoint)
    headers = _signed(held, address.netloc, body)
    connection = http.client.HTTPConnection(
        str(address.hostname), address.port or 80, timeout=_SECONDS
    )
    try:
        connection.request("POST", "/", body=body, headers=headers)
        answer = connection.getresponse()
        content = ElementTree.fromstring(answer.read())
    except (OSError, http.client.HTTPException, ElementTree.ParseError) as error:
        raise LabError(f"The sandbox at {endpoint} does not answer ({error}).") from error
    finally:
        connection.close()

    def text(path: str) -> str:
        return content.findtext(path, "", _NAMESPACE)

    if answer.status != 200:
        code, message = text("sts:Error/sts:Code"), text("sts:Error/sts:Message")
        raise LabError(f"AssumeRole was refused ({code}): {message}")
    at = "sts:AssumeRoleResult/sts:Credentials/sts:"
    return Credentials(
        access_key_id=text(at + "AccessKeyId"),
        secret=text(at + "SecretAccessKey"),
        token=text(at + "SessionToken"),
        expiration=text(at + "Expiration"),
    )


def _signed(held: Credentials, host: str, body: str) -> dict[str, str]:
    """The headers of a POST to STS, signed."""
    now = datetime.now(UTC)
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": host,
        "x-amz-date": now.strftime(sigv4.STAMP),
    }
    if held.token is not None:
        headers["x-amz-security-token"] = held.token
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = sigv4.canonical_request("POST", "/", "", lines, names, body.encode())
    where = (f"{now:%Y%m%d}", DEFAULT_REGION, _STS.name)
    scope = sigv4.scope(*where)
    to_sign = sigv4.string_to_sign(headers["x-amz-date"], scope, request)
    authorization = (
        f"{sigv4.ALGORITHM} Credential={held.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={sigv4.signature(held.secret, *where, to_sign)}"
    )
    return {**headers, "authorization": authorization, "user-agent": _USER_AGENT}
