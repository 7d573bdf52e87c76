"""What must be so when all is mended: who may, and who must not, each asked by a real call.

The same for every fault, so it tells nothing about which one it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from ...aws.regions import DEFAULT_REGION
from ...workspace import ACCOUNT_A, ACCOUNT_B, MANAGEMENT, STRANGER, Running
from ..answers import Answer, Finding
from . import calls
from .deployment import Deployment, assume, run
from .planting import OPEN_DOOR
from .world import EXTERNAL_ID, NODE, REPOSITORY, ROLE_A, ROLE_B

CONTRACT = """\
what must work
  the deployment assumes some-role-name of account B, with it account-a-role-name of account A,
  and pulls my-app:v1, in us-east-1
  the two teams have agreed on the external id customer-4711
  cluster-node of account B goes on: it becomes account-a-role-name, and pulls directly, too
what must not
  anybody else becomes account-a-role-name; nor does some-role-name without the external id
  some-role-name becomes any other role, reads in IAM, or works outside of us-east-1
  the deployment's session does more than log in and pull
  account-a-role-name does more than look at my-app and pull it
  anybody but cluster-node pulls without a role of account A"""

AUDITOR = f"arn:aws:iam::{ACCOUNT_A}:role/auditor"
_GONE = [{"imageTag": "not-there"}]
_V1 = [{"imageTag": "v1"}]


def findings(running: Running, deployment: Deployment, digest: str) -> Iterator[Finding]:
    """What is looked for, one by one. digest: of the image that v1 is."""
    for _, looked_for in parts(running, deployment, digest):
        yield from looked_for


def parts(
    running: Running, deployment: Deployment, digest: str
) -> Iterator[tuple[str, Iterator[Finding]]]:
    """The contract's parts in order, each in words and with its findings.

    A part may be looked at only when everything before it is right.
    """
    yield "the deployment pulls my-app:v1", _works(deployment, digest)
    role = _become_role_b(running)
    yield "who else must get through still does", _whole(running, role)
    yield "nobody else gets in", _stays_out(running, role)
    yield "account B stays within its limits", _is_limited(running, role)
    yield "the session that the deployment gets is small", _session_is_small(deployment)
    yield "A's role looks and pulls, and nothing more", _role_a_is_small(running, role)
    yield "the repository is as closed as it was", _repository_is_closed(running)


def _works(deployment: Deployment, digest: str) -> Iterator[Finding]:
    pulled = calls.attempt(lambda: run(deployment, calls.new_session))
    right = pulled.ok and pulled.value.digest == digest
    yield Finding(
        right=right,
        goal="the deployment pulls my-app:v1",
        found="it pulled another image" if pulled.ok else str(pulled),
        next="the error, word by word; broken.run() makes the calls again, then explain()",
    )
    sessions: tuple[tuple[str, str, Callable[[], Any]], ...] = (
        ("some-role-name", ROLE_B, lambda: calls.new_session(profile_name=deployment.profile)),
        ("account-a-role-name", ROLE_A, lambda: assume(deployment, calls.new_session)),
    )
    for whose, arn, session in sessions:
        me = calls.attempt(lambda: session().client("sts").get_caller_identity())  # noqa: B023
        named = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/"
        yield Finding(
            right=me.ok and me.value["Arn"].startswith(named),
            goal=f"… as {whose}",
            found=f"it is {me.value['Arn']}" if me.ok else str(me),
            next="profile and role_arn of broken.deployment",
        )


def _become_role_b(running: Running) -> Answer:
    return _assume(running, ACCOUNT_B, ROLE_B)


def _assume(running: Running, account: str, role: str, **more: Any) -> Answer:
    sts = calls.admin(running, account, "sts")
    return calls.attempt(lambda: sts.assume_role(RoleArn=role, RoleSessionName="check", **more))


def _chain(running: Running, first: Answer, role: str, **more: Any) -> Answer:
    if not first.ok:
        return first
    sts = calls.client(running, calls.keys_of(first), "sts")
    return calls.attempt(lambda: sts.assume_role(RoleArn=role, RoleSessionName="check", **more))


def _whole(running: Running, role: Answer) -> Iterator[Finding]:
    yield Finding(
        right=role.ok,
        goal="account B's administrator becomes some-role-name",
        found=str(role),
        next="the trust policy of some-role-name",
    )
    agreed = _chain(running, role, ROLE_A, ExternalId=EXTERNAL_ID)
    yield Finding(
        right=agreed.ok,
        goal=f"some-role-name becomes A's role with the word agreed on, {EXTERNAL_ID}",
        found=str(agreed),
        next="which word A's trust policy wants, and which one was agreed on",
    )
    node = _assume(running, ACCOUNT_B, NODE)
    chained = _chain(running, node, ROLE_A)
    yield Finding(
        right=chained.ok,
        goal="cluster-node still becomes A's role",
        found=str(chained),
        next="whom A's trust policy named before, and names now",
    )
    direct = _get_image(calls.client(running, calls.keys_of(node), "ecr"))
    yield Finding(
        right=direct.ok,
        goal="… and still pulls directly",
        found=str(direct),
        next="the repository policy of my-app",
    )


def _get_image(ecr: Any) -> Answer:
    return calls.attempt(
        lambda: ecr.batch_get_image(registryId=ACCOUNT_A, repositoryName=REPOSITORY, imageIds=_V1)
    )


def _must_not(goal: str, answer: Answer, where: str) -> Finding:
    """A call that has to be refused by a policy. When none refuses it, the policies are too wide,
    whatever became of the call."""
    found = "too much is open now: no policy refused it"
    return Finding(right=answer.denied, goal=goal, found=found, next=where)


def _stays_out(running: Running, role: Answer) -> Iterator[Finding]:
    trust = "A's trust policy: does it let in more than it must?"
    for goal, given in (
        ("some-role-name does not become A's role without the word", {}),
        ("… nor with another word", {"ExternalId": "customer-0815"}),
        ("… nor with one that only looks like it", {"ExternalId": "customer-4171"}),
        ("… capitals count", {"ExternalId": "Customer-4711"}),
    ):
        yield _must_not(goal, _chain(running, role, ROLE_A, **given), trust)
    for goal, account in (
        ("account B's administrator does not become A's role", ACCOUNT_B),
        ("… nor does a stranger (account 333333333333)", STRANGER),
        ("… nor another account (444444444444)", MANAGEMENT),
    ):
        for given in ({}, {"ExternalId": EXTERNAL_ID}):
            yield _must_not(goal, _assume(running, account, ROLE_A, **given), trust)
    stranger = _assume(running, STRANGER, ROLE_B)
    where = "the trust policy of some-role-name: whom does it let in?"
    yield _must_not("a stranger does not become some-role-name", stranger, where)


def _is_limited(running: Running, role: Answer) -> Iterator[Finding]:
    yield _must_not(
        "some-role-name becomes no other role",
        _chain(running, role, OPEN_DOOR),
        "the permission of some-role-name: one role, or more?",
    )
    # No role of A but this one would let it in; so the other half is asked, of IAM's simulator.
    simulated = calls.admin(running, ACCOUNT_B, "iam").simulate_principal_policy(
        PolicySourceArn=ROLE_B,
        ActionNames=["sts:AssumeRole"],
        ResourceArns=[AUDITOR],
        ContextEntries=[
            {
                "ContextKeyName": "aws:RequestedRegion",
                "ContextKeyValues": [DEFAULT_REGION],
                "ContextKeyType": "string",
            }
        ],
    )["EvaluationResults"][0]["EvalDecision"]
    yield Finding(
        right=simulated != "allowed",
        goal="… and its own half allows no other role of account A",
        found="the simulator: sts:AssumeRole is allowed on " + AUDITOR,
        next="the permission of some-role-name: one role, or more?",
    )
    iam = calls.client(running, calls.keys_of(role), "iam")
    yield _must_not(
        "… and reads nothing in IAM",
        calls.attempt(lambda: iam.list_roles(MaxItems=1)),
        "some-role-name has tools, and a permissions boundary that keeps it out of IAM",
    )
    for region in ("eu-west-1", "us-east-2", "us-west-1"):
        elsewhere = calls.admin(running, ACCOUNT_B, "ecr", region)
        yield _must_not(
            f"account B does not work in {region}",
            calls.attempt(lambda: elsewhere.describe_repositories(maxResults=1)),  # noqa: B023
            "the organization's service control policy on account B",
        )


def _session_is_small(deployment: Deployment) -> Iterator[Finding]:
    session = assume(deployment, calls.new_session)
    ecr = session.client("ecr")
    yield _must_not(
        "the deployment's session only logs in and pulls",
        calls.attempt(lambda: ecr.describe_images(repositoryName=REPOSITORY)),
        "the session policy that the deployment sends",
    )


def _role_a_is_small(running: Running, role: Answer) -> Iterator[Finding]:
    whole = _chain(running, role, ROLE_A, ExternalId=EXTERNAL_ID)
    keys = calls.keys_of(whole)
    ecr = calls.client(running, keys, "ecr")
    look = calls.attempt(lambda: ecr.describe_images(repositoryName=REPOSITORY))
    yield Finding(
        right=look.ok,
        goal="account-a-role-name still may look at my-app",
        found=str(look),
        next="the permission policy of account-a-role-name",
    )
    empty = json.dumps({"Version": "2012-10-17", "Statement": []})
    probes: list[tuple[str, Callable[[], Any]]] = [
        (
            "… but pulls from no repository that is called nearly so",
            lambda: ecr.batch_get_image(repositoryName="my-apps", imageIds=_GONE),
        ),
        (
            "… nor from any other repository",
            lambda: ecr.batch_get_image(repositoryName="some-other", imageIds=_GONE),
        ),
        ("… nor pushes", lambda: ecr.initiate_layer_upload(repositoryName=REPOSITORY)),
        (
            "… nor deletes an image",
            lambda: ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=_GONE),
        ),
        (
            "… nor writes a repository's policy",
            lambda: ecr.set_repository_policy(repositoryName="not-there", policyText=empty),
        ),
        (
            "… nor pulls in another region",
            lambda: calls.client(running, keys, "ecr", "eu-west-1").batch_get_image(
                repositoryName=REPOSITORY, imageIds=_GONE
            ),
        ),
        ("… nor reads in IAM", lambda: calls.client(running, keys, "iam").list_roles(MaxItems=1)),
        (
            "… nor uses STS for more",
            lambda: calls.client(running, keys, "sts").get_access_key_info(
                AccessKeyId="AKIAIOSFODNN7EXAMPLE"
            ),
        ),
    ]
    where = "the permission policy of account-a-role-name: more than look and pull?"
    for goal, probe in probes:
        yield _must_not(goal, calls.attempt(probe), where)


def _repository_is_closed(running: Running) -> Iterator[Finding]:
    where = "the repository policy of my-app: whom does it let in, and to what?"
    for goal, account in (
        ("account B's administrator does not pull directly", ACCOUNT_B),
        ("… nor does a stranger", STRANGER),
    ):
        yield _must_not(goal, _get_image(calls.admin(running, account, "ecr")), where)
