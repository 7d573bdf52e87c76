"""Errors in the form of the distribution specification, and what ECR's own become there.

Source: OCI distribution specification 1.1, error codes; ECR's codes and texts from public logs:
TAG_INVALID (facts 5.3), BLOB_UPLOAD_INVALID with 416 (apple/container#1895), MANIFEST_BLOB_UNKNOWN
(int128/docker-manifest-create-action#63), MANIFEST_INVALID for another digest
(google/go-containerregistry#1568).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...aws.ecr_hosts import ecr_host
from ..protocol.errors import ApiError
from ..protocol.messages import HttpResponse

VERSION = {"docker-distribution-api-version": "registry/2.0"}


class RegistryError(Exception):
    """An error that a client of the registry gets. headers: to go with it."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})


# The ECR API's error code: status and code under /v2/.
_TABLE = {
    "AccessDeniedException": (403, "DENIED"),
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
    "ImageNotFoundException": (404, "MANIFEST_UNKNOWN"),
    "ImageDigestDoesNotMatchException": (400, "MANIFEST_INVALID"),
    "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
    "ReferencedImagesNotFoundException": (404, "MANIFEST_BLOB_UNKNOWN"),
    "LayersNotFoundException": (404, "MANIFEST_BLOB_UNKNOWN"),
    "UploadNotFoundException": (404, "BLOB_UPLOAD_UNKNOWN"),
    "InvalidLayerPartException": (416, "BLOB_UPLOAD_INVALID"),
    "EmptyUploadException": (400, "BLOB_UPLOAD_INVALID"),
    "InvalidLayerException": (400, "DIGEST_INVALID"),
    "InvalidParameterException": (400, "MANIFEST_INVALID"),
    "LimitExceededException": (429, "TOOMANYREQUESTS"),
    "ServerException": (500, "UNKNOWN"),
}


def translated(failure: ApiError) -> RegistryError:
    """The ECR API's error as the registry words it; one without a row is a defect of ours."""
    status, code = _TABLE.get(failure.code, (500, "UNKNOWN"))
    return RegistryError(status, code, failure.message)


def as_json(status: int, value: Any, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer of JSON."""
    made = {"content-type": "application/json", **VERSION, **(headers or {})}
    return HttpResponse(status=status, headers=made, body=json.dumps(value).encode())


def rendered(failure: RegistryError, account: str, region: str) -> HttpResponse:
    """The error as an answer of this account's registry."""
    if failure.status == 401:
        realm = f"https://{ecr_host(account, region)}/"
        headers = {
            "www-authenticate": f'Basic realm="{realm}",service="ecr.amazonaws.com"',
            "content-type": "text/plain; charset=utf-8",
            **VERSION,
        }
        return HttpResponse(status=401, headers=headers, body=b"Not Authorized\n")
    errors = [{"code": failure.code, "message": failure.message}]
    return as_json(failure.status, {"errors": errors}, failure.headers)
