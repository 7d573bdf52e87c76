"""Which of a policy's values an operator can make anything of."""

from __future__ import annotations

import pytest

from xacct_helpers.policy.language.conditions import RULES, operator, readable

#: Operator, values that it can read, values that it cannot. Source: IAM User Guide, "Condition
#: operators".
VALUES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("NumericLessThan", ("10", "-1.5"), ("ten", "", "${aws:username}")),
    ("DateLessThan", ("2026-01-01", "1700000000"), ("tomorrow",)),
    ("Bool", ("true", "FALSE", "${aws:PrincipalTag/x}"), ("no", "1")),
    ("Null", ("true", "false"), ("maybe", "${aws:username}")),
    ("IpAddress", ("10.0.0.1", "10.0.0.0/8", "::1"), ("10.0.0.0/33", "here")),
    ("ArnLike", ("arn:aws:iam::*:role/x", "${aws:PrincipalArn}"), ("111111111111", "*")),
    ("BinaryEquals", ("QUJD",), ("?",)),
    ("StringEquals", ("", "anything"), ()),
)


@pytest.mark.parametrize(("name", "good", "bad"), VALUES, ids=[one[0] for one in VALUES])
def test_readable(name: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    for spelled in (name, f"ForAnyValue:{name}"):
        named = operator(spelled)
        assert named is not None
        assert [readable(named, value) for value in good] == [True] * len(good)
        assert [readable(named, value) for value in bad] == [False] * len(bad)


def test_every_family_of_operators_is_in_the_table() -> None:
    families = {name[:3] for name, *_ in VALUES}
    assert {name.removeprefix("Not")[:3] for name in RULES} == families
