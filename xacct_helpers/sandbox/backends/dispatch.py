"""A call to moto's own response classes and back, errors in moto's code and text."""

from __future__ import annotations

import io
import json
import re
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import unescape

from botocore.serialize import create_serializer

from ..errors import ApiError
from ..wire import Call, operation_model, service_model
from .parts import ECRResponse, IamResponse, Request

_RESPONSES: dict[str, Any] = {"iam": IamResponse, "ecr": ECRResponse}


def dispatch(call: Call, account: str) -> str:
    """The body that moto answers with.

    Raises ApiError with moto's code and text when moto refuses.
    """
    status, _, body = _RESPONSES[call.service].dispatch(_request(call, account))
    text = body if isinstance(body, str) else body.decode()
    if int(status) >= 400:
        raise _error(int(status), text, call.protocol)
    return text


def _request(call: Call, account: str) -> Request:
    """The call as moto's own request, its account told by header and its region by host."""
    model = operation_model(call.service, call.operation)
    serializer = create_serializer(service_model(call.service).metadata["protocol"], False)
    made = serializer.serialize_to_request(dict(call.params), model)
    headers, body = made["headers"], made["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    host = f"{call.service}.{call.region}.amazonaws.com"
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SERVER_NAME": host,
        "SERVER_PORT": "443",
        "HTTP_HOST": host,
        "HTTP_X_MOTO_ACCOUNT_ID": account,
        "CONTENT_TYPE": headers["Content-Type"],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
    }
    if "X-Amz-Target" in headers:
        environ["HTTP_X_AMZ_TARGET"] = headers["X-Amz-Target"]
    return Request(environ)


def _error(status: int, text: str, protocol: str) -> ApiError:
    if protocol == "json":
        body = json.loads(text)
        code = str(body.get("__type", "ServerException")).rsplit("#", 1)[-1]
        known = {"__type", "message", "Message"}
        members = {k: v for k, v in body.items() if k not in known}
        return ApiError(
            code, str(body.get("message") or body.get("Message") or ""), status, members
        )
    named = re.search(r"<Code>(.*?)</Code>", text, re.S)
    message = re.search(r"<Message>(.*?)</Message>", text, re.S)
    words = unescape(message[1], {"&quot;": '"', "&apos;": "'"}) if message else text
    name = named[1] if named else "ServiceFailure"
    statuses = {
        "NoSuchEntity": 404,
        "EntityAlreadyExists": 409,
        "DeleteConflict": 409,
        "LimitExceeded": 409,
    }
    return ApiError(name, words, statuses.get(name, status))
