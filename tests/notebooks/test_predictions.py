"""What the course holds for the right prediction is what happens, in every notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks import runs
from tests.notebooks.cells import IDS, PATHS
from xacct_helpers import course


@pytest.mark.kernel
@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_the_answer_to_every_question_is_true(path: Path) -> None:
    """With every question answered as its cell's metadata says, every real call agrees."""
    asked = [one for one in course.questions() if one.notebook == path.name[:2]]
    alone = [one for one in asked if sum(one.choices == other.choices for other in asked) == 1]
    kept = runs.of(path).predictions
    predicted = [one for one in kept if not one.cell.startswith("diagnosis ")]
    said = {one.cell: one.choice for one in predicted if one.right}
    assert said == {one.cell: one.right for one in alone}


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_the_right_answer_is_a_choice(path: Path) -> None:
    for one in course.questions():
        if one.notebook == path.name[:2]:
            assert one.right in one.choices, one.cell


@pytest.mark.kernel
@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_every_diagnosis_of_the_course_is_right(path: Path) -> None:
    made = [one for one in runs.of(path).predictions if one.cell.startswith("diagnosis ")]
    assert [one.cell for one in made if not one.right] == []
