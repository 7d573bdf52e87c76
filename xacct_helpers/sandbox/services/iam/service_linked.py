"""IAM's service-linked roles: made for a service, named and protected by AWS.

Source: IAM API Reference, CreateServiceLinkedRole and its kin; IAM User Guide, using
service-linked roles; recorded answers for a name that is taken and for suffixes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from . import common, principals
from .checks import SERVICE_LINKED
from .entities import ROLE, EntityType, Target
from .without_moto import operation

if TYPE_CHECKING:
    from ...store.state import State


@dataclass(frozen=True, slots=True)
class _Service:
    """The role of a service, the AWS managed policy it gets, and whether a suffix may be had."""

    role: str
    policy: str
    suffixes: bool = False


# The names are in each service's own guide, under "service-linked roles".
_SERVICES = {
    "autoscaling.amazonaws.com": _Service(
        "AWSServiceRoleForAutoScaling", "AutoScalingServiceRolePolicy", suffixes=True
    ),
    "batch.amazonaws.com": _Service("AWSServiceRoleForBatch", "BatchServiceRolePolicy"),
    "ecs.amazonaws.com": _Service("AWSServiceRoleForECS", "AmazonECSServiceRolePolicy"),
    "eks.amazonaws.com": _Service("AWSServiceRoleForAmazonEKS", "AmazonEKSServiceRolePolicy"),
    "elasticloadbalancing.amazonaws.com": _Service(
        "AWSServiceRoleForElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"
    ),
    "organizations.amazonaws.com": _Service(
        "AWSServiceRoleForOrganizations", "AWSOrganizationsServiceTrustPolicy"
    ),
    "rds.amazonaws.com": _Service("AWSServiceRoleForRDS", "AmazonRDSServiceRolePolicy"),
    "replication.ecr.amazonaws.com": _Service(
        "AWSServiceRoleForECRReplication", "ECRReplicationServiceRolePolicy"
    ),
    "spot.amazonaws.com": _Service("AWSServiceRoleForEC2Spot", "AWSEC2SpotServiceRolePolicy"),
    "spotfleet.amazonaws.com": _Service(
        "AWSServiceRoleForEC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"
    ),
}


def services() -> tuple[str, ...]:
    """The services that a role can be made for."""
    return tuple(_SERVICES)


def _policy_arn(service: _Service) -> str:
    return f"arn:aws:iam::aws:policy{SERVICE_LINKED}{service.policy}"


def role_arn(service: str, account: str) -> str:
    """The ARN that a service's role has in an account, whether it is there or not."""
    return f"arn:aws:iam::{account}:role{SERVICE_LINKED}{service}/{_SERVICES[service].role}"


def ensure(state: State, service: str, account: str, call: Call) -> None:
    """Make the service's role, as a service does when it is first set up by a call."""
    if state.backends.iam.role_by_arn(account, role_arn(service, account)) is None:
        made = replace(
            call,
            service="iam",
            operation="CreateServiceLinkedRole",
            params={"AWSServiceName": service},
            protocol="query",
        )
        _make(state, made, account)
        state.record(made, account)


def _to_be_made(state: State, call: Call, account: str) -> Target:
    service = call.params["AWSServiceName"]
    name = _name(call) if service in _SERVICES else "*"
    return Target(f"arn:aws:iam::{account}:role{SERVICE_LINKED}{service}/{name}")


def _of_the_task(state: State, call: Call, account: str) -> Target:
    named = call.params["DeletionTaskId"].removeprefix("task/").rpartition("/")[0]
    return Target(f"arn:aws:iam::{account}:role/{named}")


def _name(call: Call) -> str:
    suffix = call.params.get("CustomSuffix")
    return _SERVICES[call.params["AWSServiceName"]].role + (f"_{suffix}" if suffix else "")


def _check_new(state: State, call: Call, account: str) -> None:
    name = call.params["AWSServiceName"]
    service = _SERVICES.get(name)
    if service is None:
        raise ApiError(
            "InvalidInput",
            f"This sandbox knows no service-linked role of {name}. It knows those of: "
            f"{', '.join(sorted(_SERVICES))}.",
        )
    if "CustomSuffix" in call.params and not service.suffixes:
        raise ApiError("InvalidInput", f"Custom suffix is not allowed for {name}")
    taken = (other.lower() for other in state.backends.iam.roles(account))
    if _name(call).lower() in taken:
        raise ApiError(
            "InvalidInput",
            f"Service role name {_name(call)} has been taken in this account, please try a "
            "different suffix.",
        )


def _create(state: State, call: Call, account: str) -> Answer:
    _check_new(state, call, account)
    _make(state, call, account)
    state.record(call, account)
    return {"Role": state.backends.service_linked.answer(account, _name(call))}


def _make(state: State, call: Call, account: str) -> None:
    service = call.params["AWSServiceName"]
    state.backends.service_linked.create(
        account,
        service,
        _name(call),
        _policy_arn(_SERVICES[service]),
        call.params.get("Description", ""),
    )


def _delete(state: State, call: Call, account: str) -> Answer:
    name = call.params["RoleName"]
    role = state.backends.iam.role(account, name)
    if role is None or f":role{SERVICE_LINKED}" not in role.arn:
        raise common.missing(f"The role with name {name} cannot be found.")
    task = _remove(state, call, account)
    state.record(call, account)
    return {"DeletionTaskId": task}


def _remove(state: State, call: Call, account: str) -> str:
    """Delete the role; the id of the deletion."""
    role = state.backends.iam.role(account, call.params["RoleName"])
    assert role is not None
    task = state.backends.service_linked.delete(account, role.name)
    principals.rename(state, role.arn, role.unique_id)
    return task


def _deletion_status(state: State, call: Call, account: str) -> Answer:
    task = call.params["DeletionTaskId"]
    if not state.backends.service_linked.deletion_known(account, task):
        raise common.missing(f"Deletion task {task} cannot be found.")
    return {"Status": "SUCCEEDED"}


OPERATIONS = {
    "CreateServiceLinkedRole": operation(EntityType(look=_to_be_made), _create, _make),
    "DeleteServiceLinkedRole": operation(ROLE, _delete, _remove),
    "GetServiceLinkedRoleDeletionStatus": operation(
        EntityType(look=_of_the_task), _deletion_status
    ),
}
