"""Three short questions at the end of a part, about what was learned earlier. No marks.

`recall("one")` asks; choosing answers, and so does `recall("one", "b", "a", "c")` in a cell. Each
answer is explained.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..workspace import LabError
from . import asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and its choices; right: the number of the right one, from 0; why: in a sentence
    or two, for those who chose another."""

    text: str
    choices: tuple[str, ...]
    right: int
    why: str

    def judged(self, choice: str) -> str:
        answer = self.choices[self.right]
        return f"Yes. {self.why}" if choice == answer else f"It is: {answer}. {self.why}"


PARTS: dict[str, tuple[Question, Question, Question]] = {
    "one": (
        Question(
            text="Account A's trust policy names account B. May Bob of account B assume the role?",
            choices=(
                "yes: A has invited all of B",
                "only if a policy in B allows him to",
                "only if A names him as well",
            ),
            right=1,
            why="Naming the account leaves the choice to B, and B has to make it.",
        ),
        Question(
            text="A session of A's role is running. A takes the role's pull policy away, and then "
            "the trust in B. What can the running session still do?",
            choices=(
                "pull until its hour is over: it has its permissions from the beginning",
                "nothing that needs the policy, though it goes on until its hour is over",
                "nothing at all: without the trust it ends at once",
            ),
            right=1,
            why="Permissions are read at each call; a trust policy is read when a session begins.",
        ),
        Question(
            text="docker login works and docker pull is denied. Why can both be right?",
            choices=(
                "the login is one permission, on *, and the pull another, on the repository",
                "the password has expired in between",
                "the repository is in another account",
            ),
            right=0,
            why="ecr:GetAuthorizationToken is about the registry, ecr:BatchGetImage about one "
            "repository.",
        ),
    ),
    "two": (
        Question(
            text="A program works for three hours with a profile that begins with a role and "
            "assumes another one. What happens when the first hour is over?",
            choices=(
                "its calls fail: ExpiredToken",
                "the SDK assumes the roles again, and the program goes on",
                "nothing: the session lasts as long as the role allows",
            ),
            right=1,
            why="A chained session gets an hour at most, and a profile says how to get the next. "
            "Three strings that were copied out of one do not.",
        ),
        Question(
            text="What does an external id protect against?",
            choices=(
                "somebody who has stolen the vendor's keys",
                "calls from outside of the vendor's network",
                "a vendor being talked into using your role for another customer",
            ),
            right=2,
            why="It is no secret. It says on whose behalf the vendor comes: the confused deputy.",
        ),
        Question(
            text="A's repository policy names the machine's role of account B. The machine's pull "
            "ends with 403, no identity-based policy allows ecr:BatchGetImage. What is missing?",
            choices=(
                "a policy of the machine's role, in account B, that allows the pull",
                "the Pod's service account in A's repository policy",
                "the login: 403 means that nobody logged in",
            ),
            right=0,
            why="Across accounts both must agree, and identity-based is the caller's half. Nobody "
            "logged in would be 401.",
        ),
    ),
}


def recall(part: str, *answers: str) -> None:
    """Ask the three questions of a part ("one", "two"), or answer them.

    answers: "a", "b" or "c" for each question, in order. Nothing is counted.
    Raises LabError for a part or a letter that is not there.
    """
    if part not in PARTS:
        raise LabError(f"There are questions about these parts: {', '.join(PARTS)}.")
    questions = PARTS[part]
    if not answers:
        for question in questions:
            _ask(question)
        return
    if len(answers) != len(questions):
        raise LabError(f'Three answers, please, as in recall("{part}", "a", "b", "c").')
    chosen = [
        _chosen(question, letter) for question, letter in zip(questions, answers, strict=True)
    ]
    for question, choice in zip(questions, chosen, strict=True):
        print(f"{question.text}\n    {choice}\n    {question.judged(choice)}")


def _chosen(question: Question, letter: str) -> str:
    number = "abc".find(letter.strip().lower()[:1] or "?")
    if not 0 <= number < len(question.choices):
        raise LabError(f"'{letter}' is not among the answers: say a, b or c.")
    return question.choices[number]


def _ask(question: Question) -> None:
    def chosen(choice: str) -> None:
        widget.came = question.judged(choice) if choice else ""

    widget = asking.show(question.text, question.choices, chosen, committed="{}")
