"""Whether a value of a policy is another one mistyped: a pure comparison of two texts.

Numbered and lettered siblings (`app-1` and `app-2`, `team-a` and `team-b`) are no typos of each
other, nor are actions whose verbs are both known (`GetObject` and `PutObject`).
"""

from __future__ import annotations

import re

from ..language.patterns import like

_SHORTEST = 4
_LONG = 8
_LONGEST = 256
_ACCOUNT = re.compile(r"\d{11,13}")
_OPEN = re.compile(r"[*?$]")
_VERB = re.compile(r"[A-Z][a-z]+")
_VERBS = re.compile(
    "Add|Assume|Attach|Batch|Cancel|Complete|Copy|Create|Delete|Describe|Detach|Disable|Enable|Get|"
    "Initiate|List|Lookup|Modify|Publish|Put|Read|Receive|Remove|Restore|Revoke|Run|Send|Set|"
    "Simulate|Start|Stop|Tag|Terminate|Untag|Update|Upload|Write"
)


def corrected_action(written: str, meant: str) -> str | None:
    """The action that is meant where the one written is a typo of it; else None."""
    service, _, name = written.partition(":")
    wanted_service, _, wanted = meant.partition(":")
    if _OPEN.search(written) or service.lower() != wanted_service.lower():
        return None
    verbs = [_VERB.match(one) for one in (name, wanted)]
    known = {verb[0] for verb in verbs if verb is not None and _VERBS.fullmatch(verb[0])}
    return meant if len(known) < 2 and _slip(name, wanted) else None


def corrected_arn(written: str, meant: str) -> str | None:
    """The ARN written, with the one part corrected in which it misses the ARN meant; else None.

    Parts with wildcards stay as they are where they fit.
    """
    parts, wanted = written.split(":", 5), meant.split(":", 5)
    if len(wanted) != 6:
        return None
    if len(parts) != 6:
        return meant if not _OPEN.search(written) and _slip(written, meant) else None
    wrong = [at for at in range(6) if not like(parts[at], wanted[at])]
    if len(wrong) != 1 or _OPEN.search(parts[wrong[0]]):
        return None
    at = wrong[0]
    if at == 3:  # the Region: any other one
        mistyped = bool(parts[at]) and bool(wanted[at])
    elif at == 4:
        mistyped = _account_slip(parts[at], wanted[at])
    else:
        mistyped = _slip(parts[at], wanted[at])
    return ":".join([*parts[:at], wanted[at], *parts[at + 1 :]]) if mistyped else None


def corrected_account(written: str, meant: str) -> str | None:
    """An account id, or an ARN in which nothing but the account is wrong, corrected; else None."""
    if _account_slip(written, meant):
        return meant
    parts = written.split(":", 5)
    if len(parts) == 6 and _account_slip(parts[4], meant):
        return ":".join([*parts[:4], meant, parts[5]])
    return None


def corrected_text(written: str, meant: str) -> str | None:
    """The text that is meant where the one written is a typo of it; else None."""
    if _OPEN.search(written):
        return None
    return meant if _account_slip(written, meant) or _slip(written, meant) else None


def _account_slip(written: str, meant: str) -> bool:
    if not (_ACCOUNT.fullmatch(written) and _ACCOUNT.fullmatch(meant)):
        return False
    return _edits(written, meant) == 1


def _slip(written: str, meant: str) -> bool:
    """True for a text within one edit of another, two for long ones, and for another case."""
    lengths = sorted((len(written), len(meant)))
    if written == meant or lengths[0] < _SHORTEST or lengths[1] > _LONGEST:
        return False
    if written.lower() == meant.lower():
        return True
    if re.sub(r"\d", "0", written) == re.sub(r"\d", "0", meant) or _lettered(written, meant):
        return False
    most = 2 if len(meant) >= _LONG else 1
    return lengths[1] - lengths[0] <= most and _edits(written, meant) <= most


def _lettered(written: str, meant: str) -> bool:
    """True where the texts differ in one part that is a single letter in both."""
    pairs = list(zip(re.split(r"[-_./]", written), re.split(r"[-_./]", meant), strict=False))
    different = [pair for pair in pairs if pair[0] != pair[1]]
    return len(different) == 1 and all(len(part) == 1 for part in different[0])


def _edits(one: str, other: str) -> int:
    """How many letters are to be put in, taken out, changed, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, previous, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                least = min(least, previous[j - 2] + 1)
            row.append(least)
    return row[-1]
