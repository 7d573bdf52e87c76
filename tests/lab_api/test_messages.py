"""What a sandbox answers fits the messages, and nothing of it is lost between the two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandboxes import A, B, Sandbox, allow, trust
from xacct_helpers.lab_api import access_map, decisions, lab_state
from xacct_helpers.lab_api.codec import Misfit, from_json, to_json

ANN, TARGET = f"arn:aws:iam::{B}:user/ann", f"arn:aws:iam::{A}:role/target"
PAIR = {"source": ANN, "target": TARGET, "relation": "can-assume"}


def opened(to: str) -> dict[str, Any]:
    """A call that gives the role another trust policy, for a preview."""
    parameters = {"RoleName": "target", "PolicyDocument": trust(to)}
    return {"account": A, "operation": "UpdateAssumeRolePolicy", "parameters": parameters}


@pytest.fixture(scope="module")
def lab(running_sandbox: Sandbox) -> tuple[Sandbox, dict[str, str]]:
    """A sandbox in which one call was refused, one allowed, and one asked for no permission; and
    the request id of each."""
    sandbox = running_sandbox
    sandbox.reset()
    keys = sandbox.user(B, "ann", allow("sts:AssumeRole"))
    sandbox.role(A, "target", trust(B, Condition={"StringEquals": {"sts:ExternalId": "x-1"}}))
    sandbox.do(A, "ecr:CreateRepository", repositoryName="app")
    asked = {"RoleArn": TARGET, "RoleSessionName": "session"}
    calls = {
        "refused": sandbox.call(keys, "sts:AssumeRole", **asked),
        "allowed": sandbox.call(keys, "sts:AssumeRole", **asked, ExternalId="x-1"),
        "asked for nothing": sandbox.call(keys, "sts:GetCallerIdentity"),
    }
    assert sandbox.control("POST", "save", {"name": "kept"}).status == 200
    return sandbox, {name: answer.request_id for name, answer in calls.items()}


ANSWERS: list[tuple[type, str, dict[str, Any] | None, int]] = [
    (decisions.CallReport, "decision/refused", None, 200),
    (decisions.CallReport, "decision/allowed", None, 200),
    (decisions.CallReport, "decision/asked for nothing", None, 200),
    (decisions.Trail, "trail", None, 200),
    (decisions.PermissionReport, "why", PAIR, 200),
    (access_map.AccessMap, "map", None, 200),
    (access_map.MapChanges, "preview", opened(B), 200),
    (access_map.MapChanges, "preview", opened("*"), 200),
    (access_map.MapChanges, "preview", opened(A), 200),
    (lab_state.Status, "status", None, 200),
    (lab_state.Status, "clock", {"advance_seconds": 1.5}, 200),
    (lab_state.Fingerprint, "fingerprint", None, 200),
    (lab_state.Changes, "changes/1", None, 200),
    (lab_state.ServiceAccountToken, "service-account-token", {"service_account": "a"}, 200),
    (lab_state.Done, "save", {"name": "more"}, 200),
    (lab_state.Done, "restore", {"name": "kept"}, 200),
    (lab_state.Refusal, "restore", {"name": "nothing"}, 404),
    (lab_state.ApiRefusal, "preview", opened("nobody"), 400),
]


@pytest.mark.parametrize(("kind", "path", "body", "status"), ANSWERS)
def test_an_answer_comes_back_byte_for_byte(
    lab: tuple[Sandbox, dict[str, str]],
    kind: type,
    path: str,
    body: dict[str, Any] | None,
    status: int,
) -> None:
    sandbox, ids = lab
    name, _, call = path.partition("/")
    path = f"{name}/{ids.get(call, call)}"
    reply = sandbox.control("GET" if body is None else "POST", path, body)
    assert reply.status == status, reply
    assert json.dumps(to_json(from_json(kind, reply.json))).encode() == reply.body


def test_what_is_announced_comes_back_too(running_sandbox: Sandbox) -> None:
    announced = from_json(lab_state.Announcement, running_sandbox.line)
    assert to_json(announced) == running_sandbox.line
    assert list(to_json(announced)) == list(running_sandbox.line)


def test_of_what_an_account_holds_only_a_part_is_read(lab: tuple[Sandbox, dict[str, str]]) -> None:
    found = from_json(dict[str, lab_state.Holdings], lab[0].control("GET", "describe").json)
    assert TARGET in found[A].iam
    assert list(found[A].repositories) == [f"arn:aws:ecr:us-east-1:{A}:repository/app"]


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
