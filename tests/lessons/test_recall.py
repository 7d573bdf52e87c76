"""Recall: three questions about a part, each answer explained, and nothing counted."""

from __future__ import annotations

import pytest

from xacct_helpers import LabError, recall
from xacct_helpers.lessons.recall_questions import PARTS


@pytest.mark.parametrize("part", PARTS)
def test_right_answers_and_wrong_ones_are_explained(
    part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    right = ["abc"[question.right] for question in PARTS[part]]
    recall(part, *right)
    said = capsys.readouterr().out
    assert said.count("    Yes. ") == 3
    assert all(question.why in said for question in PARTS[part])
    recall(part, *("abc"[("abc".index(letter) + 1) % 3] for letter in right))
    assert capsys.readouterr().out.count("    It is: ") == 3


@pytest.mark.parametrize("part", PARTS)
def test_one_letter_is_not_right_for_every_question(part: str) -> None:
    assert len({question.right for question in PARTS[part]}) > 1


@pytest.mark.parametrize("asked", [("three",), ("two", "a"), ("two", "a", "b", "d")])
def test_what_is_not_there_is_refused(asked: tuple[str, ...]) -> None:
    with pytest.raises(LabError):
        recall(*asked)
