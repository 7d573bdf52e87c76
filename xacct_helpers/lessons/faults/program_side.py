"""Faults in neither account: the deployment asks for something else than what was agreed."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from ...aws.regions import DEFAULT_REGION
from .deployment import Deployment, session_policy
from .fault import Fault
from .planting import PASTED
from .world import PULL, REPOSITORY_ARN, World


def _deployed(world: World, deployment: Deployment) -> World:
    return replace(world, deployment=deployment)


def _wrong_region(world: World, chance: Random) -> World:
    wrong = chance.choice(["us-east-2", "us-west-1", "eu-west-1"])
    return _deployed(
        world, world.deployment.but(image=world.deployment.image.replace(DEFAULT_REGION, wrong))
    )


def _wrong_repository(world: World, chance: Random) -> World:
    wrong = chance.choice(["my-apps:v1", "myapp:v1", "my_app:v1"])
    return _deployed(
        world, world.deployment.but(image=world.deployment.image.replace("my-app:v1", wrong))
    )


def _wrong_tag(world: World, chance: Random) -> World:
    digest = "sha256:" + "".join(chance.choice("0123456789abcdef") for _ in range(64))
    wrong = chance.choice([":latest", ":1", ":V1", f"@{digest}"])
    return _deployed(
        world, world.deployment.but(image=world.deployment.image.replace(":v1", wrong))
    )


def _small_session(world: World, chance: Random) -> World:
    wrong = chance.choice(
        [
            session_policy(actions=PULL[:1]),
            session_policy(actions=("ecr:BatchGetImages", PULL[1])),
            session_policy(resource=REPOSITORY_ARN.replace("my-app", "my-apps")),
        ]
    )
    return _deployed(world, world.deployment.but(session_policy=wrong))


def _old_keys(world: World, chance: Random) -> World:
    return _deployed(world, world.deployment.but(profile=PASTED))


def _long_session(world: World, chance: Random) -> World:
    seconds = chance.choice([7200, 14400, 43200])
    return _deployed(world, world.deployment.but(duration=seconds))


def _word_forgotten(world: World, chance: Random) -> World:
    return _deployed(world, world.deployment.but(external_id=None))


FAULTS = (
    Fault(
        number=15,
        name="image-region",
        place="deployment",
        spoil=_wrong_region,
        code="AccessDeniedException",
        spoke=("identity", "implicitDeny"),
        hints=(
            "Read the ARN in the message, part by part. Is it the image you mean?",
            "The region of a pull is in the host of the image's name.",
            "Look at image in broken.deployment.",
        ),
        what="The image's name pointed at the registry of another region. The policies were right: "
        "redeploy(image=…) with us-east-1 mends it.",
        shown_by="the error message: its ARN has the region that was asked for",
        avoid="When a policy seems wrong, ask first whether the question was right.",
    ),
    Fault(
        number=22,
        name="image-repository",
        place="deployment",
        spoil=_wrong_repository,
        code="AccessDeniedException",
        spoke=("identity", "implicitDeny"),
        hints=(
            "Read the ARN in the message, part by part. Is it the image you mean?",
            "Who may not read a repository is not told whether there is one.",
            "Look at image in broken.deployment, and at describe_repositories in account A.",
        ),
        what="The image's name had a repository that does not exist. AWS says “not authorized” "
        "and not “not found”: redeploy(image=…) with my-app mends it.",
        shown_by="the error message: its ARN has the name that was asked for",
        avoid="Do not open a policy for a name before you know that the name is right.",
    ),
    Fault(
        number=7,
        name="image-tag",
        place="deployment",
        spoil=_wrong_tag,
        code="ImageNotFound",
        spoke=None,
        hints=(
            "Is this a refusal at all? Which step has worked?",
            "Nothing is denied: every policy said yes, and there is no such image.",
            "describe_images in account A shows the tags that there are.",
        ),
        what="The image's name had a tag or a digest that my-app does not hold: "
        "redeploy(image=…) with :v1 mends it.",
        shown_by="the error itself: ImageNotFound is no AccessDenied; describe_images",
        avoid="Read the error's code first. Only AccessDenied is about policies.",
    ),
    Fault(
        number=12,
        name="session-policy",
        place="deployment",
        spoil=_small_session,
        code="AccessDeniedException",
        spoke=("session", "implicitDeny"),
        hints=(
            "Read the message to its end: which kind of policy did not allow it?",
            "A session is never more than its session policy, whatever the role may.",
            "Compare session_policy in broken.deployment with the three calls of a pull.",
        ),
        what="The session policy that the deployment sends was smaller than a pull: login, "
        "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on my-app. It is to stay that small.",
        shown_by="the error message: “because no session policy allows”; explain()",
        avoid="A session policy is made for one job. When the job changes, so does it.",
    ),
    Fault(
        number=25,
        name="expired",
        place="deployment",
        spoil=_old_keys,
        code="ExpiredToken",
        spoke=None,
        hints=(
            "Read the error's code. Is it about a policy?",
            "Temporary credentials end, and nobody renews those that were copied into a file.",
            "Look at profile in broken.deployment. Which profile assumes B's role by itself?",
        ),
        what="The deployment used a session's keys that somebody had pasted into a profile. With "
        'redeploy(profile="account-b") the SDK assumes the role, and renews it.',
        shown_by="the error itself: ExpiredToken",
        avoid="Name a role in a profile; never paste what AssumeRole gave.",
    ),
    Fault(
        number=26,
        name="duration",
        place="deployment",
        spoil=_long_session,
        code="ValidationError",
        spoke=None,
        hints=(
            "Read the error's code. Is it about a policy?",
            "A role that is assumed by a role: how long may such a session last?",
            "Look at duration in broken.deployment: a chain gets an hour at most.",
        ),
        what="The deployment asked for more than an hour, and a chained session gets no more, "
        "whatever the role's maximum is: redeploy(duration=3600).",
        shown_by="the error itself: ValidationError, and its words",
        avoid="In a chain, renew; do not ask for more.",
    ),
    Fault(
        number=27,
        name="external-id-forgotten",
        place="deployment",
        spoil=_word_forgotten,
        code="AccessDenied",
        spoke=("trust", "implicitDeny"),
        hints=(
            "Both policies name the right role. What does A want to hear besides?",
            "A condition on sts:ExternalId is false when the call has none.",
            "Look at external_id in broken.deployment; the word agreed on is customer-4711.",
        ),
        what="The deployment did not send the external id. A was right to refuse: "
        'redeploy(external_id="customer-4711").',
        shown_by="explain(): the condition wants a word, the call has nothing",
        avoid="Never mend this on A's side by taking the condition away.",
    ),
)
