"""Checkpoints: each goal of a notebook, tested by real calls and never by comparing documents.

A check asks both ways, who may and who must not. It shows what is right already, stops at the first
thing that is not, says what it looked for and what it found, and leaves the accounts as they were.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from .. import lab as labs
from ..workspace import ACCOUNT_A, ACCOUNT_B, REGION, LabError
from .hints import HINTS

ROLE_A = f"arn:aws:iam::{ACCOUNT_A}:role/account-a-role-name"
ROLE_B = f"arn:aws:iam::{ACCOUNT_B}:role/some-role-name"
REPOSITORY = "my-app"

# The sandbox's trail knows a check's calls by this word in their user agent.
CHECK_AGENT = "xacct-check"
_SESSION_NAME = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked for. found and next say what to do when it is not so."""

    right: bool
    goal: str
    found: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call came to. code and message are None when it was answered."""

    value: Any = None
    code: str | None = None
    message: str | None = None

    @property
    def ok(self) -> bool:
        return self.code is None

    @property
    def denied(self) -> bool:
        """Refused by a policy, and not for another reason."""
        return self.code in ("AccessDenied", "AccessDeniedException")

    def __str__(self) -> str:
        return "it was answered" if self.ok else f"{self.code}: {self.message}"


Findings = Iterator[Finding]


def check(notebook: str) -> None:
    """Say how far the goals of a notebook ("00", "01", …) are reached; repeat it as you like.

    Raises LabError for a notebook that has no check.
    """
    name = str(notebook).zfill(2)
    if name not in _CHECKS:
        raise LabError(f"There are checks for the notebooks {', '.join(_CHECKS)}.")
    labs.current()
    for finding in _CHECKS[name]():
        if finding.right:
            print(f"✓ {finding.goal}")
            continue
        print(f"✗ {finding.goal}")
        print(f"    What happened: {finding.found}")
        print(f"    Look at: {finding.next}")
        print(f'    Stuck? hint("{name}")')
        return
    print(_WHY[name])


def passed(notebook: str) -> bool:
    """Whether every goal is reached; prints nothing."""
    labs.current()
    return all(finding.right for finding in _CHECKS[notebook]())


_given: dict[str, int] = {}


def hint(notebook: str) -> None:
    """The next hint for a notebook's check; each is more specific than the one before."""
    name = str(notebook).zfill(2)
    if name not in HINTS:
        raise LabError(f"There are hints for the notebooks {', '.join(HINTS)}.")
    number = min(_given.get(name, 0), len(HINTS[name]) - 1)
    _given[name] = number + 1
    print(f"Hint {number + 1} of {len(HINTS[name])}: {HINTS[name][number]}")


# -- calls -----------------------------------------------------------------------------------


def _client(profile: str, service: str) -> Any:
    return _session(profile=profile).client(service)


def _session(profile: str | None = None, **credentials: str) -> Any:
    """A boto3 session whose calls, the hidden AssumeRole of a profile included, are marked as a
    check's, so that explain() and predict() pass them over."""
    import boto3
    import botocore.session

    inner = botocore.session.Session(profile=profile)
    inner.user_agent_extra = CHECK_AGENT
    return boto3.Session(botocore_session=inner, region_name=REGION, **credentials)


def _call(make: Callable[[], Any]) -> Answer:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return Answer(value=make())
    except BotoCoreError as error:  # a profile that does not exist, or leads nowhere
        return Answer(code=type(error).__name__, message=str(error))
    except ClientError as error:
        detail = error.response["Error"]
        return Answer(code=detail["Code"], message=detail["Message"])


def _identity(profile: str) -> Answer:
    return _call(lambda: _client(profile, "sts").get_caller_identity())


def _assume(profile: str, role: str, **parameters: Any) -> Answer:
    return _call(
        lambda: _client(profile, "sts").assume_role(
            RoleArn=role, RoleSessionName=_SESSION_NAME, **parameters
        )
    )


def _as(answer: Answer, service: str) -> Any:
    """A client that acts with the credentials an AssumeRole gave."""
    given = answer.value["Credentials"]
    session = _session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    return session.client(service)


def _get_image(ecr: Any, repository: str = REPOSITORY, **parameters: Any) -> Answer:
    """The first call of a pull."""
    return _call(
        lambda: ecr.batch_get_image(
            repositoryName=repository, imageIds=[{"imageTag": "v1"}], **parameters
        )
    )


def _pull(ecr: Any, **parameters: Any) -> Answer:
    """The whole pull, every digest computed anew."""
    from ..images import TransferError, pull_image

    try:
        return _call(lambda: pull_image(ecr, REPOSITORY, tag="v1", **parameters))
    except TransferError as error:
        return Answer(code="TransferError", message=str(error))


def _becomes_role_a() -> Answer:
    """A session of account A's role, by whichever way is open: B's role, B's admin or A's own."""
    answer = Answer(code="AccessDenied", message="nobody was tried")
    for profile in ("account-b", "account-b-admin", "account-a"):
        answer = _assume(profile, ROLE_A)
        if answer.ok:
            return answer
    return answer


@contextmanager
def _decoy() -> Iterator[str]:
    """For a moment, a role of the stranger's that trusts account B: may B's role go there too?"""
    iam = _client("stranger", "iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT_B}, "Action": "sts:AssumeRole"}
        ],
    }
    with suppress(iam.exceptions.NoSuchEntityException):  # left by a check that was interrupted
        iam.delete_role(RoleName="decoy")
    role = iam.create_role(RoleName="decoy", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    try:
        yield role["Arn"]
    finally:
        iam.delete_role(RoleName="decoy")


# -- the checks ------------------------------------------------------------------------------


def _check_00() -> Findings:
    for profile, account in (("account-a", ACCOUNT_A), ("account-b-admin", ACCOUNT_B)):
        answer = _identity(profile)
        yield Finding(
            right=answer.ok and answer.value["Account"] == account,
            goal=f"{profile} answers, and is in account {account}",
            found=str(answer),
            next="run the first cell again; lab.reset() if that does not help",
        )
    b = _identity("account-b")
    yield Finding(
        right=b.denied or b.ok,
        goal=(
            "account-b has become some-role-name (you are further on than notebook 00)"
            if b.ok
            else "account-b is refused: its role does not exist yet"
        ),
        found=str(b),
        next="run the first cell again",
    )


def _check_01() -> Findings:
    ecr = _client("account-a", "ecr")
    image = _pull(ecr)
    yield Finding(
        right=image.ok,
        goal="my-app:v1 is in account A, whole: every digest is right",
        found=str(image),
        next="the cells that make the repository and push the image",
    )
    b = _get_image(_client("account-b-admin", "ecr"), registryId=ACCOUNT_A)
    yield Finding(
        right=b.denied,
        goal="account B's administrator cannot pull it",
        found=str(b),
        next="the repository policy of my-app (get_repository_policy shows it)",
    )


def _check_02() -> Findings:
    session = _becomes_role_a()
    yield Finding(
        right=session.ok,
        goal="somebody can become account-a-role-name to try it",
        found=str(session),
        next="whether the role exists, and its trust policy",
    )
    ecr = _as(session, "ecr")
    token = _call(ecr.get_authorization_token)
    yield Finding(
        right=token.ok,
        goal="the role may log in: ecr:GetAuthorizationToken",
        found=str(token),
        next="on which Resource the permission policy allows GetAuthorizationToken",
    )
    image = _pull(ecr)
    yield Finding(
        right=image.ok,
        goal="the role may pull my-app:v1, manifest and layers",
        found=str(image),
        next="the actions of the permission policy, and the ARN of the repository in it",
    )
    yield from _pulls_nothing_else(session)


def _pulls_nothing_else(session: Answer) -> Findings:
    """Calls that a pull policy must not allow. None of them would do harm if it went through."""
    ecr = _as(session, "ecr")
    nowhere = REPOSITORY + "-not-there"
    gone = [{"imageTag": "not-there"}]
    probes: list[tuple[str, Callable[[], Any]]] = [
        (
            "… but from no other repository",
            lambda: ecr.batch_get_image(repositoryName="some-other", imageIds=gone),
        ),
        ("… nor push", lambda: ecr.initiate_layer_upload(repositoryName=REPOSITORY)),
        (
            "… nor delete an image",
            lambda: ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=gone),
        ),
        ("… nor delete a policy", lambda: ecr.delete_repository_policy(repositoryName=nowhere)),
        ("… nor look around in IAM", _as(session, "iam").list_roles),
        (
            "… nor use STS for more",
            lambda: _as(session, "sts").get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE"),
        ),
    ]
    for goal, probe in probes:
        answer = _call(probe)
        yield Finding(
            right=answer.denied,
            goal=goal,
            found=f"a policy let the call through; {answer}",
            next="the permission policy: does an Action or a Resource cover more than the pull?",
        )


def _others_stay_out() -> Findings:
    for who, profile in (
        ("a stranger (account 333333333333)", "stranger"),
        ("another one (account 444444444444)", "management"),
    ):
        other = _assume(profile, ROLE_A)
        yield Finding(
            right=other.denied,
            goal=f"{who} cannot become it",
            found=str(other),
            next="the Principal of the trust policy: whom does it name?",
        )


def _check_03() -> Findings:
    answer = _assume("account-b-admin", ROLE_A)
    if not answer.ok:
        answer = _assume("account-b", ROLE_A)
    yield Finding(
        right=answer.ok,
        goal="account B can become account-a-role-name",
        found=str(answer),
        next="the Principal of the trust policy of account-a-role-name",
    )
    yield from _others_stay_out()
    ecr = _as(answer, "ecr")
    image = _pull(ecr)
    yield Finding(
        right=image.ok,
        goal="and as that role it pulls my-app:v1",
        found=str(image),
        next="the permission policy of notebook 02",
    )


def _check_04() -> Findings:
    b = _identity("account-b")
    yield Finding(
        right=b.ok and ":assumed-role/some-role-name/" in b.value["Arn"],
        goal="some-role-name exists, and account B's administrator can become it",
        found=str(b),
        next="the role some-role-name in account B, and its trust policy",
    )
    chained = _assume("account-b", ROLE_A)
    yield Finding(
        right=chained.ok,
        goal="some-role-name can become account-a-role-name",
        found=str(chained),
        next="both halves, A's trust policy and B's permission policy; explain() tells which",
    )
    admin = _assume("account-b-admin", ROLE_A)
    yield Finding(
        right=admin.denied,
        goal="account B's administrator cannot, other than by way of that role",
        found=str(admin),
        next="the Principal of A's trust policy: the whole account, or the one role?",
    )
    yield from _others_stay_out()
    with _decoy() as decoy:
        elsewhere = _assume("account-b", decoy)
    yield Finding(
        right=elsewhere.denied,
        goal="and some-role-name may become no other role",
        found=str(elsewhere),
        next="the Resource of its permission policy: one role, or more?",
    )


def _check_05() -> Findings:
    chained = _assume("account-b", ROLE_A)
    yield Finding(
        right=chained.ok,
        goal="some-role-name can become account-a-role-name",
        found=str(chained),
        next="notebook 04; lab.catch_up(through=4) puts it right",
    )
    me = _call(_as(chained, "sts").get_caller_identity)
    arn = f"arn:aws:sts::{ACCOUNT_A}:assumed-role/account-a-role-name/{_SESSION_NAME}"
    yield Finding(
        right=me.ok and me.value["Arn"] == arn,
        goal="and is then a principal of account A",
        found=str(me),
        next="which role was assumed",
    )
    ecr = _as(chained, "ecr")
    image = _pull(ecr)
    yield Finding(
        right=image.ok,
        goal="it pulls my-app:v1 and every digest is right",
        found=str(image),
        next="the permission policy of account-a-role-name",
    )
    yield from _pulls_nothing_else(chained)
    long = _assume("account-b", ROLE_A, DurationSeconds=7200)
    yield Finding(
        right=long.code == "ValidationError",
        goal="two hours are refused: role chaining",
        found=str(long),
        next="whether the profile account-b still uses a role",
    )


def _check_06() -> Findings:
    yield from _check_04()
    chained = _assume("account-b", ROLE_A)
    image = _pull(_as(chained, "ecr"))
    yield Finding(
        right=image.ok,
        goal="and the whole chain ends in the image",
        found=str(image),
        next="the permission policy of account-a-role-name",
    )


WATCHER = f"arn:aws:iam::{ACCOUNT_A}:role/watcher"
EXTERNAL_ID = "customer-4711"


def _check_07() -> Findings:
    right = _assume("stranger", WATCHER, ExternalId=EXTERNAL_ID)
    yield Finding(
        right=right.ok,
        goal="the company (account 333333333333) becomes watcher when it comes for you",
        found=str(right),
        next="the trust policy of watcher: its Principal, and the value of sts:ExternalId",
    )
    for goal, profile, parameters in (
        ("… but not with another customer's word", "stranger", {"ExternalId": "customer-0815"}),
        ("… nor with none at all", "stranger", {}),
        ("… and nobody else, word or no word", "management", {"ExternalId": EXTERNAL_ID}),
    ):
        other = _assume(profile, WATCHER, **parameters)
        yield Finding(
            right=other.denied,
            goal=goal,
            found=str(other),
            next="the Condition of watcher's trust policy: its operator, its key and its value",
        )


def _check_08() -> Findings:
    hours = 12 * 3600
    long = _assume("account-b-admin", ROLE_B, DurationSeconds=hours)
    yield Finding(
        right=long.ok,
        goal="a user of account B can hold some-role-name for twelve hours",
        found=str(long),
        next="MaxSessionDuration of some-role-name",
    )
    chained = _assume("account-b", ROLE_A, DurationSeconds=3601)
    yield Finding(
        right=chained.code == "ValidationError",
        goal="a chained session is refused a second more than an hour",
        found=str(chained),
        next="whether the profile account-b still uses a role",
    )
    statement = {"Effect": "Allow", "Action": "ecr:DescribeImages", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    small = _assume("account-b", ROLE_A, Policy=policy)
    yield Finding(
        right=small.ok,
        goal="a session of account A's role can be made smaller",
        found=str(small),
        next="notebook 06: both accounts must agree",
    )
    ecr = _as(small, "ecr")
    look = _call(lambda: ecr.describe_images(repositoryName=REPOSITORY))
    yield Finding(
        right=look.ok,
        goal="… it may look",
        found=str(look),
        next="the permission policy of account-a-role-name; is there a deny left over?",
    )
    pull = _get_image(ecr)
    yield Finding(
        right=pull.denied,
        goal="… and may not pull",
        found=str(pull),
        next="the session policy",
    )
    image = _pull(_as(_assume("account-b", ROLE_A), "ecr"))
    yield Finding(
        right=image.ok,
        goal="a whole session still pulls",
        found=str(image),
        next="the permission policies of account-a-role-name; is there a deny left over?",
    )


def _check_09() -> Findings:
    for profile, how in (("pull-from-a", "role_arn"), ("by-process", "credential_process")):
        me = _identity(profile)
        yield Finding(
            right=me.ok and ":assumed-role/account-a-role-name/" in me.value["Arn"],
            goal=f"the profile {profile} becomes account-a-role-name, by {how}",
            found=str(me) if not me.ok else f"it is {me.value['Arn']}",
            next=f"the lines of [profile {profile}], and where its chain begins",
        )
        image = _pull(_client(profile, "ecr"))
        yield Finding(
            right=image.ok,
            goal="… and pulls my-app:v1",
            found=str(image),
            next="the permission policy of account-a-role-name",
        )
    name = _identity("pull-from-a").value["Arn"].rpartition("/")[2]
    yield Finding(
        right=not name.startswith("botocore-session-"),
        goal="its sessions have a name that says what it is",
        found=f"the session is called {name}",
        next="role_session_name in [profile pull-from-a]",
    )


CLUSTER_NODE = f"arn:aws:iam::{ACCOUNT_B}:role/cluster-node"
AUDITOR = f"arn:aws:iam::{ACCOUNT_A}:role/auditor"


def _check_10() -> Findings:
    node = _assume("account-b-admin", CLUSTER_NODE)
    yield Finding(
        right=node.ok,
        goal="cluster-node exists in account B",
        found=str(node),
        next="the role cluster-node, and its trust policy",
    )
    ecr = _as(node, "ecr")
    image = _pull(ecr, registry_id=ACCOUNT_A)
    yield Finding(
        right=image.ok,
        goal="it pulls my-app:v1 as itself, without a role of account A",
        found=str(image),
        next="both halves: the permission policy of cluster-node, the repository policy of my-app",
    )
    push = _call(lambda: ecr.initiate_layer_upload(repositoryName=REPOSITORY, registryId=ACCOUNT_A))
    yield Finding(
        right=push.denied,
        goal="… and does not push",
        found=str(push),
        next="the actions of the repository policy",
    )
    for goal, profile in (
        ("… and nobody else in account B pulls so", "account-b-admin"),
        ("… nor a stranger (account 333333333333)", "stranger"),
    ):
        other = _get_image(_client(profile, "ecr"), registryId=ACCOUNT_A)
        yield Finding(
            right=other.denied,
            goal=goal,
            found=str(other),
            next="the Principal of the repository policy: the whole account, or the one role?",
        )
    chained = _assume("account-b", ROLE_A)
    way = _pull(_as(chained, "ecr")) if chained.ok else chained
    yield Finding(
        right=way.ok,
        goal="and the way by account A's role is still open",
        found=str(way),
        next="notebook 06, or a deny in the repository policy",
    )


POD_ROLE = f"arn:aws:iam::{ACCOUNT_B}:role/my-app-pod"


def _check_11() -> Findings:
    node = _assume("account-b-admin", CLUSTER_NODE)
    chained = node
    if node.ok:
        chained = _call(
            lambda: _as(node, "sts").assume_role(RoleArn=ROLE_A, RoleSessionName=_SESSION_NAME)
        )
    yield Finding(
        right=chained.ok,
        goal="cluster-node can become account-a-role-name",
        found=str(chained),
        next="both halves, A's trust policy and the permissions of cluster-node; explain() tells",
    )
    image = _pull(_as(chained, "ecr"))
    yield Finding(
        right=image.ok,
        goal="and as that role it pulls my-app:v1",
        found=str(image),
        next="the permission policy of account-a-role-name",
    )
    admin = _assume("account-b-admin", ROLE_A)
    yield Finding(
        right=admin.denied,
        goal="account B's administrator cannot, other than by way of a role",
        found=str(admin),
        next="the Principal of A's trust policy: the whole account, or the two roles?",
    )
    pod = _with_token("my-app")
    yield Finding(
        right=pod.ok,
        goal="the service account my-app becomes my-app-pod",
        found=str(pod),
        next="the OpenID Connect provider, and the Condition of my-app-pod's trust policy",
    )
    for goal, account, namespace in (
        ("… another service account does not", "another-app", "default"),
        ("… nor one of the same name in another namespace", "my-app", "elsewhere"),
    ):
        other = _with_token(account, namespace=namespace)
        yield Finding(
            right=other.denied,
            goal=goal,
            found=str(other),
            next="the condition on sub: which service account does it want?",
        )


def _with_token(service_account: str, **parameters: str) -> Answer:
    """What AssumeRoleWithWebIdentity answers to a Pod of this service account."""
    from botocore import UNSIGNED
    from botocore.config import Config

    token = labs.current().service_account_token(service_account, **parameters)
    sts = _session().client("sts", config=Config(signature_version=UNSIGNED))
    return _call(
        lambda: sts.assume_role_with_web_identity(
            RoleArn=POD_ROLE, RoleSessionName=_SESSION_NAME, WebIdentityToken=token
        )
    )


def _check_12() -> Findings:
    chained = _assume("account-b", ROLE_A)
    yield Finding(
        right=chained.ok,
        goal="some-role-name can become account-a-role-name",
        found=str(chained),
        next="both halves: A's trust policy; and B's permission policy, digit by digit",
    )
    auditor = _assume("account-a", AUDITOR)
    yield Finding(
        right=auditor.ok,
        goal="account A has an auditor",
        found=str(auditor),
        next="the role auditor, and its trust policy",
    )
    yield from _auditor_looks(auditor)
    yield from _auditor_touches_nothing(auditor)
    stranger = _assume("stranger", AUDITOR)
    yield Finding(
        right=stranger.denied,
        goal="a stranger (account 333333333333) does not become auditor",
        found=str(stranger),
        next="the Principal of auditor's trust policy",
    )


def _auditor_looks(auditor: Answer) -> Findings:
    iam = _as(auditor, "iam")
    probes: list[tuple[str, str, Callable[[], Any]]] = [
        (
            "who may read the trail",
            "cloudtrail:LookupEvents, which works on no resource but *",
            lambda: _as(auditor, "cloudtrail").lookup_events(MaxResults=1),
        ),
        (
            "… and a role's trust policy",
            "iam:GetRole, and on which roles",
            lambda: iam.get_role(RoleName="account-a-role-name"),
        ),
        (
            "… and ask the simulator",
            "iam:SimulatePrincipalPolicy, and on which roles",
            lambda: iam.simulate_principal_policy(
                PolicySourceArn=ROLE_A, ActionNames=["ecr:BatchGetImage"]
            ),
        ),
    ]
    for goal, where, probe in probes:
        answer = _call(probe)
        yield Finding(
            right=answer.ok,
            goal=goal,
            found=str(answer),
            next=f"the permission policy of auditor: {where}",
        )


def _auditor_touches_nothing(auditor: Answer) -> Findings:
    """Calls that somebody who looks must not make. None would do harm if it went through."""
    iam = _as(auditor, "iam")
    empty = json.dumps({"Version": "2012-10-17", "Statement": []})
    probes: list[tuple[str, Callable[[], Any]]] = [
        (
            "… but changes no role",
            lambda: iam.put_role_policy(
                RoleName="not-there", PolicyName="not-there", PolicyDocument=empty
            ),
        ),
        (
            "… nor whom it trusts",
            lambda: iam.update_assume_role_policy(RoleName="not-there", PolicyDocument=empty),
        ),
        ("… deletes none", lambda: iam.delete_role(RoleName="not-there")),
        (
            "… and pulls no image",
            lambda: _as(auditor, "ecr").batch_get_image(
                repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}]
            ),
        ),
    ]
    for goal, probe in probes:
        answer = _call(probe)
        yield Finding(
            right=answer.denied,
            goal=goal,
            found=f"a policy let the call through; {answer}",
            next="the permission policy of auditor: does an Action cover more than reading?",
        )


_CHECKS: dict[str, Callable[[], Findings]] = {
    "00": _check_00,
    "01": _check_01,
    "02": _check_02,
    "03": _check_03,
    "04": _check_04,
    "05": _check_05,
    "06": _check_06,
    "07": _check_07,
    "08": _check_08,
    "09": _check_09,
    "10": _check_10,
    "11": _check_11,
    "12": _check_12,
}

_WHY = {
    "00": "Passed: every profile is who it says it is, in its own account.",
    "01": "Passed: the owner pulls, and the biggest policy of another account does not help.",
    "02": "Passed: the role pulls from my-app, and the other doors that were tried are shut.",
    "03": "Passed: account A has accepted account B, and turned away the others who tried.",
    "04": "Passed: A names B's role, B lets that role go, and the others who tried were refused.",
    "05": "Passed: two sessions, one after the other, and the image at the end.",
    "06": "Passed: both accounts agree on this role, and refused everybody else who tried.",
    "07": "Passed: the company comes when it comes for you, and only then.",
    "08": "Passed: as long as the role allows, as small as you like, and no longer in a chain.",
    "09": "Passed: you say which role, and the programs assume it.",
    "10": "Passed: one role of account B is let in at the repository, and the role's way is open.",
    "11": "Passed: the machine pulls through account A's role, and a Pod has a role of its own.",
    "12": "Passed: the chain is whole, and there is somebody who looks and does not touch.",
}
