"""A statement more, or less, in the policies of a request."""

import pytest

from xacct_helpers.policy import NamedPolicy, Policies, parse
from xacct_helpers.policy.advice.edits import with_statement

STATEMENT = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
HERE = (NamedPolicy(name="here", document=parse({"Statement": STATEMENT})),)


@pytest.mark.parametrize("layer", ["identity", "boundary", "session"])
def test_a_statement_goes_beside_the_policies_that_are_there(layer: str) -> None:
    for before in ((), HERE):
        after = with_statement(Policies(**{layer: before}), layer, 0, STATEMENT)
        assert getattr(after, layer)[:-1] == before


@pytest.mark.parametrize("layer", ["boundary", "session"])
def test_a_statement_where_there_is_no_policy_of_the_kind_makes_one(layer: str) -> None:
    assert len(getattr(with_statement(Policies(), layer, 0, STATEMENT), layer)) == 1


@pytest.mark.parametrize("layer", ["scp", "rcp"])
def test_a_statement_goes_to_its_level_and_the_others_stay(layer: str) -> None:
    before = Policies(scps=(HERE, (), HERE), rcps=(HERE, (), HERE))
    after = with_statement(before, layer, 1, STATEMENT)
    levels = after.scps if layer == "scp" else after.rcps
    assert [len(level) for level in levels] == [1, 1, 1]
    assert (levels[0], levels[2]) == (HERE, HERE)
