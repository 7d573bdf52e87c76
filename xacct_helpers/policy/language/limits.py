"""How long a policy document may be, how AWS counts, and which characters it may hold.

A document that breaks these is not malformed: the call that saves it refuses it with an error of
its own, so `document.check` does not look at them.
Sources: IAM User Guide, "IAM and AWS STS quotas"; AWS Organizations User Guide, "Quotas"; the
models of IAM, STS and ECR for the lengths and characters of their parameters (read 2026-11-26).
"""

from __future__ import annotations

import re

from .model import Kind

#: Who holds inline policies -> the characters that all of them together may have.
INLINE = {"user": 2048, "group": 5120, "role": 10240}
#: Kind of policy -> the most that one may have: for an inline one what a role's may.
LONGEST: dict[Kind, int] = {
    "managed": 6144,
    "inline": INLINE["role"],
    "trust": 2048,
    "session": 2048,
    "repository": 10240,
    "registry": 10240,
    "scp": 5120,
    "rcp": 5120,
}
_MEMBER = "Member must have length less than or equal to {most}"
_PARAMETER = (
    "Invalid parameter at 'policyText' failed to satisfy constraint: "
    "'must have length less than or equal to {most}'"
)
_CONTENT = "You have exceeded the maximum size of a policy document."
_WORDS: dict[Kind, str] = {
    "managed": "Cannot exceed quota for PolicySize: {most}",
    "inline": "Maximum policy size of {most} bytes exceeded for {holder}",
    "trust": "Cannot exceed quota for ACLSizePerRole: {most}",
    "session": _MEMBER,
    "repository": _PARAMETER,
    "registry": _PARAMETER,
    "scp": _CONTENT,
    "rcp": _CONTENT,
}
#: What IAM and STS take as a document, in Java's notation as their models have it.
CHARACTERS = r"[\u0009\u000A\u000D\u0020-\u00FF]+"
_STRANGE = re.compile("[^\t\n\r\u0020-\u00ff]")
_WITHIN_CHARACTERS: tuple[Kind, ...] = ("managed", "inline", "trust", "session")


#: Of these AWS counts no white space.
WHITE_SPACE_FREE: tuple[Kind, ...] = ("managed", "inline", "trust")


def size(text: str, kind: Kind) -> int:
    """What AWS counts of a document: IAM no white space, STS and ECR every character,
    Organizations the bytes of UTF-8."""
    if kind in WHITE_SPACE_FREE:
        return len(re.sub(r"\s", "", text))
    return len(text.encode(errors="surrogatepass")) if kind in ("scp", "rcp") else len(text)


def too_long(text: str, kind: Kind) -> str | None:
    """AWS's words for a document that is longer than any of its kind may be, or None."""
    if kind == "inline":
        return too_long_together(size(text, kind), "role")
    return _WORDS[kind].format(most=LONGEST[kind]) if size(text, kind) > LONGEST[kind] else None


def too_long_together(characters: int, holder: str, name: str = "") -> str | None:
    """The same for the inline policies of one holder together.

    holder: "user", "group" or "role"; name: its name, where it is known.
    """
    most = INLINE[holder]
    if characters <= most:
        return None
    return _WORDS["inline"].format(most=most, holder=f"{holder} {name}".rstrip())


def strange_character(text: str, kind: Kind) -> int | None:
    """Where the first character stands that IAM and STS take in no document; None without one."""
    found = _STRANGE.search(text) if kind in _WITHIN_CHARACTERS else None
    return found.start() if found else None
