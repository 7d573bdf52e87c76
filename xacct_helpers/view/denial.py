"""Why a call was refused, or allowed: what AWS's message leaves out.

The decision is the one the sandbox's gate made, found again by the request id of the error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from .. import lab as labs
from ..workspace import LabError

_LAYERS = {
    "scp": "service control policies",
    "rcp": "resource control policies",
    "identity": "identity-based policies",
    "boundary": "permissions boundary",
    "session": "session policies",
    "resource": "resource-based policy",
    "trust": "trust policy",
}
# JupyterLab sets the cells of a table flush right.
_LEFT = 'style="text-align: left"'
_OUTCOMES = {
    "allow": "✓ allows",
    "explicitDeny": "✗ denies explicitly",
    "implicitDeny": "✗ does not allow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of policy of one account, and what it had to say."""

    account: str
    layer: str
    outcome: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """An explanation of one call. Its text form and its HTML form say the same."""

    heading: str
    sentences: tuple[str, ...]
    rows: tuple[Row, ...]
    suggestions: tuple[str, ...]

    def __repr__(self) -> str:
        lines = [self.heading, ""]
        lines += [*self.sentences, ""] if self.sentences else []
        for row in self.rows:
            lines.append(f"{row.account}  {row.layer}: {row.outcome}")
            lines += [f"    {statement}" for statement in row.statements]
        if self.suggestions:
            lines += ["", "The smallest change that would allow it:"]
            lines += [f"  - {suggestion}" for suggestion in self.suggestions]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = "".join(_html_row(row) for row in self.rows)
        titles = ("account", "policy", "says", "its statements")
        head = "".join(f'<th scope="col" {_LEFT}>{title}</th>' for title in titles)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.sentences)
        changes = "".join(f"<li>{escape(suggestion)}</li>" for suggestion in self.suggestions)
        change = f"<p>The smallest change that would allow it:</p><ul>{changes}</ul>"
        heading = f"<p><strong>{escape(self.heading)}</strong></p>"
        return heading + sentences + table + (change if changes else "")


def _html_row(row: Row) -> str:
    statements = "<br>".join(escape(statement) for statement in row.statements)
    cells = (escape(row.layer), escape(row.outcome), statements)
    head = f'<th scope="row" {_LEFT}>{escape(row.account)}</th>'
    data = "".join(f"<td {_LEFT}>{cell}</td>" for cell in cells)
    return f"<tr>{head}{data}</tr>"


def explain(error: Exception | None = None) -> Denial:
    """Why a call was refused: which side said no, and what each policy had to say.

    error: the botocore ClientError; None explains the lab's latest refusal, whoever made the call
    (the AWS CLI, an image client).
    A call that failed for another reason (a malformed document) is said to have been allowed.
    Raises LabError when the lab knows no such call, or no policy had a part in it.
    """
    found = labs.current().running.get(f"decision/{_request_id(error)}")
    if not found["asked"]:
        raise LabError(
            "No policy had a part in this. AWS's answer says it all: "
            f"{found['error_code']}: {found['error_message']}"
        )
    # The last permission asked for is the one that was refused, or all were allowed.
    denial = _denial(found["asked"][-1])
    if found["denied"] or found["error_code"] is None:
        return denial
    other = (
        f"But the call failed for another reason: {found['error_code']}: {found['error_message']}"
    )
    return replace(denial, sentences=(*denial.sentences, other))


def _request_id(error: Exception | None) -> str:
    if error is None:
        return "latest"
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        raise LabError(
            f"explain() takes an error that an AWS call raised, not {type(error).__name__}."
        )
    return str(response["ResponseMetadata"]["RequestId"])


def _denial(asked: dict[str, Any]) -> Denial:
    decision = asked["decision"]
    return Denial(
        heading=asked["sentences"][0],
        sentences=tuple(asked["sentences"][1:]),
        rows=tuple(_rows(decision)),
        suggestions=tuple(suggestion["sentence"] for suggestion in asked["suggestions"]),
    )


def _rows(decision: dict[str, Any]) -> Iterator[Row]:
    for layer in decision["layers"]:
        if layer["outcome"] == "notApplicable":
            continue
        statements = layer["statements"]
        yield Row(
            account=layer["account"] or "-",
            layer=_LAYERS[layer["layer"]],
            outcome=_OUTCOMES[layer["outcome"]],
            statements=tuple(_statement(s) for s in statements) or ("(there is none)",),
        )


def _statement(statement: dict[str, Any]) -> str:
    label = f"statement {statement['index'] + 1}"
    if statement["sid"]:
        label += f" {json.dumps(statement['sid'])}"
    start = f"{statement['effect']} in {statement['policy']}, {label}: "
    mismatch = statement["mismatch"]
    if statement["matched"] or not mismatch:
        return start + "applies"
    element = mismatch["element"]
    if mismatch["key"]:
        element += f" {mismatch['operator']} {mismatch['key']}"
    found = mismatch["found"] or "nothing"
    return start + f"does not apply: {element} wants {mismatch['wanted']}, the call has {found}"
