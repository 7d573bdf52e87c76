"""ECR's image scanning, without a database of vulnerabilities.

Every setting is kept and every scan is made as ECR says, and each ends as ECR's own do on an image
whose operating system it does not support: FAILED, UnsupportedImageError. No scan ends with an
empty list of findings, which would say that an image is sound. Source: ECR User Guide, image
scanning, and troubleshooting it; the registry's filters: ECR User Guide, filters (read 2026-11-25).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ....policy.language.patterns import like
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import Image, Repository
from . import image_queries

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

_QUOTA = timedelta(hours=24)
_NO_INSPECTOR = (
    "Invalid parameter at 'scanType' failed to satisfy constraint: 'this sandbox has no Amazon "
    "Inspector, so there is no enhanced scanning; it has scanType BASIC'"
)
_CONTINUOUS = (
    "Invalid parameter at 'rules' failed to satisfy constraint: 'with scanType BASIC the "
    "scanFrequency is SCAN_ON_PUSH or MANUAL'"
)


def put_registry(state: State, call: Call, caller: Caller) -> Answer:
    """Set what the caller's registry scans."""
    if call.params.get("scanType", "BASIC") != "BASIC":
        raise ApiError("InvalidParameterException", _NO_INSPECTOR)
    rules = call.params.get("rules", [])
    if any(rule["scanFrequency"] == "CONTINUOUS_SCAN" for rule in rules):
        raise ApiError("InvalidParameterException", _CONTINUOUS)
    change_registry(state, call, caller.account)
    state.record(call, caller.account)
    registry = state.private_registry(caller.account, call.region)
    return {"registryScanningConfiguration": registry.scanning}


def get_registry(state: State, call: Call, caller: Caller) -> Answer:
    """What the caller's registry scans."""
    registry = state.private_registry(caller.account, call.region)
    return {"registryId": caller.account, "scanningConfiguration": registry.scanning}


def change_registry(state: State, call: Call, account: str) -> None:
    """What PutRegistryScanningConfiguration does; a journalled call again."""
    registry = state.private_registry(account, call.region)
    registry.scanning = {"scanType": "BASIC", "rules": list(call.params.get("rules", []))}


def describe_repositories(state: State, call: Call, caller: Caller) -> Answer:
    """What is scanned of each repository, and which are not there."""
    found, failures = [], []
    for name in call.params["repositoryNames"]:
        repository = state.backends.ecr.repository(caller.account, call.region, name)
        if repository is None:
            failures.append(
                {
                    "repositoryName": name,
                    "failureCode": "REPOSITORY_NOT_FOUND",
                    "failureReason": "REPOSITORY_NOT_FOUND",
                }
            )
            continue
        frequency, filters = _frequency(state, repository)
        found.append(
            {
                "repositoryArn": repository.arn,
                "repositoryName": name,
                "scanOnPush": frequency == "SCAN_ON_PUSH",
                "scanFrequency": frequency,
                "appliedScanFilters": filters,
            }
        )
    return {"scanningConfigurations": found, "failures": failures}


def _frequency(state: State, repository: Repository) -> tuple[str, list[Mapping[str, str]]]:
    """When the repository's images are scanned, and the filters that say so."""
    registry = state.private_registry(repository.account, repository.region)
    for rule in registry.scanning["rules"]:
        filters = [one for one in rule["repositoryFilters"] if _fits(one, repository.name)]
        if filters:
            return rule["scanFrequency"], filters
    details = state.backends.ecr.repository_details(repository.account, repository.region)
    own = details[repository.name]["imageScanningConfiguration"] or {}
    return ("SCAN_ON_PUSH" if own.get("scanOnPush") else "MANUAL"), []


def _fits(one: Mapping[str, str], name: str) -> bool:
    """A filter without a wildcard fits every name that it is part of."""
    text = one["filter"]
    return like(text if "*" in text else f"*{text}*", name)


# -- images ----------------------------------------------------------------------------------


def start(state: State, call: Call, repository: Repository) -> Answer:
    """Scan an image, which is over at once."""
    image = image_queries.the_one(state, call, repository)
    if "image.index" in image.media_type or "manifest.list" in image.media_type:
        raise ApiError(
            "UnsupportedImageTypeException", "The image is of a type that cannot be scanned."
        )
    before = _scanned(state, repository, image)
    if before is not None and state.clock.now() < before + _QUOTA:
        raise ApiError(
            "LimitExceededException",
            "The scan quota per image has been exceeded. Wait and try again.",
        )
    done = replace(call, params={**call.params, "imageId": {"imageDigest": image.digest}})
    change_scan(state, done, repository.account)
    state.record(done, repository.account)
    return {**_named(call, repository, image), "imageScanStatus": {"status": "IN_PROGRESS"}}


def change_scan(state: State, call: Call, account: str) -> None:
    """What StartImageScan does; a journalled call again."""
    registry = state.private_registry(account, call.region)
    key = (call.params["repositoryName"], call.params["imageId"]["imageDigest"])
    registry.scans[key] = state.clock.now()


def pushed(state: State, repository: Repository, digest: str) -> None:
    """Scan an image just pushed, if the registry or its repository wants that."""
    if _frequency(state, repository)[0] == "SCAN_ON_PUSH":
        registry = state.private_registry(repository.account, repository.region)
        registry.scans[repository.name, digest] = state.clock.now()


def findings(state: State, call: Call, repository: Repository) -> Answer:
    """Return how the image's scan ended; raise ApiError if it was not scanned."""
    image = image_queries.the_one(state, call, repository)
    if _scanned(state, repository, image) is None:
        digest, tag = (call.params["imageId"].get(name) for name in ("imageDigest", "imageTag"))
        raise ApiError(
            "ScanNotFoundException",
            f"Image scan does not exist for the image with '{{imageDigest:'{digest or 'null'}', "
            f"imageTag:'{tag or 'null'}'}}' in the repository with name '{repository.name}' in the "
            f"registry with id '{repository.account}'",
        )
    return {**_named(call, repository, image), "imageScanStatus": image_queries.SCAN_FAILED}


def _scanned(state: State, repository: Repository, image: Image) -> datetime | None:
    registry = state.private_registry(repository.account, repository.region)
    return registry.scans.get((repository.name, image.digest))


def _named(call: Call, repository: Repository, image: Image) -> dict[str, Any]:
    tag = call.params["imageId"].get("imageTag") or (image.tags[-1] if image.tags else None)
    return {
        "registryId": repository.account,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest, "imageTag": tag},
    }
