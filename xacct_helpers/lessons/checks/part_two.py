"""The goals of the notebooks 07 to 13, in the order in which they are tried."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ...view.opening import current
from ...workspace import ACCOUNT_A, ACCOUNT_B
from ..answers import Answer
from ..faults.records import load
from ..marked_calls import attempt
from . import probes
from .goals import ANSWERED, DENIED, OUT_OF_RANGE, SHUT, Expectation, Goal, session_of
from .part_one import CHAIN
from .probes import REPOSITORY, ROLE_A, ROLE_B, SESSION_NAME, Tries

_WATCHER = f"arn:aws:iam::{ACCOUNT_A}:role/watcher"
_AUDITOR = f"arn:aws:iam::{ACCOUNT_A}:role/auditor"
_NODE = f"arn:aws:iam::{ACCOUNT_B}:role/cluster-node"
_POD = f"arn:aws:iam::{ACCOUNT_B}:role/my-app-pod"
_EXTERNAL_ID = "customer-4711"
_PERMISSIONS_OF_A = "the permission policy of account-a-role-name"
_A_DENY_LEFT = f"{_PERMISSIONS_OF_A}; is there a deny left over?"


def _taken(name: str, profile: str, role: str, **parameters: Any) -> Callable[[Tries], Answer]:
    """AssumeRole; the session is held under a name."""
    return lambda tries: tries.hold(name, probes.assume(tries, profile, role, **parameters))


def _tried(profile: str, role: str, **parameters: Any) -> Callable[[Tries], Answer]:
    """AssumeRole whose session nobody needs."""
    return lambda tries: probes.assume(tries, profile, role, **parameters)


def _as(name: str, service: str, make: Callable[[Any], Any]) -> Callable[[Tries], Answer]:
    """A call with the session held under a name."""
    return lambda tries: attempt(lambda: make(tries.acting(name, service)))


def _pull(name: str, **parameters: Any) -> Callable[[Tries], Answer]:
    """A whole pull with the session held under a name."""
    return lambda tries: probes.pull(tries.acting(name, "ecr"), **parameters)


def _assume_and_pull(tries: Tries) -> Answer:
    chained = probes.assume(tries, "account-b", ROLE_A)
    return probes.pull(tries.acting_as(chained, "ecr")) if chained.ok else chained


# -- 07: for whom the company comes ----------------------------------------------------------

_CONDITION = "the Condition of watcher's trust policy: its operator, its key and its value"

_07 = (
    Goal(
        "the company (account 333333333333) becomes watcher when it comes for you",
        _tried("stranger", _WATCHER, ExternalId=_EXTERNAL_ID),
        ANSWERED,
        "the trust policy of watcher: its Principal, and the value of sts:ExternalId",
    ),
    Goal(
        "… but not with another customer's word",
        _tried("stranger", _WATCHER, ExternalId="customer-0815"),
        DENIED,
        _CONDITION,
    ),
    Goal("… nor with none at all", _tried("stranger", _WATCHER), DENIED, _CONDITION),
    Goal(
        "… and nobody else, word or no word",
        _tried("management", _WATCHER, ExternalId=_EXTERNAL_ID),
        DENIED,
        "the Principal of watcher's trust policy: the company's account, or more?",
    ),
)

# -- 08: sessions that are long, and sessions that are small ---------------------------------

_ONLY_LOOK = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ecr:DescribeImages", "Resource": "*"}],
    }
)

_08 = (
    Goal(
        "a user of account B can hold some-role-name for twelve hours",
        _tried("account-b-admin", ROLE_B, DurationSeconds=12 * 3600),
        ANSWERED,
        "MaxSessionDuration of some-role-name",
    ),
    Goal(
        "a chained session is refused a second more than an hour",
        _tried("account-b", ROLE_A, DurationSeconds=3601),
        OUT_OF_RANGE,
        "whether the profile account-b still uses a role",
    ),
    Goal(
        "a session of account A's role can be made smaller",
        _taken("small", "account-b", ROLE_A, Policy=_ONLY_LOOK),
        ANSWERED,
        "notebook 06: both accounts must agree",
    ),
    Goal(
        "… it may look",
        _as("small", "ecr", lambda ecr: ecr.describe_images(repositoryName=REPOSITORY)),
        ANSWERED,
        _A_DENY_LEFT,
    ),
    Goal(
        "… and may not pull",
        lambda tries: probes.get_image(tries.acting("small", "ecr")),
        DENIED,
        "the session policy",
    ),
    Goal("a whole session still pulls", _assume_and_pull, ANSWERED, _A_DENY_LEFT),
)

# -- 09: profiles ----------------------------------------------------------------------------


def _session_name(answer: Answer) -> str:
    return str(answer.value["Arn"]).rpartition("/")[2]


_NAMED = Expectation(
    "a session name that botocore did not make up",
    lambda answer: answer.ok and not _session_name(answer).startswith("botocore-session-"),
    lambda answer: f"the session is called {_session_name(answer)}" if answer.ok else str(answer),
)


def _profile(name: str, how: str) -> tuple[Goal, ...]:
    return (
        Goal(
            f"the profile {name} becomes account-a-role-name, by {how}",
            lambda tries: probes.identity(tries, name),
            session_of(ROLE_A),
            f"the lines of [profile {name}], and where its chain begins",
        ),
        Goal(
            "… with a region of its own",
            lambda tries: probes.region(name),
            ANSWERED,
            f"region in [profile {name}]: it comes from no other profile",
        ),
        Goal(
            "… and pulls my-app:v1",
            lambda tries: probes.pull(tries.client(name, "ecr")),
            ANSWERED,
            _PERMISSIONS_OF_A,
        ),
    )


_09 = (
    *_profile("pull-from-a", "role_arn"),
    *_profile("by-process", "credential_process"),
    Goal(
        "its sessions have a name that says what it is",
        lambda tries: probes.identity(tries, "pull-from-a"),
        _NAMED,
        "role_session_name in [profile pull-from-a]",
    ),
)

# -- 10: the repository opened ---------------------------------------------------------------


def _uninvited(profile: str) -> Callable[[Tries], Answer]:
    """A pull from account A's repository without any role of account A."""
    return lambda tries: probes.get_image(tries.client(profile, "ecr"), registryId=ACCOUNT_A)


_WHOM = "the Principal of the repository policy: the whole account, or the one role?"

_10 = (
    Goal(
        "cluster-node exists in account B",
        _taken("node", "account-b-admin", _NODE),
        ANSWERED,
        "the role cluster-node, and its trust policy",
    ),
    Goal(
        "it pulls my-app:v1 as itself, without a role of account A",
        _pull("node", registry_id=ACCOUNT_A),
        ANSWERED,
        "both halves: the permission policy of cluster-node, the repository policy of my-app",
    ),
    Goal(
        "… and does not push",
        _as(
            "node",
            "ecr",
            lambda ecr: ecr.initiate_layer_upload(repositoryName=REPOSITORY, registryId=ACCOUNT_A),
        ),
        DENIED,
        "the actions of the repository policy",
    ),
    Goal("… and nobody else in account B pulls so", _uninvited("account-b-admin"), DENIED, _WHOM),
    Goal("… nor a stranger (account 333333333333)", _uninvited("stranger"), DENIED, _WHOM),
    Goal(
        "and the way by account A's role is still open",
        _assume_and_pull,
        ANSWERED,
        "notebook 06, or a deny in the repository policy",
    ),
)

# -- 11: the machine and the Pod -------------------------------------------------------------


def _node_becomes_a(tries: Tries) -> Answer:
    node = probes.assume(tries, "account-b-admin", _NODE)
    if not node.ok:
        return node
    sts = tries.acting_as(node, "sts")
    wanted = {"RoleArn": ROLE_A, "RoleSessionName": SESSION_NAME}
    return tries.hold("machine", attempt(lambda: sts.assume_role(**wanted)))


def _pod(service_account: str, **parameters: str) -> Callable[[Tries], Answer]:
    return lambda tries: probes.with_token(_POD, service_account, **parameters)


_SUB = "the condition on sub: which service account does it want?"

_11 = (
    Goal(
        "cluster-node can become account-a-role-name",
        _node_becomes_a,
        ANSWERED,
        "both halves, A's trust policy and the permissions of cluster-node; explain() says which",
    ),
    Goal("and as that role it pulls my-app:v1", _pull("machine"), ANSWERED, _PERMISSIONS_OF_A),
    Goal(
        "account B's administrator cannot, other than by way of a role",
        _tried("account-b-admin", ROLE_A),
        DENIED,
        "the Principal of A's trust policy: the whole account, or the two roles?",
    ),
    Goal(
        "the service account my-app becomes my-app-pod",
        _pod("my-app"),
        ANSWERED,
        "the OpenID Connect provider, and the Condition of my-app-pod's trust policy",
    ),
    Goal("… another service account does not", _pod("another-app"), DENIED, _SUB),
    Goal(
        "… nor one of the same name in another namespace",
        _pod("my-app", namespace="elsewhere"),
        DENIED,
        _SUB,
    ),
)

# -- 12: somebody who looks and does not touch -----------------------------------------------

_NOWHERE = "not-there"
_EMPTY = json.dumps({"Version": "2012-10-17", "Statement": []})
_TOO_MUCH = "the permission policy of auditor: does an Action cover more than reading?"


def _may(text: str, service: str, make: Callable[[Any], Any], where: str) -> Goal:
    look_at = f"the permission policy of auditor: {where}"
    return Goal(text, _as("auditor", service, make), ANSWERED, look_at)


def _may_not(text: str, service: str, make: Callable[[Any], Any]) -> Goal:
    """None of these would do harm if it went through."""
    return Goal(text, _as("auditor", service, make), SHUT, _TOO_MUCH)


_12 = (
    Goal(
        CHAIN.text,
        CHAIN.probe,
        ANSWERED,
        "both halves: A's trust policy; and B's permission policy, digit by digit",
    ),
    Goal(
        "account A has an auditor",
        _taken("auditor", "account-a", _AUDITOR),
        ANSWERED,
        "the role auditor, and its trust policy",
    ),
    _may(
        "who may read the event history",
        "cloudtrail",
        lambda cloudtrail: cloudtrail.lookup_events(MaxResults=1),
        "cloudtrail:LookupEvents, which works on no resource but *",
    ),
    _may(
        "… and a role's trust policy",
        "iam",
        lambda iam: iam.get_role(RoleName="account-a-role-name"),
        "iam:GetRole, and on which roles",
    ),
    _may(
        "… and ask the simulator",
        "iam",
        lambda iam: iam.simulate_principal_policy(
            PolicySourceArn=ROLE_A, ActionNames=["ecr:BatchGetImage"]
        ),
        "iam:SimulatePrincipalPolicy, and on which roles",
    ),
    _may_not(
        "… but changes no role",
        "iam",
        lambda iam: iam.put_role_policy(
            RoleName=_NOWHERE, PolicyName=_NOWHERE, PolicyDocument=_EMPTY
        ),
    ),
    _may_not(
        "… nor whom it trusts",
        "iam",
        lambda iam: iam.update_assume_role_policy(RoleName=_NOWHERE, PolicyDocument=_EMPTY),
    ),
    _may_not("… deletes none", "iam", lambda iam: iam.delete_role(RoleName=_NOWHERE)),
    _may_not(
        "… and pulls no image",
        "ecr",
        lambda ecr: ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}]),
    ),
    Goal(
        "a stranger (account 333333333333) does not become auditor",
        _tried("stranger", _AUDITOR),
        DENIED,
        "the Principal of auditor's trust policy",
    ),
)


def _won(faults: int) -> Callable[[Tries], Answer]:
    """Whether broken accounts with so many faults were mended by the learner alone.

    broken.check() has asked who may and who must not when it was; this is what is on record of it.
    """

    def probe(_: Tries) -> Answer:
        solved = load(current()).solved
        if any(one.faults >= faults and not one.answered for one in solved):
            return Answer()
        return Answer(code="NotYet", message="no such game is on record (broken.scores())")

    return probe


_13 = (
    Goal(
        "you have found and mended a fault, and opened nothing else",
        _won(1),
        ANSWERED,
        "break_accounts(), and broken.check() until it passes; a look at the answer does not count",
    ),
    Goal(
        "… and two at once",
        _won(2),
        ANSWERED,
        "break_accounts(seed=…, faults=2), and broken.check() until it passes",
    ),
)

GOALS = {"07": _07, "08": _08, "09": _09, "10": _10, "11": _11, "12": _12, "13": _13}
