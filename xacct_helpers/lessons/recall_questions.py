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
            text="B's role is deleted and created again with the same name. Who can assume now?",
            choices=(
                "the new role: the ARN is the same",
                "nobody: A still trusts the role that is gone",
                "both, until A saves its policy again",
            ),
            right=1,
            why="AWS stores the role's unique id when A saves the trust policy, not its name.",
        ),
        Question(
            text="`docker login` works and `docker pull` is denied. Why can both be right?",
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
            text="A session of one role assumes another role. How long can the new session last?",
            choices=("as long as the role allows", "one hour at most", "as long as the first one"),
            right=1,
            why="Role chaining: credentials that are temporary themselves get an hour at most.",
        ),
        Question(
            text="What does an external id protect against?",
            choices=(
                "somebody who has stolen the vendor's keys",
                "a vendor being talked into using your role for another customer",
                "requests from outside of your network",
            ),
            right=1,
            why="It is no secret. It says on whose behalf the vendor comes: the confused deputy.",
        ),
        Question(
            text="A repository policy names B's role as principal, and B's role has no policy that "
            "allows the pull. What happens?",
            choices=(
                "the pull works: the resource policy is enough",
                "the pull is denied: across accounts both must agree",
                "it depends on who asked first",
            ),
            right=1,
            why="One policy is enough within an account only.",
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
