"""Every check against accounts that are right, half right, wrong, and right unexpectedly."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests import prepared
from tests.lessons import test_faults
from tests.prepared import begin
from xacct_helpers import build_image, course, open_lab, pull_image, push_image
from xacct_helpers.course import progress
from xacct_helpers.lab import Lab
from xacct_helpers.lessons import checks

ROLE_A = "arn:aws:iam::111111111111:role/account-a-role-name"
ROLE_B = "arn:aws:iam::222222222222:role/some-role-name"
NAME_A, NAME_B = "account-a-role-name", "some-role-name"


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab of this module's own; the process's environment is put back afterwards."""
    with prepared.lab() as lab:
        yield lab


def type_answer(name: str) -> None:
    """The cells that a learner types from the third hint, after the notebook's first one."""
    path = next(path for path in course.notebooks() if path.name.startswith(name))
    typed: dict[str, Any] = {}
    for source in [course.tagged(path, "build")[0], *course.answer(name)]:
        exec(source, typed)


def iam(profile: str) -> Any:
    return boto3.Session(profile_name=profile).client("iam")


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(principal: Any, **more: Any) -> None:
    text = document(Principal=principal, Action="sts:AssumeRole", **more)
    iam("account-a").update_assume_role_policy(RoleName=NAME_A, PolicyDocument=text)


def trust_star() -> None:
    trust("*")


def trust_star_object() -> None:
    trust({"AWS": "*"})


def trust_account() -> None:
    trust({"AWS": "222222222222"})


def trust_root() -> None:
    trust({"AWS": ["arn:aws:iam::222222222222:root"]})


def trust_by_condition() -> None:
    """Equivalent, written differently: everybody who has account B's principals' account id."""
    trust({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalAccount": "222222222222"}})


def trust_role() -> None:
    trust({"AWS": ROLE_B})


def trust_role_by_condition() -> None:
    trust({"AWS": "222222222222"}, Condition={"ArnEquals": {"aws:PrincipalArn": ROLE_B}})


def trust_nobody() -> None:
    trust({"AWS": "111111111111"})


def remade() -> None:
    """B's role deleted and made again, A's trust policy not saved again."""
    b = iam("account-b-admin")
    text = json.dumps(b.get_role(RoleName=NAME_B)["Role"]["AssumeRolePolicyDocument"])
    for name in b.list_role_policies(RoleName=NAME_B)["PolicyNames"]:
        b.delete_role_policy(RoleName=NAME_B, PolicyName=name)
    b.delete_role(RoleName=NAME_B)
    b.create_role(RoleName=NAME_B, AssumeRolePolicyDocument=text)
    permission(ROLE_A)


def permission(resource: Any, **more: Any) -> None:
    text = document(Action="sts:AssumeRole", Resource=resource, **more)
    iam("account-b-admin").put_role_policy(
        RoleName=NAME_B, PolicyName="assume-account-a", PolicyDocument=text
    )


def permission_star() -> None:
    permission("*")


def permission_managed() -> None:
    """Equivalent, written differently: a managed policy in place of the inline one."""
    b = iam("account-b-admin")
    b.delete_role_policy(RoleName=NAME_B, PolicyName="assume-account-a")
    text = document(Action=["sts:assumerole"], Resource=[ROLE_A])
    arn = b.create_policy(PolicyName="go-to-a", PolicyDocument=text)["Policy"]["Arn"]
    b.attach_role_policy(RoleName=NAME_B, PolicyArn=arn)


def permission_gone() -> None:
    iam("account-b-admin").delete_role_policy(RoleName=NAME_B, PolicyName="assume-account-a")


def pull_star() -> None:
    text = document(Action="*", Resource="*")
    iam("account-a").put_role_policy(RoleName=NAME_A, PolicyName="pull", PolicyDocument=text)


def watcher(principal: Any, **more: Any) -> None:
    text = document(Principal=principal, Action="sts:AssumeRole", **more)
    iam("account-a").update_assume_role_policy(RoleName="watcher", PolicyDocument=text)


def watcher_open() -> None:
    watcher({"AWS": "333333333333"})


def watcher_if_exists() -> None:
    condition = {"StringEqualsIfExists": {"sts:ExternalId": "customer-4711"}}
    watcher({"AWS": "333333333333"}, Condition=condition)


def watcher_star() -> None:
    watcher("*", Condition={"StringEquals": {"sts:ExternalId": "customer-4711"}})


def watcher_like() -> None:
    watcher(
        {"AWS": "333333333333"}, Condition={"StringLike": {"sts:ExternalID": ["customer-4711"]}}
    )


def profile(name: str, **settings: str) -> None:
    """As `aws configure set` writes it; profiles are no part of the accounts, so from nothing."""
    path = Path(os.environ["AWS_CONFIG_FILE"])
    lines = [f"{key} = {value}" for key, value in {"region": "us-east-1", **settings}.items()]
    kept = path.read_text().partition(f"[profile {name}]")[0]
    path.write_text("\n".join([kept, f"[profile {name}]", *lines, ""]))


def profiles(source: str = "account-b", session: str = "nightly") -> None:
    xacct = f"xacct credential-process --role-arn {ROLE_B} --role-arn {ROLE_A}"
    named = {"role_session_name": session} if session else {}
    profile("pull-from-a", source_profile=source, role_arn=ROLE_A, **named)
    profile("by-process", credential_process=xacct)


def profiles_from_the_administrator() -> None:
    profiles(source="account-b-admin")


def profiles_without_a_name() -> None:
    profiles(session="")


def profiles_without_a_region() -> None:
    profiles()
    path = Path(os.environ["AWS_CONFIG_FILE"])
    kept, ours, rest = path.read_text().partition("[profile by-process]")
    path.write_text(kept + ours + rest.replace("region = us-east-1\n", ""))


def profiles_gone() -> None:
    profile("pull-from-a")


def repository(principal: Any, actions: Any = "ecr:*", **more: Any) -> None:
    text = document(Principal=principal, Action=actions, **more)
    boto3.Session(profile_name="account-a").client("ecr").set_repository_policy(
        repositoryName="my-app", policyText=text
    )


PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
NODE = "arn:aws:iam::222222222222:role/cluster-node"


def repository_account() -> None:
    repository({"AWS": "222222222222"}, PULL)


def repository_star() -> None:
    repository("*", PULL)


def repository_everything() -> None:
    """To the right role, and too much: B's own half must be as large to tell."""
    repository({"AWS": NODE})
    text = document(Action="ecr:*", Resource="*")
    iam("account-b-admin").put_role_policy(
        RoleName="cluster-node", PolicyName="pull", PolicyDocument=text
    )


def repository_by_condition() -> None:
    """Equivalent, written differently: the account, narrowed to the one role."""
    repository({"AWS": "222222222222"}, PULL, Condition={"ArnEquals": {"aws:PrincipalArn": NODE}})


def repository_closed() -> None:
    boto3.Session(profile_name="account-a").client("ecr").delete_repository_policy(
        repositoryName="my-app"
    )


def repository_denies_others() -> None:
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": NODE}, "Action": PULL},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": PULL,
            "Condition": {"ArnNotEquals": {"aws:PrincipalArn": NODE}},
        },
    ]
    boto3.Session(profile_name="account-a").client("ecr").set_repository_policy(
        repositoryName="my-app",
        policyText=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )


def pod(**conditions: dict[str, str]) -> None:
    """my-app-pod's trust policy, with other conditions on the token; names without the issuer."""
    b = iam("account-b-admin")
    (provider,) = b.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    issuer = provider["Arn"].partition("/")[2]
    named = {op: {f"{issuer}:{k}": v for k, v in keys.items()} for op, keys in conditions.items()}
    text = document(
        Principal={"Federated": provider["Arn"]},
        Action="sts:AssumeRoleWithWebIdentity",
        Condition=named,
    )
    b.update_assume_role_policy(RoleName="my-app-pod", PolicyDocument=text)


def pod_by_audience() -> None:
    pod(StringEquals={"aud": "sts.amazonaws.com"})


def pod_in_any_namespace() -> None:
    pod(StringLike={"sub": "system:serviceaccount:*:my-app"})


def auditor(*statements: dict[str, Any]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam("account-a").put_role_policy(RoleName="auditor", PolicyName="look", PolicyDocument=text)


def allow(actions: Any, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def auditor_star() -> None:
    auditor(allow("*"))


def auditor_iam_star() -> None:
    auditor(allow(["iam:*", "cloudtrail:LookupEvents"]))


def auditor_trail_on_an_arn() -> None:
    """The slip of GetAuthorizationToken in a new place."""
    trail = allow("cloudtrail:LookupEvents", "arn:aws:cloudtrail:us-east-1:111111111111:*")
    auditor(trail, allow("iam:Get*"))


def auditor_managed() -> None:
    """Equivalent, written differently: wildcards that only read."""
    auditor(allow(["cloudtrail:Lookup*", "iam:Get*", "iam:List*", "iam:Simulate*"]))


def auditor_for_everybody() -> None:
    text = document(Principal="*", Action="sts:AssumeRole")
    iam("account-a").update_assume_role_policy(RoleName="auditor", PolicyDocument=text)


def ecr() -> Any:
    return boto3.Session(profile_name="account-a").client("ecr")


def empty_repository() -> None:
    ecr().create_repository(repositoryName="my-app")


def another_image() -> None:
    """Equivalent, made differently: other bytes under the tag, and more tags beside it."""
    for tag in ("v1", "latest"):
        push_image(ecr(), "my-app", tag, build_image("Something else."))


def credentials_without(name: str) -> None:
    """A profile of the lab's own is gone from the credentials file; open_lab() writes it again."""
    path = Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    before, _, rest = path.read_text().partition(f"[{name}]")
    path.write_text(before + "[" + rest.partition("\n[")[2] if "\n[" in rest else before)


def without_a() -> None:
    credentials_without("account-a")


def without_b() -> None:
    credentials_without("account-b-admin")


def pull_policy(*statements: dict[str, Any]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam("account-a").put_role_policy(RoleName=NAME_A, PolicyName="pull", PolicyDocument=text)


REPOSITORY = "arn:aws:ecr:us-east-1:111111111111:repository/my-app"
LOGIN = "ecr:GetAuthorizationToken"


def login_only() -> None:
    pull_policy({"Effect": "Allow", "Action": LOGIN, "Resource": "*"})


def login_on_the_repository() -> None:
    pull_policy({"Effect": "Allow", "Action": [LOGIN, *PULL], "Resource": REPOSITORY})


def pull_managed() -> None:
    """Equivalent, written differently: a managed policy with wildcards that cover no more."""
    a = iam("account-a")
    a.delete_role_policy(RoleName=NAME_A, PolicyName="pull")
    statements = [
        {"Effect": "Allow", "Action": "ecr:GetAuth*", "Resource": "*"},
        {"Effect": "Allow", "Action": ["ecr:BatchGet*", "ecr:GetDownload*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "ecr:*Get*Image", "NotResource": REPOSITORY},
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    arn = a.create_policy(PolicyName="pulls", PolicyDocument=text)["Policy"]["Arn"]
    a.attach_role_policy(RoleName=NAME_A, PolicyArn=arn)


def pull_gone() -> None:
    iam("account-a").delete_role_policy(RoleName=NAME_A, PolicyName="pull")


def deny_left_over() -> None:
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": "ecr:BatchGetImage", "Resource": "*"}],
        }
    )
    iam("account-a").put_role_policy(RoleName=NAME_A, PolicyName="no", PolicyDocument=text)


def role_a_for_an_hour() -> None:
    """Equivalent: what A's role may last makes no difference in a chain."""
    iam("account-a").update_role(RoleName=NAME_A, MaxSessionDuration=3600)


def profile_by_process() -> None:
    """Equivalent, made differently: both profiles ask the program."""
    profiles()
    xacct = f"xacct credential-process --role-arn {ROLE_B} --role-arn {ROLE_A}"
    profile("pull-from-a", credential_process=xacct)
    path = Path(os.environ["AWS_CONFIG_FILE"])
    lines = ["[profile by-process]", f"credential_process = {xacct}", "region = us-east-1", ""]
    path.write_text(path.read_text() + "\n".join(lines))


def one_profile_only() -> None:
    profiles()
    profile("by-process")


def node_remade() -> None:
    """cluster-node deleted and made again: A's policies hold an id that nobody has any more."""
    b = iam("account-b-admin")
    text = json.dumps(b.get_role(RoleName="cluster-node")["Role"]["AssumeRolePolicyDocument"])
    names = b.list_role_policies(RoleName="cluster-node")["PolicyNames"]
    kept = {
        name: b.get_role_policy(RoleName="cluster-node", PolicyName=name)["PolicyDocument"]
        for name in names
    }
    for name in names:
        b.delete_role_policy(RoleName="cluster-node", PolicyName=name)
    b.delete_role(RoleName="cluster-node")
    b.create_role(RoleName="cluster-node", AssumeRolePolicyDocument=text)
    for name, policy in kept.items():
        b.put_role_policy(
            RoleName="cluster-node", PolicyName=name, PolicyDocument=json.dumps(policy)
        )


def trust_in_two_statements() -> None:
    """Equivalent, written differently: a statement for each role, one by a condition."""
    statements = [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": [ROLE_B]}},
        {
            "Effect": "Allow",
            "Action": "sts:*",
            "Principal": {"AWS": "222222222222"},
            "Condition": {"StringLike": {"aws:PrincipalArn": NODE}},
        },
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam("account-a").update_assume_role_policy(RoleName=NAME_A, PolicyDocument=text)


# -- notebook 05 is about what one does, not about what is left behind ------------------------


def assumed() -> Any:
    """A session of A's role, won by B's role, as the learner wins it."""
    sts = boto3.Session(profile_name="account-b").client("sts")
    given = sts.assume_role(RoleArn=ROLE_A, RoleSessionName="mine")["Credentials"]
    return boto3.Session(
        given["AccessKeyId"],
        given["SecretAccessKey"],
        given["SessionToken"],
        region_name="us-east-1",
    )


def assumed_and_pulled() -> None:
    pull_image(assumed().client("ecr"), "my-app", tag="v1")


def assumed_and_looked() -> None:
    """Half right: to describe an image is not to pull it."""
    assumed().client("ecr").describe_images(repositoryName="my-app")


def assumed_and_pulled_by_another() -> None:
    """The two halves, by two who have nothing to do with each other."""
    assumed()
    pull_image(ecr(), "my-app", tag="v1")


def pulled_in_vain() -> None:
    """The role was assumed, and the pull refused."""
    session = assumed()
    pull_gone()
    with pytest.raises(ClientError, match="AccessDenied"):
        pull_image(session.client("ecr"), "my-app", tag="v1")
    pull_mended()


def pull_mended() -> None:
    pull_policy(
        {"Effect": "Allow", "Action": LOGIN, "Resource": "*"},
        {"Effect": "Allow", "Action": PULL, "Resource": REPOSITORY},
    )


def pulled_by_the_way_of_03() -> None:
    """With no role of account B in between; then the accounts as after 04."""
    trust_account()
    sts = boto3.Session(profile_name="account-b-admin").client("sts")
    given = sts.assume_role(RoleArn=ROLE_A, RoleSessionName="mine")["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session = boto3.Session(*keys, region_name="us-east-1")
    pull_image(session.client("ecr"), "my-app", tag="v1")
    trust_role()


def pulled_by_a_profile() -> None:
    """Made differently: the SDK assumes the role, as notebook 09 has it do."""
    profiles()
    pull_image(boto3.Session(profile_name="pull-from-a").client("ecr"), "my-app", tag="v1")


def pulled_in_a_terminal() -> None:
    """Made differently: the AWS CLI, in another region's STS, the manifest as `docker` does."""
    asked = ["--role-arn", ROLE_A, "--role-session-name", "mine", "--query", "Credentials"]
    command = ["aws", "--profile", "account-b", "--region", "eu-central-1", "sts", "assume-role"]
    given = json.loads(subprocess.check_output([*command, *asked], text=True))
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    client = boto3.Session(*keys, region_name="us-east-1").client("ecr")
    (login,) = client.get_authorization_token()["authorizationData"]
    request = urllib.request.Request(
        f"{login['proxyEndpoint']}/v2/my-app/manifests/v1",
        headers={"Authorization": f"Basic {login['authorizationToken']}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def pulled_with_a_managed_policy() -> None:
    pull_managed()
    assumed_and_pulled()


# -- notebook 06 ends with the role of B remade -----------------------------------------------


def remade_and_trusted() -> None:
    remade()
    trust_role()


def remade_under_a_condition() -> None:
    """Made differently: a trust by the role's name needs no saving again."""
    trust_role_by_condition()
    remade()


def remade_with_a_star() -> None:
    remade()
    trust_star()


def another_role_remade() -> None:
    """Somebody was made twice, and it was not some-role-name."""
    b = iam("account-b-admin")
    text = document(Principal={"AWS": "222222222222"}, Action="sts:AssumeRole")
    for _ in range(2):
        b.create_role(RoleName="another", AssumeRolePolicyDocument=text)
        b.delete_role(RoleName="another")


def nothing() -> None:
    """The accounts as the notebook leaves them."""


STRANGER = "a stranger (account 333333333333) cannot become it"
CHAIN = "some-role-name can become account-a-role-name"
WHOLE = "my-app:v1 is in account A, whole: every digest is right"
NO_PULL = "account B's administrator cannot pull it"
BY_THAT_ROLE = "account B's administrator cannot, other than by way of that role"
BY_YOURSELF = "you did it yourself: you assumed the role, and pulled with what that gave you"
REMADE = "and some-role-name is not the first of its name: it was made anew, and trusted anew"
NO_AUDITOR = "a stranger (account 333333333333) does not become auditor"
CASES: list[tuple[str, str, int, Callable[[], None], str | None]] = [
    # what, check, accounts as after notebook, change, the goal that is missed (None: passes)
    ("03 as the notebook leaves it", "03", 3, nothing, None),
    ("03 trusts the root ARN in a list", "03", 3, trust_root, None),
    ("03 trusts by a condition on the account", "03", 3, trust_by_condition, None),
    ('03 trusts "*"', "03", 3, trust_star, STRANGER),
    ('03 trusts {"AWS": "*"}', "03", 3, trust_star_object, STRANGER),
    ("03 trusts account A only", "03", 3, trust_nobody, "account B can become account-a-role-name"),
    ("03 with a remade role trusted by account", "03", 4, trust_account, None),
    ("06 as the notebook leaves it", "06", 6, nothing, None),
    ("06 trusts by a condition on the role", "06", 6, trust_role_by_condition, None),
    ("06 permission in a managed policy", "06", 6, permission_managed, None),
    (
        '06 trusts "*"',
        "06",
        6,
        trust_star,
        "account B's administrator cannot, other than by way of that role",
    ),
    (
        "06 trusts the whole account",
        "06",
        6,
        trust_account,
        "account B's administrator cannot, other than by way of that role",
    ),
    ("06 B's role remade", "06", 6, remade, CHAIN),
    (
        "06 B allows everything",
        "06",
        6,
        permission_star,
        "and some-role-name may become no other role",
    ),
    ("06 B allows nothing", "06", 6, permission_gone, CHAIN),
    ("06 A trusts nobody", "06", 6, trust_nobody, CHAIN),
    ("02 as the notebook leaves it", "02", 2, nothing, None),
    ("02 still passes after 06", "02", 6, nothing, None),
    ('02 allows "*"', "02", 2, pull_star, "… but from no other repository"),
    ('05 allows "*"', "05", 5, pull_star, "… but from no other repository"),
    ("05 done in Python", "05", 5, assumed_and_pulled, None),
    ("05 done by a profile", "05", 5, pulled_by_a_profile, None),
    ("05 done in a terminal", "05", 5, pulled_in_a_terminal, None),
    ("05 nothing done", "05", 4, nothing, BY_YOURSELF),
    ("05 assumed and not pulled", "05", 4, assumed_and_looked, BY_YOURSELF),
    ("05 assumed, and pulled in vain", "05", 4, pulled_in_vain, BY_YOURSELF),
    ("05 pulled by another", "05", 4, assumed_and_pulled_by_another, BY_YOURSELF),
    ("05 pulled by the way of 03", "05", 4, pulled_by_the_way_of_03, BY_YOURSELF),
    (
        "04 before it was begun",
        "04",
        3,
        nothing,
        "some-role-name exists, and account B's administrator can become it",
    ),
    (
        "01 before it was begun",
        "01",
        0,
        nothing,
        "my-app:v1 is in account A, whole: every digest is right",
    ),
    ("00 at any time", "00", 6, nothing, None),
    ("07 as the notebook leaves it", "07", 7, nothing, None),
    ("07 without a condition", "07", 7, watcher_open, "… but not with another customer's word"),
    ("07 with IfExists", "07", 7, watcher_if_exists, "… nor with none at all"),
    (
        "07 open to all who know the word",
        "07",
        7,
        watcher_star,
        "… and nobody else, word or no word",
    ),
    ("07 another operator, the same meaning", "07", 7, watcher_like, None),
    (
        "07 before it was begun",
        "07",
        6,
        nothing,
        "the company (account 333333333333) becomes watcher when it comes for you",
    ),
    ("08 as the notebook leaves it", "08", 8, nothing, None),
    (
        "08 before it was begun",
        "08",
        7,
        nothing,
        "a user of account B can hold some-role-name for twelve hours",
    ),
    ("08 after 07's check", "07", 8, nothing, None),
    ("09 as the notebook leaves it", "09", 8, profiles, None),
    (
        "09 the chain begins elsewhere",
        "09",
        8,
        profiles_from_the_administrator,
        "the profile pull-from-a becomes account-a-role-name, by role_arn",
    ),
    (
        "09 sessions without a name",
        "09",
        8,
        profiles_without_a_name,
        "its sessions have a name that says what it is",
    ),
    ("09 no region", "09", 8, profiles_without_a_region, "… with a region of its own"),
    (
        "09 an empty profile",
        "09",
        8,
        profiles_gone,
        "the profile pull-from-a becomes account-a-role-name, by role_arn",
    ),
    ("10 as the notebook leaves it", "10", 10, nothing, None),
    ("10 before it was begun", "10", 8, nothing, "cluster-node exists in account B"),
    (
        "10 repository closed",
        "10",
        10,
        repository_closed,
        "it pulls my-app:v1 as itself, without a role of account A",
    ),
    (
        "10 opened to the account",
        "10",
        10,
        repository_account,
        "… and nobody else in account B pulls so",
    ),
    (
        "10 opened to everybody",
        "10",
        10,
        repository_star,
        "… and nobody else in account B pulls so",
    ),
    ("10 opened for everything", "10", 10, repository_everything, "… and does not push"),
    ("10 the account, narrowed to the role", "10", 10, repository_by_condition, None),
    (
        "10 everybody else denied",
        "10",
        10,
        repository_denies_others,
        "and the way by account A's role is still open",
    ),
    ("11 as the notebook leaves it", "11", 11, nothing, None),
    (
        "11 before it was begun",
        "11",
        10,
        nothing,
        "cluster-node can become account-a-role-name",
    ),
    (
        "11 A trusts the whole account",
        "11",
        11,
        trust_account,
        "account B's administrator cannot, other than by way of a role",
    ),
    (
        "11 the cluster vouches for every Pod",
        "11",
        11,
        pod_by_audience,
        "… another service account does not",
    ),
    (
        "11 any namespace",
        "11",
        11,
        pod_in_any_namespace,
        "… nor one of the same name in another namespace",
    ),
    ("12 as the notebook leaves it", "12", 12, nothing, None),
    ("12 before it was begun", "12", 10, nothing, "account A has an auditor"),
    ("12 the chain is broken", "12", 12, trust_nobody, CHAIN),
    ("12 may do everything", "12", 12, auditor_star, "… but changes no role"),
    ("12 all of IAM", "12", 12, auditor_iam_star, "… but changes no role"),
    ("12 the trail on an ARN", "12", 12, auditor_trail_on_an_arn, "who may read the event history"),
    ("12 reads by wildcards", "12", 12, auditor_managed, None),
    ("12 anybody becomes auditor", "12", 12, auditor_for_everybody, NO_AUDITOR),
    ("00 on the first day", "00", 0, nothing, None),
    ("00 account A's profile is gone", "00", 0, without_a, "account-a answers, and is in account"),
    ("00 account B's profile is gone", "00", 0, without_b, "account-b-admin answers, and is in"),
    ("01 as the notebook leaves it", "01", 1, nothing, None),
    ("01 a repository without an image", "01", 0, empty_repository, WHOLE),
    ("01 opened to the account", "01", 1, repository_account, NO_PULL),
    ("01 opened to everybody", "01", 1, repository_star, NO_PULL),
    ("01 another image", "01", 1, another_image, None),
    ("02 before it was begun", "02", 1, nothing, "somebody can become account-a-role-name to try"),
    ("02 the login only", "02", 2, login_only, "the role may pull my-app:v1, manifest and layers"),
    ("02 the login on an ARN", "02", 2, login_on_the_repository, "the role may log in: ecr:Get"),
    ("02 a managed policy with wildcards", "02", 2, pull_managed, None),
    ("03 before it was begun", "03", 2, nothing, "account B can become account-a-role-name"),
    ("03 the pull policy is gone", "03", 3, pull_gone, "and as that role it pulls my-app:v1"),
    ("03 a dangling unique id", "03", 4, remade, "account B can become account-a-role-name"),
    ("04 as the notebook leaves it", "04", 4, nothing, None),
    ("04 A's half is missing", "04", 4, trust_nobody, CHAIN),
    ("04 B's half is missing", "04", 4, permission_gone, CHAIN),
    ("04 a dangling unique id", "04", 4, remade, CHAIN),
    ('04 trusts "*"', "04", 4, trust_star, BY_THAT_ROLE),
    ("04 B allows everything", "04", 4, permission_star, "and some-role-name may become no other"),
    ("04 a managed policy", "04", 4, permission_managed, None),
    ("04 a condition on the role", "04", 4, trust_role_by_condition, None),
    ("05 before it was begun", "05", 3, nothing, CHAIN),
    ("05 a dangling unique id", "05", 5, remade, CHAIN),
    ("05 the pull policy is gone", "05", 5, pull_gone, "it pulls my-app:v1 and every digest is"),
    ("05 a managed policy with wildcards", "05", 5, pulled_with_a_managed_policy, None),
    ("06 before 04 was begun", "06", 3, nothing, "some-role-name exists, and account B's admin"),
    ("06 before it was begun", "06", 5, nothing, REMADE),
    ("06 remade by hand", "06", 5, remade_and_trusted, None),
    ("06 remade under a condition", "06", 5, remade_under_a_condition, None),
    ("06 remade and not trusted", "06", 5, remade, CHAIN),
    ("06 another role remade", "06", 5, another_role_remade, REMADE),
    ("06 the pull policy is gone", "06", 6, pull_gone, "and the whole chain ends in the image"),
    ("08 a deny is left over", "08", 8, deny_left_over, "a whole session still pulls"),
    ("08 A's role for an hour", "08", 8, role_a_for_an_hour, None),
    ("09 one profile only", "09", 8, one_profile_only, "the profile by-process becomes account-a"),
    ("09 both ask a program", "09", 8, profile_by_process, None),
    ("10 a dangling unique id", "10", 10, node_remade, "it pulls my-app:v1 as itself, without"),
    ("11 a dangling unique id", "11", 11, node_remade, "cluster-node can become account-a-role"),
    ("11 A trusts B's role only", "11", 11, trust_role, "cluster-node can become account-a-role"),
    ('11 trusts "*"', "11", 11, trust_star, "account B's administrator cannot, other than by way"),
    ("11 two statements", "11", 11, trust_in_two_statements, None),
]


@pytest.mark.parametrize(
    ("name", "after", "change", "missed"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_check(
    lab: Lab,
    capsys: pytest.CaptureFixture[str],
    name: str,
    after: int,
    change: Callable[[], None],
    missed: str | None,
) -> None:
    begin(lab, after)
    change()
    before = lab.running.get("fingerprint")
    capsys.readouterr()
    checks.check(name)
    said = capsys.readouterr().out
    if missed is None:
        assert "✗" not in said
        assert said.rstrip().splitlines()[-1].startswith("Passed: ")
    else:
        assert f"✗ {missed}" in said
        assert said.count("✗") == 1, "one failure at a time"
        for words in ("Looked for: ", "What happened: ", "Look at: ", "skip(", "hint("):
            assert words in said
        assert "Passed" not in said
    assert checks.passed(name) == (missed is None)
    assert lab.running.get("fingerprint") == before, "a check changes nothing"
    open_lab()  # the profiles that a case took away are there again


@pytest.mark.parametrize(("name", "done"), [("05", assumed_and_pulled), ("06", remade_and_trusted)])
def test_what_was_done_stays_done(
    lab: Lab, capsys: pytest.CaptureFixture[str], name: str, done: Callable[[], None]
) -> None:
    """A check that has passed does not ask for it again when the trail begins again; what else it
    looks for it goes on to look for."""
    begin(lab, 5)
    done()
    checks.check(name)
    capsys.readouterr()
    kept = progress.read(lab.folder)
    begin(lab, 5)
    progress.record(lab.folder, lambda _: kept)
    checks.check(name)
    assert "(this check has passed before)\nPassed: " in capsys.readouterr().out
    trust_star()
    pull_star()
    assert not checks.passed(name)


def test_what_was_not_checked_before_the_trail_began_again_is_done_once_more(lab: Lab) -> None:
    begin(lab, 5)
    assumed_and_pulled()
    begin(lab, 5)
    assert not checks.passed("05")
    assumed_and_pulled()
    assert checks.passed("05")


def test_what_catch_up_does_is_not_the_learners(lab: Lab) -> None:
    """It makes some-role-name again, as 06 does; it assumes no role and pulls nothing."""
    lab.reset()
    progress.empty(lab.folder)
    lab.catch_up(through=12)
    assert not checks.passed("05")
    begin(lab, 5)
    lab.catch_up(through=6)
    assert checks.passed("06")


@pytest.mark.parametrize(
    ("name", "after", "change"),
    [
        ("05", 4, nothing),
        ("06", 5, nothing),
        ("06", 5, remade),
        ("06", 5, trust_star),
        ("06", 6, remade),
        ("06", 6, trust_star),
        ("06", 6, remade_with_a_star),
    ],
)
def test_the_answer_mends(lab: Lab, name: str, after: int, change: Callable[[], None]) -> None:
    """From where it begins, and in the states that it is there for."""
    begin(lab, after)
    change()
    assert not checks.passed(name)
    type_answer(name)
    assert checks.passed(name)


@pytest.mark.parametrize("name", ["01", "02", "03", "04", "07", "10", "11", "12"])
def test_an_answer_that_makes_something_begins_where_its_hint_says(lab: Lab, name: str) -> None:
    """Half way it stops at what is there already; caught up with it passes, and nothing is lost."""
    number = int(name)
    begin(lab, number)
    iam("account-a").create_user(UserName="of-ones-own")
    made = lab.running.get("fingerprint")
    with pytest.raises(ClientError, match="AlreadyExists"):
        type_answer(name)
    lab.catch_up(through=number - 1)
    type_answer(name)
    assert checks.passed(name)
    lab.restore()
    assert lab.running.get("fingerprint") == made


def test_the_last_cell_of_06_is_enough_for_a_remade_role(lab: Lab) -> None:
    for trust_left in (nothing, trust_star):
        begin(lab, 5)
        remade()
        trust_left()
        exec(course.answer("06")[-1], {"iam_a": iam("account-a"), "json": json, "role_b": ROLE_B})
        assert checks.passed("06")


def test_every_check_meets_accounts_of_every_kind() -> None:
    """Right as taught, right otherwise, wrong in two ways at least; a `*` and a dangling unique id
    wherever somebody is trusted."""
    for name in set(checks.GOALS) - {"13"}:  # the game's: see below
        cases = [(change, missed) for _, check, _, change, missed in CASES if check == name]
        assert (nothing, None) in cases or name in ("05", "09"), name
        assert [change for change, missed in cases if missed is None and change is not nothing] or (
            name == "00"
        ), name
        assert len({missed for _, missed in cases if missed}) >= 2, name
    tried = {check: {c for _, n, _, c, _ in CASES if n == check} for check in checks.GOALS}
    for name in ("03", "04", "06", "11"):
        assert trust_star in tried[name], name
        assert {remade, node_remade} & tried[name], name
    assert node_remade in tried["10"]
    assert {repository_star, watcher_star, auditor_for_everybody} <= set().union(*tried.values())


def test_the_broken_accounts_meet_every_kind_of_repair() -> None:
    """The check of 13 is the game's own, and so are its cases: as it was, right otherwise, wrong in
    two ways at least, and a `*`."""
    right = {change for _, _, change, missed in test_faults.CASES if missed is None}
    wrong = {change: missed for _, _, change, missed in test_faults.CASES if missed}
    assert {test_faults.trust_as_it_was, test_faults.trust_written_differently} <= right
    assert len(set(wrong.values())) >= 2
    assert test_faults.trust_star in wrong
