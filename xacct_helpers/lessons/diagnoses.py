"""Say who refused before the lab says it.

After a refusal `diagnose()` asks which account refused, and by which kind of policy; choosing, or
`diagnose("B", "identity policy")` in a cell, commits. Then the denial card opens, with what was
said beside it, and the diagnosis is kept with the learner's progress.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..course import progress
from ..lab_api.decisions import CallReport, Decision, PermissionReport
from ..policy import LAYER_NAMES
from ..view.opening import current
from ..view.refusals import call_card, note_explained, request_id
from ..workspace import ACCOUNT_A, ACCOUNT_B, LabError, account_name
from . import asking

_LEGEND = "Which account refused, and by which kind of policy?"
_BOTH = "both accounts"
#: How many of the latest calls are looked at for one that was answered after the refusal.
_LOOK_BACK = 50
# By the letter that the course calls an account by, in small.
_LETTERS = {account_name(one).lower(): one for one in (ACCOUNT_A, ACCOUNT_B)}
# In the words of the course: AWS's refusals say identity-based and resource-based policy.
_CALLER = {"identity": "identity policy"} | {
    layer: LAYER_NAMES[layer].name for layer in ("boundary", "session", "scp")
}
_RESOURCE = {
    "trust": LAYER_NAMES["trust"].heading,
    "resource": "resource policy",
    "rcp": LAYER_NAMES["rcp"].name,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A refused call: the choices, and which of them are right."""

    choices: tuple[str, ...]
    right: tuple[str, ...]
    report: CallReport

    def judged(self, choice: str) -> str:
        if choice in self.right:
            return f"You said: {choice}. Right."
        return f"You said: {choice}. It was: {' or '.join(self.right)}."


def diagnose(
    account: str | None = None, policy: str | None = None, *, error: Exception | None = None
) -> None:
    """Say which account refused the latest refused call, and by which kind of policy.

    account: "A", "B", an account id, or "both". policy: for instance "trust policy"; not with
    "both". Without them the choices are shown, and picking one commits.
    error: the ClientError of another call than the latest refused one.
    Raises LabError when no policy refused the call, and for what is not among the choices.
    """
    case = _case(error)
    if account is not None:
        choice = _choice(case, account, policy)
        _keep(case, choice)
        print(case.judged(choice))
        _open_card(case)
        return
    if policy is not None:
        raise LabError('Name the account, too: diagnose("B", "identity policy").')
    _ask(case)


def _case(error: Exception | None) -> _Case:
    report = current().running.decision(request_id(error))
    if not report.denied:
        raise LabError("No policy refused that call; there is nothing to diagnose.")
    note_explained(report.request_id)
    if error is None:
        _say_what_came_later(report)
    asked = report.asked[-1]
    return _Case(choices=tuple(_choices(asked)), right=tuple(_right(asked.decision)), report=report)


def _say_what_came_later(report: CallReport) -> None:
    """A call that was to be refused and was not leaves an older refusal as the latest."""
    for entry in current().running.trail(_LOOK_BACK):
        later = entry.number > report.number and not entry.check
        if later and entry.action == report.action and entry.error_code is None:
            print(f"This is about the latest refusal of {entry.action}; one since was answered.")
            return


def refusing(report: CallReport) -> tuple[str, ...]:
    """Which account refused a call, and by which kind of policy: each answer that is right."""
    return tuple(_right(report.asked[-1].decision))


def _name(account: str) -> str:
    return f"account {account_name(account) if account in _LETTERS.values() else account}"


def _choices(asked: PermissionReport) -> Iterator[str]:
    """Every kind of policy that the accounts could have, the caller's account first."""
    decision = asked.decision
    there = {layer.layer for layer in decision.layers}
    never_left_out = {"identity", "boundary", "session", "trust", "resource"}
    # The trust policy has the say for whatever comes with AssumeRole, such as sts:TagSession.
    trust = "trust" in there or asked.action.startswith("sts:AssumeRole")
    for account, layers in (
        (decision.caller_account, _CALLER),
        (decision.resource_account, _RESOURCE),
    ):
        for layer, name in layers.items():
            if layer == ("resource" if trust else "trust"):
                continue
            if account and (layer in there or layer in never_left_out):
                yield f"{_name(account)}: {name}"
    if decision.cross_account:
        yield _BOTH


def _right(decision: Decision) -> Iterator[str]:
    """What may be said: in each account that refused, the kinds of policy by which it did."""
    if decision.cross_account and not (decision.caller_agrees or decision.resource_agrees):
        yield _BOTH
        return
    assert decision.decisive is not None  # a refused call has one
    refusing = [layer for layer in decision.layers if layer.outcome == decision.decisive.outcome]
    if not decision.cross_account:
        # Within one account an Allow in either kind could have been enough; a boundary could not.
        enough = ("identity", "resource", "trust")
        decisive = decision.decisive.layer
        refusing = [
            layer
            for layer in refusing
            if layer.layer == decisive or (layer.layer in enough and decisive in enough)
        ]
    elif decision.verdict == "implicitDeny":
        side = _RESOURCE if decision.caller_agrees else _CALLER
        refusing = [layer for layer in refusing if layer.layer in side]
    else:
        refusing = [decision.decisive]
    for layer in refusing:
        kind = layer.layer
        account = decision.caller_account if kind in _CALLER else decision.resource_account
        yield f"{_name(account)}: {(_CALLER | _RESOURCE)[kind]}"


def _choice(case: _Case, account: str, policy: str | None) -> str:
    said = account.lower().removeprefix("account").strip()
    if said == "both":
        return asking.meant(_BOTH, case.choices)
    name = _name(_LETTERS.get(said, said))
    mine = [choice for choice in case.choices if choice.startswith(f"{name}: ")]
    if not mine:
        raise LabError(f"{name} had no say in this call. Say one of: {', '.join(case.choices)}.")
    kinds = tuple(choice.partition(": ")[2] for choice in mine)
    if policy is None:
        raise LabError(f"By which kind of policy? Say one of: {', '.join(kinds)}.")
    return f"{name}: {asking.meant(policy, kinds)}"


def _ask(case: _Case) -> None:
    from IPython.display import display  # 60 ms

    def chosen(choice: str) -> None:
        if not choice or widget.came:
            return
        widget.came = case.judged(choice)
        _keep(case, choice)
        handle.update(call_card(case.report))

    widget = asking.show(_LEGEND, case.choices, chosen, committed="{}")
    # Filled when the choice has been made: what is shown later lands in another cell.
    handle = display(  # type: ignore[no-untyped-call]
        {"text/plain": "", "text/html": ""}, raw=True, display_id=True
    )


def _open_card(case: _Case) -> None:
    from IPython.display import display  # 60 ms

    display(call_card(case.report))  # type: ignore[no-untyped-call]


def _keep(case: _Case, choice: str) -> None:
    kept = progress.Prediction(
        notebook=progress.open_notebook() or "",
        cell=f"diagnosis {case.report.action} {' '.join(case.right)}",
        question=case.choices,
        choice=choice,
        came="; ".join(case.right),
        right=choice in case.right,
    )
    folder = current().folder
    progress.record(folder, lambda before: progress.with_prediction(before, kept))
