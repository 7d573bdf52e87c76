"""What the course holds for the right prediction is what happens, in every notebook."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.notebooks import runs
from tests.notebooks.cells import IDS, PATHS, cells, source
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


# -- what the outputs after a question answer -------------------------------------------------

# A call says no more than whether it was refused. Where that is not enough, the outputs between a
# question and the next one are read; each is compared with a run (test_course.py).


def _first(signs: dict[str, str]) -> Callable[[str], str]:
    """The choice whose sign, a pattern, comes first in a text."""

    def read(text: str) -> str:
        found = {choice: re.search(sign, text, re.M) for choice, sign in signs.items()}
        places = {match.start(): choice for choice, match in found.items() if match}
        return places[min(places)] if places else "no sign of any"

    return read


_PULLED = r"^digest "
_STATUS = {"401: no login": r"\b401\b", "403: denied": r"\b403\b", "404: not found": r"\b404\b"}
_ONE_CLI = r"(?:(?!aws-cli).)*"

SHOWN: dict[tuple[str, str], Callable[[str], str]] = {
    # the role that the owner lends, pulled with in the end
    ("00", "demo-predict"): _first(
        {
            "a stronger policy in 666666666666": r"\(AccessDenied",
            "a yes from 555555555555": "every digest checked",
        }
    ),
    ("00", "third-predict"): _first(
        {
            "it answers: some-role-name": r"'Arn': .*some-role-name",
            "no such role": "NoSuchEntity",
            "access denied": r"\(AccessDenied\)",
        }
    ),
    ("00", "break-predict"): _first(
        {
            "no such account": "NoSuch",
            "access denied": r"\(AccessDenied\)",
            "invalid ARN": "ValidationError",
        }
    ),
    ("01", "b-predict"): _first(
        {
            "allowed: * is everything": _PULLED,
            "denied by account B": "because no identity-based policy",
            "denied by account A": "because no resource-based policy",
        }
    ),
    ("02", "host-predict"): _first(
        {
            "accepted": "^done ",
            "refused: the Resource": r"Resource \S+ must be in ARN format",
            "refused: the Action": "Actions/Conditions must be prefixed",
        }
    ),
    ("03", "trust-predict"): _first(
        {
            "accepted": "^done ",
            "refused: bad JSON": "Syntax errors|JSON",
            "refused: bad principal": "Invalid principal in policy",
            "refused: not allowed": "AccessDenied",
        }
    ),
    ("05", "long-predict"): _first(
        {
            "two hours": "'Credentials': ",
            "one hour all the same": r"^\(1.0, 'hours'",
            "refused": "DurationSeconds exceeds",
        }
    ),
    ("06", "table-predict"): lambda text: f"{text.count(' v1')} of 8",
    ("06", "messages-predict"): lambda text: str(
        len(set(re.findall(r"User: .* on resource: \S+?(?=')", text)))
    ),
    ("06", "boundary-predict"): _first(
        {
            "denied, -": r"^\('denied', '-'\)",
            "assumed, denied": r"^\('assumed', 'denied'\)",
            "assumed, v1": r"^\('assumed', 'v1'\)",
        }
    ),
    ("06", "remake-predict"): _first(
        {
            "works as before": "'AssumedRoleUser'",
            "denied: A's half": r"\(the resource's\): ✗",
            "denied: B's half": r"\(the caller's\): ✗",
        }
    ),
    ("09", "region-predict"): _first(
        {"account-b's": r"^<botocore", "none: an error": "You must specify a region"}
    ),
    ("09", "profile-predict"): _first(
        {"when the client is made": r"^\[.*nightly", "at the first call": r"^\[\(.*by-hand'\)\]$"}
    ),
    ("09", "cli-predict"): _first(
        {
            "two": r"^\[.*aws-cli.*aws-cli",
            "one": rf"^\[\({_ONE_CLI}aws-cli{_ONE_CLI}\)\]$",
            "none": rf"^\[\({_ONE_CLI}\)\]$",
        }
    ),
    ("09", "renew-predict"): _first(
        {
            "both": r"\A(?:(?!Expired)[\s\S])*\Z",
            "by_hand only": r"\A[^E]*v1[\s\S]*Expired",
            "the profile's only": r"Expired[\s\S]*v1",
        }
    ),
    ("09", "break-predict"): _first(
        {
            "pulled": _PULLED,
            "AssumeRole is refused": "when calling the AssumeRole operation",
            "the pull is refused": "when calling the BatchGetImage operation",
        }
    ),
    ("10", "node-predict"): _first(
        {
            "pulled": _PULLED,
            "denied: B's half": "because no identity-based policy",
            "denied: A's half": "because no resource-based policy",
        }
    ),
    ("10", "table-predict"): _first(
        {
            "both are denied": r" A +its role +no +denied",
            "A's pulls, B's is denied": r" A +its role +no +v1[\s\S]* B +its role +no +denied",
            "both pull": r" A +its role +no +v1[\s\S]* B +its role +no +v1",
        }
    ),
    ("11", "trust-predict"): _first(_STATUS),
    ("11", "name-predict"): _first(_STATUS),
    ("11", "region-predict"): _first(_STATUS),
    ("12", "pulls-predict"): _first(
        {
            "both": "'twelve': True, 'machine': True",
            "the direct one": "'twelve': False, 'machine': True",
            "the one by role": "'twelve': True, 'machine': False",
        }
    ),
    ("12", "refuse-predict"): _first(
        {
            "in both histories": r"'account-a': 'User: [\s\S]*'account-b-admin': 'User: ",
            "in A's only": r"'account-a': 'User: [\s\S]*'account-b-admin': None",
            "in B's only": r"'account-a': None,\s+'account-b-admin': 'User: ",
        }
    ),
    ("12", "simulate-predict"): _first(
        {choice: f"'{choice}'" for choice in ("allowed", "implicitDeny", "explicitDeny")}
    ),
    ("13", "together-predict"): _first(
        {"B's half allows it": "'allowed'", "B's half does not": "'(implicit|explicit)Deny'"}
    ),
    ("13", "twenty-predict"): _first(
        {"A's half": "What it was: .*trust policy", "B's half": "What it was: .*boundary"}
    ),
}
# Who pulls a Pod's image is how Kubernetes is made: no call of the notebook decides it.
NO_CALL_DECIDES = {("11", "pod-predict")}


def _needs_more_than_a_refusal(one: course.Question) -> bool:
    same = [
        other
        for other in course.questions()
        if (other.notebook, other.choices) == (one.notebook, one.choices)
    ]
    return one.refused is None or len(one.choices) > 2 or len(same) > 1


def _shown_after(notebook: str, question: str) -> str:
    """The text of the outputs between a question and the next one."""
    code = cells(next(path for path in PATHS if path.name.startswith(notebook)))
    asked = next(at for at, cell in enumerate(code) if cell["id"] == question)
    found = []
    for cell in code[asked + 1 :]:
        if course.choices(source(cell)):
            break
        for output in cell["outputs"]:
            plain = output.get("data", {}).get("text/plain", output.get("text", ""))
            found.append("".join(plain) or f"{output.get('ename')}: {output.get('evalue')}")
    return "\n".join(found)


def test_every_question_that_needs_it_says_where_its_answer_shows() -> None:
    needed = {
        (one.notebook, one.cell) for one in course.questions() if _needs_more_than_a_refusal(one)
    }
    assert set(SHOWN) | NO_CALL_DECIDES == needed


@pytest.mark.parametrize(("notebook", "question"), SHOWN, ids=lambda part: part)
def test_the_outputs_show_the_right_answer(notebook: str, question: str) -> None:
    right = {(one.notebook, one.cell): one.right for one in course.questions()}
    assert SHOWN[notebook, question](_shown_after(notebook, question)) == right[notebook, question]
