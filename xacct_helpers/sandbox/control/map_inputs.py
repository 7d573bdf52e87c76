"""What the access map is drawn of: users, roles and repositories, with what the gate gathers.

A role stands for a session of it without session policies or tags.
Service-linked roles are left out: a service alone can assume them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ...aws.regions import DEFAULT_REGION
from ...lab_api.access_map import Relation, Repository
from ...policy import NamedPolicy, Principal, Requester, Target, is_service_linked, parse
from ..auth import identities
from ..authorization import gate
from ..callers import Caller, Session
from ..permission_checks import PermissionCheck
from ..protocol.messages import Call
from ..records import StoredPolicy
from ..services.ecr import repositories
from ..services.sts import assume_role

if TYPE_CHECKING:
    from ..store.state import State

#: What a relation takes: each of these actions on the role or the repository.
ACTIONS: Mapping[Relation, tuple[str, ...]] = {
    "can-assume": ("sts:AssumeRole",),
    "can-pull": ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
}
_SESSION = "access-map"
_NEW_SESSION = {"sts:RoleSessionName": _SESSION}
# Whom nobody can mean in particular, in the accounts of the lab and in one outside of it.
_NOBODY, _UNIQUE_ID = "nobody-in-particular-5f3759df", "AROANOBODYINPARTICULR"
_OUTSIDE = ("123456789012", "210987654321")
_CALL = Call(
    service="sts",
    operation="AssumeRole",
    params={},
    region=DEFAULT_REGION,
    request_id="",
    protocol="query",
    user_agent="xacct",
)
_EVERYTHING = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A user or role as one who asks."""

    account: str
    kind: Literal["user", "role"]
    name: str
    arn: str
    requester: Requester


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """What the map is drawn of.

    targets: for each action, what it may be asked for, in order.
    anybody, anything: who and what does not exist, in each account and in one outside of the lab.
    """

    ids: tuple[str, ...]
    principals: tuple[Who, ...]
    repositories: tuple[Repository, ...]
    targets: Mapping[str, tuple[Target, ...]]
    anybody: tuple[Requester, ...]
    anything: Mapping[str, tuple[Target, ...]]


def gathered(state: State) -> Accounts:
    """The accounts as they are, with every policy as the gate gathers it."""
    roles = [
        role
        for account in state.accounts
        for name in sorted(state.backends.iam.roles(account), key=str.lower)
        if (role := state.backends.iam.role(account, name)) and not is_service_linked(role.arn)
    ]
    callers = list(_callers(state))
    where = [
        (account, region, name)
        for account in state.accounts
        for region, name in state.backends.ecr.repositories(account)
    ]
    pulls = ACTIONS["can-pull"]
    everywhere = (*state.accounts, next(one for one in _OUTSIDE if one not in state.accounts))
    return Accounts(
        ids=state.accounts,
        principals=tuple(
            Who(
                account=caller.account,
                kind="role" if caller.principal.role_arn else "user",
                name=caller.name,
                arn=caller.principal.role_arn or caller.arn,
                requester=gate.requester(state, caller, _CALL),
            )
            for caller in callers
        ),
        repositories=tuple(
            Repository(arn=_arn(account, region, name), name=name, account=account, region=region)
            for account, region, name in where
        ),
        targets={
            "sts:AssumeRole": tuple(_role_target(state, role.arn) for role in roles),
            **{
                action: tuple(_repository_target(state, action, *place) for place in where)
                for action in pulls
            },
        },
        anybody=tuple(_anybody(state, account) for account in everywhere),
        anything={
            action: tuple(_anything(state, action, account) for account in everywhere)
            for actions in ACTIONS.values()
            for action in actions
        },
    )


def _callers(state: State) -> Iterator[Caller]:
    for account in state.accounts:
        for name in sorted(state.backends.iam.users(account), key=str.lower):
            yield identities.user_caller(state, account, name, "", "")
        for name in sorted(state.backends.iam.roles(account), key=str.lower):
            role = state.backends.iam.role(account, name)
            if role is None or is_service_linked(role.arn):
                continue
            session = _session(state, account, name, role.unique_id)
            caller = identities.session_caller(state, session)
            assert caller is not None  # its role was found a line ago
            yield caller


def _session(state: State, account: str, role: str, unique_id: str) -> Session:
    now = state.clock.now()
    return Session(
        access_key_id="",
        secret="",
        account=account,
        principal_id=unique_id,
        name=_SESSION,
        issued=now,
        expires=now,
        role_name=role,
    )


def _role_target(state: State, arn: str) -> Target:
    (check,) = assume_role.trust_checks(state, arn, ["sts:AssumeRole"], _NEW_SESSION)
    return gate.target(state, check)


def _repository_target(state: State, action: str, account: str, region: str, name: str) -> Target:
    check = repositories.repository_check(state, action, account, region, name)
    found = gate.target(state, check)
    return replace(found, context={**found.context, "aws:RequestedRegion": region})


def _arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:ecr:{region}:{account}:repository/{name}"


def _anybody(state: State, account: str) -> Requester:
    """Somebody of an account, whom nobody names and whose own account allows everything."""
    principal = Principal(
        kind="role-session",
        arn=f"arn:aws:sts::{account}:assumed-role/{_NOBODY}/{_SESSION}",
        account=account,
        role_arn=f"arn:aws:iam::{account}:role/{_NOBODY}",
        unique_id=_UNIQUE_ID,
    )
    caller = Caller(
        principal=principal,
        name=_NOBODY,
        user_id=f"{_UNIQUE_ID}:{_SESSION}",
        access_key_id="",
        secret="",
        tags={},
        session=_session(state, account, _NOBODY, _UNIQUE_ID),
    )
    return Requester(
        principal=principal,
        context=gate.caller_context(state, caller, _CALL),
        identity=(NamedPolicy(name="everything", document=parse(_EVERYTHING)),),
    )


def _anything(state: State, action: str, account: str) -> Target:
    """Something of an account, which nobody names and which leaves it to its own account."""
    if action in ACTIONS["can-assume"]:
        resource, context = f"arn:aws:iam::{account}:role/{_NOBODY}", _NEW_SESSION
    else:
        resource, context = _arn(account, DEFAULT_REGION, _NOBODY), {}
    policy = f'{{"Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{account}"}}'
    return gate.target(
        state,
        PermissionCheck(
            action=action,
            resource=resource,
            resource_account=account,
            resource_policy=StoredPolicy(name="its own", text=policy + ', "Action": "*"}}'),
            context=context,
        ),
    )
