"""ECR's replication: an image that is pushed is copied to other regions and accounts.

The copy is made with the push, by the caller's service-linked role for replication. In another
account that account's registry policy has to allow ecr:ReplicateImage, and ecr:CreateRepository
where there is no repository of the name yet. Source: ECR User Guide, private image replication,
registry permissions for cross-account replication (read 2026-11-25). That the caller is a role of
the source account, and no service: policies with aws:SourceAccount are known to keep it out, and
AWS's examples name the source account's root.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .....policy import Principal, refusal
from ....authorization import gate
from ....callers import Caller
from ....permission_checks import PermissionCheck
from ....protocol.errors import ApiError
from ....protocol.messages import Answer, Call
from ....records import Image, Repository
from ....store.private_registry import Place
from ...iam import service_linked
from .. import image_queries, layers, put_image
from ..repositories import repository_check

if TYPE_CHECKING:
    from ....store.state import State

SERVICE = "replication.ecr.amazonaws.com"
REPLICATED = "ReplicateImage"
"""What the journal and CloudTrail call a copy; an operation that ECR keeps to itself."""
DENIED = "DESTINATION_REGISTRY_ACCESS_DENIED"
NO_ROLE = "SERVICE_LINKED_ROLE_NOT_FOUND"
_log = logging.getLogger("xacct.sandbox")


def required_permissions(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """What PutReplicationConfiguration needs beside its own permission: to make the role that
    copies, where it is missing. Source: Service Authorization Reference, dependent actions."""
    wanted = bool(call.params["replicationConfiguration"].get("rules"))
    arn = service_linked.role_arn(SERVICE, caller.account)
    if not wanted or state.backends.iam.role_by_arn(caller.account, arn) is not None:
        return ()
    return (
        PermissionCheck(
            action="iam:CreateServiceLinkedRole",
            resource=arn,
            resource_account=caller.account,
            context={"iam:AWSServiceName": SERVICE},
        ),
    )


def put(state: State, call: Call, caller: Caller) -> Answer:
    """Set where the caller's registry is copied to."""
    checked = call.params["replicationConfiguration"]
    for rule in checked["rules"]:
        _check(state, call, caller.account, rule)
    if checked["rules"]:
        service_linked.ensure(state, SERVICE, caller.account, call)
    change(state, call, caller.account)
    state.record(call, caller.account)
    return {"replicationConfiguration": checked}


def _check(state: State, call: Call, account: str, rule: Mapping[str, Any]) -> None:
    start = "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: "
    if rule.get("deleteReplication", {}).get("enabled"):
        raise ApiError(
            "InvalidParameterException", start + "'this sandbox does not replicate deletions'"
        )
    for one in rule["destinations"]:
        if (one["region"], one["registryId"]) == (call.region, account):
            fault = "Replication destination cannot be the same as the source registry"
        elif not state.backends.ecr.region_known(one["region"]):
            fault = f"there is no region {one['region']}"
        elif one["registryId"] not in state.accounts:
            fault = (
                f"this lab has no account {one['registryId']}, so there is no registry to copy to"
            )
        else:
            continue
        raise ApiError("InvalidParameterException", f"{start}'{fault}'")


def change(state: State, call: Call, account: str) -> None:
    """What PutReplicationConfiguration does; a journalled call again."""
    registry = state.private_registry(account, call.region)
    registry.replication = call.params["replicationConfiguration"]


def describe_image(state: State, call: Call, repository: Repository) -> Answer:
    """What became of an image's copies."""
    image = image_queries.the_one(state, call, repository)
    registry = state.private_registry(repository.account, call.region)
    copies = registry.replications.get((repository.name, image.digest), {})
    return {
        "repositoryName": repository.name,
        "imageId": {**call.params["imageId"], "imageDigest": image.digest},
        "replicationStatuses": [
            {
                "region": region,
                "registryId": account,
                "status": "FAILED" if code else "COMPLETE",
                "failureCode": code or None,
            }
            for (region, account), code in copies.items()
        ],
    }


# -- copying ---------------------------------------------------------------------------------


def pushed(state: State, repository: Repository, digest: str, tag: str | None) -> None:
    """Copy an image just pushed to every place that a rule names for its repository.

    A copy is not copied on. A failure is the copy's, and never the push's.
    """
    registry = state.private_registry(repository.account, repository.region)
    places = dict.fromkeys(
        (one["region"], one["registryId"])
        for rule in registry.replication["rules"]
        if _chosen(rule, repository.name)
        for one in rule["destinations"]
    )
    for place in places:
        try:
            code = _copy(state, repository, digest, tag, place)
            call = _call(REPLICATED, repository.region, repositoryName=repository.name)
            status = {"imageDigest": digest, "place": list(place), "code": code}
            call = replace(call, params={**call.params, **status})
            copied(state, call, repository.account)
            state.record(call, repository.account)
        except ApiError as error:
            _log.warning("%s was not replicated to %s: %s", repository.arn, place, error)


def _chosen(rule: Mapping[str, Any], name: str) -> bool:
    filters = rule.get("repositoryFilters") or []
    return not filters or any(name.startswith(one["filter"]) for one in filters)


def copied(state: State, call: Call, account: str) -> None:
    """Keep what became of a copy, now or again."""
    registry = state.private_registry(account, call.region)
    params = call.params
    copies = registry.replications.setdefault((params["repositoryName"], params["imageDigest"]), {})
    region, owner = params["place"]
    copies[region, owner] = params["code"]


def _copy(state: State, source: Repository, digest: str, tag: str | None, place: Place) -> str:
    """Copy one image; the failure's code, or ""."""
    region, account = place
    caller = _role(state, source.account)
    if caller is None:
        return NO_ROLE
    if state.backends.ecr.repository(account, region, source.name) is None:
        create = _call("CreateRepository", region, repositoryName=source.name)
        if not _allowed(state, caller, create, account):
            return DENIED
        state.change(create, account)
    if not _allowed(state, caller, _call(REPLICATED, region, repositoryName=source.name), account):
        return DENIED
    _place(state, source, digest, tag, place)
    return ""


def _place(state: State, source: Repository, digest: str, tag: str | None, place: Place) -> None:
    """Make the image and all it names those of the destination as well."""
    region, account = place
    here = state.backends.ecr.images(source.account, source.region, source.name)
    image = next(one for one in here if one.digest == digest)
    manifest = json.loads(image.manifest)
    for child in manifest.get("manifests") or []:
        _place(state, source, child["digest"], None, place)
    for part in [manifest.get("config"), *(manifest.get("layers") or [])]:
        if part is not None and part["digest"] in source.layers:
            layer, size = part["digest"], source.layers[part["digest"]]
            layers.mount_layer(
                state,
                _call("CompleteLayerUpload", region, repositoryName=source.name),
                account,
                layer,
                size,
            )
    _put(state, source.name, image, tag, place)


def _put(state: State, name: str, image: Image, tag: str | None, place: Place) -> None:
    """The image at its destination. A tag that is taken there and may not move stays where it is.

    Source: ECR User Guide, private image replication, considerations."""
    region, account = place
    params = {
        "repositoryName": name,
        "imageManifest": image.manifest,
        "imageManifestMediaType": image.media_type,
        "imageDigest": image.digest,
    }
    for tagged in ({"imageTag": tag},) if tag else ():
        try:
            put_image.store_image(state, _call("PutImage", region, **params, **tagged), account)
            return
        except ApiError as error:
            if error.code not in ("ImageTagAlreadyExistsException", "ImageAlreadyExistsException"):
                raise
    try:
        put_image.store_image(state, _call("PutImage", region, **params), account)
    except ApiError as error:
        if error.code != "ImageAlreadyExistsException":
            raise


def _call(operation: str, region: str, **params: Any) -> Call:
    return Call(
        service="ecr",
        operation=operation,
        params=params,
        region=region,
        request_id=str(uuid.uuid4()),
        protocol="json",
        source_ip=SERVICE,
        user_agent=SERVICE,
    )


def _role(state: State, account: str) -> Caller | None:
    """The account's service-linked role for replication, at work."""
    arn = service_linked.role_arn(SERVICE, account)
    role = state.backends.iam.role_by_arn(account, arn)
    if role is None:
        return None
    session = "ecr-replication"
    return Caller(
        principal=Principal(
            kind="role-session",
            arn=f"arn:aws:sts::{account}:assumed-role/{role.name}/{session}",
            account=account,
            role_arn=role.arn,
            unique_id=role.unique_id,
        ),
        name=role.name,
        user_id=f"{role.unique_id}:{session}",
        access_key_id="",
        secret="",
        tags=role.tags,
    )


def _allowed(state: State, caller: Caller, call: Call, account: str) -> bool:
    """Whether the registry policy of the destination, and the role's own policy, allow a step.

    The trail has it either way. The repository's policy has no say: the guide names the registry's.
    """
    check = repository_check(
        state, call.action, account, call.region, call.params["repositoryName"]
    )
    checked = gate.decide(state, caller, replace(check, resource_policy=None), call)
    refused = None
    if not checked.decision.allowed:
        refused = ApiError("AccessDeniedException", refusal(checked.request, checked.decision))
    state.trail.write(
        request_id=call.request_id,
        time=state.clock.now(),
        service=call.service,
        operation=call.operation,
        region=call.region,
        caller=caller,
        source_ip=call.source_ip,
        user_agent=call.user_agent,
        checked=(checked,),
        failure=refused,
    )
    return refused is None
