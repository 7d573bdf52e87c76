"""ECR's lifecycle policies: kept for a repository, previewed, and applied as time goes by.

A policy is applied at the first request after each 24 hours of the lab's clock, counted from when
it was put: AWS says "within 24 hours". Source: ECR User Guide, lifecycle policies; ECR API
Reference (read 2026-11-25).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ....protocol.errors import ApiError
from ....protocol.messages import Answer, Call
from ....records import Image, Repository
from ....store.private_registry import Lifecycle, Preview
from .. import image_queries
from .lifecycle_rules import LifecycleError, Rule, expired, named_by_indexes, read

if TYPE_CHECKING:
    from ....store.state import State

EVERY = timedelta(hours=24)
RETRY = timedelta(minutes=1)
APPLIED = "ApplyLifecyclePolicy"
"""What the journal calls the expiry of images; no operation of ECR's."""
_log = logging.getLogger("xacct.sandbox")


def put(state: State, call: Call, repository: Repository) -> Answer:
    """Set the repository's policy."""
    _rules(call.params["lifecyclePolicyText"])
    change(state, call, repository.account)
    state.record(call, repository.account)
    return _shown(state, call, repository)


def get(state: State, call: Call, repository: Repository) -> Answer:
    """The repository's policy; ApiError without one."""
    return _shown(state, call, repository)


def delete(state: State, call: Call, repository: Repository) -> Answer:
    """Take the policy away; the answer shows it once more."""
    shown = _shown(state, call, repository)
    change(state, call, repository.account)
    state.record(call, repository.account)
    return shown


def change(state: State, call: Call, account: str) -> None:
    """What PutLifecyclePolicy and DeleteLifecyclePolicy do; a journalled call again."""
    registry = state.private_registry(account, call.region)
    name, text = call.params["repositoryName"], call.params.get("lifecyclePolicyText")
    if text is None:
        del registry.lifecycles[name]
    else:
        registry.lifecycles[name] = Lifecycle(text=text, since=state.clock.now())


def start_preview(state: State, call: Call, repository: Repository) -> Answer:
    """Find what the given policy, or the repository's own, would expire now. It is done at once."""
    text = call.params.get("lifecyclePolicyText") or _own(state, call, repository).text
    found = _expired(state, call.region, repository, _rules(text))
    results = tuple((image.digest, priority) for image, priority in found)
    registry = state.private_registry(repository.account, call.region)
    registry.previews[repository.name] = Preview(text=text, results=results)
    return {**_named(repository), "lifecyclePolicyText": text, "status": "IN_PROGRESS"}


def get_preview(state: State, call: Call, repository: Repository) -> Answer:
    """The latest preview, by pages; ApiError without one."""
    registry = state.private_registry(repository.account, call.region)
    preview = registry.previews.get(repository.name)
    if preview is None:
        raise ApiError(
            "LifecyclePolicyPreviewNotFoundException",
            f"Lifecycle policy preview does not exist for the repository with name "
            f"'{repository.name}' in the registry with id '{repository.account}'",
        )
    here = {image.digest: image for image in _images(state, call.region, repository)}
    chosen = [(here[one], priority) for one, priority in preview.results if one in here]
    chosen = [one for one in chosen if _asked_for(call, one[0])]
    shown, more = image_queries.page(call, chosen)
    return {
        **_named(repository),
        "lifecyclePolicyText": preview.text,
        "status": "COMPLETE",
        "nextToken": more,
        "previewResults": [_result(image, priority) for image, priority in shown],
        "summary": {"expiringImageTotalCount": len(preview.results)},
    }


# -- as time goes by -------------------------------------------------------------------------


def apply_due(state: State) -> None:
    """Expire images by every policy whose time has come.

    What cannot be journalled stays due, and is tried again RETRY later: each try that fails costs
    as much as a start.
    """
    if state.clock.now() < state.lifecycles_wait:
        return
    for (account, region), registry in state.private_registries.items():
        due = [
            name
            for name, one in registry.lifecycles.items()
            if (one.evaluated or one.since) + EVERY <= state.clock.now()
        ]
        for name in due:
            with state.clock.held():
                try:
                    _apply(state, account, region, name)
                except ApiError as error:
                    _log.warning("the lifecycle policy of %s was not applied: %s", name, error)
                    state.lifecycles_wait = state.clock.now() + RETRY
                    return  # the state was read again from the journal


def _apply(state: State, account: str, region: str, name: str) -> None:
    repository = state.backends.ecr.repository(account, region, name)
    assert repository is not None  # its policy goes with it
    rules = read(state.private_registry(account, region).lifecycles[name].text)
    found = _expired(state, region, repository, rules)
    call = Call(
        service="ecr",
        operation=APPLIED,
        params={"repositoryName": name, "digests": [image.digest for image, _ in found]},
        region=region,
        request_id="",
        protocol="json",
    )
    applied(state, call, account)
    state.record(call, account)


def applied(state: State, call: Call, account: str) -> None:
    """Expire the images of a record, now or again."""
    name, digests = call.params["repositoryName"], call.params["digests"]
    state.backends.ecr.delete_images(account, call.region, name, digests)
    image_queries.forget_deleted(state, call, account)
    registry = state.private_registry(account, call.region)
    known = registry.lifecycles[name]
    registry.lifecycles[name] = replace(known, evaluated=state.clock.now())


# -- the parts -------------------------------------------------------------------------------


def _rules(text: str) -> tuple[Rule, ...]:
    try:
        return read(text)
    except LifecycleError as error:
        raise ApiError(
            "InvalidParameterException",
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            f"'Lifecycle policy validation failure: {error}'",
        ) from error


def _images(state: State, region: str, repository: Repository) -> tuple[Image, ...]:
    return state.backends.ecr.images(repository.account, region, repository.name)


def _expired(
    state: State, region: str, repository: Repository, rules: tuple[Rule, ...]
) -> list[tuple[Image, int]]:
    here = _images(state, region, repository)
    return expired(rules, here, state.clock.now(), frozenset(named_by_indexes(here)))


def _own(state: State, call: Call, repository: Repository) -> Lifecycle:
    registry = state.private_registry(repository.account, call.region)
    found = registry.lifecycles.get(repository.name)
    if found is None:
        raise ApiError(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{repository.name}' in "
            f"the registry with id '{repository.account}'",
        )
    return found


def _shown(state: State, call: Call, repository: Repository) -> dict[str, Any]:
    own = _own(state, call, repository)
    evaluated = {} if own.evaluated is None else {"lastEvaluatedAt": own.evaluated}
    return {**_named(repository), "lifecyclePolicyText": own.text, **evaluated}


def _named(repository: Repository) -> dict[str, Any]:
    return {"registryId": repository.account, "repositoryName": repository.name}


def _asked_for(call: Call, image: Image) -> bool:
    wanted = call.params.get("imageIds")
    if wanted and not any(image_queries.is_meant(image, one) for one in wanted):
        return False
    status = str(call.params.get("filter", {}).get("tagStatus", "ANY"))
    return status == "ANY" or (status == "TAGGED") == bool(image.tags)


def _result(image: Image, priority: int) -> dict[str, Any]:
    return {
        "imageTags": list(image.tags),
        "imageDigest": image.digest,
        "imagePushedAt": image.pushed_at,
        "action": {"type": "EXPIRE"},
        "appliedRulePriority": priority,
    }
