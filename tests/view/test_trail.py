"""show_trail() and `xacct trail`: the latest calls in the lab's words, and each call's card."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests import labs
from tests.cli.xacct import xacct
from tests.notebooks.sanitizing import sanitize
from xacct_helpers import LabError, check, show_trail
from xacct_helpers.lab import Lab
from xacct_helpers.view.trail_table import Trail, Widget

pytestmark = pytest.mark.slow

TRUST = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
CALLS = [
    ("TIME", "user/admin of 111111111111", "iam:CreateRole", "✓ allowed"),
    ("TIME", "user/admin of 333333333333", "sts:AssumeRole", "✗ refused by a policy: AccessDenied"),
    ("TIME", "user/admin of 111111111111", "iam:GetRole", "! failed: NoSuchEntity"),
    ("TIME", "user/admin of 222222222222", "sts:GetCallerIdentity", "✓ allowed"),
    ("TIME", "nobody that was recognised", "sts:GetCallerIdentity",
     "! failed: InvalidClientTokenId"),
]  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab in which the CALLS were made, and a checkpoint looked."""
    with labs.fresh() as lab:
        iam = boto3.Session(profile_name="account-a").client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)
        with pytest.raises(ClientError):
            boto3.Session(profile_name="stranger").client("sts").assume_role(
                RoleArn="arn:aws:iam::111111111111:role/r", RoleSessionName="test"
            )
        with pytest.raises(ClientError):
            iam.get_role(RoleName="nobody")
        boto3.Session(profile_name="account-b-admin").client("sts").get_caller_identity()
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            boto3.client(
                "sts", aws_access_key_id="AKIAEXAMPLEEXAMPLE12", aws_secret_access_key="x"
            ).get_caller_identity()
        check("03")
        yield lab


class Table(HTMLParser):
    """The rows of a page's only table."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1][-1] += data


def test_both_forms_hold_the_calls_and_no_checkpoints(lab: Lab) -> None:
    shown = show_trail()
    table = Table(sanitize(shown._repr_html_()))
    assert table.rows == [["time", "caller", "action", "outcome"], *map(list, CALLS)]
    assert table.tags.count("table") == table.tags.count("caption") == 1
    lines = [re.split(r"  +", line) for line in sanitize(repr(shown)).splitlines()]
    assert lines == table.rows


def test_it_is_the_same_each_time(lab: Lab) -> None:
    """No request id, and nothing else that is drawn by chance, is shown."""
    ids = [entry["request_id"] for entry in lab.running.get("trail/100")["entries"]]
    for form in (repr(show_trail()), show_trail()._repr_html_()):
        assert not any(one in form for one in ids)


def test_only_refusals_and_only_some(lab: Lab) -> None:
    assert [row.action for row in show_trail(refused=True)._rows] == ["sts:AssumeRole"]
    assert len(show_trail(2)._rows) == 2
    assert repr(show_trail(1)).count("\n") == 1
    with pytest.raises(LabError, match="shows one call at least"):
        show_trail(0)


def test_the_frame_has_the_same_calls(lab: Lab) -> None:
    frame = lab.trail()
    assert set(CALLS[1][2:3]) <= set(frame["action"])
    assert [row.request_id for row in show_trail()._rows] == list(frame["request_id"])[: len(CALLS)]


def test_no_calls() -> None:
    shown = Trail((), 30, False)
    none = "There are no calls to show."
    # Without a kernel there is no widget either.
    assert shown._repr_mimebundle_() == {"text/plain": none, "text/html": f"<p>{none}</p>"}


def sent(widget: Widget, message: Any) -> list[dict[str, Any]]:
    """What the kernel's half answers to a message of the front end."""
    answers: list[dict[str, Any]] = []
    widget.send = lambda content, buffers=None: answers.append(content)  # type: ignore[method-assign]
    widget._asked(widget, message, [])
    return answers


def test_a_call_opens_into_its_card(lab: Lab) -> None:
    rows = show_trail()._rows
    widget = Widget(rows, 30, False)
    [answer] = sent(widget, {"open": rows[1].request_id})
    assert answer["opened"] == rows[1].request_id
    assert "✗ Refused: sts:AssumeRole" in answer["html"]
    assert "✓ Allowed: iam:CreateRole" in sent(widget, {"open": rows[0].request_id})[0]["html"]
    assert "No policy had a part in this." in sent(widget, {"open": rows[3].request_id})[0]["html"]
    assert "holds no call" in sent(widget, {"open": "<b>nope"})[0]["html"]
    assert "<b>" not in sent(widget, {"open": "<b>nope"})[0]["html"]
    assert sent(widget, "nonsense") == sent(widget, {}) == []


def test_the_widget_looks_again(lab: Lab) -> None:
    rows = show_trail()._rows
    widget = Widget(rows[:1], 30, False)
    assert (len(widget.rows), widget.caption) == (1, "The latest call, oldest first")
    assert sent(widget, {"again": True}) == []
    assert len(widget.rows) == len(rows)


# -- the command -----------------------------------------------------------------------------


def test_the_command_prints_the_same(lab: Lab) -> None:
    assert xacct("trail").stdout == f"{show_trail()!r}\n"
    found = json.loads(xacct("trail", "--json", "--refused").stdout)
    assert [one["action"] for one in found] == ["sts:AssumeRole"]


def test_the_command_says_what_is_wrong(lab: Lab) -> None:
    ran = xacct("trail", "--count", "0")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "The trail shows one call at least." in ran.stderr
