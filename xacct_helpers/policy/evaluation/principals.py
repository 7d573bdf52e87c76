"""Who a Principal element names, and how far its Allow reaches.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal", "Policy
evaluation logic" (read 2026-11-24).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Literal

from ..language.model import Principals
from ..language.patterns import is_account

PrincipalKind = Literal["user", "role-session", "federated-user", "root", "service", "anonymous"]


class Reach(IntEnum):
    """What a resource-based Allow in the caller's own account does without the other policies."""

    #: Names somebody else.
    NONE = 0
    #: Names the account, which leaves it to the account's identity-based policies.
    ACCOUNT = 1
    #: Names the role, or the IAM user behind a federated session: no identity-based policy is
    #: needed; boundary and session policy still limit.
    ROLE = 2
    #: Names the very user or session, or everyone: no implicit deny elsewhere limits it.
    CALLER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who makes the request.

    arn:       as GetCallerIdentity gives it; a service's name; "*" when anonymous.
    account:   12 digits; "" for a service or anonymous.
    role_arn:  of a role session: arn:aws:iam::ACCOUNT:role/path/Name.
    unique_id: AIDA… of a user, AROA… of a role session's role.
    user_arn:  of a federated user: the IAM user behind it, when known.
    """

    kind: PrincipalKind
    arn: str
    account: str
    role_arn: str | None = None
    unique_id: str | None = None
    user_arn: str | None = None
    _names: Mapping[str, Reach] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", _names(self))

    @property
    def name(self) -> str:
        """The last part of the ARN: the user's name, or the session's."""
        return self.arn.rsplit("/", 1)[-1]

    @property
    def in_account(self) -> bool:
        """True for a principal of an account; False for a service and anonymous."""
        return bool(self.account)

    @property
    def service_linked(self) -> bool:
        """True for a session of a service-linked role, which neither SCPs nor RCPs bind.

        Source: AWS Organizations User Guide, "Service control policies" and "Resource control
        policies" (read 2026-11-25).
        """
        return is_service_linked(self.role_arn or "")

    def reach(self, value: str) -> Reach:
        """How an "AWS" principal value names this caller."""
        return self._names.get(value, Reach.NONE)

    def spellings(self) -> tuple[str, ...]:
        """Every value of a Principal element that names this caller, of whichever type."""
        return tuple({*self._names, self.arn})

    def chain(self) -> tuple[tuple[str, ...], ...]:
        """The identities that NotPrincipal has to name, outermost first, each with its spellings:
        the account, then the role or user, then the session."""
        if not self.in_account:
            return ((self.arn,),)
        links: list[tuple[str, ...]] = [(self.account, _root(self))]
        if self.kind == "role-session":
            if self.role_arn:
                links.append(_known(self.role_arn, self.unique_id))
            links.append(_known(self.arn, self.session_id))
        elif self.kind != "root":
            links.append(_known(self.arn, self.unique_id if self.kind == "user" else None))
        return tuple(links)

    @property
    def session_id(self) -> str | None:
        """AROA…:session-name, of a role session whose role's unique id is known."""
        return f"{self.unique_id}:{self.name}" if self.unique_id else None


def refused_to(principal: Principal, action: str) -> str | None:
    """AWS's words where a service refuses a kind of caller whatever the policies say, or None.

    Source: STS API Reference, "AssumeRole": not with the root user's credentials (read 2026-11-24);
    the words are those of public logs.
    """
    if principal.kind == "root" and action.lower() == "sts:assumerole":
        return "Roles may not be assumed by root accounts."
    return None


def _known(*spellings: str | None) -> tuple[str, ...]:
    return tuple(one for one in spellings if one)


def _root(principal: Principal) -> str:
    partition = principal.arn.split(":")[1]
    return f"arn:{partition}:iam::{principal.account}:root"


@lru_cache(maxsize=4096)
def _names(principal: Principal) -> Mapping[str, Reach]:
    """Every spelling in an "AWS" principal that names this caller.

    Source for the reach: IAM User Guide, "Policy evaluation logic" and "Principal"; that naming the
    account only delegates, the same.
    """
    names: dict[str, Reach] = {"*": Reach.CALLER}
    if not principal.in_account:
        return names
    for value in (principal.account, _root(principal)):
        names[value] = Reach.CALLER if principal.kind == "root" else Reach.ACCOUNT
    if principal.kind == "role-session":
        for role in _known(principal.role_arn, principal.unique_id):
            names[role] = Reach.ROLE
        if principal.session_id:
            names[principal.session_id] = Reach.CALLER
        if principal.arn != principal.role_arn:
            names[principal.arn] = Reach.CALLER
    elif principal.kind == "federated-user":
        if principal.user_arn:
            names[principal.user_arn] = Reach.ROLE
        names[principal.arn] = Reach.CALLER
    elif principal.kind == "user":
        for user in _known(principal.arn, principal.unique_id):
            names[user] = Reach.CALLER
    return names


def reach(named: Principals, principal: Principal, provider: str | None) -> Reach:
    """How a Principal element names the caller; Reach.NONE when it does not.

    provider: the identity provider of AssumeRoleWithWebIdentity or AssumeRoleWithSAML, which a
              "Federated" value names.
    """
    best = Reach.NONE
    for kind, value in named.entries:
        if kind == "AWS":
            best = max(best, principal.reach(value))
        elif kind == "Service":
            if principal.kind == "service" and value == principal.arn:
                best = Reach.CALLER
        elif kind == "Federated" and value == provider:
            best = Reach.CALLER
    return best


def excepted(named: Principals, principal: Principal, *, every: bool) -> bool:
    """Whether a NotPrincipal element leaves the caller out.

    every: for a Deny, account, role and session must all be named for the exception to hold
           ("AWS might validate the account first, then the role, and then the assumed-role
           user"); for an Allow one of them is enough to be left out. Both fail closed.
    Source: IAM User Guide, "NotPrincipal" (read 2026-11-24).
    """
    if named.anyone:
        return True
    values = {value for _, value in named.entries}
    found = [any(one in values for one in link) for link in principal.chain()]
    return all(found) if every else any(found)


def is_service_linked(role_arn: str) -> bool:
    """True for the ARN of a service-linked role."""
    return ":role/aws-service-role/" in role_arn


@lru_cache(maxsize=4096)
def account_of(value: str) -> str | None:
    """The account a principal value belongs to: of an ARN or a bare account id; else None."""
    if is_account(value):
        return value
    parts = value.split(":", 5)
    return parts[4] if len(parts) == 6 and is_account(parts[4]) else None


def is_unique_id(value: str) -> bool:
    """True for AROA… and AIDA…: what a saved policy shows of a principal that was deleted."""
    return value.startswith(("AROA", "AIDA")) and ":" not in value
