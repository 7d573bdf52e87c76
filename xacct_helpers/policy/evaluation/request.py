"""What is asked, and the policies that apply to it: the two arguments of `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..language.model import PolicyDocument
from .principals import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, as authorization sees it.

    action:           "service:Name", in any case.
    resource:         an ARN, or "*" for an action without a resource type.
    resource_account: the account that owns the resource; "" means the caller's.
    context:          condition keys with one value or several; names are case-insensitive.
    """

    action: str
    resource: str
    resource_account: str
    principal: Principal
    context: Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPolicy:
    """A document and what people call it: 'inline policy "pull" of role account-a-role-name'.

    arn:  of a managed policy, SCP or RCP; an inline policy has none.
    kept: what the one who gathered the policies knows of where it is kept; not looked at here.
    """

    name: str
    document: PolicyDocument
    arn: str | None = None
    kept: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every policy that applies to a request, by kind.

    resource: the resource-based policy; for sts:AssumeRole* the role's trust policy.
    registry: a second one that is read with it: ECR's registry policy, which speaks of every
              repository of a registry.
    boundary: None when no permissions boundary is set.
    session:  None when no session policy was passed.
    scps:     service control policies of the caller's account, one tuple per level from the root
              to the account; () without an organization and for the management account.
    rcps:     resource control policies of the resource's account, likewise.
    """

    identity: tuple[NamedPolicy, ...] = ()
    resource: NamedPolicy | None = None
    registry: NamedPolicy | None = None
    boundary: tuple[NamedPolicy, ...] | None = None
    session: tuple[NamedPolicy, ...] | None = None
    scps: tuple[tuple[NamedPolicy, ...], ...] = ()
    rcps: tuple[tuple[NamedPolicy, ...], ...] = ()


def derived_context(principal: Principal) -> dict[str, str]:
    """The condition keys that follow from who the caller is.

    A role session's aws:PrincipalArn is its role's ARN, path and all, not the session's. A key
    that cannot be known is left out: aws:userid without a unique id, aws:username of any caller
    but an IAM user.
    Source: IAM User Guide, "AWS global condition context keys" and "Policy variables", table of
    principal key values (read 2026-11-24).
    """
    kind = principal.kind
    if kind == "service":
        return {
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": principal.arn,
        }
    if kind == "anonymous":
        return {
            "aws:PrincipalAccount": "anonymous",
            "aws:PrincipalType": "Anonymous",
            "aws:userid": "anonymous",
        }
    keys = {
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalArn": principal.arn,
    }
    if kind == "role-session":
        keys["aws:PrincipalType"] = "AssumedRole"
        keys["aws:PrincipalArn"] = principal.role_arn or _role_arn(principal.arn)
        if principal.session_id:
            keys["aws:userid"] = principal.session_id
    elif kind == "federated-user":
        keys["aws:PrincipalType"] = "FederatedUser"
        keys["aws:userid"] = f"{principal.account}:{principal.name}"
    elif kind == "root":
        keys["aws:PrincipalType"] = "Account"
        keys["aws:userid"] = principal.account
    else:
        keys["aws:PrincipalType"] = "User"
        keys["aws:username"] = principal.name
        if principal.unique_id:
            keys["aws:userid"] = principal.unique_id
    return keys


def _role_arn(session_arn: str) -> str:
    """The role's ARN of arn:aws:sts::ACCOUNT:assumed-role/Name/Session; right without a path."""
    head, _, rest = session_arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:', 1)}:role/{rest.split('/', 1)[0]}"
