"""One policy document of an account, to be edited: how it is read and by which call it is saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..aws.policy_documents import POLICY_CALLS
from ..workspace import LabError
from .calls import ApiCall
from .opening import current

Kind = Literal["trust", "inline", "repository"]

_GONE = ("NoSuchEntity", "RepositoryNotFoundException", "RepositoryPolicyNotFoundException")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A document and the two calls for it.

    name:  what it is, in words. account: the 12-digit id of the account that holds it.
    read:  the call that reads it; at: where it stands in the answer.
    write: the call that saves it, without the document; document: the parameter that it goes into.
    """

    kind: Kind
    name: str
    account: str
    profile: str
    read: ApiCall
    at: tuple[str, ...]
    write: ApiCall
    document: str
    clients: Mapping[str, Any] = field(repr=False, compare=False)

    def saving(self, text: str) -> ApiCall:
        """The call that saves this text."""
        return ApiCall(
            service=self.write.service,
            operation=self.write.operation,
            parameters={**self.write.parameters, self.document: text},
            profile=self.write.profile,
        )


def target(
    profile: str,
    *,
    role: str | None = None,
    user: str | None = None,
    repository: str | None = None,
    policy: str | None = None,
) -> Target:
    """The document that is meant: a role's trust policy, an inline policy of a role or user, or a
    repository's policy.

    Raises LabError when the arguments name none, or the profile does not exist.
    """
    named = [one for one in (role, user, repository) if one is not None]
    if len(named) != 1:
        raise LabError("edit_policy() takes one of role=, user= and repository=.")
    if user is not None and policy is None:
        raise LabError("Which policy of the user? Name it: edit_policy(profile, user=…, policy=…).")
    if repository is not None and policy is not None:
        raise LabError("A repository has one policy, without a name: leave out policy=.")
    clients = _clients(profile)
    if repository is not None:
        name, owner = f"policy of repository {repository}", (repository,)
        return _target(
            profile, clients, kind="repository", name=name, holder="repository", owner=owner
        )
    if role is not None and policy is None:
        name = f"trust policy of role {role}"
        return _target(profile, clients, kind="trust", name=name, holder="trust", owner=(role,))
    holder, entity = ("role", role) if role is not None else ("user", user)
    return _target(
        profile,
        clients,
        kind="inline",
        name=f"inline policy {policy} of {holder} {entity}",
        holder=holder,
        owner=(str(entity), str(policy)),
    )


def _clients(profile: str) -> dict[str, Any]:
    import boto3  # 150 ms
    from botocore.exceptions import ProfileNotFound

    current()  # points this kernel at the lab
    try:
        session = boto3.Session(profile_name=profile)
    except ProfileNotFound as error:
        known = ", ".join(boto3.Session().available_profiles)
        raise LabError(f"There is no profile {profile}. The lab has {known}.") from error
    return {service: session.client(service) for service in ("iam", "ecr", "sts")}


def _target(
    profile: str,
    clients: Mapping[str, Any],
    *,
    kind: Kind,
    name: str,
    holder: str,
    owner: tuple[str, ...],
) -> Target:
    """The document of this name. holder, owner: what has it, and which one, as POLICY_CALLS."""
    calls = POLICY_CALLS[holder]
    named = calls.named(*owner)

    def call(operation: str) -> ApiCall:
        return ApiCall(
            service=calls.service, operation=operation, parameters=named, profile=profile
        )

    return Target(
        kind=kind,
        name=name,
        account=str(clients["sts"].get_caller_identity()["Account"]),
        profile=profile,
        read=call(calls.read),
        at=calls.answer,
        write=call(calls.write),
        document=calls.document,
        clients=clients,
    )


def read(document: Target) -> str:
    """The document as the account has it, indented.

    Raises LabError when it does not exist, in AWS's words; ClientError when it may not be read.
    """
    from botocore.exceptions import ClientError  # 10 ms

    try:
        found = make(document, document.read)
    except ClientError as error:
        detail = error.response["Error"]
        if detail["Code"] not in _GONE:
            raise
        raise LabError(f"There is nothing to edit: {detail['Message'].rstrip('.')}.") from error
    for step in document.at:
        found = found[step]
    try:
        raw = json.loads(found) if isinstance(found, str) else found
    except ValueError:
        return str(found)
    return json.dumps(raw, indent=2, ensure_ascii=False)


def make(document: Target, call: ApiCall) -> Any:
    """Make a call with the profile's own client; the SDK's errors are passed on."""
    client = document.clients[call.service]
    from botocore import xform_name  # 10 ms

    return getattr(client, xform_name(call.operation))(**call.parameters)
