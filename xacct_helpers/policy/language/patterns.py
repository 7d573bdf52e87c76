"""Text that is compared: wildcards, policy variables, ARNs and actions.

A pattern is read into tokens, `(text, live)`: in live text `*` and `?` are wildcards; text that
came from a policy variable, or from an escape such as `${*}`, is matched as it stands.
Sources: IAM User Guide, "Resource", "Action" and "Policy variables" (read 2026-11-24).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

Token = tuple[str, bool]
Tokens = tuple[Token, ...]
#: A context key's value as a policy variable may use it; None when the key is absent.
Lookup = Callable[[str], str | None]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_KEY = re.compile(r"\s*([^\s,']+)\s*(?:,\s*'([^']*)'\s*)?")
_SERVICE_NAMED = re.compile(r"arn:[^:]*:[^:*?]*(:|$)")
_ACCOUNT = re.compile(r"[0-9]{12}")


def is_account(text: str) -> bool:
    """True for twelve digits."""
    return _ACCOUNT.fullmatch(text) is not None


def expand(text: str, lookup: Lookup | None) -> Tokens | None:
    """text as tokens, with its policy variables replaced.

    lookup: gives a context key's value; None when the document's version has no variables, so
            that `${…}` is literal text.
    None when a variable has no value and no default: nothing is equal to it or like it.
    Source: IAM User Guide, "IAM policy elements: Variables and tags" (read 2026-11-24).
    """
    if lookup is None or "${" not in text:
        return ((text, True),)
    tokens: list[Token] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        tokens.append((text[end : found.start()], True))
        end = found.end()
        inner = found.group(1)
        if inner in ("*", "?", "$"):
            tokens.append((inner, False))
            continue
        named = _KEY.fullmatch(inner)
        value = lookup(named.group(1)) if named else None
        if value is None:
            value = named.group(2) if named else None
        if value is None:
            return None
        tokens.append((value, False))
    tokens.append((text[end:], True))
    return tuple(tokens)


@lru_cache(maxsize=8192)
def matcher(tokens: Tokens, ignore_case: bool = False) -> Callable[[str], object]:
    """A function that is truthy for a text which the tokens describe.

    The expression uses an atomic group for each `*`: the first place where the text after a star
    fits is as good as any later one, so no pattern takes more than quadratic time.
    """
    pieces: list[str] = [""]
    for text, live in tokens:
        if not live:
            pieces[-1] += re.escape(text)
            continue
        first, *rest = text.split("*")
        pieces[-1] += _question_marks(first)
        pieces.extend(_question_marks(piece) for piece in rest)
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else 0)
    if len(pieces) == 1:
        return re.compile(pieces[0], flags).fullmatch
    first, *middle, last = pieces
    body = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{body}.*{last}", flags).fullmatch


def _question_marks(text: str) -> str:
    return ".".join(re.escape(piece) for piece in text.split("?"))


def like(pattern: str, text: str) -> bool:
    """True when text fits a pattern without variables, `*` and `?` being wildcards."""
    return bool(matcher(((pattern, True),))(text))


def like_tokens(tokens: Tokens, text: str) -> bool:
    """True when text fits the tokens."""
    return bool(matcher(tokens)(text))


def joined(tokens: Tokens) -> str:
    """The tokens as one text, for operators without wildcards."""
    return "".join(text for text, _ in tokens)


@lru_cache(maxsize=8192)
def arn_segments(tokens: Tokens) -> tuple[Tokens, ...] | None:
    """The six segments of an ARN pattern, or None when it has fewer.

    The colon inside a replaced variable is part of its value and parts nothing.
    """
    segments: list[list[Token]] = [[]]
    for text, live in tokens:
        if not live:
            segments[-1].append((text, False))
            continue
        first, *rest = text.split(":", max(0, 6 - len(segments)))
        segments[-1].append((first, True))
        segments.extend([(piece, True)] for piece in rest)
    return tuple(tuple(segment) for segment in segments) if len(segments) == 6 else None


def arn_like(segments: tuple[Tokens, ...], arn: str) -> bool:
    """True when each of the six segments of arn fits the pattern's, one by one.

    arn: with five colons or more.
    Source: IAM User Guide, "Condition operators", ArnEquals and ArnLike (read 2026-11-24).
    """
    return all(map(like_tokens, segments, arn.split(":", 5)))


class ActionSet:
    """The patterns of one Action element, sorted by service so that long lists stay cheap."""

    __slots__ = ("_any", "_services")

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._any = False
        self._services: dict[str, list[Callable[[str], object]]] = {}
        for pattern in patterns:
            service, colon, name = pattern.partition(":")
            if pattern == "*":
                self._any = True
            elif colon:
                matches = matcher(((name, True),), True)
                self._services.setdefault(service.lower(), []).append(matches)

    def holds(self, action: str) -> bool:
        """True when one of the patterns fits; case does not matter.

        The service prefix is a name or `*` alone: AWS refuses "s*:Get" when it is saved
        (Vendor s* is not valid), so here it fits nothing.
        """
        if self._any:
            return True
        service, _, name = action.partition(":")
        for key in (service.lower(), "*"):
            for matches in self._services.get(key, ()):
                if matches(name):
                    return True
        return False


action_set = lru_cache(maxsize=4096)(ActionSet)


@lru_cache(maxsize=8192)
def resource_fault(pattern: str) -> str | None:
    """Why AWS would not honour this Resource, or None.

    "service-wildcard": no wildcards in the service segment; "variable-misplaced": variables
    only after the fifth colon; "not-an-arn": no ARN and not "*".
    Source: IAM User Guide, "Resource" and "Policy variables" (read 2026-11-24).
    """
    if pattern == "*":
        return None
    if not pattern.startswith("arn:"):
        return "not-an-arn"
    variable = _VARIABLE.search(pattern)
    if variable and pattern.count(":", 0, variable.start()) < 5:
        return "variable-misplaced"
    return None if _SERVICE_NAMED.match(pattern) else "service-wildcard"
