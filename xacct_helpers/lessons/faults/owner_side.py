"""Faults in account A: whom account-a-role-name trusts, what it may do, and my-app's policy."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from ...aws.regions import DEFAULT_REGION
from ...workspace import ACCOUNT_A, ACCOUNT_B
from .fault import Fault, slip
from .world import (
    EXTERNAL_ID,
    LOG_IN,
    NODE,
    PULL,
    REPOSITORY_ARN,
    REPOSITORY_STATEMENT,
    ROLE_B,
    TRUST_OF_NODE,
    Statement,
    World,
    allow,
    deny,
    document,
    pulls,
    trust_of_deployment,
)


def _trusting(world: World, *statements: Statement) -> World:
    return replace(world, trust=document(*statements, dict(TRUST_OF_NODE)))


def _no_trust(world: World, chance: Random) -> World:
    return _trusting(world)


def _wrong_principal(world: World, chance: Random) -> World:
    wrong = chance.choice(
        [
            f"arn:aws:sts::{ACCOUNT_B}:assumed-role/some-role-name/deploy",
            f"arn:aws:iam::{ACCOUNT_B}:user/admin",
            f"arn:aws:iam::{ACCOUNT_B}:role/my-app-pod",
        ]
    )
    return _trusting(world, trust_of_deployment(principal=wrong))


def _wrong_action(world: World, chance: Random) -> World:
    wrong = chance.choice(
        ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML", "sts:TagSession"]
    )
    return _trusting(world, trust_of_deployment(action=wrong))


def _wrong_word(world: World, chance: Random) -> World:
    wrong = chance.choice(["customer-4171", "customer-4711 ", "Customer-4711", "customer_4711"])
    return _trusting(world, trust_of_deployment(sts__ExternalId=wrong))


def _wrong_key(world: World, chance: Random) -> World:
    wrong = chance.choice(["sts__ExternalID_", "aws__ExternalId", "sts__External-Id"])
    return _trusting(world, trust_of_deployment(**{wrong: EXTERNAL_ID}))


def _trust_denies(world: World, chance: Random) -> World:
    name = slip("some-role-name", chance)
    spared = [f"arn:aws:iam::{ACCOUNT_B}:role/{name}", NODE]
    guard = deny(
        Sid="NobodyElse",
        Principal="*",
        Action="sts:AssumeRole",
        Condition={"ArnNotEquals": {"aws:PrincipalArn": spared}},
    )
    return _trusting(world, trust_of_deployment(), guard)


def _remade(world: World, chance: Random) -> World:
    return replace(world, remade=True)


def _pulling(world: World, statement: Statement) -> World:
    return replace(world, pull=document(LOG_IN, statement))


def _wrong_repository(world: World, chance: Random) -> World:
    wrong = chance.choice(["my-apps", "my_app", "myapp", slip("my-app", chance)])
    return _pulling(world, pulls(resource=REPOSITORY_ARN.replace("my-app", wrong)))


def _wrong_region(world: World, chance: Random) -> World:
    wrong = chance.choice(["us-east-2", "us-west-1", "eu-east-1"])
    return _pulling(world, pulls(resource=REPOSITORY_ARN.replace(DEFAULT_REGION, wrong)))


def _wrong_pull(world: World, chance: Random) -> World:
    wrong = chance.choice(
        [
            ("ecr:BatchGetImages", PULL[1]),
            ("ecr:GetImage", PULL[1]),
            (PULL[0], "ecr:GetDownloadUrlForLayers"),
            (PULL[0], "ecr:GetDownloadURLsForLayer"),
            (PULL[0],),
        ]
    )
    return _pulling(world, pulls(actions=(*wrong, "ecr:DescribeImages")))


def _login_on_repository(world: World, chance: Random) -> World:
    resource = chance.choice(
        [REPOSITORY_ARN, f"arn:aws:ecr:{DEFAULT_REGION}:{ACCOUNT_A}:repository/*"]
    )
    login = allow(Sid="LogIn", Action="ecr:GetAuthorizationToken", Resource=resource)
    return replace(world, pull=document(login, pulls()))


def _repository_denies(world: World, chance: Random) -> World:
    actions = chance.choice([list(PULL), PULL[0], PULL[1]])
    guard = deny(
        Sid="NodesOnly",
        Principal="*",
        Action=actions,
        Condition={"ArnNotEquals": {"aws:PrincipalArn": NODE}},
    )
    return replace(world, repository=document(REPOSITORY_STATEMENT, guard))


_A_TRUST = "Read the trust policy of account-a-role-name"

FAULTS = (
    Fault(
        number=9,
        name="trust-missing",
        place="trust",
        spoil=_no_trust,
        code="AccessDenied",
        spoke=("trust", "implicitDeny"),
        hints=(
            "Two halves. Ask the simulator about B's; if that is a yes, it is the other one.",
            "The trust policy must name the caller, whatever the caller's own policies say.",
            f"{_A_TRUST}: whom does it name, and whom not?",
        ),
        what="A's half was missing: the trust policy named cluster-node only. It needs a statement "
        "that trusts some-role-name when it says the agreed word, beside the other one.",
        shown_by="the access map (half an edge); explain()",
        avoid="Change a trust policy by adding to what get_role gives, not by writing it anew.",
    ),
    Fault(
        number=13,
        name="trust-principal",
        place="trust",
        spoil=_wrong_principal,
        code="AccessDenied",
        spoke=("trust", "implicitDeny"),
        hints=(
            "A trusts somebody of account B. Is it the one who asks?",
            "A user, a role and one session of a role are three different principals.",
            f"{_A_TRUST}: what does Principal name in the statement Deployment?",
        ),
        what="The trust policy named another principal of account B than the role. The Principal "
        f"must be {ROLE_B}.",
        shown_by="explain(): it puts the Principal beside the caller",
        avoid="Trust the role that makes the call: not a session of it, and not its maker.",
    ),
    Fault(
        number=21,
        name="trust-action",
        place="trust",
        spoil=_wrong_action,
        code="AccessDenied",
        spoke=("trust", "implicitDeny"),
        hints=(
            "A's trust policy names the right role. What does it invite that role to do?",
            "Each way of becoming a role is an action of its own.",
            f"{_A_TRUST}: compare its two Actions with the action in the message.",
        ),
        what="The trust policy allowed another action. For AssumeRole it is sts:AssumeRole.",
        shown_by="explain(): which element does not match",
        avoid="Do not take a trust policy from another kind of caller for a template.",
    ),
    Fault(
        number=6,
        name="trust-external-id",
        place="trust",
        spoil=_wrong_word,
        code="AccessDenied",
        spoke=("trust", "implicitDeny"),
        hints=(
            "Principal and action are right. What else does A want?",
            "The external id is compared character by character, capitals and blanks too.",
            "The word agreed on is customer-4711. Which word does A's Condition want, exactly?",
        ),
        what="A's condition wanted another external id than the one agreed on, customer-4711.",
        shown_by="explain(): it puts what the condition wants beside what the call had",
        avoid="Send an external id as text to copy, and try it in the same minute.",
    ),
    Fault(
        number=19,
        name="trust-key",
        place="trust",
        spoil=_wrong_key,
        code="AccessDenied",
        spoke=("trust", "implicitDeny"),
        hints=(
            "The word is right on both sides. Under which name does A look for it?",
            "A condition on a key that the call does not have is false, and IAM saves any key.",
            f"{_A_TRUST}: compare its condition key with the one in notebook 07.",
        ),
        what="The condition key was misspelt: it is sts:ExternalId.",
        shown_by="explain(): the call has nothing under that key; and xacct lint",
        avoid="A condition that never holds looks like a strict one. Try the call that must work.",
    ),
    Fault(
        number=3,
        name="trust-deny",
        place="trust",
        spoil=_trust_denies,
        code="AccessDenied",
        spoke=("trust", "explicitDeny"),
        hints=(
            "Does somebody not say yes, or does somebody say no?",
            "A trust policy can deny, too; the deny wins, whom the Allow may name.",
            f"{_A_TRUST} to its end: whom does NobodyElse mean to spare, letter by letter?",
        ),
        what="The statement NobodyElse of A's trust policy was to spare some-role-name, and "
        "misspelt it. Corrected or taken away: the Allow names nobody else either.",
        shown_by="explain(): an explicit deny in account A, and its condition",
        avoid="“Deny all but …” fails for those whom it misspells. Where an Allow is narrow, it is "
        "not needed.",
    ),
    Fault(
        number=16,
        name="remade",
        place="trust",
        spoil=_remade,
        code="AccessDenied",
        spoke=("trust", "implicitDeny"),
        hints=(
            "Everything was right this morning. Is everybody still the same?",
            "A trust policy holds the unique id of the role that it named.",
            f"{_A_TRUST}. What stands under Principal, and what is the RoleId of B's role?",
        ),
        what="B's role was deleted and made anew: same name, another id. A's trust policy saved "
        "once more with the role's ARN names the new one.",
        shown_by="the trust policy: an AROA… in place of an ARN; the trail of account B",
        avoid="Change roles, do not delete and make them anew; who names them must hear of it.",
    ),
    Fault(
        number=1,
        name="pull-repository",
        place="pull",
        spoil=_wrong_repository,
        code="AccessDeniedException",
        spoke=("identity", "implicitDeny"),
        hints=(
            "How far does the deployment get? Read who is refused, and what.",
            "It has become A's role. What that role may do is account A's business alone.",
            "Compare the Resource in policy pull of account-a-role-name with the ARN in the "
            "message.",
        ),
        what="The permission of A's role named another repository. Its Resource must be "
        f"{REPOSITORY_ARN}.",
        shown_by="the error message: it names the ARN that no policy allows",
        avoid="Take the repository's ARN from describe_repositories.",
    ),
    Fault(
        number=24,
        name="pull-region",
        place="pull",
        spoil=_wrong_region,
        code="AccessDeniedException",
        spoke=("identity", "implicitDeny"),
        hints=(
            "How far does the deployment get? Read who is refused, and what.",
            "An ARN has six parts. All of them have to match.",
            "Compare the region in policy pull of account-a-role-name with the message's ARN.",
        ),
        what=f"The permission of A's role named another region. Its Resource must be "
        f"{REPOSITORY_ARN}.",
        shown_by="the error message and explain(), the two ARNs side by side",
        avoid="Take the repository's ARN from describe_repositories.",
    ),
    Fault(
        number=10,
        name="pull-action",
        place="pull",
        spoil=_wrong_pull,
        code="AccessDeniedException",
        spoke=("identity", "implicitDeny"),
        hints=(
            "Which of the calls of a pull is refused? The message names it.",
            "A pull is three calls: GetAuthorizationToken, BatchGetImage, GetDownloadUrlForLayer.",
            "Compare the actions in policy pull of account-a-role-name with these three.",
        ),
        what="One of the pull's actions was missing or misspelt in policy pull of A's role: "
        "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer.",
        shown_by="the error message: it names the action; xacct lint knows a misspelt one",
        avoid="IAM saves actions that do not exist. Lint a policy, then make the calls.",
    ),
    Fault(
        number=18,
        name="pull-login",
        place="pull",
        spoil=_login_on_repository,
        code="AccessDeniedException",
        spoke=("identity", "implicitDeny"),
        hints=(
            "On which resource was it refused?",
            "A login is for the whole registry; it cannot be limited to a repository.",
            'The Resource of the statement LogIn in policy pull must be "*".',
        ),
        what="ecr:GetAuthorizationToken was limited to a repository. It knows the resource "
        '"*" only.',
        shown_by="the error message: “on resource: *”; and xacct lint",
        avoid="Login and pull are two statements: the one on *, the other on the repository.",
    ),
    Fault(
        number=5,
        name="repository-deny",
        place="repository",
        spoil=_repository_denies,
        code="AccessDeniedException",
        spoke=("resource", "explicitDeny"),
        hints=(
            "Read the message to its end: which kind of policy said no?",
            "The repository has a policy of its own, and its deny binds A's roles, too.",
            "get_repository_policy of my-app: whom does the statement NodesOnly spare?",
        ),
        what="A Deny in my-app's repository policy spared cluster-node alone. Taken away, or with "
        "account-a-role-name beside it, the pull goes through.",
        shown_by="the error message: “explicit deny in a resource-based policy”",
        avoid="Before you write “deny all but …”, ask who else comes in: look into the trail.",
    ),
)
