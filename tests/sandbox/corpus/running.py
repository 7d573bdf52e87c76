"""Running scenarios through anything that has the methods of tests.sandboxes.Sandbox."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from tests.sandbox.corpus.steps import Code, Control, Scenario, Step
from tests.sandboxes import A, Answer, B, C, Keys, Sandbox
from xacct_helpers.sandbox.auth import one_time_codes

ACCOUNTS = {"A": A, "B": B, "C": C}
#: The caller without permissions; there is one in each account that a scenario speaks to.
POWERLESS = "nobody"
_REFERENCE = re.compile(r"\{([a-z]\w*(?:\.\w+)+)\}")
#: How many seconds after the accounts a scenario begins, so that what it makes is later than they.
HEAD_START = 3600
# A caller whom no account knows.
STRANGER = Keys("AKIAIOSFODNN7EXAMPLE", "not-a-secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call that was made. by: who made it. params: with the values that were referred to."""

    scenario: str
    case: str
    by: str
    action: str
    region: str
    params: Mapping[str, Any]
    answer: Answer


class Run:
    """One scenario on one sandbox.

    around: makes each call; it gets the sandbox, the caller's keys and the step's action, region
    and parameters, and returns the answer.
    """

    def __init__(self, sandbox: Sandbox, scenario: Scenario, around: Callable[..., Answer]) -> None:
        self.sandbox, self.scenario, self.around = sandbox, scenario, around
        self.kept: dict[str, Any] = {}
        self.made: list[Made] = []
        self._powerless: dict[str, Keys] = {}
        self._refused: set[str] = set()

    def run(self) -> list[Made]:
        """Make every call; AssertionError for the first that ends otherwise than expected."""
        self.sandbox.reset()
        self.sandbox.advance(HEAD_START)
        for step in self.scenario.steps:
            if isinstance(step, Control):
                reply = self.sandbox.control(step.method, step.path, self.resolved(step.body))
                assert reply.status == 200, (self.scenario.name, step, reply)
                self.kept[step.keep] = reply.json
            else:
                self._call(step)
        return self.made

    def _call(self, step: Step) -> None:
        params = self.resolved(step.params)
        if not step.code and step.by in ACCOUNTS and step.action not in self._refused:
            # The first time is enough: the permission does not depend on what comes between.
            self._refused.add(step.action)
            self._check_powerless(step, params)
        answer = self._make(step, step.case, step.by, self._keys(step.by), params)
        told = f"{self.scenario.name}: {step.case}: {step.action} ended with {answer}"
        assert answer.code == step.code, told
        assert step.says in answer.message, told
        if step.keep:
            self.kept[step.keep] = answer.value

    def _check_powerless(self, step: Step, params: Mapping[str, Any]) -> None:
        """Make the call of an administrator by a user of the account without permissions, too."""
        account = ACCOUNTS[step.by]
        if account not in self._powerless:
            self._powerless[account] = self.sandbox.user(account, POWERLESS)
        keys = self._powerless[account]
        answer = self._make(
            step, f"{step.case}, by nobody", f"{POWERLESS} of {step.by}", keys, params
        )
        told = f"{self.scenario.name}: {step.case}: {step.action} by nobody: {answer}"
        if not step.denied:
            assert answer.ok, told
            return
        assert answer.code in ("AccessDenied", "AccessDeniedException"), told
        assert answer.message.startswith(
            f"User: arn:aws:iam::{account}:user/{POWERLESS} is not authorized to perform: "
            f"{step.denied}"
        ), told

    def _make(
        self, step: Step, case: str, by: str, keys: Keys | str, params: Mapping[str, Any]
    ) -> Answer:
        answer = self.around(self.sandbox, keys, step.action, step.region, params)
        self.made.append(
            Made(
                scenario=self.scenario.name,
                case=case,
                by=by,
                action=step.action,
                region=step.region,
                params=params,
                answer=answer,
            )
        )
        return answer

    def _keys(self, by: str) -> Keys | str:
        if by == "stranger":
            return STRANGER
        if by in ACCOUNTS:
            return ACCOUNTS[by]
        kept = self.kept[by]
        return Keys.of(kept.get("AccessKey") or kept["Credentials"])

    # -- references ------------------------------------------------------------------------------

    def resolved(self, value: Any) -> Any:
        """The value with what its references and codes stand for."""
        if isinstance(value, Code):
            return one_time_codes.code(
                self._found(value.seed).decode(), self._half_minute + value.later
            )
        if isinstance(value, str):
            whole = _REFERENCE.fullmatch(value)
            if whole:
                return self._found(whole[1])
            return _REFERENCE.sub(lambda found: str(self._found(found[1])), value)
        if isinstance(value, Mapping):
            return {name: self.resolved(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.resolved(one) for one in value]
        return value

    def _found(self, path: str) -> Any:
        name, *rest = path.split(".")
        value = self.kept[name]
        for part in rest:
            value = value[int(part)] if part.isdigit() else value[part]
        return value

    @cached_property
    def _half_minute(self) -> int:
        """The half minute in which the first code of a scenario is asked for."""
        now = self.sandbox.control("GET", "status").json["now"]
        return one_time_codes.step_at(datetime.fromisoformat(now))


def plainly(
    sandbox: Sandbox, keys: Keys | str, action: str, region: str, params: Mapping[str, Any]
) -> Answer:
    """Make a call, and no more."""
    return sandbox.call(keys, action, region, **params)


def run(
    sandbox: Sandbox, scenario: Scenario, around: Callable[..., Answer] = plainly
) -> list[Made]:
    """Run a scenario on accounts as on the first day; every call that was made."""
    return Run(sandbox, scenario, around).run()
