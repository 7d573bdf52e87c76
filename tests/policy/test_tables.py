"""Every row of the tables, as the engine decides it; and what the tables must cover."""

from collections import Counter

import pytest

from tests.policy.cases import TABLES, Case, faults, load
from xacct_helpers.policy.language.conditions import RULES

CASES = load(TABLES)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.topic}: {case.id}" for case in CASES])
def test_row(case: Case) -> None:
    assert faults(case) == []


def test_every_operator_has_a_row_that_holds_and_one_that_does_not() -> None:
    seen: Counter[tuple[str, object]] = Counter()
    for case in CASES:
        for operator in case.given.get("condition", {}):
            seen[operator, case.given["holds"]] += 1
    lacking = [(name, holds) for name in RULES for holds in (True, False) if not seen[name, holds]]
    assert lacking == []


def test_every_verdict_is_expected_somewhere_for_every_layer() -> None:
    seen = {(case.given.get("expect"), case.given.get("layer")) for case in CASES}
    layers = {"scp", "rcp", "identity", "boundary", "session", "resource", "trust"}
    for verdict in ("implicitDeny", "explicitDeny"):
        assert {layer for expect, layer in seen if expect == verdict} == layers
