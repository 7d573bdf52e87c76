"""An AWS call as text to paste: as boto3 and as the AWS CLI.

Pure: nothing is called here. Both texts run as they stand, in a notebook and in a terminal, in the
lab and on AWS.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One call, by its API names: ApiCall(service="iam", operation="PutRolePolicy", ...).

    parameters: as the API names them, with the values boto3 takes. A policy document is its text.
    profile:    whose call it is; None leaves the choice to the environment.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    profile: str | None = None


# -- boto3 -----------------------------------------------------------------------------------


def boto3_text(call: ApiCall) -> str:
    """The call as Python: a client of the profile, then the call. Documents keep every byte."""
    arguments = [f"{name}={_python(value, 1)}" for name, value in call.parameters.items()]
    head = f"{call.service}.{_method(call.operation, '_')}("
    line = f"{head}{', '.join(arguments)})"
    if len(line) > _WIDTH or "\n" in line:
        line = head + "".join(f"\n    {one}," for one in arguments) + "\n)"
    session = f"Session(profile_name={_python(call.profile, 0)})." if call.profile else ""
    return f'import boto3\n\n{call.service} = boto3.{session}client("{call.service}")\n{line}\n'


def _python(value: Any, depth: int) -> str:
    """A value as a Python literal; what is long is broken over lines, `depth` steps in."""
    if isinstance(value, str):
        return _python_string(value)
    if isinstance(value, Mapping):
        items = [f"{_python(key, 0)}: {_python(one, depth + 1)}" for key, one in value.items()]
        return _bracketed("{", items, "}", depth)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return _bracketed("[", [_python(one, depth + 1) for one in value], "]", depth)
    return repr(value)


def _bracketed(opening: str, items: list[str], closing: str, depth: int) -> str:
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + 4 * depth <= _WIDTH and "\n" not in line:
        return line
    step = "\n" + "    " * depth
    return opening + "".join(f"{step}    {one}," for one in items) + step + closing


def _python_string(text: str) -> str:
    if "\n" in text and text.replace("\n", "").isprintable():
        escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        if escaped.endswith('"'):
            escaped = f'{escaped[:-1]}\\"'
        return f'"""{escaped}"""'
    plain = text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else repr(text)


# -- the AWS CLI -----------------------------------------------------------------------------


def cli_text(call: ApiCall) -> str:
    """The call as a command for a POSIX shell, one option a line where it is long."""
    profile = f"--profile {shlex.quote(call.profile)} " if call.profile else ""
    head = f"aws {profile}{call.service} {_method(call.operation, '-')}"
    options = [_option(name, value) for name, value in call.parameters.items()]
    line = " ".join([head, *options])
    if len(line) > _WIDTH or "\n" in line:
        line = " \\\n    ".join([head, *options])
    return f"{line}\n"


def _option(name: str, value: Any) -> str:
    option = f"--{_method(name, '-')}"
    if isinstance(value, bool):
        return option if value else f"--no-{option[2:]}"
    if isinstance(value, int | float):
        return f"{option} {value}"
    if isinstance(value, str):
        # What begins with a dash would be taken for an option of its own.
        return f"{option}{'=' if value[:1] == '-' else ' '}{shlex.quote(value)}"
    if isinstance(value, Mapping) or not _are_words(value):
        return f"{option} {shlex.quote(json.dumps(value, ensure_ascii=False))}"
    return " ".join([option, *map(shlex.quote, value)])


def _are_words(value: Any) -> bool:
    """A list of plain words, which the CLI takes one by one; any other list it takes as JSON."""
    return bool(value) and all(isinstance(one, str) and one[:1] not in "-[{" for one in value)


def _method(name: str, separator: str) -> str:
    """PutRolePolicy as put_role_policy or put-role-policy, by the SDK's own rule."""
    from botocore import xform_name  # 10 ms

    return str(xform_name(name, separator))
