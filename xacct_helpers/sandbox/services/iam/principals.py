"""The principals that a trust or repository policy names: do they exist, and what becomes of them.

AWS stores the unique id of a named user or role and shows it as an ARN again on reading, so a
principal deleted and made again is not trusted any more. Here a stored ARN always means the
principal that lived when the policy was saved: when a principal is deleted, its ARN is replaced by
its unique id in every policy that names it.
Source: IAM User Guide, AWS JSON policy elements: Principal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ....policy import PolicyDocument, map_principals, principal_values
from ....policy.language.principal_forms import LOGIN_PROVIDERS, form_fault

if TYPE_CHECKING:
    from ...store.state import State

_ACCOUNT = re.compile(r"\d{12}")
_IAM_ARN = re.compile(r"arn:aws:iam::(\d{12}):(root|user/\S+|role/\S+)")
_STS_ARN = re.compile(r"arn:aws:sts::(\d{12}):(assumed-role|federated-user)/([^/]+)(?:/(.+))?")
_UNIQUE_ID = re.compile(r"(AIDA|AROA)[A-Z0-9]{16,124}")
_SAML_ARN = re.compile(r"arn:aws:iam::(\d{12}):saml-provider/[\w._-]+")
_OIDC_ARN = re.compile(r"arn:aws:iam::(\d{12}):oidc-provider/\S+")


def first_unknown(state: State, document: PolicyDocument) -> tuple[str, str] | None:
    """The first (type, value) of a principal that does not exist; None when all do."""
    for kind, value in principal_values(document):
        if not _exists(state, kind, value):
            return kind, value
    return None


def without_unknown(state: State, statements: list[Any]) -> tuple[list[Any], list[str]]:
    """The statements as AWS would save them again, and the principals left out for it.

    A unique id whose principal was deleted can be read and not saved; a statement that names
    nobody else goes.
    """
    kept, left_out = [], []
    for statement in statements:
        named = statement.get("Principal")
        if not isinstance(named, dict):
            kept.append(statement)
            continue
        principal = {}
        for kind, value in named.items():
            values = value if isinstance(value, list) else [value]
            known = [one for one in values if _exists(state, kind, one)]
            left_out += [one for one in values if one not in known]
            if known:
                principal[kind] = value if known == values else known
        if principal:
            kept.append({**statement, "Principal": principal})
    return kept, left_out


def _exists(state: State, kind: str, value: str) -> bool:
    if form_fault(kind, value):
        return False
    if kind == "Service":
        return True
    if kind == "Federated":
        return value in LOGIN_PROVIDERS or _provider_exists(state, value)
    if value == "*":
        return True
    if _ACCOUNT.fullmatch(value):
        return value in state.accounts
    if _UNIQUE_ID.fullmatch(value):
        return _arn_of(state, value) != value
    found = _IAM_ARN.fullmatch(value)
    if found:
        account, rest = found[1], found[2]
        if account not in state.accounts:
            return False
        if rest == "root":
            return True
        if rest.startswith("role/"):
            return state.backends.iam.role_by_arn(account, value) is not None
        return state.backends.iam.user_by_arn(account, value) is not None
    session = _STS_ARN.fullmatch(value)
    if session:
        return _session_exists(state, session)
    return False


def _provider_exists(state: State, arn: str) -> bool:
    saml = _SAML_ARN.fullmatch(arn)
    if saml is not None:
        return saml[1] in state.accounts and arn in state.held(saml[1]).saml_providers
    found = _OIDC_ARN.fullmatch(arn)
    if found is None or found[1] not in state.accounts:
        return False
    return state.backends.iam.oidc_provider(found[1], arn) is not None


def _session_exists(state: State, found: re.Match[str]) -> bool:
    account, kind, name, session = found[1], found[2], found[3], found[4]
    if account not in state.accounts:
        return False
    if kind == "federated-user":
        return session is None and re.fullmatch(r"[\w+=,.@-]{2,64}", name) is not None
    if session is None or not re.fullmatch(r"[\w+=,.@-]{2,64}", session):
        return False
    return state.backends.iam.role(account, name) is not None


def as_stored(state: State, text: str) -> str:
    """The document as AWS shows it again: an account id has become the account's root ARN, and
    the unique id of a living user or role its ARN."""

    def change(kind: str, value: str) -> str:
        if kind != "AWS":
            return value
        if _ACCOUNT.fullmatch(value):
            return f"arn:aws:iam::{value}:root"
        return _arn_of(state, value) if _UNIQUE_ID.fullmatch(value) else value

    return map_principals(text, change)


def _arn_of(state: State, unique_id: str) -> str:
    """The ARN of the user or role with this id, or the id itself if nobody has it."""
    for account in state.accounts:
        role = state.backends.iam.role_by_id(account, unique_id)
        if role is not None:
            return role.arn
        for name in state.backends.iam.users(account):
            user = state.backends.iam.user(account, name)
            if user is not None and user.unique_id == unique_id:
                return user.arn
    return unique_id


def rename(state: State, old: str, new: str) -> None:
    """Put `new` for the principal `old` in every trust, repository and registry policy of
    the lab.

    Used when a principal is deleted (new is its unique id) or renamed (new is its new ARN).
    """

    def change(kind: str, value: str) -> str:
        return new if kind == "AWS" and value == old else value

    for account in state.accounts:
        for name in state.backends.iam.roles(account):
            role = state.backends.iam.role(account, name)
            if role is not None:
                text = map_principals(role.trust_policy, change)
                state.backends.iam.set_trust_policy(account, name, text)
        for region, name in state.backends.ecr.repositories(account):
            repository = state.backends.ecr.repository(account, region, name)
            if repository is not None and repository.policy:
                text = map_principals(repository.policy, change)
                state.backends.ecr.set_repository_policy(account, region, name, text)
    for registry in state.private_registries.values():
        if registry.policy is not None:
            registry.policy = map_principals(registry.policy, change)
