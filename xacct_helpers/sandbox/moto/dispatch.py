"""A call to moto's own handlers, and what they return as plain data.

No text is made or read on the way: a handler gets the call's parameters, and its ActionResult is
walked by botocore's output shape, because it may hold moto's own objects.
Source: moto 5.2.5, moto/core/responses.py (call_action), moto/core/serialize.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any

from botocore.utils import parse_to_aware_datetime

from ..protocol.errors import ApiError
from ..protocol.messages import Call
from ..protocol.models import operation_model
from .moto_imports import (
    PARTITION,
    ECRResponse,
    IamResponse,
    ServiceException,
    core_serialize,
    core_utils,
)

_method_name = cache(core_utils.camelcase_to_underscores)
_Pick = Callable[[Any], Any]
_MISSING = object()
_picks_by_place: dict[tuple[Any, ...], list[tuple[str, _Pick]]] = {}
_RESPONSES: dict[str, Any] = {"iam": IamResponse, "ecr": ECRResponse}


def dispatch(call: Call, account: str) -> dict[str, Any]:
    """What moto answers, by the names of the operation's output shape.

    Raises ApiError with moto's code and text when moto refuses.
    """
    handler = _RESPONSES[call.service]()
    handler.automated_parameter_parsing = True
    handler.params = dict(call.params)
    handler.uri_match = {}
    handler.querystring = {"Action": [call.operation]}
    handler.headers = {}
    handler.region, handler.partition, handler.current_account = call.region, PARTITION, account
    method = getattr(handler, _method_name(call.operation))
    try:
        result = method().result
    except ServiceException as error:
        raise ApiError(error.code, str(error.message), _status(call, error.code)) from error
    model = core_utils.get_service_model(call.service).operation_model(call.operation)
    if model.output_shape is None or result is None:
        return {}
    walk = _Walk(model, handler.RESPONSE_KEY_PATH_TO_TRANSFORMER)
    return dict(walk.plain(result, model.output_shape, (model.output_shape.name,)))


def _status(call: Call, code: str) -> int:
    """The HTTP status of an error, as botocore's model of the service has it."""
    for shape in operation_model(call.service, call.operation).service_model.error_shapes:
        error = shape.metadata.get("error", {})
        if code in (shape.name, error.get("code")):
            return int(error.get("httpStatusCode", 400))
    return 400


class _Walk:
    """Walks a result by moto's own model, picking members as moto's serializer picks them."""

    def __init__(self, model: Any, transformers: dict[str, Any]) -> None:
        self._model = model
        self._picker = core_serialize.XFormedAttributePicker(response_transformers=transformers)

    def plain(self, value: Any, shape: Any, path: tuple[str, ...]) -> Any:
        """The value as plain data; path: the names that lead to it."""
        if shape.type_name == "structure":
            return {
                name: self.plain(found, shape.members[name], (*path, name))
                for name, pick in self._picks(value, shape, path)
                if (found := pick(value)) is not None
            }
        if shape.type_name == "list":
            inside = (*path, shape.member.name)
            return [self.plain(item, shape.member, inside) for item in value]
        if shape.type_name == "map":
            inside = (*path, shape.value.name)
            return {key: self.plain(item, shape.value, inside) for key, item in value.items()}
        return _SCALARS.get(shape.type_name, _same)(value)

    def _picks(self, value: Any, shape: Any, path: tuple[str, ...]) -> list[tuple[str, _Pick]]:
        """How to get each member from a value of this class.

        Which attributes moto tries depends on the class and the place alone, and finding that out
        costs more than all the rest of a call.
        """
        place = (self._model.service_model.service_name, self._model.name, path, type(value))
        found = _picks_by_place.get(place)
        if found is None:
            found = _picks_by_place[place] = [
                (name, self._pick(value, name, member, shape, path))
                for name, member in shape.members.items()
            ]
        return found

    def _pick(
        self, value: Any, name: str, member: Any, parent: Any, path: tuple[str, ...]
    ) -> _Pick:
        member.parent = parent
        context = core_serialize.AttributePickerContext(
            obj=value,
            key=name,
            shape=member,
            operation_model=self._model,
            service_model=self._model.service_model,
            key_path=".".join(path),
        )
        keys = tuple(dict.fromkeys(self._picker.get_possible_keys(context)))
        whole = ".".join((*path, name))
        transform = next(
            (
                transform
                for end, transform in self._picker.response_transformers.items()
                if whole.endswith(end)
            ),
            _same,
        )

        get = _getter(type(value))

        def pick(value: Any) -> Any:
            for key in keys:
                found = get(value, key, _MISSING)
                if found is not _MISSING:
                    return transform(found)
            return transform(None)

        return pick


def _getter(kind: type) -> Callable[[Any, str, Any], Any]:
    """How to get a value by its name from one of a class; as moto's get_value does, but quicker."""
    if kind is dict:
        return dict.get
    # "a.b" leads into what is inside; no name of IAM's or ECR's has a dot.
    return core_utils.get_value if hasattr(kind, "__getitem__") else getattr


def _same(value: Any) -> Any:
    return value


def _boolean(value: Any) -> bool:
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def _string(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)


_SCALARS: Mapping[str, Any] = {
    "boolean": _boolean,
    "integer": int,
    "long": int,
    "string": _string,
    "timestamp": parse_to_aware_datetime,
}
