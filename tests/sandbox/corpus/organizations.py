"""Organizations: account C founds one and invites A and B."""

from __future__ import annotations

from functools import partial

from tests.sandbox.corpus import steps
from tests.sandbox.corpus.steps import scenario
from tests.sandboxes import A, B, deny

SCP = "SERVICE_CONTROL_POLICY"
FULL = "p-FullAWSAccess"
ROOT = "{roots.Roots.0.Id}"
UNIT = "{unit.OrganizationalUnit.Id}"
POLICY = "{policy.Policy.PolicySummary.Id}"
NO_UNIT, NO_POLICY, NO_ACCOUNT = "ou-aaaa-00000000", "p-00000000", "999999999999"
NO_HANDSHAKE = {"HandshakeId": "h-00000000"}
GONE_HANDSHAKE = ("HandshakeNotFoundException", "You specified a handshake that doesn't exist.")
GONE_UNIT = (
    "OrganizationalUnitNotFoundException",
    "You specified an organizational unit that doesn't exist.",
)
GONE_PARENT = ("ParentNotFoundException", "You specified parent that doesn't exist.")
GONE_POLICY = (
    "PolicyNotFoundException",
    "We can't find a policy with the PolicyId that you specified.",
)
GONE_ACCOUNT = ("AccountNotFoundException", "You specified an account that doesn't exist.")
NO_TARGET = (
    "TargetNotFoundException",
    "We can't find a root, OU, account, or policy with the TargetId that you specified.",
)
NOT_YOURS = ("AccessDeniedException", "You don't have permissions to access this resource.")
NONE = ("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")

ok, no = partial(steps.ok, by="C"), partial(steps.no, by="C")


def account(number: str) -> dict[str, dict[str, str]]:
    return {"Target": {"Id": number, "Type": "ACCOUNT"}}


def joined(by: str, number: str) -> tuple[steps.Step, ...]:
    """An account that is invited and accepts."""
    kept = f"invited_{by.lower()}"
    handshake = f"{{{kept}.Handshake.Id}}"
    return (
        ok(f"{by} invited", "organizations:InviteAccountToOrganization", **account(number),
           keep=kept),
        ok(f"{by} accepts", "organizations:AcceptHandshake", by=by, HandshakeId=handshake),
    )  # fmt: skip


FOUNDED = (
    ok("an organization", "organizations:CreateOrganization"),
    ok("its root", "organizations:ListRoots", keep="roots"),
)

MEMBERS = scenario(
    "members",
    no("no organization", "organizations:DescribeOrganization", *NONE),
    no("no organization's root", "organizations:ListRoots", *NONE),
    no("no organization's accounts", "organizations:ListAccounts", *NONE),
    no("no organization's policies", "organizations:ListPolicies", *NONE, Filter=SCP),
    no("no organization's handshakes", "organizations:ListHandshakesForOrganization", *NONE),
    no("left before it was founded", "organizations:LeaveOrganization", *NONE),
    *FOUNDED,
    no("a second organization", "organizations:CreateOrganization",
       "AlreadyInOrganizationException",
       "The AWS account is already a member of an organization."),
    ok("the organization", "organizations:DescribeOrganization"),
    ok("an invitation", "organizations:InviteAccountToOrganization", **account(A), Notes="join",
       keep="first"),
    no("a second invitation", "organizations:InviteAccountToOrganization",
       "DuplicateHandshakeException",
       "A handshake with the same action and target already exists.", **account(A)),
    ok("the invitations", "organizations:ListHandshakesForOrganization"),
    ok("one's own invitations", "organizations:ListHandshakesForAccount", by="A"),
    no("a page of no invitation", "organizations:ListHandshakesForAccount",
       "ValidationException", "Member must have value greater than or equal to 1", by="A",
       MaxResults=0),
    ok("the invitation", "organizations:DescribeHandshake", by="A",
       HandshakeId="{first.Handshake.Id}"),
    no("no such invitation", "organizations:DescribeHandshake", *GONE_HANDSHAKE, **NO_HANDSHAKE),
    no("another's invitation accepted", "organizations:AcceptHandshake", *GONE_HANDSHAKE, by="B",
       HandshakeId="{first.Handshake.Id}"),
    ok("an invitation declined", "organizations:DeclineHandshake", by="A",
       HandshakeId="{first.Handshake.Id}"),
    no("declined again", "organizations:DeclineHandshake", "HandshakeAlreadyInStateException",
       "The specified handshake is already in the requested state.",
       by="A", HandshakeId="{first.Handshake.Id}"),
    no("accepted after that", "organizations:AcceptHandshake",
       "InvalidHandshakeTransitionException", "You can't perform the operation on the handshake",
       by="A", HandshakeId="{first.Handshake.Id}"),
    ok("another invitation", "organizations:InviteAccountToOrganization", **account(A),
       keep="second"),
    ok("taken back", "organizations:CancelHandshake", HandshakeId="{second.Handshake.Id}"),
    no("taken back again", "organizations:CancelHandshake", "HandshakeAlreadyInStateException",
       "The specified handshake is already in the requested state.",
       HandshakeId="{second.Handshake.Id}"),
    *joined("A", A),
    *joined("B", B),
    no("a member invited", "organizations:InviteAccountToOrganization",
       "DuplicateAccountException",
       "That account is already present in the specified destination.", **account(A)),
    ok("the accounts", "organizations:ListAccounts"),
    no("the accounts, for a member", "organizations:ListAccounts", *NOT_YOURS, by="A"),
    ok("an account", "organizations:DescribeAccount", AccountId=A),
    no("no such account", "organizations:DescribeAccount", *GONE_ACCOUNT, AccountId=NO_ACCOUNT),
    no("deleted with members", "organizations:DeleteOrganization",
       "OrganizationNotEmptyException", "The organization isn't empty."),
    ok("a member leaves", "organizations:LeaveOrganization", by="A"),
    no("the management account leaves", "organizations:LeaveOrganization",
       "MasterCannotLeaveOrganizationException",
       "You can't remove a management account from an organization."),
    ok("a member is removed", "organizations:RemoveAccountFromOrganization", AccountId=B),
    no("nobody is removed", "organizations:RemoveAccountFromOrganization", *GONE_ACCOUNT,
       AccountId=NO_ACCOUNT),
    ok("its end", "organizations:DeleteOrganization"),
    no("its end again", "organizations:DeleteOrganization", *NONE),
)  # fmt: skip

UNITS = scenario(
    "organizational units",
    *FOUNDED,
    *joined("A", A),
    ok("a unit", "organizations:CreateOrganizationalUnit", ParentId=ROOT, Name="work", keep="unit"),
    no("a name that is taken", "organizations:CreateOrganizationalUnit",
       "DuplicateOrganizationalUnitException", "An OU with the same name already exists.",
       ParentId=ROOT, Name="work"),
    no("a unit of nothing", "organizations:CreateOrganizationalUnit", *GONE_PARENT,
       ParentId="r-0000", Name="x"),
    ok("the unit", "organizations:DescribeOrganizationalUnit", OrganizationalUnitId=UNIT),
    no("no such unit", "organizations:DescribeOrganizationalUnit", *GONE_UNIT,
       OrganizationalUnitId=NO_UNIT),
    ok("the root's units", "organizations:ListOrganizationalUnitsForParent", ParentId=ROOT),
    no("units of nothing", "organizations:ListOrganizationalUnitsForParent", *GONE_PARENT,
       ParentId="r-0000"),
    ok("an account moved", "organizations:MoveAccount", AccountId=A, SourceParentId=ROOT,
       DestinationParentId=UNIT),
    no("moved again", "organizations:MoveAccount", "SourceParentNotFoundException",
       "We can't find a source root or OU",
       AccountId=A, SourceParentId=ROOT, DestinationParentId=UNIT),
    no("moved nowhere", "organizations:MoveAccount", "DestinationParentNotFoundException",
       "You specified parent that doesn't exist.",
       AccountId=A, SourceParentId=UNIT, DestinationParentId=NO_UNIT),
    ok("the unit's accounts", "organizations:ListAccountsForParent", ParentId=UNIT),
    no("accounts of nothing", "organizations:ListAccountsForParent", *GONE_PARENT,
       ParentId="r-0000"),
    ok("an account's parent", "organizations:ListParents", ChildId=A),
    no("nobody's parent", "organizations:ListParents", "ChildNotFoundException",
       "We can't find an organizational unit or account.", ChildId=NO_ACCOUNT),
    ok("the root's accounts", "organizations:ListChildren", ParentId=ROOT, ChildType="ACCOUNT"),
    no("children of nothing", "organizations:ListChildren", *GONE_PARENT, ParentId="r-0000",
       ChildType="ACCOUNT"),
    ok("another name", "organizations:UpdateOrganizationalUnit", OrganizationalUnitId=UNIT,
       Name="play"),
    no("another name of none", "organizations:UpdateOrganizationalUnit", *GONE_UNIT,
       OrganizationalUnitId=NO_UNIT, Name="x"),
    no("a unit deleted with accounts", "organizations:DeleteOrganizationalUnit",
       "OrganizationalUnitNotEmptyException", "The specified OU is not empty.",
       OrganizationalUnitId=UNIT),
    ok("an account moved back", "organizations:MoveAccount", AccountId=A, SourceParentId=UNIT,
       DestinationParentId=ROOT),
    ok("its end", "organizations:DeleteOrganizationalUnit", OrganizationalUnitId=UNIT),
    no("the end of none", "organizations:DeleteOrganizationalUnit", *GONE_UNIT,
       OrganizationalUnitId=NO_UNIT),
)  # fmt: skip

NEW = {"Name": "no ECR", "Description": "closes ECR", "Type": SCP, "Content": deny("ecr:*")}
POLICIES = scenario(
    "policies of an organization",
    *FOUNDED,
    *joined("A", A),
    no("a type that is not enabled", "organizations:DisablePolicyType",
       "PolicyTypeNotEnabledException",
       "This operation can be performed only for enabled policy types.", RootId=ROOT,
       PolicyType=SCP),
    ok("a type enabled", "organizations:EnablePolicyType", RootId=ROOT, PolicyType=SCP),
    no("enabled again", "organizations:EnablePolicyType", "PolicyTypeAlreadyEnabledException",
       "The specified policy type is already enabled.", RootId=ROOT, PolicyType=SCP),
    ok("a policy", "organizations:CreatePolicy", **NEW, keep="policy"),
    no("a name that is taken", "organizations:CreatePolicy", "DuplicatePolicyException",
       "A policy with the same name already exists.", **NEW),
    no("what is no policy", "organizations:CreatePolicy", "MalformedPolicyDocumentException",
       "The provided policy document does not meet the requirements", **{
           **NEW, "Name": "x", "Content": "{"}),
    ok("the policy", "organizations:DescribePolicy", PolicyId=POLICY),
    no("no such policy", "organizations:DescribePolicy", *GONE_POLICY, PolicyId=NO_POLICY),
    ok("the policies", "organizations:ListPolicies", Filter=SCP),
    no("a page of no policy", "organizations:ListPolicies", "ValidationException",
       "Member must have value greater than or equal to 1", Filter=SCP, MaxResults=0),
    ok("a policy attached", "organizations:AttachPolicy", PolicyId=POLICY, TargetId=A),
    no("attached twice", "organizations:AttachPolicy", "DuplicatePolicyAttachmentException",
       "The selected policy is already attached to the specified target.", PolicyId=POLICY,
       TargetId=A),
    no("attached to nothing", "organizations:AttachPolicy", *NO_TARGET, PolicyId=POLICY,
       TargetId=NO_ACCOUNT),
    no("what it closes", "ecr:DescribeRepositories", "AccessDeniedException",
       "with an explicit deny in a service control policy", by="A"),
    ok("an account's policies", "organizations:ListPoliciesForTarget", TargetId=A, Filter=SCP),
    no("nothing's policies", "organizations:ListPoliciesForTarget", *NO_TARGET,
       TargetId=NO_ACCOUNT, Filter=SCP),
    ok("where it is attached", "organizations:ListTargetsForPolicy", PolicyId=POLICY),
    no("where no policy is attached", "organizations:ListTargetsForPolicy", *GONE_POLICY,
       PolicyId=NO_POLICY),
    ok("another text", "organizations:UpdatePolicy", PolicyId=POLICY, Content=deny("iam:*")),
    no("another text of none", "organizations:UpdatePolicy", *GONE_POLICY, PolicyId=NO_POLICY,
       Content=deny("iam:*")),
    no("a policy deleted where it is attached", "organizations:DeletePolicy",
       "PolicyInUseException", "The policy is attached to one or more entities.", PolicyId=POLICY),
    ok("a policy detached", "organizations:DetachPolicy", PolicyId=POLICY, TargetId=A),
    no("detached again", "organizations:DetachPolicy", "PolicyNotAttachedException",
       "The policy isn't attached to the specified target", PolicyId=POLICY, TargetId=A),
    no("the last one detached", "organizations:DetachPolicy", "ConstraintViolationException",
       "You cannot remove the last policy attached to the specified target.", PolicyId=FULL,
       TargetId=A),
    ok("its end", "organizations:DeletePolicy", PolicyId=POLICY),
    no("the end of none", "organizations:DeletePolicy", *GONE_POLICY, PolicyId=NO_POLICY),
    ok("a type disabled", "organizations:DisablePolicyType", RootId=ROOT, PolicyType=SCP),
    no("a type of no root", "organizations:EnablePolicyType", "RootNotFoundException",
       "You specified a root that doesn't exist.", RootId="r-0000", PolicyType=SCP),
)  # fmt: skip

SCENARIOS = (MEMBERS, UNITS, POLICIES)
