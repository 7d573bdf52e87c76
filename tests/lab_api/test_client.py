"""The control API's questions, asked of a sandbox whose answers do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandboxes import A, B
from xacct_helpers.lab_api.access_map import Edge
from xacct_helpers.lab_api.client import ControlApi, LabError


class Strange(ControlApi):
    """A sandbox that gives the same answer to each question."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def get(self, path: str) -> dict[str, Any]:
        return self.answer

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self.answer


EDGE = Edge(
    source=f"arn:aws:iam::{B}:user/ann",
    target=f"arn:aws:iam::{A}:role/target",
    relation="can-assume",
    caller_agrees=True,
    resource_agrees=True,
    verdict="allowed",
    blanket=False,
)
# What is asked, the answer, the path, and what does not fit.
ASKED: list[tuple[Callable[[ControlApi], object], dict[str, Any], str, str]] = [
    (lambda api: api.status(), {}, "status", "pid is missing"),
    (lambda api: api.advance_clock(1), {"pid": "1"}, "clock", "pid is not a whole number"),
    (lambda api: api.fingerprint(), {}, "fingerprint", "fingerprint is missing"),
    (lambda api: api.holdings(), {A: {"iam": []}}, "describe", f"{A}.iam is not an object"),
    (lambda api: api.changes(3), {"count": 4}, "changes/3", "upto is missing"),
    (
        lambda api: api.service_account_token("a", namespace="default", audience="sts"),
        {"token": 1},
        "service-account-token",
        "token is not text",
    ),
    (lambda api: api.decision("latest"), {}, "decision/latest", "number is missing"),
    (lambda api: api.trail(), {}, "trail/5000", "entries is missing"),
    (lambda api: api.trail(2), {"entries": 1}, "trail/2", "entries is not a list"),
    (lambda api: api.access_map(), {"accounts": [{}]}, "map", "accounts[0].id is missing"),
    (lambda api: api.why(EDGE), {}, "why", "action is missing"),
    (lambda api: api.preview(A, "PutRolePolicy", {}), {}, "preview", "appear is missing"),
]


@pytest.mark.parametrize(
    ("ask", "answer", "path", "problem"), ASKED, ids=[path for _, _, path, _ in ASKED]
)
def test_an_answer_that_does_not_fit_is_told_in_one_sentence(
    ask: Callable[[ControlApi], object], answer: dict[str, Any], path: str, problem: str
) -> None:
    with pytest.raises(LabError) as caught:
        ask(Strange(answer))
    assert str(caught.value) == (
        f"The sandbox's answer to {path} does not fit this version of xacct ({problem}): run "
        "`xacct stop`, then open_lab() again."
    )


def test_what_has_nothing_to_tell_takes_any_answer() -> None:
    api = Strange({"new": 1})
    api.reset()
    api.save("one")
    api.restore("one")
