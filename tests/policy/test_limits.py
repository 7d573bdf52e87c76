"""How AWS counts documents, and which characters they may hold."""

from __future__ import annotations

from typing import get_args

import pytest

from xacct_helpers.policy import Kind
from xacct_helpers.policy.language import limits

PARAMETER = (
    "Invalid parameter at 'policyText' failed to satisfy constraint: "
    "'must have length less than or equal to 10240'"
)
CONTENT = "You have exceeded the maximum size of a policy document."
#: Kind, the most of it, whether white space counts, AWS's words. Source: as the module.
LIMITS: tuple[tuple[Kind, int, bool, str], ...] = (
    ("managed", 6144, False, "Cannot exceed quota for PolicySize: 6144"),
    ("inline", 10240, False, "Maximum policy size of 10240 bytes exceeded for role"),
    ("trust", 2048, False, "Cannot exceed quota for ACLSizePerRole: 2048"),
    ("session", 2048, True, "Member must have length less than or equal to 2048"),
    ("repository", 10240, True, PARAMETER),
    ("registry", 10240, True, PARAMETER),
    ("scp", 5120, True, CONTENT),
    ("rcp", 5120, True, CONTENT),
)


def test_every_kind_has_a_limit() -> None:
    assert sorted(kind for kind, *_ in LIMITS) == sorted(get_args(Kind))


@pytest.mark.parametrize(("kind", "most", "spaces", "words"), LIMITS)
def test_the_most_that_a_document_may_have(kind: Kind, most: int, spaces: bool, words: str) -> None:
    assert limits.LONGEST[kind] == most
    assert limits.too_long("x" * most, kind) is None
    assert limits.too_long("x" * (most + 1), kind) == words
    assert limits.too_long("x" * most + " \n\t", kind) == (words if spaces else None)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_organizations_counts_bytes(kind: Kind) -> None:
    assert limits.size("é", kind) == (2 if kind in ("scp", "rcp") else 1)
    assert limits.size("\ud800", kind) == (3 if kind in ("scp", "rcp") else 1)


@pytest.mark.parametrize(("holder", "most"), [("user", 2048), ("group", 5120), ("role", 10240)])
def test_inline_policies_count_together(holder: str, most: int) -> None:
    assert limits.too_long_together(most, holder, "n") is None
    told = f"Maximum policy size of {most} bytes exceeded for {holder} n"
    assert limits.too_long_together(most + 1, holder, "n") == told


@pytest.mark.parametrize("kind", get_args(Kind))
def test_iam_and_sts_take_latin_characters_only(kind: Kind) -> None:
    latin = kind in ("managed", "inline", "trust", "session")
    assert limits.strange_character("\t\n\r ~\xa0ÿ", kind) is None
    for strange in ("–", "Ā", "\x1f", "\x0b"):
        assert limits.strange_character(f"ab{strange}{strange}", kind) == (2 if latin else None)
