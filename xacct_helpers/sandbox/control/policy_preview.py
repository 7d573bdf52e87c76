"""What a change to a policy would do to the access map, told before it is saved.

The call is checked as the call itself is (AWS's own words for a document it would refuse), its
document is put in the place of the stored one, and the engine is asked for the map again. Nothing
is stored, and nobody is asked whether they may make the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...aws.policy_documents import ENTITIES, POLICY_CALLS
from ...aws.regions import DEFAULT_REGION
from ...aws.services import SERVICES
from ...lab_api.access_map import MapChanges, MarkChanges
from ...policy import NamedPolicy, Requester, Target, parse
from .. import services
from ..protocol import models
from ..protocol.errors import ApiError
from ..protocol.messages import Call
from ..records import attached_name, boundary_name, inline_name
from ..services.ecr import repositories
from .access_map import Drawn, drawn
from .map_inputs import Accounts, Who, gathered

if TYPE_CHECKING:
    from ..store.state import State

_TRUST, _REPOSITORY = POLICY_CALLS["trust"], POLICY_CALLS["repository"]


def preview(
    state: State, account: str, operation: str, parameters: Mapping[str, Any]
) -> MapChanges:
    """POST /_lab/preview: the edges that a call by `account` would make appear, vanish, complete
    (a half becomes whole) and break (a whole one is left with a half), and the marks likewise.

    Raises ApiError when the call would be refused whoever makes it, ValueError for a call that has
    no preview.
    """
    call = _read(state, account, operation, parameters)
    before = gathered(state)
    return _difference(drawn(before), drawn(_CHANGES[operation](state, before, call, account)))


def _read(state: State, account: str, operation: str, parameters: Mapping[str, Any]) -> Call:
    """The call as the service would read it, checked."""
    if account not in state.accounts:
        raise ValueError(f"There is no account {account} in this lab.")
    if operation not in _CHANGES:
        raise ValueError(f"There is a preview of {', '.join(_CHANGES)}, not of {operation}.")
    service = _REPOSITORY.service if _CHANGES[operation] is _repository else _TRUST.service
    shape = models.operation_model(service, operation).input_shape
    assert shape is not None  # each of these has parameters
    for name, value in parameters.items():
        member = shape.members.get(name)
        if member is None:
            raise ValueError(f"{operation} has no parameter {name}.")
        if not isinstance(value, str):
            raise ValueError(f"{name} must be text.")
    call = Call(
        service=service,
        operation=operation,
        params=dict(parameters),
        region=DEFAULT_REGION,
        request_id="",
        protocol=SERVICES[service].protocol,
    )
    services.BY_SERVICE[service].check_parameters(call)
    check = services.operation_of(call).check
    if check is not None:
        return check(state, call, account)
    repository = repositories.existing(state, call, account)
    if operation == _REPOSITORY.write:
        return repositories.checked_policy(state, call)
    if not repository.policy:
        raise ApiError(
            "RepositoryPolicyNotFoundException",
            "Repository policy does not exist for the repository with name "
            f"'{repository.name}' in the registry with id '{account}'",
        )
    return call


# -- the accounts as they would be -----------------------------------------------------------

Change = Callable[["State", Accounts, Call, str], Accounts]


def _trust(state: State, accounts: Accounts, call: Call, account: str) -> Accounts:
    role = state.backends.iam.role(account, call.params[_TRUST.names[0]])
    assert role is not None  # `checked` found it
    return _with_policy(accounts, role.arn, call.params[_TRUST.document])


def _repository(state: State, accounts: Accounts, call: Call, account: str) -> Accounts:
    repository = repositories.existing(state, call, account)
    return _with_policy(accounts, repository.arn, call.params.get(_REPOSITORY.document))


def _with_policy(accounts: Accounts, arn: str, text: str | None) -> Accounts:
    """With another resource-based policy; None takes it away."""

    def changed(target: Target) -> Target:
        if target.arn != arn:
            return target
        policy = None if text is None else NamedPolicy(name="", document=parse(text))
        return replace(target, policy=policy)

    found = {action: tuple(map(changed, some)) for action, some in accounts.targets.items()}
    return replace(accounts, targets=found)


def _inline(kind: str) -> Change:
    def change(state: State, accounts: Accounts, call: Call, account: str) -> Accounts:
        entity, policy_name = (call.params[name] for name in POLICY_CALLS[kind].names)
        name = inline_name(kind, entity, policy_name)
        text = call.params.get(POLICY_CALLS[kind].document)
        policy = NamedPolicy(name=name, document=parse(text)) if text is not None else None
        return _with_identity(state, accounts, account, kind, entity, name, policy)

    return change


def _attached(kind: str) -> Change:
    def change(state: State, accounts: Accounts, call: Call, account: str) -> Accounts:
        entity, arn = call.params[f"{kind.capitalize()}Name"], call.params["PolicyArn"]
        stored = state.backends.iam.managed_policy(account, arn)
        assert stored is not None  # `checked` found it
        name = attached_name(kind, entity, stored.name)
        policy = NamedPolicy(name=name, document=parse(stored.text), arn=arn)
        attaches = call.operation.startswith("Attach")
        return _with_identity(
            state, accounts, account, kind, entity, name, policy if attaches else None
        )

    return change


def _with_identity(
    state: State,
    accounts: Accounts,
    account: str,
    kind: str,
    entity: str,
    name: str,
    policy: NamedPolicy | None,
) -> Accounts:
    """With an identity policy of that name put, or taken away, where the entity's policies go."""

    def has(who: Who) -> bool:
        if who.account != account:
            return False
        if kind == "group":
            return who.kind == "user" and entity in state.backends.iam.groups_of(account, who.name)
        return (who.kind, who.name) == (kind, entity)

    def changed(requester: Requester) -> Requester:
        kept = tuple(one for one in requester.identity if one.name != name)
        return replace(requester, identity=(*kept, policy) if policy else kept)

    return _with_askers(accounts, has, changed)


def _boundary(kind: str) -> Change:
    def change(state: State, accounts: Accounts, call: Call, account: str) -> Accounts:
        entity, arn = (
            call.params[f"{kind.capitalize()}Name"],
            call.params.get("PermissionsBoundary"),
        )
        stored = state.backends.iam.managed_policy(account, arn) if arn else None
        boundary = stored and NamedPolicy(
            name=boundary_name(kind, entity), document=parse(stored.text), arn=arn
        )
        return _with_askers(
            accounts,
            lambda who: (who.account, who.kind, who.name) == (account, kind, entity),
            lambda requester: replace(requester, boundary=(boundary,) if boundary else None),
        )

    return change


def _with_askers(
    accounts: Accounts, has: Callable[[Who], bool], changed: Callable[[Requester], Requester]
) -> Accounts:
    return replace(
        accounts,
        principals=tuple(
            replace(who, requester=changed(who.requester)) if has(who) else who
            for who in accounts.principals
        ),
    )


_CHANGES: Mapping[str, Change] = {
    _TRUST.write: _trust,
    _REPOSITORY.write: _repository,
    _REPOSITORY.delete: _repository,
    **{POLICY_CALLS[kind].write: _inline(kind) for kind in ENTITIES},
    **{POLICY_CALLS[kind].delete: _inline(kind) for kind in ENTITIES},
    **{
        f"{verb}{kind.capitalize()}Policy": _attached(kind)
        for verb in ("Attach", "Detach")
        for kind in ENTITIES
    },
    **{
        f"{verb}{kind.capitalize()}PermissionsBoundary": _boundary(kind)
        for verb in ("Put", "Delete")
        for kind in ("role", "user")
    },
}


# -- what is different -----------------------------------------------------------------------


def _difference(before: Drawn, after: Drawn) -> MapChanges:
    was = {edge.key: edge for edge in before.edges}
    now = {edge.key: edge for edge in after.edges}
    kept = [(was[key], edge) for key, edge in now.items() if key in was]
    return MapChanges(
        appear=tuple(edge for key, edge in now.items() if key not in was),
        vanish=tuple(edge for key, edge in was.items() if key not in now),
        complete=tuple(edge for old, edge in kept if edge.full and not old.full),
        break_=tuple(edge for old, edge in kept if old.full and not edge.full),
        marks=MarkChanges(
            appear=tuple(mark for mark in after.marks if mark not in before.marks),
            vanish=tuple(mark for mark in before.marks if mark not in after.marks),
        ),
    )
