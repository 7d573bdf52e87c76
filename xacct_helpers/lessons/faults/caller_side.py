"""Faults in account B: what some-role-name may do, and what limits it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from ...workspace import ACCOUNT_A, ACCOUNT_B
from .fault import Fault
from .world import NAME_A, ROLE_A, TOOLS_STATEMENT, World, allow, assume, deny, document, only_in

_READ_BOTH_ARNS = "Read both ARNs in the message, then compare them with both halves."


def _wrong_account(world: World, chance: Random) -> World:
    digit = chance.randrange(len(ACCOUNT_A))
    wrong = ACCOUNT_A[:digit] + chance.choice("27") + ACCOUNT_A[digit + 1 :]
    return replace(world, permission=assume(f"arn:aws:iam::{wrong}:role/{NAME_A}"))


def _wrong_role(world: World, chance: Random) -> World:
    wrong = chance.choice(["account-a-role", "account-a-rolename", "Account-A-role-name"])
    return replace(world, permission=assume(f"arn:aws:iam::{ACCOUNT_A}:role/{wrong}"))


def _no_permission(world: World, chance: Random) -> World:
    return replace(world, permission=None)


def _wrong_action(world: World, chance: Random) -> World:
    wrong = chance.choice(
        ["sts:AssumeRoles", "iam:AssumeRole", "sts:Assume-Role", "sts:RoleAssume"]
    )
    return replace(world, permission=assume(action=wrong))


def _deny(world: World, chance: Random) -> World:
    stop = chance.choice(
        [
            deny(Sid="StayAtHome", Action="sts:AssumeRole", NotResource=_OWN_ROLES),
            deny(Sid="NoChains", Action="sts:*", Resource="arn:aws:iam::*:role/account-*"),
            deny(
                Sid="OursOnly",
                Action="sts:AssumeRole",
                Resource="*",
                Condition={"StringNotEquals": {"aws:ResourceAccount": ACCOUNT_B}},
            ),
        ]
    )
    return replace(world, tools=document(dict(TOOLS_STATEMENT), stop))


_OWN_ROLES = f"arn:aws:iam::{ACCOUNT_B}:role/*"


def _boundary(world: World, chance: Random) -> World:
    less = chance.choice(
        [
            allow(Action=["ecr:*", "sts:GetCallerIdentity"], Resource="*"),
            allow(Action=["ecr:*", "sts:*"], Resource=["arn:aws:ecr:*:*:*", _OWN_ROLES]),
            allow(Action=["ecr:*"], Resource="*"),
        ]
    )
    return replace(world, boundary=document(less))


def _nobody_in(world: World, chance: Random) -> World:
    service = chance.choice(["ec2", "ecs-tasks", "lambda"])
    trust = allow(Principal={"Service": f"{service}.amazonaws.com"}, Action="sts:AssumeRole")
    return replace(world, caller_trust=document(trust))


def _wrong_region(world: World, chance: Random) -> World:
    return replace(world, control=only_in(chance.choice(["us-east-2", "us-west-1", "us-east1"])))


FAULTS = (
    Fault(
        number=11,
        name="permission-account",
        place="permission",
        spoil=_wrong_account,
        code="AccessDenied",
        spoke=("identity", "implicitDeny"),
        hints=(
            _READ_BOTH_ARNS,
            "A statement speaks of the ARNs in its Resource only, character by character.",
            "Count the digits of the account id in assume-account-a of some-role-name.",
        ),
        what="B's permission named an account that is not A. The Resource of assume-account-a "
        f"must be {ROLE_A}.",
        shown_by="the simulator: implicitDeny in B's own half; and explain()",
        avoid="Take account ids from GetCallerIdentity, not from memory.",
    ),
    Fault(
        number=4,
        name="permission-role",
        place="permission",
        spoil=_wrong_role,
        code="AccessDenied",
        spoke=("identity", "implicitDeny"),
        hints=(
            _READ_BOTH_ARNS,
            "Names of roles in an ARN are compared letter by letter, capitals too.",
            "Compare the Resource of assume-account-a with the Arn that get_role gives in A.",
        ),
        what="B's permission named a role that A does not have. The Resource of assume-account-a "
        f"must be {ROLE_A}.",
        shown_by="the simulator: implicitDeny in B's own half; and explain()",
        avoid="Copy an ARN from the answer of get_role; do not type it.",
    ),
    Fault(
        number=17,
        name="permission-missing",
        place="permission",
        spoil=_no_permission,
        code="AccessDenied",
        spoke=("identity", "implicitDeny"),
        hints=(
            "Two halves. Which of them says yes?",
            "Across accounts the caller's own policies must allow it, too.",
            "List the inline policies of some-role-name. Is there one about sts:AssumeRole?",
        ),
        what="B's half was missing: some-role-name had no permission to assume A's role. It needs "
        f"Allow sts:AssumeRole on {ROLE_A}.",
        shown_by="the access map (half an edge), the simulator and explain()",
        avoid="A trust policy invites. Ask the other account who lets its role accept.",
    ),
    Fault(
        number=23,
        name="permission-action",
        place="permission",
        spoil=_wrong_action,
        code="AccessDenied",
        spoke=("identity", "implicitDeny"),
        hints=(
            "The permission is there, and about the right role. What does it permit?",
            "IAM saves actions that do not exist. They permit nothing.",
            "Compare the Action of assume-account-a with the action in AWS's message.",
        ),
        what="The Action of B's permission does not exist. It is sts:AssumeRole.",
        shown_by="explain(): which element does not match; and xacct lint",
        avoid="IAM does not check names of actions. Copy them from the error message, or lint.",
    ),
    Fault(
        number=8,
        name="identity-deny",
        place="tools",
        spoil=_deny,
        code="AccessDenied",
        spoke=("identity", "explicitDeny"),
        hints=(
            "Does somebody not say yes, or does somebody say no?",
            "An explicit deny in any policy of the caller wins over every allow.",
            "Read the whole of policy tools of some-role-name.",
        ),
        what="A Deny in policy tools of some-role-name covered A's role. Without that statement "
        "the allow in assume-account-a counts.",
        shown_by="the simulator: explicitDeny, and from which policy; and explain()",
        avoid="When you write a Deny, say whom it is to spare, and test those calls.",
    ),
    Fault(
        number=20,
        name="boundary",
        place="boundary",
        spoil=_boundary,
        code="AccessDenied",
        spoke=("boundary", "implicitDeny"),
        hints=(
            "The role's permission is there, and right. Who else has to agree in account B?",
            "A permissions boundary is the most that the role's own policies can give.",
            "Read the default version of policy limits. Does it allow sts:AssumeRole on A's role?",
        ),
        what="The permissions boundary of some-role-name did not cover sts:AssumeRole on A's role. "
        "A new default version of policy limits that does mends it; the boundary itself stays, "
        "for it keeps the role out of IAM.",
        shown_by="explain(); get_role shows that there is a boundary",
        avoid="After a change to a boundary, run what the roles under it do every day.",
    ),
    Fault(
        number=2,
        name="caller-trust",
        place="caller_trust",
        spoil=_nobody_in,
        code="AccessDenied",
        spoke=("trust", "implicitDeny"),
        hints=(
            "Read the message: who was refused, and which role did they want to become?",
            "A chain has two steps, and each role in it has a trust policy of its own.",
            "account-b-admin becomes some-role-name. Does the trust policy of that role let it?",
        ),
        what="The trust policy of B's own role trusted a service of AWS instead of account B: "
        "the chain broke at its first step.",
        shown_by="the error message: its first ARN is not the role's; and explain()",
        avoid="When a role is used by people and by a service, its trust policy names both.",
    ),
    Fault(
        number=14,
        name="control",
        place="control",
        spoil=_wrong_region,
        code="AccessDenied",
        spoke=("scp", "explicitDeny"),
        hints=(
            "Read the message to its end: which kind of policy said no?",
            "A service control policy binds every user and role of an account, its administrators "
            "included. Only the management account can change it.",
            "Compare the region in policy our-region-only (profile management) with yours.",
        ),
        what="The organization's service control policy named another region. update_policy with "
        "the right one mends it; detached, account B might work in every region.",
        shown_by="the error message itself: “explicit deny in a service control policy”",
        avoid="Try a service control policy on an account in which nothing depends on it.",
    ),
)
