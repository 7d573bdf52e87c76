"""Text that is no JSON: where it stops being it, and why."""

from __future__ import annotations

import json
import re
from typing import Any

from .json_text import TOKEN

_SMART = "'\u2018\u2019\u201c\u201d\u00ab\u00bb"


#: What Python's reader says, what stands there, and what it means to a person; the first that fits.
JSON_FAULTS: tuple[tuple[str, str, str], ...] = (
    ("", r"\ufeff", "a byte order mark, which is no part of JSON; save the file without it"),
    ("control character", "", r"a line break or tab inside a string; close the quote or write \n"),
    ("Unterminated", "", "the quote that opens here is never closed"),
    ("escape", "", "a backslash before a character that needs none"),
    ("Extra data", "", "the document ended before this; one file holds one document"),
    ("", r"\Z", "the text ends too early; a closing } or ] is missing"),
    ("", r"//|/\*|#", "JSON has no comments"),
    ("", rf"[{_SMART}]", 'JSON knows only straight double quotes, "'),
    ("',' delimiter", r"\.", "a dot where a comma belongs"),
    ("',' delimiter", r"[;:]", "something other than the comma that belongs here"),
    ("',' delimiter", r"[\]}]", "a bracket that does not close what was opened last"),
    ("',' delimiter", "", "a comma is missing before this"),
    ("':' delimiter", "", "a colon belongs between a name and its value"),
    ("", ",", "a comma too many"),
    ("property name", "", "a name in double quotes belongs here"),
    ("", "(True|False|None)\\b", "JSON writes true, false and null in small letters"),
    ("", "", "a value belongs here: a string in double quotes, a list or an object"),
)


def json_fault(text: str) -> tuple[int, str] | None:
    """Where a text stops being a JSON object, and why; None when it is one."""
    if not text.strip():
        return 0, "the text is empty"
    try:
        raw = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return _in_words(text, error)
    except RecursionError:
        return 0, "it is nested too deep to be a policy"
    except _ConstantError as error:
        tokens = TOKEN.finditer(text)
        return next(one.start() for one in tokens if one[0] == str(error)), f"{error} is no JSON"
    except ValueError:
        return 0, "a number in it is too long"
    if not isinstance(raw, dict):
        return len(text) - len(text.lstrip()), "a policy is an object, { … }"
    return None


class _ConstantError(ValueError):
    """NaN and its like, which Python's reader takes for JSON."""


def _refuse_constant(name: str) -> Any:
    raise _ConstantError(name)


def _in_words(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """A comma before a bracket is pointed at itself; Python up to 3.12 points at the bracket."""
    before = text[: error.pos].rstrip(" \t\r\n")
    closing = re.compile(r",?\s*([\]}])").match(text, error.pos)
    if closing and (before.endswith(",") or text[error.pos] == ","):
        at = error.pos if text[error.pos] == "," else len(before) - 1
        return at, f"a comma too many before the closing {closing[1]}"
    for said, stands, words in JSON_FAULTS:
        if said in error.msg and re.compile(stands).match(text, error.pos):
            return error.pos, words
    return error.pos, error.msg  # not reached: the last row fits everything
