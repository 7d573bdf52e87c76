"""What a goal is: a call to make, what is expected of it, and what to look at when it is not so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..answers import Answer, Finding
from .probes import Tries


def _as_it_is(answer: Answer) -> str:
    return str(answer)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is looked for in an answer: in words, as a test, and how to say what was found."""

    words: str
    holds: Callable[[Answer], bool]
    found: Callable[[Answer], str] = _as_it_is


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing that a check looks for; text is what is so when it is reached.

    Where there are two right answers, text says which it was.
    """

    text: str | Callable[[Answer], str]
    probe: Callable[[Tries], Answer]
    expects: Expectation
    look_at: str

    def tried(self, tries: Tries) -> Finding:
        """Make the call and see what it came to."""
        answer = self.probe(tries)
        right = self.expects.holds(answer)
        return Finding(
            right=right,
            goal=self.text if isinstance(self.text, str) else self.text(answer),
            found=self.expects.found(answer),
            next=self.look_at,
            wanted=self.expects.words,
            refusal=answer.request_id if answer.denied and not right else "",
        )


ANSWERED = Expectation("an answer", lambda answer: answer.ok)
DENIED = Expectation("a refusal by a policy (AccessDenied)", lambda answer: answer.denied)
# For calls that ask for something that is not there: "no such role" means that a policy let it by.
SHUT = Expectation(
    DENIED.words,
    lambda answer: answer.denied,
    lambda answer: f"a policy let the call through; {answer}",
)
OUT_OF_RANGE = Expectation(
    "a refusal of the duration (ValidationError)", lambda answer: answer.code == "ValidationError"
)


def _who(answer: Answer) -> str:
    return f"it is {answer.value['Arn']}" if answer.ok else str(answer)


def in_account(account: str) -> Expectation:
    """GetCallerIdentity answers that the caller is of this account."""
    return Expectation(
        f"a principal of account {account}",
        lambda answer: answer.ok and answer.value["Account"] == account,
        _who,
    )


def session_of(role: str) -> Expectation:
    """GetCallerIdentity answers that the caller is a session of the role, given by its ARN."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    start = f"arn:aws:sts::{account}:assumed-role/{name}/"
    return Expectation(
        f"a session of {name}, {start}…",
        lambda answer: answer.ok and str(answer.value["Arn"]).startswith(start),
        _who,
    )
