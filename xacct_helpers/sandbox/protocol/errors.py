"""The errors a call can end with, in AWS's codes, texts and statuses.

The query services (IAM, STS) and the JSON services (ECR) name the same failure differently and
give it another HTTP status; the table AUTHENTICATION is the one place that knows both names.
Source: shared facts on IAM/STS/ECR answers, each row also in docs/fidelity.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal or failure that the caller gets as the service's own error answer.

    code: AWS's error code, for instance "NoSuchEntity".
    message: AWS's words.
    status: HTTP status.
    members: further members of a modelled JSON error (for instance lastByteReceived).
    """

    code: str
    message: str
    status: int = 400
    members: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Named:
    query: tuple[str, int]
    json: tuple[str, int]
    message: str


_INVALID_TOKEN = "The security token included in the request is invalid."
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)

AUTHENTICATION: dict[str, _Named] = {
    "invalid-token": _Named(
        ("InvalidClientTokenId", 403), ("UnrecognizedClientException", 400), _INVALID_TOKEN
    ),
    "expired-token": _Named(
        ("ExpiredToken", 403),
        ("ExpiredTokenException", 400),
        "The security token included in the request is expired",
    ),
    "bad-signature": _Named(
        ("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 400), _MISMATCH
    ),
    "unsigned-query": _Named(
        ("MissingAuthenticationToken", 403),
        ("MissingAuthenticationTokenException", 400),
        "Request is missing Authentication Token",
    ),
    "unsigned-json": _Named(
        ("MissingAuthenticationToken", 403),
        ("MissingAuthenticationTokenException", 400),
        "Missing Authentication Token",
    ),
    "incomplete": _Named(("IncompleteSignature", 400), ("IncompleteSignatureException", 400), ""),
    "request-expired": _Named(
        ("RequestExpired", 400), ("InvalidSignatureException", 400), "Request has expired."
    ),
}


def authentication(kind: str, protocol: str, message: str | None = None) -> ApiError:
    """The error for a caller who could not be recognised.

    kind: a key of AUTHENTICATION; "unsigned" picks the text of the protocol.
    protocol: "query" or "json"; message: replaces the usual text.
    """
    if kind == "unsigned":
        kind = f"unsigned-{protocol}"
    named = AUTHENTICATION[kind]
    code, status = named.json if protocol == "json" else named.query
    return ApiError(code, named.message if message is None else message, status)


def access_denied(message: str, protocol: str) -> ApiError:
    """AccessDenied, 403, for the query services; AccessDeniedException, 400, for the JSON ones."""
    if protocol == "json":
        return ApiError("AccessDeniedException", message, 400)
    return ApiError("AccessDenied", message, 403)


def validation(messages: list[str], protocol: str) -> ApiError:
    """One error that lists every broken constraint, joined as AWS joins them."""
    noun = "error" if len(messages) == 1 else "errors"
    text = f"{len(messages)} validation {noun} detected: " + "; ".join(messages)
    return ApiError("ValidationException" if protocol == "json" else "ValidationError", text)
