"""AWS Signature Version 4: the text that a signature covers, and the signature.

The sandbox verifies with it, and `xacct credential-process` signs with it without botocore.
Source: IAM User Guide, "Create a signed AWS API request". Standard library only.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

ALGORITHM = "AWS4-HMAC-SHA256"
STAMP = "%Y%m%dT%H%M%SZ"
"""How X-Amz-Date writes a time, for strftime and strptime."""
TERMINATOR = "aws4_request"


def scope(date: str, region: str, service: str) -> str:
    """Return the credential scope. date: the day, as in 20261124."""
    return f"{date}/{region}/{service}/{TERMINATOR}"


def canonical_request(
    method: str, path: str, query: str, headers: str, signed_headers: str, body: bytes
) -> str:
    """Return a request in the form that is hashed.

    headers: each as `name:value` and a line break; signed_headers: their names, joined by ";".
    """
    digest = hashlib.sha256(body).hexdigest()
    return f"{method}\n{path}\n{query}\n{headers}\n{signed_headers}\n{digest}"


def string_to_sign(stamp: str, scope: str, canonical_request: str) -> str:
    """Return the text that the signature covers."""
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    return f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"


def signature(secret: str, date: str, region: str, service: str, string_to_sign: str) -> str:
    """Return the signature as a request carries it, in hexadecimal."""
    key = _signing_key(secret, date, region, service)
    return hmac.digest(key, string_to_sign.encode(), "sha256").hex()


@lru_cache(maxsize=1024)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
