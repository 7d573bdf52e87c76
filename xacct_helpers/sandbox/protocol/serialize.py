"""A call's result, or its error, to HTTP, in the service's own protocol.

The query protocol (IAM, STS) answers in XML, the JSON protocol (ECR, CloudTrail, Organizations) in
JSON.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ...aws.services import SERVICES
from .errors import ApiError
from .messages import Call, HttpResponse
from .models import operation_model, service_model

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def result(call: Call, value: Mapping[str, Any]) -> HttpResponse:
    """A successful answer; value by the names of the operation's output shape."""
    model = operation_model(call.service, call.operation)
    headers = {"x-amzn-RequestId": call.request_id}
    if call.protocol == "json":
        body = b"{}" if model.output_shape is None else _json_body(value, model.output_shape)
        return HttpResponse(
            status=200, headers=headers | {"content-type": "application/x-amz-json-1.1"}, body=body
        )
    inner, wrapper = "", f"{call.operation}Result"
    if model.output_shape is not None:
        inner = _element(wrapper, _xml_members(value, model.output_shape))
    namespace = service_model(call.service).metadata["xmlNamespace"]
    text = (
        f'<{call.operation}Response xmlns="{namespace}">{inner}'
        f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata>"
        f"</{call.operation}Response>"
    )
    return HttpResponse(
        status=200, headers=headers | {"content-type": "text/xml"}, body=text.encode()
    )


def _json_body(value: Mapping[str, Any], shape: Shape) -> bytes:
    return json.dumps(_jsonable(value, shape)).encode()


def _jsonable(value: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        return {
            name: _jsonable(value[name], member)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [_jsonable(item, shape.member) for item in value]
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    return value


def _xml_members(value: Mapping[str, Any], shape: Shape) -> str:
    assert isinstance(shape, StructureShape)
    return "".join(
        _xml(value[name], member, member.serialization.get("name", name))
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def _xml(value: Any, shape: Shape, tag: str) -> str:
    if isinstance(shape, StructureShape):
        return _element(tag, _xml_members(value, shape))
    if isinstance(shape, ListShape):
        return _element(tag, "".join(_xml(item, shape.member, "member") for item in value))
    if isinstance(shape, MapShape):
        entries = (
            _element("entry", _xml(key, shape.key, "key") + _xml(item, shape.value, "value"))
            for key, item in value.items()
        )
        return _element(tag, "".join(entries))
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    elif isinstance(value, datetime):
        value = iso(value)
    return f"<{tag}>{_escaped(str(value))}</{tag}>"


def _element(tag: str, inner: str) -> str:
    return f"<{tag}>{inner}</{tag}>" if inner else f"<{tag}/>"


def _escaped(text: str) -> str:
    """XML text: characters that XML cannot hold become U+FFFD, and a carriage return stays one."""
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


def iso(moment: datetime) -> str:
    """2026-11-24T12:00:00Z"""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def error(failure: ApiError, protocol: str, request_id: str, service: str = "") -> HttpResponse:
    """An error answer in the service's own format."""
    headers = {"x-amzn-RequestId": request_id}
    if protocol == "json":
        # Errors made before the service's own code runs carry "Message", modelled ones "message";
        # botocore reads either.
        key = "Message" if failure.code == "AccessDeniedException" else "message"
        body = {"__type": failure.code, key: failure.message, **failure.members}
        return HttpResponse(
            status=failure.status,
            headers=headers
            | {"content-type": "application/x-amz-json-1.1", "x-amzn-ErrorType": failure.code},
            body=json.dumps(body).encode(),
        )
    kind = "Receiver" if failure.status >= 500 else "Sender"
    namespace = service_model(service).metadata["xmlNamespace"] if service in SERVICES else ""
    xmlns = f' xmlns="{namespace}"' if namespace else ""
    # Some errors of IAM have no message, and then no element for it (recorded).
    message = f"<Message>{_escaped(failure.message)}</Message>" if failure.message else ""
    text = (
        f"<ErrorResponse{xmlns}><Error><Type>{kind}</Type><Code>{_escaped(failure.code)}</Code>"
        f"{message}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return HttpResponse(
        status=failure.status, headers=headers | {"content-type": "text/xml"}, body=text.encode()
    )
