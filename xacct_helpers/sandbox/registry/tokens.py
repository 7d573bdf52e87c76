"""Who the registry's password in an Authorization header stands for."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..auth import identities
from ..auth.registry_passwords import PURPOSE
from ..sealed_tokens import SealError, unseal
from .errors import RegistryError

if TYPE_CHECKING:
    from ..callers import Caller
    from ..store.state import State

EXPIRED = "Your authorization token has expired. Reauthenticate and try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a registry token stands for."""

    caller: Caller
    region: str


def read(state: State, header: str) -> Ticket:
    """The principal behind an Authorization header; RegistryError when it names nobody."""
    scheme, _, value = header.partition(" ")
    unauthorised = RegistryError(401, "UNAUTHORIZED", "Not Authorized")
    if scheme.lower() != "basic":
        raise unauthorised
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        content = unseal(state.key, PURPOSE, secret)
    except (SealError, binascii.Error, ValueError) as error:
        raise unauthorised from error
    if user != "AWS":
        raise unauthorised
    if state.clock.now() >= datetime.fromtimestamp(content["e"], UTC):
        raise RegistryError(403, "DENIED", EXPIRED)
    caller = _caller(state, content)
    if caller is None:
        raise unauthorised
    return Ticket(caller=caller, region=content["r"])


def _caller(state: State, content: dict[str, Any]) -> Caller | None:
    if "s" in content:
        return identities.session_caller(state, identities.read_token(state, content["s"]))
    account, name, unique_id = content["u"]
    user = state.backends.iam.user(account, name)
    if user is None or user.unique_id != unique_id:
        return None
    # "k" is not in the tokens that earlier versions sealed
    return identities.user_caller(state, account, name, content.get("k", ""), "")
