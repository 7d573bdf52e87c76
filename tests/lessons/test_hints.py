"""Hints: three for each check, and the last one holds the answer, folded."""

from __future__ import annotations

import pytest

from tests import kernels
from xacct_helpers import LabError, course, hint
from xacct_helpers.lessons.checks import GOALS
from xacct_helpers.lessons.hints import HINTS


@pytest.mark.parametrize("name", GOALS)
def test_each_is_more_specific_and_the_last_holds_the_answer(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(set(HINTS[name])) == 3
    said = []
    for number in (1, 2, 3, 3):
        hint(int(name))
        said.append(capsys.readouterr().out)
        assert said[-1].startswith(f"Hint {number} of 3: ")
    assert "The answer is folded" not in said[0] + said[1]
    assert said[2] == said[3]
    makes = name in ("01", "02", "03", "04", "06", "07", "10", "11", "12")
    assert (f"begins where lab.catch_up(through={course.begins_after(name)})" in said[2]) == makes
    assert f'hint("{name}", answer=True) prints it' in said[2]
    hint(name, answer=True)
    assert capsys.readouterr().out == "\n\n".join(course.answer(name)) + "\n"


def test_an_answer_is_code_of_the_notebook_and_does_not_open_the_lab_again() -> None:
    assert [name for name in GOALS if not course.answer(name)] == []
    assert [name for name in GOALS if "open_lab()" in "".join(course.answer(name))] == ["00"]


@pytest.mark.kernel
def test_in_a_notebook_the_answer_is_folded() -> None:
    *_, (shown,) = kernels.run("from xacct_helpers import hint", *['hint("03")'] * 3)
    html, text = shown["data"]["text/html"], shown["data"]["text/plain"]
    assert html.count("<details><summary>The answer</summary>") == 1
    assert "&quot;Principal&quot;: {&quot;AWS&quot;: &quot;222222222222&quot;}" in html
    assert "update_assume_role_policy" not in text
    assert text.startswith("Hint 3 of 3: ")


def test_where_the_answer_begins_stands_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(4):
        hint("02")
    said = capsys.readouterr().out.rstrip().splitlines()
    assert said[-2].startswith("The answer begins where lab.catch_up(through=1) leaves you")
    assert said[-2].endswith("lab.restore() brings it back.")
    assert said[-1].startswith("The answer is folded: ")


def test_no_such_check() -> None:
    with pytest.raises(LabError, match="There are checks for the notebooks 00, 01"):
        hint("99")
