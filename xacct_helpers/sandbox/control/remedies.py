"""The API calls that make a suggested change: which policy of which entity, and its new document.

Nothing is called here. Changes to one policy become one call with the whole new document, so that
calls made one after the other do not undo each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...aws.policy_documents import ENTITIES, POLICY_CALLS, PolicyCalls
from ...aws.regions import DEFAULT_REGION
from ...lab_api.decisions import Remedy
from ...policy import NamedPolicy, Suggestion
from ..records import StoredPolicy
from ..services.iam.principals import without_unknown

if TYPE_CHECKING:
    from ..permission_checks import CheckedPermission
    from ..store.state import State

Parameters = dict[str, Any]


def remedies(
    state: State, checked: CheckedPermission, suggestions: tuple[Suggestion, ...]
) -> tuple[Remedy, ...]:
    """The calls that make these suggestions, as far as calls can.

    No call changes a session policy, which is given with the session, or a policy of AWS's own;
    and a registry in another region than the profiles' is left out.
    """
    sent = {k: v for one in suggestions if one.change == "send" for k, v in one.statement.items()}
    changed: dict[StoredPolicy, list[Any]] = {}
    for one in suggestions:
        stored = _stored(checked, one)
        if one.change == "send" or stored is None:
            continue
        statements = changed.setdefault(stored, _statements(stored.text))
        if one.change == "add":
            statements.append(dict(one.statement))
        elif one.replaces in statements:
            statements[statements.index(one.replaces)] = dict(one.statement)
        elif one.statement in statements:
            statements.remove(one.statement)
    far = checked.request.context.get("aws:RequestedRegion", DEFAULT_REGION) != DEFAULT_REGION
    found = [
        _saving(state, stored, statements)
        for stored, statements in changed.items()
        if not (far and stored.holder in ("repository", "registry"))
    ]
    found += _sending(checked, sent)
    return tuple(one for one in found if one is not None)


# -- which policy ----------------------------------------------------------------------------


def _stored(checked: CheckedPermission, suggestion: Suggestion) -> StoredPolicy | None:
    """The policy that a suggestion is about: one that is there, or a new one without text."""
    for policy in _of_layer(checked, suggestion):
        if policy.name == suggestion.policy and isinstance(policy.kept, StoredPolicy):
            return policy.kept
    return _new(checked, suggestion) if suggestion.change == "add" else None


def _of_layer(checked: CheckedPermission, suggestion: Suggestion) -> Iterator[NamedPolicy]:
    policies = checked.policies
    if suggestion.layer == "identity":
        yield from policies.identity
    elif suggestion.layer == "boundary":
        yield from policies.boundary or ()
    elif suggestion.layer in ("scp", "rcp"):
        for level in policies.scps if suggestion.layer == "scp" else policies.rcps:
            yield from level
    elif suggestion.layer in ("resource", "trust"):
        yield from filter(None, (policies.resource, policies.registry))


def _new(checked: CheckedPermission, suggestion: Suggestion) -> StoredPolicy | None:
    """A policy to write: an inline one of the caller, or the repository's."""
    request = checked.request
    if suggestion.layer == "identity":
        kind = {"user": "user", "role-session": "role"}.get(request.principal.kind)
        if kind is None:
            return None
        arn = request.principal.arn
        return StoredPolicy(
            name=suggestion.policy,
            text="",
            account=suggestion.side_account,
            holder=kind,
            entity=arn.split("/")[1 if kind == "role" and ":assumed-role/" in arn else -1],
            policy=f"allow-{request.action.replace(':', '-')}",
        )
    _, _, repository = request.resource.partition(":repository/")
    if suggestion.layer == "resource" and request.action.startswith("ecr:") and repository:
        return StoredPolicy(
            name=suggestion.policy,
            text="",
            account=suggestion.side_account,
            holder="repository",
            entity=repository,
        )
    return None


# -- the call --------------------------------------------------------------------------------


def _saving(state: State, stored: StoredPolicy, statements: list[Any]) -> Remedy | None:
    """The call that leaves a policy with these statements, or takes it away when none is left."""
    note = ""
    if stored.holder in ("trust", "repository", "registry"):
        statements, left_out = without_unknown(state, statements)
        if left_out:
            note = (
                f"The deleted principal {', '.join(left_out)} is left out: AWS does not save a "
                "policy that names one."
            )
    call = _put(stored, _document(stored.text, statements)) if statements else _delete(stored)
    if call is None:
        return None
    service, operation, parameters = call
    account = stored.account
    if operation == POLICY_CALLS["managed"].write:
        account = str(parameters["PolicyArn"]).split(":")[4]
    return Remedy(
        account=account,
        by="administrator",
        service=service,
        operation=operation,
        parameters=parameters,
        note=note,
    )


def _which(stored: StoredPolicy) -> tuple[PolicyCalls, tuple[str, ...]] | None:
    """The calls for a policy, and which one it is; None for one that no call here can change."""
    names: dict[str, tuple[str, ...]] = {
        "trust": (stored.entity,),
        "repository": (stored.entity,),
        "registry": (),
    }
    if stored.holder in ENTITIES and stored.policy:
        return POLICY_CALLS[stored.holder], (stored.entity, stored.policy)
    if stored.holder in names:
        return POLICY_CALLS[stored.holder], names[stored.holder]
    if stored.holder == "organization" and stored.account:
        return POLICY_CALLS["organization"], (stored.policy,)
    if stored.arn and not stored.arn.startswith("arn:aws:iam::aws:"):
        return POLICY_CALLS["managed"], (stored.arn,)
    return None


def _put(stored: StoredPolicy, document: str) -> tuple[str, str, Parameters] | None:
    found = _which(stored)
    if found is None:
        return None
    calls, names = found
    return calls.service, calls.write, calls.writing(*names, document=document)


def _delete(stored: StoredPolicy) -> tuple[str, str, Parameters] | None:
    """How to take away a policy of which nothing is left. A trust policy cannot be."""
    if stored.holder in ENTITIES and stored.arn and not stored.policy:
        entity = stored.holder.capitalize()
        named = {f"{entity}Name": stored.entity, "PolicyArn": stored.arn}
        return "iam", f"Detach{entity}Policy", named
    if stored.holder == "organization" and stored.account:
        named = {"PolicyId": stored.policy, "TargetId": stored.entity}
        return "organizations", "DetachPolicy", named
    found = _which(stored)
    if found is None or not found[0].delete:
        return None
    calls, names = found
    return calls.service, calls.delete, dict(calls.named(*names))


def _sending(checked: CheckedPermission, sent: Mapping[str, str]) -> list[Remedy]:
    """The refused AssumeRole again, with what a statement asks the caller to send."""
    request = checked.request
    if not sent or request.action != "sts:AssumeRole":
        return []
    given = {key.lower(): value for key, value in {**request.context, **sent}.items()}
    names = {"RoleSessionName": "sts:rolesessionname", "ExternalId": "sts:externalid"}
    parameters = {name: given[key] for name, key in names.items() if key in given}
    return [
        Remedy(
            account=checked.decision.caller_account,
            by="caller",
            service="sts",
            operation="AssumeRole",
            parameters={"RoleArn": request.resource, **parameters},
        )
    ]


# -- documents -------------------------------------------------------------------------------


def _statements(text: str) -> list[Any]:
    found = json.loads(text)["Statement"] if text else []
    return list(found) if isinstance(found, list) else [found]


def _document(text: str, statements: list[Any]) -> str:
    """The document with other statements; Version and Id stay."""
    before = json.loads(text) if text else {"Version": "2012-10-17"}
    return json.dumps({**before, "Statement": statements}, ensure_ascii=False)
