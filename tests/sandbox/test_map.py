"""The access map, why a pair is as it is, and what a save would change: through the control API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandboxes import A, B, C, Sandbox, allow, deny, grant, policy, statement, trust

ROLE = f"arn:aws:iam::{A}:role/target"
CALLER = f"arn:aws:iam::{B}:role/caller"
USER = f"arn:aws:iam::{B}:user/ada"
ADMIN_A, ADMIN_B = (f"arn:aws:iam::{one}:user/admin" for one in (A, B))
ROOT_B = f"arn:aws:iam::{B}:root"
REPOSITORY = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
ASSUME = allow("sts:AssumeRole", ROLE)
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
LONG = "s3:" + "x" * 11_000
Json = dict[str, Any]


def drawn(sandbox: Sandbox) -> Json:
    reply = sandbox.control("GET", "map")
    assert reply.status == 200, reply.body
    return dict(reply.json)


def said(edge: Json) -> str:
    """An edge in short: both, caller or resource, and whether nobody is meant in particular."""
    if edge["verdict"] == "allowed":
        assert edge["caller_agrees"]
        assert edge["resource_agrees"]
        return "both, blanket" if edge["blanket"] else "both"
    assert edge["caller_agrees"] != edge["resource_agrees"]
    return "caller" if edge["caller_agrees"] else "resource"


def edges(found: Json) -> dict[tuple[str, str, str], str]:
    return {
        (one["source"].rsplit("/")[-1], one["relation"], one["target"].rsplit("/")[-1]): said(one)
        for one in found["edges"]
    }


def marks(found: Json, side: str, relation: str = "can-assume") -> dict[str, list[str]]:
    return {
        one["arn"]: ["everyone"] if one["everyone"] else one["accounts"]
        for one in found["marks"]
        if (one["side"], one["relation"]) == (side, relation)
    }


# The trust policy of A's role, the policy of B's role, and the one edge between them.
HALVES = [
    ("both have agreed", CALLER, ASSUME, "both"),
    ("only A has agreed", CALLER, allow("s3:*"), "resource"),
    ("only B has agreed", A, ASSUME, "caller"),
    ("A trusts B's account, B has agreed", B, ASSUME, "both"),
    ("A trusts B's account, B has not agreed", B, allow("s3:*"), None),
    ("A trusts another account, B's role may assume anything", C, allow("sts:*"), None),
    ("A trusts B's account, B's role may assume anything", B, allow("sts:*"), "both, blanket"),
    ("A trusts B's role, which may assume anything", CALLER, allow("sts:*"), "both"),
    ("B denies what A grants", CALLER, deny("sts:*"), "resource"),
    ("B's role may assume roles of that beginning", A, allow("sts:*", ROLE[:-3] + "*"), "caller"),
    (
        "B's role may assume any role of A",
        A,
        allow("sts:*", f"arn:aws:iam::{A}:role/*"),
        None,
    ),
]


@pytest.mark.parametrize(
    ("trusted", "permission", "expected"), [row[1:] for row in HALVES], ids=[r[0] for r in HALVES]
)
def test_an_edge_has_two_halves(
    sandbox: Sandbox, trusted: str, permission: str, expected: str | None
) -> None:
    sandbox.role(B, "caller", trust(B), permission)
    sandbox.role(A, "target", trust(trusted))
    assert edges(drawn(sandbox)).get(("caller", "can-assume", "target")) == expected


def test_who_and_what_is_on_the_map(sandbox: Sandbox) -> None:
    sandbox.role(A, "target", trust(A), Path="/team/")
    sandbox.user(B, "ada")
    sandbox.do(A, "ecr:CreateRepository", region="eu-west-1", repositoryName="my-app")
    sandbox.do(A, "iam:CreateServiceLinkedRole", AWSServiceName="autoscaling.amazonaws.com")
    found, team = drawn(sandbox), f"arn:aws:iam::{A}:role/team/target"
    assert found["accounts"] == [{"id": one} for one in (A, B, C)]
    assert found["principals"] == [
        {"arn": ADMIN_A, "kind": "user", "name": "admin", "account": A},
        {"arn": team, "kind": "role", "name": "target", "account": A},
        {"arn": USER, "kind": "user", "name": "ada", "account": B},
        {"arn": ADMIN_B, "kind": "user", "name": "admin", "account": B},
        {"arn": f"arn:aws:iam::{C}:user/admin", "kind": "user", "name": "admin", "account": C},
    ]  # fmt: skip
    arn = f"arn:aws:ecr:eu-west-1:{A}:repository/my-app"
    assert found["repositories"] == [
        {"arn": arn, "name": "my-app", "account": A, "region": "eu-west-1"}
    ]


def test_agreement_with_everybody_is_a_mark_and_no_edge(sandbox: Sandbox) -> None:
    sandbox.role(A, "target", trust([B, C]))
    sandbox.role(A, "open", trust("*"))
    sandbox.role(A, "named", trust(ROOT_B, Condition={"ArnLike": {"aws:PrincipalArn": CALLER}}))
    sandbox.role(B, "caller", trust(B), allow("sts:AssumeRole", f"arn:aws:iam::{A}:role/*"))
    found = drawn(sandbox)
    assert marks(found, "resource") == {
        ROLE: [B, C],
        f"arn:aws:iam::{A}:role/open": ["everyone"],
        CALLER: [B],
    }
    administrators = {f"arn:aws:iam::{one}:user/admin": ["everyone"] for one in (A, B, C)}
    assert marks(found, "caller") == {CALLER: [A], **administrators}
    assert edges(found)["caller", "can-assume", "named"] == "both", "meant by its name after all"
    assert edges(found)["caller", "can-assume", "target"] == "both, blanket"


def test_an_external_id_is_brought_where_a_trust_policy_asks_for_one(sandbox: Sandbox) -> None:
    asks = {"StringEquals": {"sts:ExternalId": ["customer-1", "customer-2"]}}
    sandbox.role(B, "caller", trust(B), ASSUME)
    sandbox.role(A, "target", trust(B, Condition=asks))
    sandbox.role(A, "other", trust(B, Condition={"StringNotEquals": asks["StringEquals"]}))
    found = drawn(sandbox)
    told = {
        one["source"]: one["external_id"]
        for one in found["edges"]
        if one["target"] == ROLE and one["verdict"] == "allowed"
    }
    assert told == {CALLER: "customer-1", ADMIN_B: "customer-1"}
    marked = [
        (one["arn"].rsplit("/")[-1], one["accounts"], one["external_id"])
        for one in found["marks"]
        if one["side"] == "resource" and A in one["arn"]
    ]
    assert marked == [
        ("other", [B], None),
        ("target", [B], "customer-1"),
    ]
    asked = {"source": CALLER, "target": ROLE, "relation": "can-assume"}
    assert sandbox.control("POST", "why", asked).json["decision"]["allowed"]


def test_pulling_takes_both_actions_and_in_the_own_account_no_policy(sandbox: Sandbox) -> None:
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    sandbox.role(A, "puller", trust(A), allow(PULL, REPOSITORY))
    sandbox.role(A, "reader", trust(A), allow(PULL[0], REPOSITORY))
    sandbox.role(B, "caller", trust(B), allow(PULL))
    sandbox.user(B, "ada", allow(PULL, REPOSITORY))

    def pulling() -> dict[str, str]:
        found = edges(drawn(sandbox)).items()
        return {source: what for (source, relation, _), what in found if relation == "can-pull"}

    assert pulling() == {"admin": "both, blanket", "puller": "both", "ada": "caller"}
    sandbox.do(
        A,
        "ecr:SetRepositoryPolicy",
        repositoryName="my-app",
        policyText=policy(
            statement("Allow", PULL, Principal={"AWS": [CALLER, USER]}),
        ),
    )
    own = {"admin": "both, blanket", "puller": "both"}
    assert pulling() == {**own, "caller": "both", "ada": "both"}
    sandbox.do(
        A, "ecr:SetRepositoryPolicy", repositoryName="my-app", policyText=grant(USER, PULL[0])
    )
    assert pulling() == {**own, "ada": "caller"}
    sandbox.do(A, "ecr:SetRepositoryPolicy", repositoryName="my-app", policyText=grant(B))
    assert pulling() == {**own, "caller": "both, blanket", "ada": "both"}
    assert marks(drawn(sandbox), "resource", "can-pull") == {REPOSITORY: [B]}


def test_boundaries_and_groups_count(sandbox: Sandbox) -> None:
    sandbox.user(B, "ada")
    sandbox.role(A, "target", trust(USER))
    pair = ("ada", "can-assume", "target")
    assert edges(drawn(sandbox))[pair] == "resource"
    sandbox.do(B, "iam:CreateGroup", GroupName="g")
    sandbox.put(B, "group", "g", ASSUME)
    sandbox.do(B, "iam:AddUserToGroup", GroupName="g", UserName="ada")
    assert edges(drawn(sandbox))[pair] == "both"
    made = sandbox.do(B, "iam:CreatePolicy", PolicyName="b", PolicyDocument=allow("s3:*"))
    arn = made["Policy"]["Arn"]
    sandbox.do(B, "iam:PutUserPermissionsBoundary", UserName="ada", PermissionsBoundary=arn)
    assert edges(drawn(sandbox))[pair] == "resource"


def test_the_map_is_what_calls_say(sandbox: Sandbox) -> None:
    """Every pair by a real AssumeRole."""
    keys = {USER: sandbox.user(B, "ada", ASSUME), ADMIN_B: sandbox.admins[B]}
    sandbox.role(B, "caller", trust(B), allow("sts:AssumeRole", f"{ROLE[:-6]}*"))
    sandbox.role(A, "target", trust([CALLER, USER]))
    sandbox.role(A, "other", trust(B), allow("sts:AssumeRole", ROLE))
    keys[CALLER] = sandbox.assume(B, CALLER)
    full = {
        (one["source"], one["target"])
        for one in drawn(sandbox)["edges"]
        if one["verdict"] == "allowed"
    }
    for source, signer in keys.items():
        for target in (ROLE, f"arn:aws:iam::{A}:role/other", CALLER):
            done = sandbox.call(
                signer, "sts:AssumeRole", RoleArn=target, RoleSessionName="access-map"
            )
            assert done.ok == ((source, target) in full), (source, target)


# -- why -------------------------------------------------------------------------------------


def test_why_is_the_decision_that_the_call_would_get(sandbox: Sandbox) -> None:
    sandbox.role(A, "target", trust(A))
    keys = sandbox.user(B, "ada", ASSUME)
    asked = {"source": USER, "target": ROLE, "relation": "can-assume"}
    told = sandbox.control("POST", "why", asked).json
    done = sandbox.call(keys, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="access-map")
    assert told == sandbox.decision(done.request_id)["asked"][-1]
    sides = told["decision"]["caller_agrees"], told["decision"]["resource_agrees"]
    assert sides == (True, False)


def test_why_names_the_action_that_is_missing(sandbox: Sandbox) -> None:
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    sandbox.role(A, "target", trust(A), allow(PULL[0], REPOSITORY))
    asked = {"source": ROLE, "target": REPOSITORY, "relation": "can-pull"}
    told = sandbox.control("POST", "why", asked).json
    assert (told["action"], told["decision"]["verdict"]) == (PULL[1], "implicitDeny")


WRONG_WHY = [
    ({}, "source must be text."),
    ({"source": USER, "target": ROLE, "relation": 1}, "relation must be text."),
    (
        {"source": USER, "target": ROLE, "relation": "can-fly"},
        "A relation is one of can-assume, can-pull.",
    ),
    (
        {"source": USER + "x", "target": ROLE, "relation": "can-assume"},
        f"The map has no user or role {USER}x.",
    ),
    (
        {"source": USER, "target": USER, "relation": "can-assume"},
        f"The map has no role {USER}.",
    ),
    (
        {"source": USER, "target": ROLE, "relation": "can-pull"},
        f"The map has no repository {ROLE}.",
    ),
]


@pytest.mark.parametrize(("body", "words"), WRONG_WHY, ids=[words for _, words in WRONG_WHY])
def test_a_pair_that_is_not_there_is_said_to_be_so(
    sandbox: Sandbox, body: Json, words: str
) -> None:
    sandbox.role(A, "target", trust(A))
    sandbox.user(B, "ada")
    reply = sandbox.control("POST", "why", body)
    assert (reply.status, reply.json) == (400, {"error": words})


# -- preview ---------------------------------------------------------------------------------

ROLE_NAME = {"RoleName": "target"}
CALLER_NAME = {"RoleName": "caller"}
# What is saved by whom, and what becomes of the edges. The accounts: A's role trusts B's role,
# which has the permission; B's user has the permission and A has not agreed.
CHANGES: list[tuple[str, str, str, Json, Json]] = [
    ("the trust policy names the user too", A, "UpdateAssumeRolePolicy",
     {**ROLE_NAME, "PolicyDocument": trust([CALLER, USER])},
     {"complete": [("ada", "target")], "vanish": [("admin of B", "target")]}),
    ("the trust policy names nobody of B", A, "UpdateAssumeRolePolicy",
     {**ROLE_NAME, "PolicyDocument": trust(ADMIN_A)},
     {"break": [("caller", "target")], "appear": [("admin", "target")],
      "vanish": [("admin of B", "target")]}),
    ("the permission goes", B, "DeleteRolePolicy", {**CALLER_NAME, "PolicyName": "p0"},
     {"break": [("caller", "target")]}),
    ("the same again", B, "PutRolePolicy",
     {**CALLER_NAME, "PolicyName": "p0", "PolicyDocument": ASSUME}, {}),
    ("a Deny beside it", B, "PutRolePolicy",
     {**CALLER_NAME, "PolicyName": "p1", "PolicyDocument": deny("sts:*")},
     {"break": [("caller", "target")]}),
    ("the user's permission goes", B, "DeleteUserPolicy",
     {"UserName": "ada", "PolicyName": "p0"}, {"vanish": [("ada", "target")]}),
    ("the user may pull", B, "PutUserPolicy",
     {"UserName": "ada", "PolicyName": "p1", "PolicyDocument": allow(PULL, REPOSITORY)},
     {"complete": [("ada", "my-app")]}),
    ("the repository lets nobody in", A, "DeleteRepositoryPolicy", {"repositoryName": "my-app"},
     {"vanish": [("ada", "my-app"), ("admin of B", "my-app")]}),
    ("the repository lets the role in", A, "SetRepositoryPolicy",
     {"repositoryName": "my-app", "policyText": grant([USER, CALLER], PULL)},
     {"appear": [("caller", "my-app")], "vanish": [("admin of B", "my-app")]}),
    # What a permission for everything holds is no agreement with A's role in particular.
    ("AdministratorAccess is attached", B, "AttachUserPolicy",
     {"UserName": "ada", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
     {"complete": [("ada", "my-app")], "appear": [("ada", "caller")],
      "vanish": [("ada", "target")]}),
    ("AdministratorAccess is detached", B, "DetachUserPolicy",
     {"UserName": "admin", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
     {"vanish": [("admin of B", "caller")],
      "break": [("admin of B", "my-app"), ("admin of B", "target")]}),
    ("a boundary without sts", B, "PutRolePermissionsBoundary",
     {**CALLER_NAME, "PermissionsBoundary": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
     {"break": [("caller", "target")]}),
    ("the group's permission goes", B, "DeleteGroupPolicy",
     {"GroupName": "g", "PolicyName": "p0"}, {}),
    ("the group may pull", B, "PutGroupPolicy",
     {"GroupName": "g", "PolicyName": "p0", "PolicyDocument": allow(PULL, REPOSITORY)},
     {"complete": [("ada", "my-app")]}),
]  # fmt: skip


def furnish(sandbox: Sandbox) -> None:
    sandbox.role(B, "caller", trust(B), ASSUME)
    sandbox.user(B, "ada", ASSUME)
    sandbox.do(B, "iam:CreateGroup", GroupName="g")
    sandbox.put(B, "group", "g", allow("s3:*"))
    sandbox.do(B, "iam:AddUserToGroup", GroupName="g", UserName="ada")
    sandbox.role(A, "target", trust([CALLER, ADMIN_B]))
    sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    text = grant([USER, ADMIN_B], PULL)
    sandbox.do(A, "ecr:SetRepositoryPolicy", repositoryName="my-app", policyText=text)


def short(edge: Json) -> tuple[str, str]:
    source = str(edge["source"]).rsplit("/")[-1]
    if edge["source"] == ADMIN_B:
        source += " of B"
    return source, str(edge["target"]).rsplit("/")[-1]


@pytest.mark.parametrize(
    ("account", "operation", "parameters", "expected"),
    [row[1:] for row in CHANGES],
    ids=[row[0] for row in CHANGES],
)
def test_a_preview_tells_what_the_call_then_does(
    sandbox: Sandbox, account: str, operation: str, parameters: Json, expected: Json
) -> None:
    furnish(sandbox)
    fingerprint, before = sandbox.fingerprint(), drawn(sandbox)
    body = {"account": account, "operation": operation, "parameters": parameters}
    reply = sandbox.control("POST", "preview", body)
    assert reply.status == 200, reply.body
    told = reply.json
    found = {
        name: sorted(map(short, told[name]))
        for name in ("appear", "vanish", "complete", "break")
        if told[name]
    }
    assert found == expected
    assert (sandbox.fingerprint(), drawn(sandbox)) == (fingerprint, before), "nothing was saved"
    service = "ecr" if "Repository" in operation else "iam"
    sandbox.do(account, f"{service}:{operation}", **parameters)
    after = drawn(sandbox)

    def keyed(found: Json) -> dict[str, Json]:
        return {json.dumps([e["source"], e["target"], e["relation"]]): e for e in found["edges"]}

    was, now = keyed(before), keyed(after)
    assert told["appear"] == [edge for key, edge in now.items() if key not in was]
    assert told["vanish"] == [edge for key, edge in was.items() if key not in now]
    changed = [(was[key], edge) for key, edge in now.items() if key in was]
    assert told["complete"] == [
        new for old, new in changed if (said(old)[:4], said(new)[:4]) in HALF_TO_WHOLE
    ]
    assert told["break"] == [
        new for old, new in changed if (said(new)[:4], said(old)[:4]) in HALF_TO_WHOLE
    ]
    assert told["marks"]["appear"] == [m for m in after["marks"] if m not in before["marks"]]
    assert told["marks"]["vanish"] == [m for m in before["marks"] if m not in after["marks"]]


HALF_TO_WHOLE = {("call", "both"), ("reso", "both")}

# What is wrong with each: the call itself says the same.
REFUSED: list[tuple[str, Json]] = [
    ("UpdateAssumeRolePolicy", {**ROLE_NAME, "PolicyDocument": "{"}),
    ("UpdateAssumeRolePolicy", {**ROLE_NAME, "PolicyDocument": trust(CALLER + "x")}),
    ("UpdateAssumeRolePolicy", {**ROLE_NAME, "PolicyDocument": ASSUME}),
    ("UpdateAssumeRolePolicy", {"RoleName": "nobody", "PolicyDocument": trust(A)}),
    ("UpdateAssumeRolePolicy", {**ROLE_NAME}),
    ("PutRolePolicy", {**ROLE_NAME, "PolicyName": "p", "PolicyDocument": trust(A)}),
    ("PutRolePolicy", {**ROLE_NAME, "PolicyName": "a b", "PolicyDocument": ASSUME}),
    ("PutRolePolicy", {**ROLE_NAME, "PolicyName": "p", "PolicyDocument": allow(LONG)}),
    ("DeleteRolePolicy", {**ROLE_NAME, "PolicyName": "p"}),
    ("DeleteUserPolicy", {"UserName": "admin", "PolicyName": "p"}),
    ("AttachRolePolicy", {**ROLE_NAME, "PolicyArn": "arn:aws:iam::aws:policy/NoSuch"}),
    ("DetachRolePolicy", {**ROLE_NAME, "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
    ("SetRepositoryPolicy", {"repositoryName": "my-app", "policyText": "{"}),
    ("SetRepositoryPolicy", {"repositoryName": "my-app", "policyText": grant(CALLER + "x")}),
    ("SetRepositoryPolicy", {"repositoryName": "none", "policyText": grant(B)}),
    ("DeleteRepositoryPolicy", {"repositoryName": "other"}),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "parameters"), REFUSED)
def test_a_preview_refuses_in_the_words_of_the_call(
    sandbox: Sandbox, operation: str, parameters: Json
) -> None:
    furnish(sandbox)
    sandbox.do(A, "ecr:CreateRepository", repositoryName="other")
    body = {"account": A, "operation": operation, "parameters": parameters}
    reply = sandbox.control("POST", "preview", body)
    service = "ecr" if "Repository" in operation else "iam"
    call = sandbox.call(A, f"{service}:{operation}", **parameters)
    assert not call.ok
    told = (reply.json["code"], reply.status, reply.json["error"])
    assert told == call.error


UNREADABLE = [
    ({"operation": "PutRolePolicy"}, "parameters must be an object."),
    ({"operation": "PutRolePolicy", "parameters": []}, "parameters must be an object."),
    ({"parameters": {}}, "operation must be text."),
    (
        {"operation": "PutRolePolicy", "parameters": {"PolicyDocument": {}}},
        "PolicyDocument must be text.",
    ),
    (
        {"operation": "PutRolePolicy", "parameters": {"Policy": "x"}},
        "PutRolePolicy has no parameter Policy.",
    ),
    (
        {"account": "9", "operation": "PutRolePolicy", "parameters": {}},
        "There is no account 9 in this lab.",
    ),
]


@pytest.mark.parametrize(("body", "words"), UNREADABLE, ids=[words for _, words in UNREADABLE])
def test_what_cannot_be_read_is_said_to_be_so(sandbox: Sandbox, body: Json, words: str) -> None:
    reply = sandbox.control("POST", "preview", {"account": A, **body})
    assert (reply.status, reply.json) == (400, {"error": words})


def test_what_has_no_preview_names_what_has(sandbox: Sandbox) -> None:
    body = {"account": A, "operation": "DeleteRole", "parameters": {"RoleName": "x"}}
    reply = sandbox.control("POST", "preview", body)
    assert reply.status == 400
    assert reply.json["error"].startswith("There is a preview of UpdateAssumeRolePolicy, ")
    assert reply.json["error"].endswith(", not of DeleteRole.")


# -- when to draw it again -------------------------------------------------------------------


def test_status_counts_what_may_have_changed_the_map(sandbox: Sandbox) -> None:
    def changes() -> int:
        return int(sandbox.control("GET", "status").json["changes"])

    seen = [changes()]
    sandbox.do(A, "iam:ListRoles")
    sandbox.call(B, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="nobody")
    assert changes() == seen[0], "reading and refusals change nothing"
    for act in (
        lambda: sandbox.role(A, "target", trust(A)),
        lambda: sandbox.advance(60),
        lambda: sandbox.control("POST", "save", {"name": "x"}),
        lambda: sandbox.control("POST", "restore", {"name": "x"}),
        sandbox.reset,
    ):
        act()
        seen.append(changes())
    saved = seen.pop(3)
    assert saved == seen[2]
    assert sorted(set(seen)) == seen
