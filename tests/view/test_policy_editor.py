"""edit_policy(): its still form, and the kernel's answers to what the widget asks."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests import prepared
from xacct_helpers import LabError, edit_policy
from xacct_helpers.lab import Lab
from xacct_helpers.view.policy_editor import PolicyEditor

pytestmark = pytest.mark.slow

ROLE, ROLE_B = "account-a-role-name", "some-role-name"
ARN_B = f"arn:aws:iam::222222222222:role/{ROLE_B}"
REPOSITORY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "222222222222"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }
    ],
}


@pytest.fixture(scope="module")
def opened() -> Iterator[Lab]:
    with prepared.lab(after=5) as lab:
        client("ecr").set_repository_policy(
            repositoryName="my-app", policyText=json.dumps(REPOSITORY)
        )
        lab.running.post("save", name="editor")
        yield lab


@pytest.fixture
def lab(opened: Lab) -> Lab:
    """The accounts as after notebook 05, and a repository with a policy."""
    opened.running.post("restore", name="editor")
    return opened


def client(service: str, profile: str = "account-a") -> Any:
    return boto3.Session(profile_name=profile).client(service)


class Widget:
    """The other end of an editor: asks as the browser does."""

    def __init__(self, editor: PolicyEditor) -> None:
        self.editor = editor
        self.sent: list[dict[str, Any]] = []
        editor.send = lambda content, buffers=None: self.sent.append(content)

    def ask(self, question: str, **more: Any) -> dict[str, Any]:
        content = {"id": "view-1", "ask": question, **more}
        self.editor._handle_custom_msg(content, [])
        answer = self.sent.pop()
        assert answer.pop("id") == "view-1"
        return answer

    def save(self, text: str, over: bool = False) -> dict[str, Any]:
        return self.ask("save", text=text, over=over)


def widget(**what: Any) -> Widget:
    return Widget(edit_policy("account-a", **what))


def trust() -> Any:
    return client("iam").get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]


# -- which document --------------------------------------------------------------------------

DOCUMENTS: dict[str, tuple[str, dict[str, str], str, str]] = {
    "a trust policy": ("account-a", {"role": ROLE}, f"Trust policy of role {ROLE}", ARN_B),
    "an inline policy of a role": (
        "account-a",
        {"role": ROLE, "policy": "pull"},
        f"Inline policy pull of role {ROLE}",
        "ecr:BatchGetImage",
    ),
    "an inline policy of a user": (
        "account-b-admin",
        {"user": "admin", "policy": "mine"},
        "Inline policy mine of user admin",
        "iam:PassRole",
    ),
    "a repository's policy": (
        "account-a",
        {"repository": "my-app"},
        "Policy of repository my-app",
        '"AWS": "arn:aws:iam::222222222222:root"',
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_and_its_still_forms(lab: Lab, name: str) -> None:
    profile, what, title, inside = DOCUMENTS[name]
    client("iam", "account-b-admin").put_user_policy(
        UserName="admin",
        PolicyName="mine",
        PolicyDocument=json.dumps(
            {"Statement": [{"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}]}
        ),
    )
    editor = edit_policy(profile, **what)
    assert inside in editor.loaded
    bundle, _ = editor._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    plain, page = bundle["text/plain"], bundle["text/html"]
    assert plain.startswith(f"{title} in account ")
    assert editor.loaded in plain
    assert "The document has no error" in plain
    shown = html.unescape(re.sub(r"<[^>]+>", " ", page))
    assert editor.loaded in shown
    assert set(plain.split()) <= set(shown.split())
    again, _ = edit_policy(profile, **what)._repr_mimebundle_()
    assert (again["text/plain"], again["text/html"]) == (plain, page)
    assert repr(editor) == plain


WRONG: dict[str, tuple[str, dict[str, str], str]] = {
    "no such role": ("account-a", {"role": "nobody"}, "The role with name nobody cannot be found."),
    "no such policy": (
        "account-a",
        {"role": ROLE, "policy": "nix"},
        "The role policy with name nix cannot be found.",
    ),
    "no such repository": ("account-a", {"repository": "nix"}, "name 'nix' does not exist"),
    "no such profile": ("nobody", {"role": ROLE}, "no profile nobody. The lab has .*account-a,"),
    "nothing named": ("account-a", {}, "takes one of role=, user= and repository="),
    "two things named": ("account-a", {"role": "a", "user": "b"}, "takes one of role="),
    "a user without a policy": ("account-a", {"user": "admin"}, "Which policy of the user"),
    "a repository with one": ("account-a", {"repository": "my-app", "policy": "a"}, "leave out"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_exist_is_said_in_one_sentence(lab: Lab, name: str) -> None:
    profile, what, told = WRONG[name]
    with pytest.raises(LabError, match=told) as caught:
        edit_policy(profile, **what)
    assert "\n" not in str(caught.value)


def test_a_document_that_may_not_be_read_is_awss_refusal(lab: Lab) -> None:
    with pytest.raises(ClientError, match="is not authorized to perform: iam:GetRole"):
        edit_policy("account-b", role=ROLE)


def test_what_a_policy_holds_cannot_break_out_of_the_html(lab: Lab) -> None:
    odd = json.dumps(REPOSITORY).replace('"Effect"', '"Sid": "</code><script>", "Effect"')
    client("ecr").set_repository_policy(repositoryName="my-app", policyText=odd)
    bundle, _ = edit_policy("account-a", repository="my-app")._repr_mimebundle_()
    assert "<script>" not in bundle["text/html"]


# -- validation, completion, preview ---------------------------------------------------------


def test_a_mistake_is_told_at_its_line_in_awss_words(lab: Lab) -> None:
    asker = widget(role=ROLE, policy="pull")
    text = asker.editor.loaded.replace('"LogIn"', '"Log-In"')
    answer = asker.ask("check", text=text)
    assert answer["sentence"] == "AWS would refuse this document: 1 error."
    (found,) = answer["findings"]
    assert found["message"].startswith("Statement IDs (SID) must be alpha-numeric.")
    assert text.splitlines()[found["line"] - 1].strip() == '"Sid": "Log-In",'
    assert text[found["start"] : found["end"]] == '"Sid"'


def test_a_browser_counts_in_utf_16(lab: Lab) -> None:
    asker = widget(role=ROLE)
    text = asker.editor.loaded.replace("TrustSomeRoleName", "🙂")
    found = asker.ask("check", text=text)["findings"]
    assert [one["severity"] for one in found] == ["error", "error"]
    later = text.replace("sts:AssumeRole", "sts:")
    before = later[: later.index('"sts:"') + 5]
    answer = asker.ask("complete", text=later, position=len(before.encode("utf-16-le")) // 2)
    labels = [one["label"] for one in answer["candidates"]]
    assert "sts:AssumeRole" in labels
    assert answer["end"] - answer["start"] == 4


def test_completion_knows_the_accounts(lab: Lab) -> None:
    asker = widget(role=ROLE)
    text = asker.editor.loaded
    answer = asker.ask("complete", text=text, position=text.index(ARN_B) + 3)
    labels = {one["label"] for one in answer["candidates"]}
    assert labels >= {ARN_B, "arn:aws:iam::222222222222:user/admin"}
    assert text[answer["start"] : answer["end"]] == ARN_B


def test_the_preview_names_the_edges(lab: Lab) -> None:
    asker = widget(role=ROLE)
    loaded = asker.editor.loaded
    before = lab.running.get("fingerprint")
    told = asker.ask("preview", text=loaded.replace(ARN_B, "arn:aws:iam::333333333333:user/admin"))
    assert told["sentence"] == "Saving this would change the access map:"
    assert told["lines"] == [
        f"+ appears: admin (stranger) can assume {ROLE} (A): both accounts have agreed",
        f"− is only half there then: {ROLE_B} (B) cannot assume {ROLE} (A): "
        "B has agreed, A has not",
    ]
    assert lab.running.get("fingerprint") == before, "a preview saves nothing"


def test_the_preview_tells_of_a_door_open_to_everybody(lab: Lab) -> None:
    asker = widget(role=ROLE)
    told = asker.ask("preview", text=asker.editor.loaded.replace(ARN_B, "*"))
    assert f"+ appears: {ROLE} (A) trusts anybody" in told["lines"]


PREVIEWS = {
    "as it is": (lambda text: text, "This is the document as it is in the account."),
    "white space": (
        lambda text: text + "\n",
        "Saving this would change no edge of the access map.",
    ),
    "not to be saved": (lambda text: text[:-1], "As it stands it cannot be saved, so nothing"),
    "a principal that does not exist": (
        lambda text: text.replace(ROLE_B, "nobody"),
        "AWS would refuse to save this: Invalid principal in policy",
    ),
}


@pytest.mark.parametrize("name", PREVIEWS)
def test_a_preview_without_edges_is_one_sentence(lab: Lab, name: str) -> None:
    change, told = PREVIEWS[name]
    asker = widget(role=ROLE)
    answer = asker.ask("preview", text=change(asker.editor.loaded))
    assert answer["sentence"].startswith(told)
    assert answer["lines"] == []


# -- Save ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_save_makes_the_call(lab: Lab, name: str) -> None:
    profile, what, _, inside = DOCUMENTS[name]
    client("iam", "account-b-admin").put_user_policy(
        UserName="admin",
        PolicyName="mine",
        PolicyDocument=json.dumps(
            {"Statement": [{"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}]}
        ),
    )
    asker = Widget(edit_policy(profile, **what))
    text = asker.editor.loaded.replace('"Effect"', '"Sid": "Seen",\n"Effect"', 1)
    text = re.sub(r'"Sid": "(TrustSomeRoleName|LogIn)",\s*', "", text)
    answer = asker.save(text)
    assert (answer["state"], answer["findings"]) == ("saved", [])
    assert '"Seen"' in edit_policy(profile, **what).loaded
    assert inside in edit_policy(profile, **what).loaded
    assert asker.editor.loaded == text
    assert answer["boto3"].startswith("import boto3\n")
    assert answer["cli"].startswith(f"aws --profile {profile} ")
    assert asker.save(text)["state"] == "same"


def test_a_refused_save_says_where_and_loses_nothing(lab: Lab) -> None:
    asker = widget(role=ROLE)
    before, was = asker.editor.loaded, trust()
    text = before.replace(ROLE_B, "nobody")
    answer = asker.save(text)
    line = before[: before.index(ARN_B)].count("\n") + 1
    assert answer["state"] == "refused"
    assert answer["sentence"].startswith(f"AWS refused (line {line}): MalformedPolicyDocument: Inv")
    (found,) = answer["findings"]
    assert found["line"] == line
    assert text[found["start"] : found["end"]] == f'"{ARN_B.replace(ROLE_B, "nobody")}"'
    assert (asker.editor.loaded, trust()) == (before, was)


NOBODY = ARN_B.replace(ROLE_B, "nobody")
# what is saved, what AWS says of it, and the text that gets the mark
REFUSED_SAVES: dict[str, tuple[Callable[[str], str], str, str]] = {
    "the document's own fault": (
        lambda text: text.replace('"Effect"', '"Resource": "*",\n"Effect"', 1),
        "Has prohibited field Resource",
        '"Resource"',
    ),
    "beside what one may come to regret": (
        lambda text: text.replace(f'"{ARN_B}"', f'["*", "{NOBODY}"]'),
        f'Invalid principal in policy: "AWS":"{NOBODY}"',
        f'"{NOBODY}"',
    ),
    "what AWS quotes is written in another way": (
        lambda text: text.replace(ARN_B, "\\u0061" + NOBODY[1:]),
        f'Invalid principal in policy: "AWS":"{NOBODY}"',
        '"AWS"',
    ),
}


@pytest.mark.parametrize("name", REFUSED_SAVES)
def test_where_a_refused_save_is_marked(lab: Lab, name: str) -> None:
    change, message, marked = REFUSED_SAVES[name]
    asker = widget(role=ROLE)
    text = change(asker.editor.loaded)
    answer = asker.save(text)
    line = text[: text.index(marked)].count("\n") + 1
    assert answer["sentence"] == f"AWS refused (line {line}): MalformedPolicyDocument: {message}"
    [found] = [one for one in answer["findings"] if one["severity"] == "error"]
    assert (found["message"], found["line"]) == (message, line)
    assert text[found["start"] : found["end"]] == marked


def test_a_save_that_may_not_be_made_is_awss_refusal(lab: Lab) -> None:
    asker = widget(role=ROLE)
    deny = {"Effect": "Deny", "Action": "iam:UpdateAssumeRolePolicy", "Resource": "*"}
    client("iam").put_user_policy(
        UserName="admin", PolicyName="no", PolicyDocument=json.dumps({"Statement": [deny]})
    )
    answer = asker.save(asker.editor.loaded + "\n")
    assert answer["sentence"].startswith("AWS refused: AccessDenied: User: ")
    assert answer["findings"] == []


def test_what_another_cell_saved_is_not_overwritten(lab: Lab) -> None:
    asker = widget(role=ROLE)
    mine = asker.editor.loaded.replace(ARN_B, "arn:aws:iam::222222222222:user/admin")
    theirs = asker.editor.loaded.replace(ARN_B, "arn:aws:iam::333333333333:user/admin")
    client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=theirs)
    answer = asker.save(mine)
    assert answer["state"] == "changed"
    assert answer["sentence"].startswith("Not saved: the document has changed in the account")
    assert trust() == json.loads(theirs)
    assert asker.save(mine)["state"] == "changed", "it stays so until it is decided"
    assert asker.save(mine, over=True)["state"] == "saved"
    assert trust() == json.loads(mine)


def test_what_another_cell_saved_can_be_loaded(lab: Lab) -> None:
    asker = widget(role=ROLE)
    theirs = asker.editor.loaded.replace(ARN_B, "arn:aws:iam::333333333333:user/admin")
    client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=theirs)
    answer = asker.ask("load")
    assert json.loads(answer["text"]) == json.loads(theirs)
    assert asker.editor.loaded == answer["text"]
    assert asker.save(answer["text"] + "\n")["state"] == "saved"


def test_what_is_gone_is_said_to_be(lab: Lab) -> None:
    asker = widget(role=ROLE, policy="pull")
    client("iam").delete_role_policy(RoleName=ROLE, PolicyName="pull")
    told = asker.save(asker.editor.loaded + "\n")["error"]
    assert told == "There is nothing to edit: The role policy with name pull cannot be found."
