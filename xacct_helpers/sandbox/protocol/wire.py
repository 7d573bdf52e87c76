"""HTTP to Call, and answers to the service's own wire format.

The shapes come from botocore's service models: the query protocol (IAM, STS) is read from a form
and answered in XML, the JSON protocol (ECR, CloudTrail) is JSON both ways.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from ...aws.regions import DEFAULT_REGION
from ...aws.services import SERVICES, titles
from .errors import ApiError

#: What a call is answered with, by the names of its operation's output shape.
Answer = Mapping[str, Any]

MAX_API_BODY = 32 * 1024 * 1024
_MAX_FORM_FIELDS = 10_000
_MAX_JSON_DEPTH = 64
_SURROGATE = re.compile("[\ud800-\udfff]")
# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request as it came in; header names in lower case, body complete."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    client: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """Bytes of a file, from `start` on, to be streamed."""

    path: Path
    length: int
    start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What goes back: status, headers, and a body that is bytes or those of a file."""

    status: int
    headers: Mapping[str, str]
    body: bytes | FilePart


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An API call that has been read but not yet judged.

    params: the parameters by the names of botocore's model, typed as the model says.
    """

    service: str
    operation: str
    params: Mapping[str, Any]
    region: str
    request_id: str
    protocol: str
    source_ip: str = "127.0.0.1"
    user_agent: str = ""

    @property
    def action(self) -> str:
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Which service and operation a request is for, before its parameters are read."""

    service: str
    operation: str
    protocol: str
    region: str
    form: Mapping[str, str] = field(default_factory=dict)


@cache
def loader() -> Loader:
    """What reads botocore's data."""
    # Only botocore's own data: a model planted in the user's home must not be read.
    return Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return ServiceModel(loader().load_service_model(service, "service-2"), service)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """botocore's model of one operation; KeyError when AWS has no such operation."""
    model = service_model(service)
    if operation not in model.operation_names:
        raise KeyError(operation)
    return model.operation_model(operation)


_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")
_TARGETS = {service.target: service.name for service in SERVICES.values() if service.target}
_QUERY_SERVICES = {
    service.version: service.name for service in SERVICES.values() if service.protocol == "query"
}


def scope(request: HttpRequest) -> tuple[str, str] | None:
    """(region, service) of the credential scope in the Authorization header or the query."""
    text = request.headers.get("authorization", "")
    if not text:
        values = dict(parse_qsl(request.query))
        text = "Credential=" + values.get("X-Amz-Credential", "")
    found = _SCOPE.search(text)
    return (found[1], found[2]) if found else None


def address(request: HttpRequest) -> Addressed:
    """Which service and operation the request is for.

    Raises ApiError, in the protocol the request speaks, for a service that is not here.
    """
    signed_for = scope(request)
    region = signed_for[0] if signed_for else DEFAULT_REGION
    target = request.headers.get("x-amz-target")
    if target is not None:
        prefix, _, operation = target.rpartition(".")  # CloudTrail's prefix has dots
        service = _TARGETS.get(prefix)
        if service is None:
            raise ApiError(
                "UnknownOperationException", _not_here(prefix.split("_")[0] or "that service"), 400
            )
        return Addressed(service=service, operation=operation, protocol="json", region=region)
    form = _form(request)
    service = _QUERY_SERVICES.get(form.get("Version", "")) if "Action" in form else None
    if service is None and signed_for is not None and signed_for[1] in _QUERY_SERVICES.values():
        service = signed_for[1]
    if service is None:
        name = signed_for[1] if signed_for else form.get("Action", "") and "that service"
        raise ApiError("InvalidAction", _not_here(name or "a request of this form"), 400)
    if "Action" not in form:
        raise ApiError("MissingAction", "The request is missing an Action parameter.", 400)
    return Addressed(
        service=service, operation=form["Action"], protocol="query", region=region, form=form
    )


def service_of_head(request: HttpRequest) -> str:
    """The service that a request's headers name, whatever its body holds; "" when they do not."""
    target = request.headers.get("x-amz-target", "").rpartition(".")[0]
    signed_for = scope(request)
    return _TARGETS.get(target, signed_for[1] if signed_for else "")


def _not_here(name: str) -> str:
    return f"This sandbox has {titles()}; it does not have {name}."


def _form(request: HttpRequest) -> dict[str, str]:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        try:
            text = request.body.decode()
        except UnicodeDecodeError as error:
            raise ApiError("MalformedInput", "The request body is not valid UTF-8.") from error
        if text.count("&") >= _MAX_FORM_FIELDS:
            told = f"The request body may hold {_MAX_FORM_FIELDS} fields at most."
            raise ApiError("MalformedInput", told)
        pairs += parse_qsl(text, keep_blank_values=True)
    return dict(pairs)


def read(
    request: HttpRequest, addressed: Addressed, *, request_id: str, served: Iterable[str]
) -> Call:
    """The call, its parameters typed by the model.

    served: the operations that this sandbox has for the service.
    Raises ApiError for an operation that is not here and for a body that cannot be read.
    """
    if addressed.operation not in served:
        raise _unknown_operation(addressed, served)
    shape = operation_model(addressed.service, addressed.operation).input_shape
    if shape is None:
        params: dict[str, Any] = {}
    elif addressed.protocol == "json":
        params = _read_json(request.body, shape)
    else:
        params = _read_query(addressed.form, shape)
    return Call(
        service=addressed.service,
        operation=addressed.operation,
        params=params,
        region=addressed.region,
        request_id=request_id,
        protocol=addressed.protocol,
        source_ip=request.client,
        user_agent=request.headers.get("user-agent", ""),
    )


def _unknown_operation(addressed: Addressed, served: Iterable[str]) -> ApiError:
    service, operation = addressed.service, addressed.operation
    try:
        operation_model(service, operation)
        what = f"This sandbox does not have {service}:{operation}."
    except KeyError:
        what = f"{service.upper()} has no operation {operation}."
    message = f"{what} Of {service.upper()} it has: {', '.join(sorted(served))}."
    if addressed.protocol == "json":
        return ApiError("UnknownOperationException", message, 400)
    return ApiError("InvalidAction", message, 400)


# -- reading ---------------------------------------------------------------------------------


def _read_json(body: bytes, shape: Shape) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", "The request body is not valid JSON.") from error
    return dict(_typed(value, shape, "", 0))


def _typed(value: Any, shape: Shape, path: str, depth: int) -> Any:
    """The JSON value when it is of the shape's type; unknown members are dropped, as AWS does."""

    def wrong(expected: str) -> ApiError:
        return ApiError("SerializationException", f"{path or 'The body'} must be {expected}.")

    if depth > _MAX_JSON_DEPTH:
        raise wrong("less deeply nested")
    kind = shape.type_name
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            raise wrong("an object")
        return {
            name: _typed(value[name], member, f"{path}.{name}".lstrip("."), depth + 1)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise wrong("a list")
        return [_typed(v, shape.member, f"{path}[{i}]", depth + 1) for i, v in enumerate(value)]
    if isinstance(shape, MapShape):
        if not isinstance(value, dict):
            raise wrong("an object")
        for key in value:
            _typed(key, shape.key, f"{path} key", depth + 1)
        return {str(k): _typed(v, shape.value, f"{path}.{k}", depth + 1) for k, v in value.items()}
    if kind in ("integer", "long"):
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong("a whole number")
        return value
    if kind == "boolean":
        if not isinstance(value, bool):
            raise wrong("true or false")
        return value
    if kind == "timestamp":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value != value:  # NaN is the one number that differs from itself
            raise wrong("a time, in seconds since 1970")
        return value
    if kind == "blob":
        if not isinstance(value, str):
            raise wrong("a base64 string")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise wrong("a base64 string") from error
    if kind == "string":
        if not isinstance(value, str):
            raise wrong("a string")
        if _SURROGATE.search(value):
            raise wrong("valid Unicode")
    return value


def _read_query(form: Mapping[str, str], shape: Shape) -> dict[str, Any]:
    value = _member(form, shape, "")
    return dict(value) if isinstance(value, dict) else {}


def _member(form: Mapping[str, str], shape: Shape, prefix: str) -> Any:
    """The value under a prefix, or None when the form holds nothing for it."""
    if isinstance(shape, StructureShape):
        start = f"{prefix}." if prefix else ""
        if start and not any(key.startswith(start) for key in form):
            return None
        found = {}
        for name, member in shape.members.items():
            value = _member(form, member, start + member.serialization.get("name", name))
            if value is not None:
                found[name] = value
        return found
    if isinstance(shape, ListShape):
        return _member_list(form, shape, prefix)
    text = form.get(prefix)
    return None if text is None else _scalar(text, shape.type_name, prefix)


def _member_list(form: Mapping[str, str], shape: ListShape, prefix: str) -> list[Any] | None:
    if form.get(prefix) == "":
        return []  # botocore sends an empty list as "Name="
    start = f"{prefix}.{shape.member.serialization.get('name', 'member')}."
    numbers = {key[len(start) :].split(".")[0] for key in form if key.startswith(start)}
    if not numbers:
        return None
    wellformed = sorted(int(n) for n in numbers if n.isascii() and n.isdigit() and len(n) < 6)
    items = (_member(form, shape.member, f"{start}{number}") for number in wellformed)
    return [item for item in items if item is not None]


def _scalar(text: str, kind: str, name: str) -> Any:
    if kind in ("integer", "long"):
        if not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise ApiError("MalformedInput", f"{name} must be a whole number, not '{text[:40]}'.")
        return int(text)
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise ApiError("MalformedInput", f"{name} must be true or false, not '{text[:40]}'.")
        return text.lower() == "true"
    return text


# -- writing ---------------------------------------------------------------------------------


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
    told = f"<Message>{_escaped(failure.message)}</Message>" if failure.message else ""
    text = (
        f"<ErrorResponse{xmlns}><Error><Type>{kind}</Type><Code>{_escaped(failure.code)}</Code>"
        f"{told}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return HttpResponse(
        status=failure.status, headers=headers | {"content-type": "text/xml"}, body=text.encode()
    )


# Services that answer in XML without reading a form.
_XML_SERVICES = frozenset({*_QUERY_SERVICES.values(), "s3", "s3express", "route53", "cloudfront"})


def speaks_json(request: HttpRequest) -> bool:
    """Whether the request speaks a JSON protocol, so that an unreadable one is answered so, too."""
    kind = request.headers.get("content-type", "")
    if "x-amz-target" in request.headers or "json" in kind:
        return True
    if kind.startswith("application/x-www-form-urlencoded"):
        return False
    signed_for = scope(request)
    return signed_for is not None and signed_for[1] not in _XML_SERVICES
