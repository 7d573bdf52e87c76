"""HTTP to a call: which service and operation it is for, and its parameters.

The shapes come from botocore's service models: the query protocol (IAM, STS) is read from a form,
the JSON protocol (ECR, CloudTrail, Organizations) from a JSON body.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ...aws.regions import DEFAULT_REGION
from ...aws.services import SERVICES, titles
from .errors import ApiError
from .messages import Addressed, Call, HttpRequest
from .models import operation_model

MAX_API_BODY = 32 * 1024 * 1024


_MAX_FORM_FIELDS = 10_000


_MAX_JSON_DEPTH = 64


_SURROGATE = re.compile("[\ud800-\udfff]")


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
    pairs = parse_qsl(request.query, keep_blank_values=True) if request.query else []
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        try:
            text = request.body.decode()
        except UnicodeDecodeError as error:
            raise ApiError("MalformedInput", "The request body is not valid UTF-8.") from error
        if text.count("&") >= _MAX_FORM_FIELDS:
            message = f"The request body may hold {_MAX_FORM_FIELDS} fields at most."
            raise ApiError("MalformedInput", message)
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
