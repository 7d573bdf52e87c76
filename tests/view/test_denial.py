"""explain() and the denial card: the side, the statements, the marks, and both forms alike."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser

import boto3
import pytest
from botocore.exceptions import ClientError

from tests import prepared, shells
from xacct_helpers import LabError, check, explain, workspace
from xacct_helpers.lab import Lab
from xacct_helpers.view import Card

pytestmark = pytest.mark.slow

A, B, STRANGER = "111111111111", "222222222222", "333333333333"
ROLE_A = f"arn:aws:iam::{A}:role/account-a-role-name"
ROLE_B = f"arn:aws:iam::{B}:role/some-role-name"


@pytest.fixture(scope="module")
def _lab() -> Iterator[Lab]:
    with prepared.lab(after=4) as lab:
        yield lab


@pytest.fixture
def lab(_lab: Lab) -> Lab:
    """The accounts as they are after notebook 04, whatever a test before made of them."""
    _lab.running.post("restore", name=prepared.snapshot(4))
    workspace.forget_cached_credentials(_lab.folder)
    return _lab


def refused(profile: str, role: str = ROLE_A, **more: str) -> ClientError:
    with pytest.raises(ClientError) as caught:
        boto3.Session(profile_name=profile).client("sts").assume_role(
            RoleArn=role, RoleSessionName="test", **more
        )
    return caught.value


def document(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trusting(principal: str, **condition: object) -> str:
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": "sts:AssumeRole",
            **({"Condition": condition} if condition else {}),
        }
    )


def set_trust(text: str) -> None:
    boto3.Session(profile_name="account-a").client("iam").update_assume_role_policy(
        RoleName="account-a-role-name", PolicyDocument=text
    )


class Page(HTMLParser):
    """The page's words in reading order, its marks, headings and open elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.marks: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.tags: list[str] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert not self._open, "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        names = [tag for tag, _ in self._open]
        if "style" in names:
            return
        self.words += re.findall(r"\w[\w:/.-]*\w|[✓✗↑]", data)
        if "mark" in names:
            self.marks.append(data)
        for _, attrs in self._open:
            if attrs.get("role") == "heading":
                self.headings.append((int(str(attrs["aria-level"])), data))


def test_the_side_that_refused_is_named(lab: Lab) -> None:
    card = explain(refused("stranger"))
    assert card.title == "✗ Refused: sts:AssumeRole"
    assert (card.who, card.resource) == (f"arn:aws:iam::{STRANGER}:user/admin", ROLE_A)
    said = [(side.account, side.whose, side.agrees, side.verdict) for side in card.sides]
    assert said == [
        (STRANGER, "the caller's", True, "✓ allows it"),
        (A, "the resource's", False, "✗ does not allow it"),
    ]
    assert [(layer.layer, layer.account, layer.outcome) for layer in card.layers] == [
        ("identity-based policies", STRANGER, "✓ allow it"),
        ("trust policy", A, "✗ does not allow it"),
    ]
    assert card.changes[0].sentence.startswith(f"Account {A} adds")


def test_the_element_that_decided_is_marked_in_the_policys_own_text(lab: Lab) -> None:
    page = Page(explain(refused("stranger"))._repr_html_())
    assert page.marks == ['"Effect": "Allow",', f'"Principal": {{"AWS": "{ROLE_B}"}},']
    told = repr(explain(refused("stranger")))
    assert f'▶   "Principal": {{"AWS": "{ROLE_B}"}},' in told
    assert (
        f"↑ this does not match: the call has arn:aws:iam::{STRANGER}:user/admin; "
        "it names another account" in told
    )


def test_a_condition_is_marked_by_its_key(lab: Lab) -> None:
    asks = {"StringEquals": {"sts:RoleSessionName": "test", "sts:ExternalId": "x-1"}}
    set_trust(trusting(STRANGER, **asks))
    card = explain(refused("stranger", ExternalId="x-2"))
    page = Page(card._repr_html_())
    assert page.marks[-1] == '"sts:ExternalId": "x-1"'
    assert "this does not match: the call has x-2" in repr(card)
    assert card.calls[0].heading == "sts:AssumeRole, called by the caller"
    assert "ExternalId" in card.calls[0].boto3
    none = explain(refused("stranger"))
    assert "this does not match: the request does not have this condition key" in repr(none)


def test_a_denial_in_the_callers_own_account_shows_the_deny(lab: Lab) -> None:
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    deny = {"Sid": "NoWay", "Effect": "Deny", "Action": "sts:*", "Resource": "*"}
    iam.put_role_policy(RoleName="some-role-name", PolicyName="no", PolicyDocument=document(deny))
    card = explain(refused("account-b"))
    assert [side.verdict for side in card.sides] == ["✗ denies it explicitly", "✓ allows it"]
    assert '▶   "Effect": "Deny",\n        ↑ this denies it' in repr(card)
    assert card.what_if == (
        '✓ Without statement "NoWay" of inline policy "no" of role some-role-name '
        "it would be allowed.",
    )
    assert 'iam.delete_role_policy(RoleName="some-role-name", PolicyName="no")' in (
        card.calls[0].boto3
    )


def test_within_one_account_there_is_one_account(lab: Lab) -> None:
    iam = boto3.Session(profile_name="account-a").client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = boto3.Session(
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        region_name="us-east-1",
    )
    with pytest.raises(ClientError) as caught:
        ann.client("ecr").describe_images(repositoryName="my-app")
    card = explain(caught.value)
    [side] = card.sides
    assert (side.account, side.whose, side.agrees) == (A, "the caller's and the resource's", False)
    assert 'iam.put_user_policy(\n    UserName="ann"' in card.calls[0].boto3


def test_what_was_allowed_says_which_statement_it_hangs_on(lab: Lab) -> None:
    answer = (
        boto3.Session(profile_name="account-b")
        .client("sts")
        .assume_role(RoleArn=ROLE_A, RoleSessionName="test")
    )
    found = lab.running.decision(answer["ResponseMetadata"]["RequestId"])
    from xacct_helpers.view.refusals import call_card

    card = call_card(found)
    assert card.title == "✓ Allowed: sts:AssumeRole"
    assert len(card.what_if) == 2
    assert all(one.startswith("✗ Without statement ") for one in card.what_if)
    assert not card.changes
    assert not card.calls


# -- the forms -------------------------------------------------------------------------------


def test_both_forms_say_the_same_in_the_same_order(lab: Lab) -> None:
    for card in (explain(refused("stranger")), explain(refused("account-b-admin", ROLE_A + "e"))):
        page = Page(card._repr_html_())
        text = re.findall(r"\w[\w:/.-]*\w|[✓✗↑]", repr(card).replace("▶", " "))
        added = {"The", "accounts", "account", "Show", "the", "call", "with"}
        small = {word.lower() for word in added}

        def told(words: list[str], small: set[str] = small) -> list[str]:
            return [word.lower() for word in words if word.lower() not in small]

        assert told(page.words) == told(text)


def test_headings_leave_the_notebooks_outline_alone(lab: Lab) -> None:
    page = Page(explain(refused("stranger"))._repr_html_())
    assert not {"h1", "h2", "h3", "h4", "h5", "h6", "table", "script"} & set(page.tags)
    assert page.headings == [
        (4, "✗ Refused: sts:AssumeRole"),
        (5, "The accounts"),
        (5, "What the policies say"),
        (5, "The smallest change that would allow it"),
        (5, "What if"),
    ]
    assert page.tags[0] == "section"


def test_what_a_policy_says_cannot_break_out_of_the_html(lab: Lab) -> None:
    iam = boto3.Session(profile_name="account-a").client("iam")
    odd = "iam:</pre></section><script>alert(1)</script>"
    statement = {"Effect": "Allow", "Action": odd, "Resource": "*"}
    iam.create_role(RoleName="odd", AssumeRolePolicyDocument=trusting(A))
    iam.put_role_policy(RoleName="odd", PolicyName="odd", PolicyDocument=document(statement))
    session = (
        boto3.Session(profile_name="account-a")
        .client("sts")
        .assume_role(RoleArn=f"arn:aws:iam::{A}:role/odd", RoleSessionName="odd")["Credentials"]
    )
    odd_client = boto3.client(
        "ecr",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
        region_name="us-east-1",
    )
    with pytest.raises(ClientError) as caught:
        odd_client.describe_images(repositoryName="my-app")
    card = explain(caught.value)
    assert odd in repr(card)
    assert "script" not in Page(card._repr_html_()).tags


# -- the calls it shows ----------------------------------------------------------------------


def ran_as_python(lab: Lab, card: Card) -> None:
    for call in card.calls:
        exec(call.boto3, {})


def ran_in_a_shell(lab: Lab, card: Card) -> None:
    for call in card.calls:
        shells.run(lab, call.cli)


def _remake(lab: Lab) -> None:
    """B's role deleted and made again: A trusts one that is gone."""
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    trust = iam.get_role(RoleName="some-role-name")["Role"]["AssumeRolePolicyDocument"]
    [name] = iam.list_role_policies(RoleName="some-role-name")["PolicyNames"]
    policy = iam.get_role_policy(RoleName="some-role-name", PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName="some-role-name", PolicyName=name)
    iam.delete_role(RoleName="some-role-name")
    iam.create_role(RoleName="some-role-name", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(
        RoleName="some-role-name", PolicyName=name, PolicyDocument=json.dumps(policy)
    )


def _both_halves_gone(lab: Lab) -> None:
    set_trust(trusting(STRANGER))
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    for name in iam.list_role_policies(RoleName="some-role-name")["PolicyNames"]:
        iam.delete_role_policy(RoleName="some-role-name", PolicyName=name)


def _denied_twice_in_one_document(lab: Lab) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    allow = json.loads(trusting(STRANGER))["Statement"][0]
    set_trust(document({**deny, "Sid": "One"}, allow, {**deny, "Sid": "Two"}))


def _boundary(lab: Lab) -> None:
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    text = document({"Effect": "Allow", "Action": "ecr:*", "Resource": "*"})
    arn = iam.create_policy(PolicyName="edge", PolicyDocument=text)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="some-role-name", PermissionsBoundary=arn)


WRONG = ROLE_A.replace(A, f"{A[1:]}2")


def _typos_in_both_halves(lab: Lab) -> None:
    set_trust(trusting(B, ArnEquals={"aws:PrincipalArn": ROLE_B.replace("some", "sone")}))
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": WRONG}
    boto3.Session(profile_name="account-b-admin").client("iam").put_role_policy(
        RoleName="some-role-name", PolicyName="assume-account-a", PolicyDocument=document(allow)
    )


BROKEN = [
    _remake,
    _both_halves_gone,
    _denied_twice_in_one_document,
    _boundary,
    _typos_in_both_halves,
]


@pytest.mark.parametrize("made", [ran_as_python, ran_in_a_shell])
@pytest.mark.parametrize("broken", BROKEN, ids=[one.__name__.strip("_") for one in BROKEN])
def test_the_calls_it_shows_mend_it_as_they_stand(lab: Lab, broken, made) -> None:  # type: ignore[no-untyped-def]
    broken(lab)
    card = explain(refused("account-b"))
    assert card.calls
    made(lab, card)
    boto3.Session(profile_name="account-b").client("sts").assume_role(
        RoleArn=ROLE_A, RoleSessionName="test"
    )


def test_a_typo_is_corrected_in_its_place(lab: Lab) -> None:
    _typos_in_both_halves(lab)
    card = explain(refused("account-b"))
    assert card.changes[0].sentence == (
        f'Account {B} corrects Resource in statement 1 of inline policy "assume-account-a" of role '
        f"some-role-name: {ROLE_A} instead of {WRONG}."
    )
    assert WRONG not in card.calls[0].boto3
    ran_as_python(lab, card)
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    found = iam.get_role_policy(RoleName="some-role-name", PolicyName="assume-account-a")
    assert found["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE_A}
    ]


def test_a_principal_that_is_gone_is_left_out_and_said_to_be(lab: Lab) -> None:
    _remake(lab)
    card = explain(refused("account-b"))
    assert re.search(r"The deleted principal AROA\w+ is left out", card.calls[0].note)
    assert "AROA" not in card.calls[0].boto3
    assert f"\n  {card.calls[0].note}\n  with boto3:" in repr(card)


def test_a_repository_gets_its_policy(lab: Lab) -> None:
    ecr = boto3.Session(profile_name="account-b-admin").client("ecr")

    def ask() -> object:
        return ecr.describe_images(registryId=A, repositoryName="my-app")

    with pytest.raises(ClientError) as caught:
        ask()
    card = explain(caught.value)
    assert shlex.split(card.calls[0].cli)[:5] == [
        "aws", "--profile", "account-a", "ecr", "set-repository-policy"
    ]  # fmt: skip
    ran_as_python(lab, card)
    ask()


# -- which call is explained -----------------------------------------------------------------


def test_without_an_argument_the_latest_refusal_is_explained(lab: Lab) -> None:
    error = refused("stranger")
    boto3.Session(profile_name="account-a").client("sts").get_caller_identity()
    assert repr(explain()) == repr(explain(error))


def test_what_a_check_tried_is_passed_over(lab: Lab) -> None:
    error = refused("stranger")
    check("03")
    check("04")
    assert repr(explain()) == repr(explain(error))


NOWHERE = [
    ("arn:aws:iam::999999999999:role/x", "There is no account 999999999999 in this lab."),
    (ROLE_A + "e", "has no role of this ARN. It has account-a-role-name."),
]


@pytest.mark.parametrize(("role", "told"), NOWHERE, ids=["no such account", "no such role"])
def test_a_name_that_leads_nowhere_is_said_to_be_one(lab: Lab, role: str, told: str) -> None:
    card = explain(refused("account-b-admin", role))
    assert told in card.remarks[-1]
    assert (card.changes, card.calls, card.what_if) == ((), (), ())


def test_a_long_list_is_cut_where_it_is_not_what_decided(lab: Lab) -> None:
    """... on the card. AWS's own policies have hundreds of actions."""
    actions = [f"ecr:List{number:02}" for number in range(20)]
    iam = boto3.Session(profile_name="account-b-admin").client("iam")
    statement = {"Effect": "Deny", "Action": ["sts:AssumeRole", *actions], "Resource": "*"}
    iam.put_role_policy(
        RoleName="some-role-name", PolicyName="no", PolicyDocument=document(statement)
    )
    text = repr(explain(refused("account-b")))
    assert '"ecr:List06",\n' in text
    assert "ecr:List07" not in text
    assert "… and 13 more" in text


def test_a_call_that_no_policy_had_a_part_in(lab: Lab) -> None:
    stranger = boto3.client(
        "sts", aws_access_key_id="AKIAEXAMPLEEXAMPLE12", aws_secret_access_key="x"
    )
    with pytest.raises(ClientError) as caught:
        stranger.get_caller_identity()
    answer = "InvalidClientTokenId: The security token included in the request is invalid."
    with pytest.raises(LabError) as refusal:
        explain(caught.value)
    assert str(refusal.value) == (
        f"No policy had a part in this. AWS's answer says it all: {answer}"
    )


def test_a_repository_that_is_not_there_is_said_not_to_be(lab: Lab) -> None:
    """B's role pulls without registryId, which means from account B's own registry."""
    ecr = boto3.Session(profile_name="account-b").client("ecr")
    with pytest.raises(ClientError) as caught:
        ecr.batch_get_image(repositoryName="my-app", imageIds=[{"imageTag": "v1"}])
    card = explain(caught.value)
    assert card.remarks[-1] == (
        f"Account {B} has no repository my-app in us-east-1. Account {A} has one: a call names its "
        "registry by registryId."
    )
    assert (card.changes, card.calls, card.what_if) == ((), (), ())


def test_a_refusal_that_no_policy_made_is_said_to_be_so(lab: Lab) -> None:
    iam = boto3.Session(profile_name="account-a").client("iam")
    with pytest.raises(ClientError) as caught:
        iam.put_role_policy(RoleName="account-a-role-name", PolicyName="x", PolicyDocument="{")
    card = explain(caught.value)
    assert card.title == "✓ Allowed: iam:PutRolePolicy"
    assert card.remarks[-1].startswith("But the call failed for another reason: Malformed")
    assert not card.changes
    with pytest.raises(LabError, match="takes an error that an AWS call raised, not ValueError"):
        explain(ValueError("no AWS error"))
