"""What is offered at each place of a document. The place is where ▮ stands in the text."""

from __future__ import annotations

from typing import Any

import pytest

from xacct_helpers.policy import Kind
from xacct_helpers.view.completion import Completion, Known, complete
from xacct_helpers.view.partial_json import spot, words

A, B = "111111111111", "222222222222"
ROLE_A, ROLE_B = f"arn:aws:iam::{A}:role/account-a-role-name", f"arn:aws:iam::{B}:role/some-role"
USER_B = f"arn:aws:iam::{B}:user/admin"
APP = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
PROVIDER = f"arn:aws:iam::{B}:oidc-provider/oidc.example.com"
KNOWN = Known(
    accounts=(A, B),
    principals=(ROLE_A, ROLE_B, USER_B),
    resources=(APP, ROLE_A, ROLE_B, USER_B),
    providers=(PROVIDER,),
)


def at(marked: str, kind: Kind = "inline") -> Completion:
    position = marked.index("▮")
    return complete(marked.replace("▮", ""), position, kind, KNOWN)


def labels(marked: str, kind: Kind = "inline") -> list[str]:
    return [one.label for one in at(marked, kind).candidates]


def in_statement(inside: str) -> str:
    return f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {inside}}}]}}'


# marked text, kind, what is offered, what is not
OFFERED: dict[str, tuple[str, Kind, set[str], set[str]]] = {
    "the document's elements, those given left out": (
        '{"Version": "2012-10-17", "▮"}',
        "inline",
        {"Statement", "Id"},
        {"Version", "Effect"},
    ),
    "a statement's elements": (
        in_statement('"▮"'),
        "inline",
        {"Action", "NotAction", "Resource", "Condition", "Sid"},
        {"Effect", "Principal"},
    ),
    "not the opposite of what is given": (
        in_statement('"Action": "*", "▮"'),
        "inline",
        {"Resource", "NotResource"},
        {"Action", "NotAction"},
    ),
    "a trust policy has a Principal and no Resource": (
        in_statement('"▮"'),
        "trust",
        {"Principal", "Action"},
        {"Resource", "NotPrincipal"},
    ),
    "a repository's policy likewise": (
        in_statement('"▮"'),
        "repository",
        {"Principal", "Action"},
        {"Resource"},
    ),
    "outside of quotes": ('{"Version": "2012-10-17", ▮}', "inline", {"Statement"}, {"Version"}),
    "Effect": (
        in_statement('"Sid": "a"').replace("Allow", "▮"),
        "inline",
        {"Allow", "Deny"},
        {"*"},
    ),
    "the version": ('{"Version": "▮"}', "inline", {"2012-10-17"}, {"2008-10-17"}),
    "a principal that is one word": (
        in_statement('"Principal": "▮"'),
        "trust",
        {"*"},
        {ROLE_B, "AWS"},
    ),
    "actions of three services": (
        in_statement('"Action": ["ecr:BatchGetImage", "▮'),
        "inline",
        {"iam:PassRole", "sts:AssumeRole", "ecr:BatchGetImage"},
        {"s3:GetObject"},
    ),
    "and of another one once it is named": (
        in_statement('"NotAction": "s3:Get▮"'),
        "inline",
        {"s3:GetObject"},
        {"ecr:BatchGetImage"},
    ),
    "a trust policy's actions": (
        in_statement('"Action": "▮"'),
        "trust",
        {"sts:AssumeRole", "sts:TagSession", "sts:AssumeRoleWithWebIdentity"},
        {"sts:GetCallerIdentity", "ecr:BatchGetImage"},
    ),
    "a repository policy's actions": (
        in_statement('"Action": "▮"'),
        "repository",
        {"ecr:BatchGetImage"},
        {"sts:AssumeRole"},
    ),
    "resources that the actions work on": (
        in_statement('"Action": "ecr:BatchGetImage", "Resource": "▮"'),
        "inline",
        {APP, "*"},
        {ROLE_A},
    ),
    "roles for sts:AssumeRole, also where the action comes later": (
        in_statement('"Resource": "arn:▮", "Action": ["sts:AssumeRole"]'),
        "inline",
        {ROLE_A, ROLE_B},
        {APP, USER_B},
    ),
    "an action on no resource": (
        in_statement('"Action": "ecr:GetAuthorizationToken", "Resource": "▮"'),
        "inline",
        {"*"},
        {APP, ROLE_A},
    ),
    "any resource for any action": (
        in_statement('"Action": "*", "Resource": ["▮"]'),
        "inline",
        {APP, ROLE_A, "*"},
        set(),
    ),
    "another statement's actions do not count": (
        '{"Statement": [{"Action": "sts:AssumeRole"}, {"Action": "ecr:Put*", "Resource": "▮"}]}',
        "inline",
        {APP},
        {ROLE_A},
    ),
    "principal types": (
        in_statement('"Principal": {"▮"}'),
        "trust",
        {"AWS", "Service", "Federated"},
        {"Action"},
    ),
    "principals": (
        in_statement('"Principal": {"AWS": "▮"}'),
        "trust",
        {ROLE_B, USER_B, f"arn:aws:iam::{B}:root", "*"},
        {APP},
    ),
    "principals in a list": (
        in_statement('"Principal": {"AWS": ["a", "▮"]}'),
        "trust",
        {ROLE_B},
        set(),
    ),
    "services": (
        in_statement('"Principal": {"Service": "▮"}'),
        "trust",
        {"ecs-tasks.amazonaws.com"},
        {ROLE_B},
    ),
    "identity providers": (
        in_statement('"Principal": {"Federated": "▮"}'),
        "trust",
        {PROVIDER},
        {ROLE_B},
    ),
    "condition operators": (
        in_statement('"Condition": {"▮"}'),
        "inline",
        {"StringEquals", "ArnLike", "Bool", "StringLikeIfExists", "ForAnyValue:StringLike"},
        {"aws:SourceArn", "NullIfExists"},
    ),
    "condition keys of the actions": (
        in_statement('"Action": "ecr:BatchGetImage", "Condition": {"StringEquals": {"▮"}}'),
        "inline",
        {"ecr:ResourceTag/KEY", "aws:PrincipalOrgID"},
        {"sts:ExternalId", "iam:PassedToService"},
    ),
    "condition keys of a trust policy": (
        in_statement('"Action": "sts:AssumeRole", "Condition": {"StringEquals": {"▮"}}'),
        "trust",
        {"sts:ExternalId", "aws:PrincipalArn"},
        {"ecr:ResourceTag/KEY"},
    ),
    "condition values: accounts": (
        in_statement('"Condition": {"StringEquals": {"aws:PrincipalAccount": "▮"}}'),
        "inline",
        {A, B},
        {ROLE_A},
    ),
    "condition values: who calls": (
        in_statement('"Condition": {"ArnEquals": {"aws:PrincipalArn": "▮"}}'),
        "inline",
        {ROLE_A, ROLE_B, USER_B},
        {APP, A},
    ),
    "condition values: yes or no": (
        in_statement('"Condition": {"Bool": {"aws:SecureTransport": "▮"}}'),
        "inline",
        {"true", "false"},
        set(),
    ),
}


@pytest.mark.parametrize("name", OFFERED)
def test_what_is_offered(name: str) -> None:
    marked, kind, there, absent = OFFERED[name]
    found = set(labels(marked, kind))
    assert there <= found
    assert absent & found == set()


NOTHING = {
    "in a Sid": in_statement('"Sid": "▮"'),
    "in a value of a free key": in_statement(
        '"Condition": {"StringEquals": {"sts:ExternalId": "▮"}}'
    ),
    "where nothing is open": "▮",
    "under a name that does not exist": in_statement('"Actoin": "▮"'),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_offered(name: str) -> None:
    assert labels(NOTHING[name]) == []


def test_what_is_typed_is_replaced_up_to_the_closing_quote() -> None:
    marked = in_statement('"Action": "ecr:Batch▮Bla"')
    found = at(marked)
    text = marked.replace("▮", "")
    assert text[found.start : found.end] == "ecr:BatchBla"


@pytest.mark.parametrize(
    ("inside", "said"), [('"Allow▮"', True), ('"Allow"▮', False), ("▮", False)]
)
def test_it_says_whether_a_string_is_open(inside: str, said: bool) -> None:
    assert at(f'{{"Statement": [{{"Effect": {inside}}}]}}').in_string is said


def test_outside_of_quotes_they_are_brought() -> None:
    inserted = {one.label: one.insert for one in at("{▮}").candidates}
    assert inserted["Statement"] == '"Statement": []'
    assert inserted["Version"] == '"Version": ""'
    values = {one.label: one.insert for one in at(in_statement('"Action": [▮]')).candidates}
    assert values["iam:PassRole"] == '"iam:PassRole"'


UNFINISHED: dict[str, tuple[str, tuple[Any, ...], bool]] = {
    "a lone statement": ('{"Statement": {"Action": "▮"}}', ("Statement", 0, "Action"), False),
    "a string that is not closed": (
        '{"Statement": [{"Action": ["ecr:Get▮\n}]}',
        ("Statement", 0, "Action", 0),
        False,
    ),
    "a comma that is missing": (
        '{"Version": "2012-10-17" "Statement": [{"Sid": "a" "Action": "▮"}]}',
        ("Statement", 0, "Action"),
        False,
    ),
    "a bracket that is missing": (
        '{"Statement": [{"Action": ["a", "b"}, {"Resource": "▮"}]}',
        ("Statement", 1, "Resource"),
        False,
    ),
    "a bracket too many": ('{"Statement": [{}}], "I▮', (), False),
    "a name begun": ('{"Statement": [{"Act▮', ("Statement", 0), True),
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_half_a_document_has_places(name: str) -> None:
    marked, path, is_name = UNFINISHED[name]
    found = spot(marked.replace("▮", ""), marked.index("▮"))
    assert (found.path, found.is_name) == (path, is_name)


def test_no_text_is_an_error() -> None:
    text = '{"Statement": [{"Effect": "Allow", "Action": ["a\\"b", "c"], "Condition": {"x": {}}}]}'
    for end in range(len(text) + 1):
        for cut in (text[:end], text[end:], text[:end] + text[end + 1 :]):
            for position in range(0, len(cut) + 1, 7):
                complete(cut, position, "trust", KNOWN)
    assert [one.text for one in words(text)][:3] == ["Statement", "Effect", "Allow"]
