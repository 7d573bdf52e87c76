"""A call's parameters against what botocore's model calls required, an enum, a length or a pattern.

The texts are those of AWS's own validation (the Coral framework's form for IAM and STS, ECR's form
for ECR). Source: recorded answers of IAM and STS; ECR's form from its messages in public logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from .errors import ApiError, validation
from .messages import Call
from .models import operation_model

# IAM and STS write patterns in Java's notation.
_SEPARATORS = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\w", r"\p{Z}": _SEPARATORS}

# IAM words the names it takes differently from other constraints.
_IAM_NAMES = {"roleName", "userName", "groupName", "policyName", "instanceProfileName"} | {
    "virtualMFADeviceName",
    "serverCertificateName",
}
_IAM_NAME_TEXT = (
    "The specified value for {name} is invalid. It must contain only alphanumeric characters "
    "and/or the following: +=,.@_-"
)
_IAM_PATH_TEXT = (
    "The specified value for path is invalid. It must begin and end with / and contain only "
    "alphanumeric characters and/or / characters."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken constraint. value is None when the parameter is missing; a value that the model
    calls sensitive is not to be shown."""

    path: str
    value: Any
    constraint: str
    kind: str
    sensitive: bool = False


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of a service model, compiled for Python.

    ValueError if Python cannot express it (a test compiles every pattern of the three services).
    """
    # Java's \\w and \\d are ASCII
    flags = re.NOFLAG if r"\p{" in text else re.ASCII
    for java, python in _JAVA_CLASSES.items():
        text = text.replace(java, python)
    # "[a-zA-Z0-9-_+.]": a hyphen between a range and a character is a literal one
    text = text.replace("0-9-_", r"0-9\-_")
    return re.compile(text, flags)


def check(call: Call) -> None:
    """Nothing, or ApiError in AWS's words."""
    shape = operation_model(call.service, call.operation).input_shape
    if shape is None:
        return
    found = list(_violations(dict(call.params), shape, ""))
    if not found:
        return
    if call.service == "ecr":
        raise _ecr_error(found[0])
    if call.service == "iam":
        for violation in found:
            if violation.kind == "pattern" and violation.path in _IAM_NAMES:
                raise ApiError("ValidationError", _IAM_NAME_TEXT.format(name=violation.path))
            if violation.kind == "pattern" and violation.path == "path":
                raise ApiError("ValidationError", _IAM_PATH_TEXT)
    raise validation([_coral(v, call.service) for v in found], call.protocol)


def _coral(violation: Violation, service: str) -> str:
    if violation.value is None:
        value = "Value null"
    elif violation.sensitive or (service == "iam" and violation.kind in ("pattern", "enum")):
        # Recorded: IAM does not print the value for these two, nor Cognito a password.
        value = "Value"
    else:
        value = f"Value '{violation.value}'"
    return f"{value} at '{violation.path}' failed to satisfy constraint: {violation.constraint}"


def _ecr_error(violation: Violation) -> ApiError:
    constraints = {
        "null": "must not be null",
        "pattern": violation.constraint.replace(
            "Member must satisfy regular expression pattern: ", "must satisfy regular expression '"
        )
        + "'",
    }
    text = constraints.get(violation.kind, violation.constraint.replace("Member must", "must", 1))
    return ApiError(
        "InvalidParameterException",
        f"Invalid parameter at '{violation.path}' failed to satisfy constraint: '{text}'",
    )


def _violations(value: Any, shape: Shape, path: str) -> Iterator[Violation]:
    if isinstance(shape, StructureShape):
        start = f"{path}." if path else ""
        for name in shape.required_members:
            if name not in value:
                yield Violation(
                    path=start + _lower(name),
                    value=None,
                    constraint="Member must not be null",
                    kind="null",
                )
        for name, member in shape.members.items():
            if name in value:
                for found in _violations(value[name], member, start + _lower(name)):
                    secret = bool(member.metadata.get("sensitive"))
                    yield replace(found, sensitive=True) if secret else found
        return
    yield from _size(value, shape, path)
    if isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield from _violations(item, shape.member, f"{path}.{number}.member")
    elif isinstance(value, str):
        text = shape.metadata.get("pattern")
        if text and not pattern(text).fullmatch(value):
            yield Violation(
                path=path,
                value=value,
                constraint=f"Member must satisfy regular expression pattern: {text}",
                kind="pattern",
            )
        enum = shape.metadata.get("enum")
        if enum and value not in enum:
            shown = "" if path == "status" else f": [{', '.join(enum)}]"
            yield Violation(
                path=path,
                value=value,
                constraint=f"Member must satisfy enum value set{shown}",
                kind="enum",
            )


def _size(value: Any, shape: Shape, path: str) -> Iterator[Violation]:
    if isinstance(value, bool):
        return
    number = value if isinstance(value, int) else len(value)
    measure = "value" if isinstance(value, int) else "length"
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and number < low:
        text = f"Member must have {measure} greater than or equal to {low}"
        yield Violation(path=path, value=value, constraint=text, kind="size")
    if high is not None and number > high:
        text = f"Member must have {measure} less than or equal to {high}"
        yield Violation(path=path, value=value, constraint=text, kind="size")


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
