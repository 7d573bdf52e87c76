"""IAM's service-linked roles: made for a service, named and protected by AWS.

Source: IAM API Reference, CreateServiceLinkedRole and its kin; IAM User Guide, using
service-linked roles; recorded answers for a name that is taken and for suffixes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import ApiError
from ...wire import Answer, Call
from . import common, principals

if TYPE_CHECKING:
    from ...state import State

OPERATIONS = frozenset(
    {"CreateServiceLinkedRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus"}
)
PATH = "/aws-service-role/"
# Those of the calls on a role whose model knows UnmodifiableEntityException. Of UpdateRole the
# description may be changed (IAM User Guide, edit a service-linked role).
_PROTECTED = """DeleteRole UpdateAssumeRolePolicy PutRolePolicy DeleteRolePolicy AttachRolePolicy
    DetachRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary
    AddRoleToInstanceProfile RemoveRoleFromInstanceProfile"""


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
    return f"arn:aws:iam::aws:policy{PATH}{service.policy}"


def role_arn(service: str, account: str) -> str:
    """The ARN that a service's role has in an account, whether it is there or not."""
    return f"arn:aws:iam::{account}:role{PATH}{service}/{_SERVICES[service].role}"


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
        _change(state, made, account)
        state.record(made, account)


def resource(state: State, call: Call, account: str) -> str:
    """The ARN of the role that a call is authorised on."""
    start, params = f"arn:aws:iam::{account}:role", call.params
    if call.operation == "CreateServiceLinkedRole":
        service = params["AWSServiceName"]
        return f"{start}{PATH}{service}/{_name(call) if service in _SERVICES else '*'}"
    if call.operation == "GetServiceLinkedRoleDeletionStatus":
        named = params["DeletionTaskId"].removeprefix("task/").rpartition("/")[0]
        return f"{start}/{named}"
    role = state.backends.iam.role(account, params["RoleName"])
    return role.arn if role is not None else f"{start}/{params['RoleName']}"


def _name(call: Call) -> str:
    suffix = call.params.get("CustomSuffix")
    return _SERVICES[call.params["AWSServiceName"]].role + (f"_{suffix}" if suffix else "")


def check_unprotected(state: State, call: Call, account: str) -> None:
    """UnmodifiableEntity for a call that would change a role which only its service may change."""
    session_length = call.operation == "UpdateRole" and "MaxSessionDuration" in call.params
    if not session_length and call.operation not in _PROTECTED.split():
        return
    role = state.backends.iam.role(account, call.params["RoleName"])
    if role is not None and f":role{PATH}" in role.arn:
        # the text as logs have it for UpdateAssumeRolePolicy on a role that AWS protects
        raise ApiError(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - this role is "
            "only modifiable by AWS",
        )


def check(state: State, call: Call, account: str) -> None:
    """ApiError in AWS's words for a call that cannot be performed."""
    params, backends = call.params, state.backends
    if call.operation == "CreateServiceLinkedRole":
        _check_new(state, call, account)
    elif call.operation == "DeleteServiceLinkedRole":
        role = backends.iam.role(account, params["RoleName"])
        if role is None or f":role{PATH}" not in role.arn:
            raise common.missing(f"The role with name {params['RoleName']} cannot be found.")
    elif not backends.service_linked.deletion_known(account, params["DeletionTaskId"]):
        raise common.missing(f"Deletion task {params['DeletionTaskId']} cannot be found.")


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


def perform(state: State, call: Call, account: str) -> Answer:
    """Answer a call that the gate let through and `check` accepted."""
    if call.operation == "GetServiceLinkedRoleDeletionStatus":
        return {"Status": "SUCCEEDED"}
    task = _change(state, call, account)
    state.record(call, account)
    if task is not None:
        return {"DeletionTaskId": task}
    return {"Role": state.backends.service_linked.answer(account, _name(call))}


def replay(state: State, call: Call, account: str) -> None:
    """A journalled call again."""
    _change(state, call, account)


def _change(state: State, call: Call, account: str) -> str | None:
    """Make or delete the role; the id of the deletion."""
    if call.operation == "CreateServiceLinkedRole":
        service = call.params["AWSServiceName"]
        state.backends.service_linked.create(
            account,
            service,
            _name(call),
            _policy_arn(_SERVICES[service]),
            call.params.get("Description", ""),
        )
        return None
    role = state.backends.iam.role(account, call.params["RoleName"])
    assert role is not None
    task = state.backends.service_linked.delete(account, role.name)
    principals.rename(state, role.arn, role.unique_id)
    return task
