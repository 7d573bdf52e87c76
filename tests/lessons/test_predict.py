"""predict(): what it shows, what it stores, and how it is put beside what happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests import kernels
from xacct_helpers import course

OPEN = "from xacct_helpers import open_lab, predict\nimport boto3\nlab = open_lab()"
ASK = 'boto3.Session(profile_name="account-a").client("sts").get_caller_identity()["Arn"]'
REFUSED = """
try:
    boto3.Session(profile_name="account-b").client("sts").get_caller_identity()
except Exception as error:
    print(type(error).__name__)
"""


def outputs(*sources: str) -> list[list[Any]]:
    """The outputs of each cell of a notebook made of these sources, run in a fresh lab."""
    return kernels.outputs(OPEN, *sources)[1:]


def said(cell: list[Any]) -> str:
    return "".join(output.get("text", "") for output in cell)


KEPT = """
from xacct_helpers.course import progress
[(p.notebook, p.choice, p.right) for p in progress.read(lab.folder).predictions]
"""
COURSE = '"it answers: some-role-name", "no such role", "access denied"'
COMMITS = "from xacct_helpers.lessons import predictions\npredictions._pending.widget.choice = "


@pytest.fixture(scope="module")
def ran() -> list[list[Any]]:
    return outputs(
        'predict("allowed", "denied", answer="denied")',
        REFUSED,
        ASK,
        'predict("allowed", "denied")',
        ASK,
        'predict("allowed", "denied", answer="maybe")',
        "predict()",
        'predict("allowed", "denied", answer="allowed")\n' + ASK,
    )


@pytest.mark.kernel
def test_a_committed_prediction_is_put_beside_what_happened(ran: list[list[Any]]) -> None:
    assert said(ran[0]) == "You predict: denied\n"
    assert "You predicted: denied. What happened: sts:AssumeRole was refused" in said(ran[1])
    assert "You predicted" not in said(ran[2]), "once is enough"


@pytest.mark.kernel
def test_without_an_answer_the_choices_are_shown_and_nothing_is_stored(
    ran: list[list[Any]],
) -> None:
    shown = ran[3][0]["data"]
    assert shown["text/plain"] == "What do you predict?\n  ○ allowed\n  ○ denied"
    assert "<li>allowed</li><li>denied</li>" in shown["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "You predicted" not in said(ran[4])


@pytest.mark.kernel
def test_a_wrong_use_says_what_is_wrong(ran: list[list[Any]]) -> None:
    assert ran[5][0]["evalue"] == "Your answer must be one of: allowed, denied."
    assert "predict() takes choices" in ran[6][0]["evalue"]
    assert {ran[5][0]["ename"], ran[6][0]["ename"]} == {"LabError"}


@pytest.mark.kernel
def test_the_call_may_stand_in_the_same_cell(ran: list[list[Any]]) -> None:
    assert "What happened: sts:GetCallerIdentity was answered." in said(ran[7])


@pytest.mark.kernel
def test_one_choice_alone_commits(capsys: pytest.CaptureFixture[str]) -> None:
    cells = outputs(
        'predict("allowed", "denied: A\'s half", "denied: B\'s half")',
        'predict("denied")',
        'predict("Denied: B")',
        REFUSED,
        'predict("denied")',
        REFUSED,
    )
    assert cells[1][0]["evalue"].startswith("Your answer must be one of: allowed, denied: A's")
    assert said(cells[2]) == "You predict: denied: B's half\n"
    assert "You predicted: denied: B's half. What happened:" in said(cells[3])
    assert said(cells[4]) == "You predict: denied\n"
    assert "You predicted: denied. What happened: sts:AssumeRole was refused" in said(cells[5])


@pytest.mark.kernel
def test_what_was_predicted_and_what_came_is_kept() -> None:
    """A question of the course is judged; the learner's own is not; the first answer counts."""
    cells = outputs(
        f'predict({COURSE}, about="sts:AssumeRole", answer="no such role")',
        REFUSED,
        f'predict({COURSE}, about="sts:AssumeRole", answer="access denied")',
        REFUSED,
        'predict("allowed", "denied", answer="denied")',
        REFUSED,
        KEPT,
    )
    assert "The answer was: access denied." in said(cells[1])
    assert said(cells[3]).rstrip().endswith("Right.")
    assert said(cells[5]).rstrip().endswith("AccessDenied.")
    kept = cells[6][0]["data"]["text/plain"]
    assert kept == "[('00', 'no such role', False), ('', 'denied', None)]"


@pytest.mark.kernel
def test_an_outcome_that_is_not_the_courses_is_not_judged() -> None:
    cells = outputs(
        f'predict({COURSE}, about="sts:AssumeRole", answer="access denied")\n'
        "lab.catch_up(through=4)",
        REFUSED,
        KEPT,
    )
    assert "What happened: sts:AssumeRole was answered." in said(cells[1])
    assert "Right" not in said(cells[1])
    assert cells[2][0]["data"]["text/plain"] == "[('00', 'access denied', None)]"


@pytest.mark.kernel
def test_what_no_single_call_answers_is_put_beside_the_next_cell() -> None:
    cells = outputs(
        'predict("1 of 8", "2 of 8", "4 of 8", about="")',
        'predict("1")',
        "6 * 7",
        ASK,
    )
    assert "You predicted" not in said(cells[1])
    assert said(cells[2]) == "You predicted: 1 of 8. Right.\n"
    assert "You predicted" not in said(cells[3])


@pytest.mark.kernel
def test_the_widget_commits_and_says_what_came() -> None:
    """What the frontend does, a choice that is set, seen from the kernel."""
    cells = outputs(
        f'predict({COURSE}, about="sts:AssumeRole")',
        COMMITS + '"access denied"\nwidget = predictions._pending.widget',
        REFUSED,
        "widget.came",
    )
    assert said(cells[2]).rstrip().endswith("Right.")
    assert "You predicted: access denied. What happened:" in cells[3][0]["data"]["text/plain"]


def test_the_frontend_is_shipped_and_reaches_for_nothing() -> None:
    from xacct_helpers.lessons.question import Question

    code = str(Question._esm)
    assert "import " not in code.replace("export default", "")
    assert "://" not in code + str(Question._css)
    for needed in ("fieldset", "legend", 'type: "radio"', 'type: "submit"', '"status"'):
        assert needed in code


ALL = list(course.questions())


def test_every_question_of_the_course_has_an_answer_among_its_choices() -> None:
    asked = sum(
        bool(course.choices(course.source(cell)))
        for path in course.notebooks()
        for cell in course.cells(path)
        if cell["cell_type"] == "code"
    )
    assert len(ALL) == asked
    assert [one for one in ALL if one.right not in one.choices] == []


def test_a_question_is_found_by_its_cell_or_notebook_where_others_are_alike() -> None:
    alike = [one for one in ALL if sum(one.choices == other.choices for other in ALL) > 1]
    for one in alike:
        found = course.question(one.choices, cell=one.cell, notebook=one.notebook)
        assert found == one
    assert course.question(("allowed", "denied"), cell=None, notebook=None) is None
