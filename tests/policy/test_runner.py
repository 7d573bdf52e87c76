"""The runner of the tables must fail rows that are wrong, and tables that say nothing."""

from pathlib import Path

import pytest

from tests.policy.cases import BadTable, Case, faults, load

CALLERS = {"alice": {"kind": "user", "arn": "arn:aws:iam::222222222222:user/alice"}}
CALLERS["alice"]["account"] = "222222222222"
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def row(**given: object) -> Case:
    return Case(topic="t", id="x", given=given, shared={"caller": CALLERS, "statement": {}})


DENIED = {
    "caller": "alice",
    "identity": [ALLOW],
    "expect": "implicitDeny",
    "layer": "trust",
    "reason": "nothing-there",
}
CONDITION = {"Bool": {"aws:SecureTransport": "true"}}


def test_a_right_row_passes() -> None:
    assert faults(row(**DENIED)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expect": "explicitDeny", "sid": ""}, "expect"),
        ({"expect": "allowed", "by": ["identity"]}, "expect"),
        ({"layer": "identity"}, "layer"),
        ({"reason": "action-different"}, "reason"),
        ({"element": "Action"}, "element"),
        ({"sides": [False, True]}, "sides"),
        ({"sid": "Pull"}, "sid"),
        ({"note": "names the caller"}, "note"),
        ({"notes": {"trust": "names the caller"}}, "notes"),
        ({"notes": {"trust": ""}}, "notes"),
        ({"outcomes": {"identity": "implicitDeny"}}, "outcomes"),
        ({"clause": "because of something else"}, "clause"),
        ({"message": "no"}, "message"),
        ({"colour": "blue"}, "unknown ['colour']"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_row_fails_and_says_where(change: dict[str, object], said: str) -> None:
    assert any(said in fault for fault in faults(row(**{**DENIED, **change})))


def test_a_row_that_does_not_say_why_fails() -> None:
    silent = {key: value for key, value in DENIED.items() if key != "reason"}
    assert faults(row(**silent)) == ["a row that expects implicitDeny must say ['reason']"]


@pytest.mark.parametrize("holds", [True, "unreadable"])
def test_a_condition_row_with_the_wrong_outcome_fails(holds: object) -> None:
    wrong = row(condition=CONDITION, context={"aws:SecureTransport": "false"}, holds=holds)
    assert faults(wrong)[0].startswith("holds: expected")


def test_a_condition_row_with_the_wrong_reason_fails() -> None:
    assert faults(row(condition=CONDITION, holds=False, reason="value-different"))[0].startswith(
        "reason: expected"
    )


def test_a_document_row_with_another_message_fails() -> None:
    assert faults(row(kind="trust", text="{", message="Syntax errors in policy.")) != []
    assert faults(row(kind="trust", text="{", message="")) != []


def test_a_row_of_no_kind_or_of_two_fails() -> None:
    assert faults(row(caller="alice")) != []
    assert faults(row(kind="trust", text="{", message="", holds=True)) != []


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[[case]]\nid = 'x'\nexpect = 'allowed'",
        "source = 's'\n[[case]]\nexpect = 'allowed'",
        "source = 's'\n[[case]]\nid = 'x'\n[[case]]\nid = 'x'",
    ],
    ids=["no table", "no rows", "no source", "no id", "one id twice"],
)
def test_a_table_that_says_nothing_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "t.toml").write_text(text)
    with pytest.raises(BadTable):
        load(tmp_path)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadTable):
        load(tmp_path / "nowhere")
