"""Organizations through boto3: how accounts join, which policies there may be, whom they bind."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.sandboxes import A, B, C, Forked, Sandbox, allow, deny, policy, statement, trust

M = C  # the account that manages the organization
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
ROLE = f"arn:aws:iam::{A}:role/shared"


@dataclass
class Org:
    """An organization of M with A and B in it, both types of policy enabled."""

    sandbox: Sandbox
    root: str
    id: str
    policies: dict[str, str] = field(default_factory=dict)

    def do(self, operation: str, **parameters: Any) -> Any:
        return self.sandbox.do(M, f"organizations:{operation}", **parameters)

    def error(self, operation: str, account: str = M, **parameters: Any) -> tuple[str, str]:
        answer = self.sandbox.call(account, f"organizations:{operation}", **parameters)
        assert answer.status == 400
        return answer.code, answer.message

    def attach(self, name: str, text: str, target: str, kind: str = SCP) -> str:
        """Make a policy and attach it; its id."""
        made = self.do("CreatePolicy", Name=name, Description="", Type=kind, Content=text)
        found = made["Policy"]["PolicySummary"]["Id"]
        self.do("AttachPolicy", PolicyId=found, TargetId=target)
        return str(found)

    def unit(self, name: str, *accounts: str) -> str:
        made = self.do("CreateOrganizationalUnit", ParentId=self.root, Name=name)
        unit = made["OrganizationalUnit"]["Id"]
        for account in accounts:
            self.do(
                "MoveAccount",
                AccountId=account,
                SourceParentId=self.root,
                DestinationParentId=unit,
            )
        return str(unit)


def join(sandbox: Sandbox, account: str) -> None:
    target = {"Id": account, "Type": "ACCOUNT"}
    sent = sandbox.do(M, "organizations:InviteAccountToOrganization", Target=target)
    sandbox.do(account, "organizations:AcceptHandshake", HandshakeId=sent["Handshake"]["Id"])


def make(sandbox: Sandbox) -> Org:
    made = sandbox.do(M, "organizations:CreateOrganization")["Organization"]
    (root,) = sandbox.do(M, "organizations:ListRoots")["Roots"]
    for account in (A, B):
        join(sandbox, account)
    for kind in (SCP, RCP):
        sandbox.do(M, "organizations:EnablePolicyType", RootId=root["Id"], PolicyType=kind)
    return Org(sandbox, root["Id"], made["Id"])


@pytest.fixture
def org(sandbox: Sandbox) -> Org:
    return make(sandbox)


# -- joining ---------------------------------------------------------------------------------


def test_from_nothing_to_three_accounts(sandbox: Sandbox) -> None:
    before = sandbox.call(A, "organizations:DescribeOrganization")
    assert before.code == "AWSOrganizationsNotInUseException"
    org = make(sandbox)
    seen = {a: sandbox.do(a, "organizations:DescribeOrganization") for a in (A, B, M)}
    assert {one["Organization"]["Id"] for one in seen.values()} == {org.id}
    assert seen[A]["Organization"]["MasterAccountId"] == M
    accounts = {a["Id"]: a["JoinedMethod"] for a in org.do("ListAccounts")["Accounts"]}
    assert accounts == {M: "CREATED", A: "INVITED", B: "INVITED"}
    (root,) = org.do("ListRoots")["Roots"]
    assert root["PolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"},
                                   {"Type": RCP, "Status": "ENABLED"}]  # fmt: skip
    attached = org.do("ListPoliciesForTarget", TargetId=A, Filter=SCP)["Policies"]
    assert [(p["Id"], p["AwsManaged"]) for p in attached] == [("p-FullAWSAccess", True)]


def test_an_invitation_is_the_invited_accounts_to_answer(sandbox: Sandbox) -> None:
    sandbox.do(M, "organizations:CreateOrganization")
    target = {"Id": A, "Type": "ACCOUNT"}
    sent = sandbox.do(M, "organizations:InviteAccountToOrganization", Target=target, Notes="join")
    handshake = {"HandshakeId": sent["Handshake"]["Id"]}
    listed = sandbox.do(A, "organizations:ListHandshakesForAccount")["Handshakes"]
    assert [one["State"] for one in listed] == ["REQUESTED"]
    assert {"Type": "NOTES", "Value": "join"} in listed[0]["Resources"]
    for account, code in ((M, "AccessDeniedException"), (B, "HandshakeNotFoundException")):
        answer = sandbox.call(account, "organizations:AcceptHandshake", **handshake)
        assert answer.code == code
    assert sandbox.call(A, "organizations:CancelHandshake", **handshake).code == (
        "AccessDeniedException"
    )
    sandbox.do(A, "organizations:DeclineHandshake", **handshake)
    again = sandbox.call(A, "organizations:DeclineHandshake", **handshake)
    assert again.code == "HandshakeAlreadyInStateException"
    late = sandbox.call(A, "organizations:AcceptHandshake", **handshake)
    assert late.code == "InvalidHandshakeTransitionException"
    join(sandbox, A)
    assert len(sandbox.do(M, "organizations:ListAccounts")["Accounts"]) == 2


def test_who_has_an_organization_cannot_join_another(sandbox: Sandbox) -> None:
    """Source: Organizations API Reference, AcceptHandshake, its constraint violations."""
    sandbox.do(M, "organizations:CreateOrganization")
    target = {"Id": A, "Type": "ACCOUNT"}
    sent = sandbox.do(M, "organizations:InviteAccountToOrganization", Target=target)
    sandbox.do(A, "organizations:CreateOrganization")
    handshake = {"HandshakeId": sent["Handshake"]["Id"]}
    refused = sandbox.call(A, "organizations:AcceptHandshake", **handshake)
    assert refused.error == (
        "HandshakeConstraintViolationException",
        400,
        "The account is already a member of an organization.",
    )
    assert refused.value["Reason"] == "ALREADY_IN_AN_ORGANIZATION"
    assert len(sandbox.do(M, "organizations:ListAccounts")["Accounts"]) == 1


def test_all_features_or_none(sandbox: Sandbox) -> None:
    billing = sandbox.call(A, "organizations:CreateOrganization", FeatureSet="CONSOLIDATED_BILLING")
    assert billing.error == (
        "InvalidInputException",
        400,
        "This sandbox has organizations with all features only.",
    )
    # Nothing was founded, so there is nothing that an id could name.
    answer = sandbox.call(A, "organizations:DescribePolicy", PolicyId=FULL)
    assert answer.code == "AWSOrganizationsNotInUseException"


def test_an_invitation_expires_by_the_labs_clock(sandbox: Sandbox) -> None:
    sandbox.do(M, "organizations:CreateOrganization")
    target = {"Id": A, "Type": "ACCOUNT"}
    sent = sandbox.do(M, "organizations:InviteAccountToOrganization", Target=target)
    sandbox.advance(16 * 86400)
    handshake = {"HandshakeId": sent["Handshake"]["Id"]}
    assert sandbox.call(A, "organizations:AcceptHandshake", **handshake).code == (
        "InvalidHandshakeTransitionException"
    )
    shown = sandbox.do(A, "organizations:DescribeHandshake", **handshake)["Handshake"]
    assert shown["State"] == "EXPIRED"


def test_leaving(org: Org) -> None:
    org.sandbox.do(A, "organizations:LeaveOrganization")
    org.do("RemoveAccountFromOrganization", AccountId=B)
    assert org.error("LeaveOrganization")[0] == "MasterCannotLeaveOrganizationException"
    org.do("DeleteOrganization")
    assert org.error("ListRoots")[0] == "AWSOrganizationsNotInUseException"
    assert org.sandbox.do(A, "organizations:CreateOrganization")["Organization"]["Id"] != org.id


# -- what is refused -------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    name: str
    operation: str
    parameters: Mapping[str, Any]
    code: str
    message: str
    account: str = M


NEW = {"Name": "n", "Description": "", "Type": SCP, "Content": deny("ecr:*")}
FULL = "p-FullAWSAccess"
NO_TARGET = "We can't find a root, OU, account, or policy with the TargetId that you specified."
NO_POLICY = "We can't find a policy with the PolicyId that you specified."
BAD_CONTENT = (
    "MalformedPolicyDocumentException",
    "The provided policy document does not meet the requirements of the specified policy type.",
)
NOT_YOURS = ("AccessDeniedException", "You don't have permissions to access this resource.")
LAST = (
    "ConstraintViolationException",
    "You cannot remove the last policy attached to the specified target. You should have at least "
    "one attached at all times.",
)
REFUSED = [
    Refused("a second organization", "CreateOrganization", {}, "AlreadyInOrganizationException",
            "The AWS account is already a member of an organization."),
    Refused("a member founds one", "CreateOrganization", {}, "AlreadyInOrganizationException",
            "The AWS account is already a member of an organization.", A),
    Refused("a member lists accounts", "ListAccounts", {}, *NOT_YOURS, A),
    Refused("a member makes a policy", "CreatePolicy", NEW, *NOT_YOURS, A),
    Refused("deleted with members", "DeleteOrganization", {}, "OrganizationNotEmptyException",
            "The organization isn't empty. To delete an organization, you must first remove all "
            "accounts except the management account."),
    Refused("invited twice", "InviteAccountToOrganization",
            {"Target": {"Id": A, "Type": "ACCOUNT"}}, "DuplicateAccountException",
            "That account is already present in the specified destination."),
    Refused("an account that is not there", "InviteAccountToOrganization",
            {"Target": {"Id": "999999999999", "Type": "ACCOUNT"}}, "InvalidInputException",
            "This lab has no account 999999999999; invite one of its accounts by its id."),
    Refused("another type of policy", "CreatePolicy", {**NEW, "Type": "TAG_POLICY"},
            "InvalidInputException", f"This sandbox has the policy types {SCP} and {RCP}."),
    Refused("a policy that is too long", "CreatePolicy", {**NEW, "Content": deny("x" * 5120)},
            "ConstraintViolationException",
            "You have exceeded the maximum size of a policy document."),
    Refused("not JSON", "CreatePolicy", {**NEW, "Content": "{"}, *BAD_CONTENT),
    Refused("a principal in an SCP", "CreatePolicy",
            {**NEW, "Content": policy(statement("Deny", "*", "*", Principal="*"))}, *BAD_CONTENT),
    Refused("an RCP that allows", "CreatePolicy",
            {**NEW, "Type": RCP, "Content": policy(statement("Allow", "*", "*", Principal="*"))},
            *BAD_CONTENT),
    Refused("a name that is taken", "CreatePolicy", {**NEW, "Name": "FullAWSAccess"},
            "DuplicatePolicyException", "A policy with the same name already exists."),
    Refused("no such policy", "AttachPolicy", {"PolicyId": "p-00000000", "TargetId": A},
            "PolicyNotFoundException", NO_POLICY),
    Refused("no such target", "AttachPolicy", {"PolicyId": FULL, "TargetId": "999999999999"},
            "TargetNotFoundException", NO_TARGET),
    Refused("attached twice", "AttachPolicy", {"PolicyId": FULL, "TargetId": A},
            "DuplicatePolicyAttachmentException",
            "The selected policy is already attached to the specified target."),
    Refused("the last one", "DetachPolicy", {"PolicyId": FULL, "TargetId": A}, *LAST),
    Refused("RCPFullAWSAccess always stays", "DetachPolicy",
            {"PolicyId": "p-RCPFullAWSAccess", "TargetId": A}, *LAST),
    Refused("AWS's own policy", "DeletePolicy", {"PolicyId": FULL}, *NOT_YOURS),
    Refused("no such OU", "DescribeOrganizationalUnit",
            {"OrganizationalUnitId": "ou-aaaa-00000000"}, "OrganizationalUnitNotFoundException",
            "You specified an organizational unit that doesn't exist."),
    Refused("no such parent", "CreateOrganizationalUnit", {"ParentId": "r-0000", "Name": "x"},
            "ParentNotFoundException", "You specified parent that doesn't exist."),
    Refused("no such account", "DescribeAccount", {"AccountId": "999999999999"},
            "AccountNotFoundException", "You specified an account that doesn't exist."),
    Refused("no such root", "EnablePolicyType", {"RootId": "r-0000", "PolicyType": SCP},
            "RootNotFoundException", "You specified a root that doesn't exist."),
    Refused("no such handshake", "DescribeHandshake", {"HandshakeId": "h-00000000"},
            "HandshakeNotFoundException", "You specified a handshake that doesn't exist."),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(case: Refused, org: Org) -> None:
    before = org.sandbox.fingerprint()
    assert org.error(case.operation, case.account, **case.parameters) == (case.code, case.message)
    assert org.sandbox.fingerprint() == before


def test_units_and_what_they_refuse(org: Org) -> None:
    unit = org.unit("workloads", A)
    assert org.error("CreateOrganizationalUnit", ParentId=org.root, Name="workloads")[0] == (
        "DuplicateOrganizationalUnitException"
    )
    assert org.error("DeleteOrganizationalUnit", OrganizationalUnitId=unit)[0] == (
        "OrganizationalUnitNotEmptyException"
    )
    assert [a["Id"] for a in org.do("ListAccountsForParent", ParentId=unit)["Accounts"]] == [A]
    assert org.do("ListParents", ChildId=A)["Parents"] == [
        {"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}
    ]
    children = org.do("ListChildren", ParentId=org.root, ChildType="ACCOUNT")["Children"]
    assert {child["Id"] for child in children} == {M, B}
    back = {"AccountId": A, "SourceParentId": unit, "DestinationParentId": org.root}
    org.do("MoveAccount", **back)
    assert org.error("MoveAccount", **back)[0] == "SourceParentNotFoundException"
    stays = {"AccountId": A, "SourceParentId": org.root, "DestinationParentId": org.root}
    assert org.error("MoveAccount", **stays) == (
        "DuplicateAccountException",
        "That account is already present in the specified destination.",
    )
    for more, name in (({}, "workloads"), ({"Name": "other"}, "other")):
        updated = org.do("UpdateOrganizationalUnit", OrganizationalUnitId=unit, **more)
        assert updated["OrganizationalUnit"]["Name"] == name
    org.do("DeleteOrganizationalUnit", OrganizationalUnitId=unit)
    units = org.do("ListOrganizationalUnitsForParent", ParentId=org.root)
    assert units["OrganizationalUnits"] == []


def test_five_units_deep_at_most(org: Org) -> None:
    """Source: Organizations User Guide, quotas: five levels of OUs under a root."""
    parent = org.root
    for depth in range(5):
        made = org.do("CreateOrganizationalUnit", ParentId=parent, Name=f"ou{depth}")
        parent = made["OrganizationalUnit"]["Id"]
    assert org.error("CreateOrganizationalUnit", ParentId=parent, Name="deeper") == (
        "ConstraintViolationException",
        "You have exceeded the allowed organizational unit depth.",
    )


def test_a_policys_life(org: Org) -> None:
    made = org.attach("NoEcr", deny("ecr:*"), A)
    assert org.error("DeletePolicy", PolicyId=made)[0] == "PolicyInUseException"
    targets = org.do("ListTargetsForPolicy", PolicyId=made)["Targets"]
    assert [(t["TargetId"], t["Type"]) for t in targets] == [(A, "ACCOUNT")]
    org.do("UpdatePolicy", PolicyId=made, Name="NoIam", Content=deny("iam:*"))
    shown = org.do("DescribePolicy", PolicyId=made)["Policy"]
    assert (shown["PolicySummary"]["Name"], shown["Content"]) == ("NoIam", deny("iam:*"))
    org.do("DisablePolicyType", RootId=org.root, PolicyType=SCP)
    assert org.do("ListTargetsForPolicy", PolicyId=made)["Targets"] == [], "detached by it"
    assert org.error("AttachPolicy", PolicyId=made, TargetId=A)[0] == (
        "PolicyTypeNotEnabledException"
    )
    org.do("DeletePolicy", PolicyId=made)
    names = {p["Name"] for p in org.do("ListPolicies", Filter=SCP)["Policies"]}
    assert names == {"FullAWSAccess"}


def test_five_at_most(org: Org) -> None:
    for number in range(4):
        org.attach(f"p{number}", deny("ecr:Nothing"), A)
    made = org.do("CreatePolicy", **NEW)["Policy"]["PolicySummary"]["Id"]
    code, _ = org.error("AttachPolicy", PolicyId=made, TargetId=A)
    assert code == "ConstraintViolationException"


# -- whom they bind --------------------------------------------------------------------------

LIST = "iam:ListRoles"


def refusal(org: Org, account: str, action: str = LIST, **parameters: Any) -> str:
    """The message of a refused call of an account's administrator."""
    answer = org.sandbox.call(account, action, **parameters)
    assert answer.code in ("AccessDenied", "AccessDeniedException"), answer
    return answer.message


def test_an_explicit_deny_names_the_policy(org: Org) -> None:
    made = org.attach("NoIam", deny("iam:*"), org.root)
    arn = f"arn:aws:organizations::{M}:policy/{org.id}/service_control_policy/{made}"
    for account in (A, B):
        assert refusal(org, account).endswith(
            f"is not authorized to perform: iam:ListRoles on resource: "
            f"arn:aws:iam::{account}:role/ with an explicit deny in a service control policy: {arn}"
        )
    org.sandbox.do(M, LIST)  # the management account is not bound
    org.do("DetachPolicy", PolicyId=made, TargetId=org.root)
    org.sandbox.do(A, LIST)


LEVELS = [
    ("the root", lambda org, unit: org.root, (A, B)),
    ("an OU", lambda org, unit: unit, (A,)),
    ("an account", lambda org, unit: B, (B,)),
]


@pytest.mark.parametrize(("name", "target", "bound"), LEVELS, ids=[one[0] for one in LEVELS])
def test_levels(name: str, target: Any, bound: tuple[str, ...], org: Org) -> None:
    unit = org.unit("workloads", A)
    org.attach("NoIam", deny("iam:*"), target(org, unit))
    for account in (A, B, M):
        assert org.sandbox.call(account, LIST).ok is (account not in bound)


def test_every_level_must_allow(org: Org) -> None:
    unit = org.unit("workloads", A)
    org.attach("OnlyEcr", allow("ecr:*"), unit)
    org.sandbox.do(A, LIST)  # FullAWSAccess is still there beside it
    org.do("DetachPolicy", PolicyId=FULL, TargetId=unit)
    assert refusal(org, A).endswith(
        "because no service control policy allows the iam:ListRoles action"
    )
    org.sandbox.do(A, "ecr:DescribeRepositories")
    org.sandbox.do(B, LIST)


def test_it_gives_nothing(org: Org) -> None:
    nobody = org.sandbox.user(A, "nobody")
    answer = org.sandbox.call(nobody, LIST)
    assert "because no identity-based policy allows" in answer.message


def shared_role(org: Org, principal: Any) -> None:
    org.sandbox.do(
        A, "iam:CreateRole", RoleName="shared", AssumeRolePolicyDocument=trust(principal)
    )


def test_an_scp_binds_the_one_who_assumes(org: Org) -> None:
    """It is of the caller's account: B's stops B, A's does not."""
    shared_role(org, {"AWS": B})
    assume = {"RoleArn": ROLE, "RoleSessionName": "session"}
    made = org.attach("NoAssume", deny("sts:AssumeRole"), A)
    org.sandbox.do(B, "sts:AssumeRole", **assume)
    org.do("DetachPolicy", PolicyId=made, TargetId=A)
    org.do("AttachPolicy", PolicyId=made, TargetId=B)
    assert "is not authorized to perform: sts:AssumeRole" in refusal(
        org, B, "sts:AssumeRole", **assume
    )


def test_a_role_session_is_bound_by_the_roles_account(org: Org) -> None:
    shared_role(org, {"AWS": B})
    org.sandbox.put(A, "role", "shared", allow("ecr:*"))
    session = org.sandbox.assume(B, ROLE)
    org.attach("NoEcr", deny("ecr:*"), B)
    org.sandbox.do(session, "ecr:DescribeRepositories")
    org.attach("NoEcrHere", deny("ecr:*"), A)
    answer = org.sandbox.call(session, "ecr:DescribeRepositories")
    assert "with an explicit deny in a service control policy" in answer.message


ONLY_OURS = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "ORG"}}


def outsiders_out(org: Org) -> str:
    text = policy(statement("Deny", "sts:AssumeRole", "*", Principal="*", Condition=ONLY_OURS))
    return text.replace("ORG", org.id)


def test_an_rcp_keeps_outsiders_out(sandbox: Sandbox) -> None:
    """B is outside this time, whatever A's trust policy says."""
    org = make(sandbox)
    org.do("RemoveAccountFromOrganization", AccountId=B)
    shared_role(org, "*")
    assume = {"RoleArn": ROLE, "RoleSessionName": "session"}
    sandbox.do(B, "sts:AssumeRole", **assume)
    org.attach("OnlyOurs", outsiders_out(org), A, RCP)
    assert "is not authorized to perform: sts:AssumeRole" in refusal(
        org, B, "sts:AssumeRole", **assume
    )
    sandbox.do(M, "sts:AssumeRole", **assume)
    join(sandbox, B)
    sandbox.do(B, "sts:AssumeRole", **assume)


@pytest.mark.parametrize(
    ("action", "parameters", "resource"),
    [
        ("ecr:DescribeRepositories", {}, "arn:aws:ecr:us-east-1:{A}:repository/*"),
        ("ecr:GetAuthorizationToken", {}, "*"),
        ("sts:AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "session"}, ROLE),
    ],
)
def test_a_refusal_names_the_rcp(
    org: Org, action: str, parameters: dict[str, str], resource: str
) -> None:
    """Within the account that it binds; across accounts see `refused` of its service."""
    shared_role(org, {"AWS": A})
    text = policy(statement("Deny", ["ecr:*", "sts:AssumeRole"], "*", Principal="*"))
    made = org.attach("NobodyAtAll", text, A, RCP)
    arn = f"arn:aws:organizations::{M}:policy/{org.id}/resource_control_policy/{made}"
    assert refusal(org, A, action, **parameters) == (
        f"User: arn:aws:iam::{A}:user/admin is not authorized to perform: {action} on resource: "
        f"{resource.format(A=A)} with an explicit deny in a resource control policy: {arn}"
    )


def test_the_registry_obeys(org: Org) -> None:
    org.sandbox.do(A, "ecr:CreateRepository", repositoryName="my-app")
    data = org.sandbox.do(A, "ecr:GetAuthorizationToken")["authorizationData"][0]
    header = {"authorization": f"Basic {data['authorizationToken']}"}
    path = f"/v2/{A}/my-app/manifests/v1"
    assert org.sandbox.http("GET", path, headers=header).status == 404
    org.attach("NoPull", deny("ecr:BatchGetImage"), A)
    reply = org.sandbox.http("GET", path, headers=header)
    assert reply.status == 403
    assert "explicit deny in a service control policy" in reply.json["errors"][0]["message"]
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")


def test_keys_of_the_organization(org: Org) -> None:
    unit = org.unit("workloads", A)
    condition = {
        "StringEquals": {"aws:PrincipalOrgID": org.id, "aws:ResourceOrgID": org.id},
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{org.id}/{org.root}/{unit}/*"},
    }
    for account, inside in ((A, True), (B, False)):
        who = org.sandbox.user(account, "u", allow(LIST, Condition=condition))
        assert org.sandbox.call(who, LIST).ok is inside


# -- it lasts, and asks for permission -------------------------------------------------------


@pytest.mark.slow
def test_it_outlives_a_restart(tmp_path: Path) -> None:
    with Forked("--state", str(tmp_path / "lab")) as before:
        org = make(before)
        org.attach("NoIam", deny("iam:*"), org.unit("workloads", A))
        found = before.fingerprint()
        roots = org.do("ListRoots")
    with Forked("--state", str(tmp_path / "lab")) as after:
        assert after.fingerprint() == found
        assert after.do(M, "organizations:ListRoots") == roots
        assert after.call(A, LIST).code == "AccessDenied"


PERMISSIONS = [
    ("CreateOrganization", {}, "*"),
    ("ListAccounts", {}, "*"),
    ("DescribeAccount", {"AccountId": A}, "account/ORG/" + A),
    ("AttachPolicy", {"PolicyId": FULL, "TargetId": A}, "policy/service_control_policy/" + FULL),
]


@pytest.mark.parametrize(("operation", "parameters", "on"), PERMISSIONS)
def test_each_call_needs_permission(
    operation: str, parameters: Mapping[str, Any], on: str, org: Org
) -> None:
    nobody = org.sandbox.user(M, "nobody")
    answer = org.sandbox.call(nobody, f"organizations:{operation}", **parameters)
    assert answer.code == "AccessDeniedException"
    assert f"organizations:{operation} on resource: " in answer.message
    assert on.replace("ORG", org.id) in answer.message


def test_pages(org: Org) -> None:
    first = org.do("ListAccounts", MaxResults=2)
    second = org.do("ListAccounts", MaxResults=2, NextToken=first["NextToken"])
    assert (len(first["Accounts"]), len(second["Accounts"])) == (2, 1)
    assert "NextToken" not in second
    assert org.error("ListAccounts", NextToken="x")[0] == "InvalidInputException"


def test_decisions_tell_the_policy(org: Org) -> None:
    org.attach("NoIam", deny("iam:*"), org.root)
    answer = org.sandbox.call(A, LIST)
    told = json.dumps(org.sandbox.decision(answer.request_id))
    assert 'service control policy \\"NoIam\\" of the organization\'s root' in told


def test_the_simulator_knows_of_it(org: Org) -> None:
    org.sandbox.user(A, "u", allow(LIST))
    ask = {"PolicySourceArn": f"arn:aws:iam::{A}:user/u", "ActionNames": [LIST]}

    def simulated() -> tuple[str, Any]:
        answer = org.sandbox.do(A, "iam:SimulatePrincipalPolicy", **ask)["EvaluationResults"][0]
        return answer["EvalDecision"], answer.get("OrganizationsDecisionDetail")

    assert simulated() == ("allowed", {"AllowedByOrganizations": True})
    made = org.attach("NoRoles", deny(LIST), org.root)
    assert simulated() == ("explicitDeny", {"AllowedByOrganizations": False})
    org.do("DetachPolicy", PolicyId=made, TargetId=org.root)
    org.sandbox.do(A, "organizations:LeaveOrganization")
    assert simulated() == ("allowed", None)
