"""The contract of `xacct decide`, one line at a time."""

import json
from typing import Any

import pytest

from tests.policy.cases import TABLES, Case, load, request_of
from xacct_helpers.policy import decide_line, evaluate, refused_to

ROLE = "arn:aws:iam::111111111111:role/account-a-role-name"
SESSION = "arn:aws:sts::222222222222:assumed-role/some-role-name/account-b"
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:role/some-role-name"},
        "Action": "sts:AssumeRole",
    },
}
LINE = {
    "action": "sts:AssumeRole",
    "resource": ROLE,
    "resource_account": "111111111111",
    "principal": SESSION,
    "identity_policies": [ASSUME],
    "resource_policy": TRUST,
}


def decide(**changes: Any) -> dict[str, Any]:
    return decide_line(json.dumps({**LINE, **changes}))


def conditional(operator: str, key: str, value: str) -> dict[str, Any]:
    statement = {**TRUST["Statement"], "Condition": {operator: {key: value}}}  # type: ignore[dict-item]
    return {"Version": "2012-10-17", "Statement": [statement]}


def outcomes(answer: dict[str, Any]) -> dict[str, str]:
    return {reason["layer"]: reason["outcome"] for reason in answer["reasons"]}


def test_an_answer_names_every_layer() -> None:
    answer = decide()
    assert answer["decision"] == "allowed"
    assert outcomes(answer) == {
        "scp": "notApplicable",
        "rcp": "notApplicable",
        "identity": "allow",
        "boundary": "notApplicable",
        "session": "notApplicable",
        "trust": "allow",
    }
    assert answer["reasons"][2]["statement"]["sid"] == "A"
    assert json.loads(json.dumps(answer)) == answer


def test_a_refusal_says_which_layer_and_what_came_near() -> None:
    answer = decide(identity_policies=[])
    assert (answer["decision"], answer["decisive"]) == ("implicitDeny", "identity")
    assert (answer["caller_agrees"], answer["resource_agrees"]) == (False, True)
    stranger = decide(principal="arn:aws:iam::333333333333:user/eve")
    assert stranger["reasons"][5]["mismatch"]["reason"] == "account-different"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:PrincipalArn", "arn:aws:iam::222222222222:role/some-role-name"),
        ("aws:PrincipalAccount", "222222222222"),
        ("aws:PrincipalType", "AssumedRole"),
        ("aws:ResourceAccount", "111111111111"),
        ("aws:PrincipalIsAWSService", "false"),
    ],
)
def test_keys_that_follow_are_derived_unless_given(key: str, value: str) -> None:
    policy = conditional("StringEquals", key, value)
    assert decide(resource_policy=policy)["decision"] == "allowed"
    given = {key.upper(): "something else"}
    assert decide(resource_policy=policy, context=given)["decision"] == "implicitDeny"


def test_a_role_with_a_path_is_known_by_the_key_that_is_given() -> None:
    arn = "arn:aws:iam::222222222222:role/team/some-role-name"
    policy = json.loads(json.dumps(TRUST).replace(":role/some", ":role/team/some"))
    assert decide(resource_policy=policy)["decision"] == "implicitDeny"
    given = decide(resource_policy=policy, context={"aws:PrincipalArn": arn})
    assert given["decision"] == "allowed"


def test_a_given_key_makes_nobody_another_role() -> None:
    other = "arn:aws:iam::222222222222:role/admin"
    policy = json.loads(json.dumps(TRUST).replace("some-role-name", "admin"))
    answer = decide(resource_policy=policy, context={"aws:PrincipalArn": other})
    assert answer["decision"] == "implicitDeny"


def test_a_given_key_makes_nobody_a_role_of_another_account() -> None:
    other = "arn:aws:iam::333333333333:role/some-role-name"
    policy = json.loads(json.dumps(TRUST).replace("222222222222", "333333333333"))
    answer = decide(resource_policy=policy, context={"aws:PrincipalArn": other})
    assert answer["decision"] == "implicitDeny"


def test_a_reason_names_the_statement_that_made_it() -> None:
    def statement(sid: str, effect: str, action: str) -> dict[str, str]:
        return {"Sid": sid, "Effect": effect, "Action": action, "Resource": "*"}

    other, deny_other = statement("Other", "Allow", "s3:*"), statement("Never", "Deny", "s3:*")
    allow, deny = statement("Allow", "Allow", "sts:*"), statement("Deny", "Deny", "sts:*")
    for statements, sid in (
        ([other, deny_other, allow], "Allow"),
        ([other, deny_other, allow, deny], "Deny"),
    ):
        answer = decide(identity_policies=[{"Statement": statements}])
        assert answer["reasons"][2]["statement"]["sid"] == sid


def test_unique_ids_come_from_the_user_id() -> None:
    policy = json.loads(
        json.dumps(TRUST).replace(
            "arn:aws:iam::222222222222:role/some-role-name", "AROASOMEROLENAME00000"
        )
    )
    context = {"aws:userid": "AROASOMEROLENAME00000:account-b"}
    assert decide(resource_policy=policy)["decision"] == "implicitDeny"
    assert decide(resource_policy=policy, context=context)["decision"] == "allowed"


def test_context_values_of_every_type() -> None:
    policy = conditional("Bool", "aws:MultiFactorAuthPresent", "true")
    key = "aws:MultiFactorAuthPresent"
    for value, decision in ((True, "allowed"), ("true", "allowed"), (["true"], "allowed")):
        answer = decide(resource_policy=policy, context={key: value})
        assert answer["decision"] == decision
    for value in (False, None, []):
        answer = decide(resource_policy=policy, context={key: value})
        assert answer["decision"] == "implicitDeny"
    decimal = conditional("NumericEquals", "x:n", "1.5")
    assert decide(resource_policy=decimal, context={"x:n": 1.5})["decision"] == "allowed"
    number = conditional("NumericEquals", "x:n", "5")
    assert decide(resource_policy=number, context={"x:n": 5})["decision"] == "allowed"


def test_an_account_that_is_left_out_is_the_resources_else_the_callers() -> None:
    line = {key: value for key, value in LINE.items() if key != "resource_account"}
    answer = decide_line(json.dumps(line))
    assert (answer["resource_account"], answer["cross_account"]) == ("111111111111", True)
    bucket = {**line, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/x"}
    answer = decide_line(json.dumps(bucket))
    assert (answer["resource_account"], answer["cross_account"]) == ("222222222222", False)
    own = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    own["Statement"]["Condition"] = {"StringEquals": {"aws:ResourceAccount": "222222222222"}}  # type: ignore[assignment]
    answer = decide_line(json.dumps({**bucket, "identity_policies": own, "resource_policy": None}))
    assert answer["decision"] == "allowed"
    managed = {**line, "action": "iam:GetPolicy", "resource": "arn:aws:iam::aws:policy/X"}
    assert decide_line(json.dumps(managed))["resource_account"] == "222222222222"


def test_policies_may_be_text_and_other_keys_are_ignored() -> None:
    for policies in ([json.dumps(ASSUME)], json.dumps(ASSUME), ASSUME):
        answer = decide(identity_policies=policies, colour="blue")
        assert answer["decision"] == "allowed"


def test_boundary_session_and_organization() -> None:
    silent = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    assert decide(permissions_boundary=[silent])["decisive"] == "boundary"
    assert decide(session_policies=[silent])["decisive"] == "session"
    assert decide(session_policies=[silent, everything])["decision"] == "allowed"
    assert decide(permissions_boundary=[], session_policies=[])["decision"] == "allowed"
    assert decide(service_control_policies=[[everything], [silent]])["decisive"] == "scp"
    assert decide(service_control_policies=[[everything], [silent, everything]])["decision"] == (
        "allowed"
    )
    assert decide(resource_control_policies=[[silent]])["decisive"] == "rcp"
    assert decide(service_control_policies=[])["decision"] == "allowed"


@pytest.mark.parametrize(
    ("principal", "decision"),
    [
        ("*", "allowed"),
        ("ec2.amazonaws.com", "allowed"),
        ("arn:aws:iam::111111111111:root", "implicitDeny"),
        ("arn:aws:iam::111111111111:role/some/path/x", "allowed"),
        ("arn:aws:iam::222222222222:user/alice", "implicitDeny"),
        ("arn:aws:sts::222222222222:federated-user/fay", "implicitDeny"),
    ],
)
def test_who_may_ask(principal: str, decision: str) -> None:
    everyone = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*"}}
    answer = decide(principal=principal, resource_policy=everyone, identity_policies=[])
    assert answer["decision"] == decision


def test_the_root_user_assumes_no_role() -> None:
    """Whatever the policies say, and of all that is asked by a root user this alone."""
    root = "arn:aws:iam::222222222222:root"
    policy = {"Statement": {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "*"}}
    answer = decide(principal=root, resource_policy=policy)
    assert outcomes(answer)["identity"] == outcomes(answer)["trust"] == "allow"
    assert (answer["decision"], answer["decisive"]) == ("implicitDeny", None)
    assert (answer["caller_agrees"], answer["resource_agrees"]) == (False, True)
    assert answer["refused"] == "Roles may not be assumed by root accounts."
    other = decide(principal=root, resource_policy=policy, action="ecr:BatchGetImage")
    assert (other["decision"], other["refused"]) == ("allowed", None)
    assert decide()["refused"] is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("{", "not a JSON object"),
        ('{"action": 1, "action": 2}', "not a JSON object"),
        (json.dumps({"resource": ROLE, "principal": SESSION}), "action"),
        (json.dumps({**LINE, "action": "AssumeRole"}), "action"),
        (json.dumps({**LINE, "resource": None}), "resource"),
        (json.dumps({**LINE, "resource_account": 1}), "resource_account"),
        (json.dumps({**LINE, "principal": "alice"}), "principal"),
        (json.dumps({**LINE, "principal": "111111111111"}), "principal"),
        (json.dumps({**LINE, "principal": "arn:aws:iam::111111111111:group/g"}), "principal"),
        *(
            (json.dumps({**LINE, "principal": principal}), "principal")
            for principal in (
                "arn:aws:iam",
                "aws:aws:iam::111111111111:user/alice",
                "arn:aws:iam::bob:user/alice",
                "arn:aws:sts::111111111111:root",
                "arn:aws:sts::111111111111:user/alice",
                "arn:aws:iam::111111111111:user/",
                "arn:aws:sts::111111111111:role/reader",
                "arn:aws:iam::111111111111:role/",
                "arn:aws:iam::111111111111:federated-user/fay",
                "arn:aws:sts::111111111111:federated-user/",
                "arn:aws:iam::111111111111:assumed-role/reader/s",
                "arn:aws:sts::111111111111:assumed-role/reader",
                "arn:aws:sts::111111111111:session/reader/s",
            )
        ),
        (json.dumps({**LINE, "resource": ""}), "resource"),
        (json.dumps({**LINE, "resource": 5}), "resource"),
        (json.dumps({**LINE, "service_control_policies": 5}), "service_control_policies"),
        (json.dumps({**LINE, "service_control_policies": {}}), "service_control_policies"),
        (json.dumps({**LINE, "identity_policies": {"Statement": {"Effect": "x"}}}), ".Effect)"),
        (json.dumps({**LINE, "context": []}), "context"),
        (json.dumps({**LINE, "context": {"k": [["x"]]}}), "context"),
        (json.dumps({**LINE, "identity_policies": 5}), "identity_policies"),
        (json.dumps({**LINE, "identity_policies": [ASSUME, {}]}), "identity_policies[1]"),
        (json.dumps({**LINE, "resource_policy": "{"}), "resource_policy"),
        (json.dumps({**LINE, "resource_policy": [TRUST]}), "resource_policy"),
        (json.dumps({**LINE, "service_control_policies": [ASSUME]}), "service_control_policies"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_is_wrong(line: str, said: str) -> None:
    answer = decide_line(line)
    assert set(answer) == {"error"}
    assert said in answer["error"]


@pytest.mark.parametrize(("count", "said"), [(8, "a7"), (9, "a7 and 1 more")])
def test_a_long_list_is_cut_short(count: int, said: str) -> None:
    actions = [f"ecr:a{at}" for at in range(count)]
    policy = {"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    mismatch = decide(identity_policies=[policy])["reasons"][2]["mismatch"]
    assert mismatch["wanted"].endswith(said)


DECISIONS = [
    case
    for case in load(TABLES)
    if "expect" in case.given
    and case.given["caller"] != "federated-a"
    and "registry" not in case.given
]


@pytest.mark.parametrize("case", DECISIONS, ids=[f"{one.topic}: {one.id}" for one in DECISIONS])
def test_a_line_decides_as_the_engine_does(case: Case) -> None:
    """Every decision row again, as a line; but for what the service itself refuses."""
    request, policies = request_of(case)

    def documents(many: Any) -> list[Any]:
        return [
            {
                "Version": one.document.version,
                "Statement": [dict(statement.raw) for statement in one.document.statements],
            }
            for one in many
        ]

    line: dict[str, Any] = {
        "action": request.action,
        "resource": request.resource,
        "resource_account": request.resource_account,
        "principal": request.principal.arn,
        "context": dict(request.context),
        "identity_policies": documents(policies.identity),
        "permissions_boundary": documents(policies.boundary or ()),
        "session_policies": documents(policies.session or ()),
        "service_control_policies": [documents(level) for level in policies.scps],
        "resource_control_policies": [documents(level) for level in policies.rcps],
    }
    if policies.resource:
        (line["resource_policy"],) = documents((policies.resource,))
    decision = evaluate(request, policies)
    answer = decide_line(json.dumps(line))
    if refused_to(request.principal, request.action):
        assert answer["decision"] == "implicitDeny"
        return
    assert answer["decision"] == decision.verdict
    assert answer["decisive"] == (decision.decisive.layer if decision.decisive else None)
