"""Who signed it: AWS Signature Version 4, in the header or presigned in the query.

Source: IAM User Guide, "Create a signed AWS API request" and "Troubleshoot Signature Version 4".
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote

from ...aws import sigv4
from ...aws.sigv4 import ALGORITHM, STAMP, TERMINATOR
from ..protocol.errors import ApiError, authentication
from ..protocol.messages import HttpRequest

SKEW = timedelta(minutes=5)
# STAMP, as text: datetime.fromisoformat takes other forms, too.
_TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a request says about its own signing."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    stamp: str
    token: str | None
    expires: int | None  # seconds; presigned only


def parse(request: HttpRequest, protocol: str) -> Signature:
    """The signature that the request carries; ApiError when it is missing or malformed."""
    header = request.headers.get("authorization")
    if header is not None:
        return _from_header(header, request, protocol)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if "X-Amz-Signature" in query or "X-Amz-Credential" in query:
        return _from_query(query, protocol)
    raise authentication("unsigned", protocol)


def _incomplete(text: str, protocol: str) -> ApiError:
    return authentication("incomplete", protocol, text)


def _from_header(header: str, request: HttpRequest, protocol: str) -> Signature:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm[:64]}'.", protocol)
    parts: dict[str, str] = {}
    for piece in rest.split(","):
        name, equals, value = piece.strip().partition("=")
        if not equals:
            raise _incomplete(
                f"'{piece.strip()[:200]}' not a valid key=value pair (missing equal-sign) in "
                f"Authorization header: '{header[:400]}'.",
                protocol,
            )
        parts[name] = value
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not parts.get(name):
            raise _incomplete(
                f"Authorization header requires '{name}' parameter. Authorization={header[:400]}",
                protocol,
            )
    stamp = request.headers.get("x-amz-date", "")
    if not stamp:
        raise _incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            f"Authorization={header[:400]}",
            protocol,
        )
    key, date, region, service = _credential(parts["Credential"], protocol)
    return Signature(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(parts["SignedHeaders"].lower().split(";")),
        signature=parts["Signature"],
        stamp=stamp,
        token=request.headers.get("x-amz-security-token"),
        expires=None,
    )


def _from_query(query: dict[str, str], protocol: str) -> Signature:
    names = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    for name in names:
        if not query.get(name):
            raise _incomplete(f"AWS query-string parameters must include '{name}'.", protocol)
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise _incomplete("Unsupported AWS 'algorithm' in the query string.", protocol)
    expires = query.get("X-Amz-Expires", "900")
    if not re.fullmatch(r"\d{1,6}", expires):
        raise _incomplete("X-Amz-Expires must be a number of seconds.", protocol)
    key, date, region, service = _credential(query["X-Amz-Credential"], protocol)
    return Signature(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(query["X-Amz-SignedHeaders"].lower().split(";")),
        signature=query["X-Amz-Signature"],
        stamp=query["X-Amz-Date"],
        token=query.get("X-Amz-Security-Token"),
        expires=int(expires),
    )


def _credential(text: str, protocol: str) -> tuple[str, str, str, str]:
    parts = text.split("/")
    if len(parts) != 5 or parts[4] != TERMINATOR or not all(parts):
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{text[:200]}'",
            protocol,
        )
    return parts[0], parts[1], parts[2], parts[3]


def verify(
    request: HttpRequest,
    signature: Signature,
    secret: str,
    *,
    service: str,
    protocol: str,
    now: datetime,
) -> None:
    """Nothing when the request was signed with this secret, for this service, about now.

    now: real time, aware. Raises ApiError with the code and status of the protocol.
    """

    def bad(message: str | None = None) -> ApiError:
        return authentication("bad-signature", protocol, message)

    if "host" not in signature.signed_headers:
        raise bad("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    if signature.service != service:
        raise bad(f"Credential should be scoped to correct service: '{service}'.")
    if not _REGION.fullmatch(signature.region):
        if protocol == "json":
            raise bad("Credential should be scoped to a valid region.")
        raise bad(f"Credential should be scoped to a valid region, not '{signature.region}'.")
    _check_time(signature, now, protocol)
    expected = sigv4.signature(
        secret,
        signature.date,
        signature.region,
        signature.service,
        string_to_sign(request, signature),
    )
    if not hmac.compare_digest(expected.encode(), signature.signature.encode()):
        raise bad()


def _check_time(signature: Signature, now: datetime, protocol: str) -> None:
    try:
        if not _TIME.fullmatch(signature.stamp):
            raise ValueError("another form")
        signed = datetime.fromisoformat(signature.stamp)
    except ValueError as error:
        raise _incomplete(
            "Date must be in ISO-8601 'basic format'. "
            f"Got '{signature.stamp[:64]}'. See http://en.wikipedia.org/wiki/ISO_8601",
            protocol,
        ) from error
    if not signature.stamp.startswith(signature.date):
        raise authentication(
            "bad-signature",
            protocol,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{signature.date}' != '{signature.stamp[:8]}', from '{signature.stamp}'.",
        )
    if signed < now - SKEW and signature.expires is None:
        limit = (now - SKEW).strftime(STAMP)
        raise authentication(
            "bad-signature",
            protocol,
            f"Signature expired: {signature.stamp} is now earlier than {limit} "
            f"({now.strftime(STAMP)} - 5 min.)",
        )
    if signed > now + SKEW:
        limit = (now + SKEW).strftime(STAMP)
        raise authentication(
            "bad-signature",
            protocol,
            f"Signature not yet current: {signature.stamp} is still later than {limit} "
            f"({now.strftime(STAMP)} + 5 min.)",
        )
    if signature.expires is not None and now > signed + timedelta(seconds=signature.expires):
        raise authentication("request-expired", protocol)


def string_to_sign(request: HttpRequest, signature: Signature) -> str:
    """The text that the signature covers."""
    pairs = [
        (name, value)
        for name, value in parse_qsl(request.query, keep_blank_values=True)
        if name != "X-Amz-Signature"
    ]
    query = "&".join(
        f"{name}={value}"
        for name, value in sorted((quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in pairs)
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n"
        for name in signature.signed_headers
    )
    canonical = sigv4.canonical_request(
        request.method,
        quote(request.path or "/", safe="/-_.~"),
        query,
        headers,
        ";".join(signature.signed_headers),
        request.body,
    )
    scope = sigv4.scope(signature.date, signature.region, signature.service)
    return sigv4.string_to_sign(signature.stamp, scope, canonical)
