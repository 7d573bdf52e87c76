"""What a sandbox answers fits the messages, and nothing of it is lost between the two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandboxes import A, B, Sandbox, allow, trust
from xacct_helpers.lab_api import decisions
from xacct_helpers.lab_api.codec import Misfit, from_json, to_json

ANN, TARGET = f"arn:aws:iam::{B}:user/ann", f"arn:aws:iam::{A}:role/target"


def test_each_answer_comes_back_byte_for_byte(sandbox: Sandbox) -> None:
    keys = sandbox.user(B, "ann", allow("sts:AssumeRole"))
    sandbox.role(A, "target", trust(B, Condition={"StringEquals": {"sts:ExternalId": "x-1"}}))
    asked = {"RoleArn": TARGET, "RoleSessionName": "session"}
    refused = sandbox.call(keys, "sts:AssumeRole", **asked).request_id
    allowed = sandbox.call(keys, "sts:AssumeRole", **asked, ExternalId="x-1").request_id
    whoami = sandbox.call(keys, "sts:GetCallerIdentity").request_id
    pair = {"source": ANN, "target": TARGET, "relation": "can-assume"}
    answers: list[tuple[type, str, str, dict[str, Any] | None]] = [
        (decisions.CallReport, "GET", f"decision/{refused}", None),
        (decisions.CallReport, "GET", f"decision/{allowed}", None),
        (decisions.CallReport, "GET", f"decision/{whoami}", None),
        (decisions.Trail, "GET", "trail", None),
        (decisions.PermissionReport, "POST", "why", pair),
    ]
    for kind, method, path, body in answers:
        reply = sandbox.control(method, path, body)
        assert reply.status == 200, reply
        message = from_json(kind, reply.json)
        assert json.dumps(to_json(message)).encode() == reply.body, path


ENTRY = {
    "number": 1,
    "request_id": "r",
    "time": "2026-01-01T00:00:00.000+00:00",
    "action": "iam:ListRoles",
    "caller": None,
    "account": None,
    "source_ip": "127.0.0.1",
    "error_code": None,
    "error_message": None,
    "denied": False,
}


def test_what_the_first_version_lacked_has_a_default() -> None:
    found = from_json(decisions.TrailEntry, ENTRY)
    assert (found.check, found.gave, found.access_key_id, found.resources) == (False, None, "", ())


@pytest.mark.parametrize("name", ENTRY)
def test_what_every_version_has_must_be_there(name: str) -> None:
    rest = {key: value for key, value in ENTRY.items() if key != name}
    with pytest.raises(Misfit, match=rf"^entries\[0\]\.{name} is missing$"):
        from_json(decisions.Trail, {"entries": [rest]})
