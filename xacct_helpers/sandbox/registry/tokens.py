"""The registry's passwords, self-contained and sealed, and the signatures of download URLs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .. import identities
from ..seal import SealError, seal, unseal
from .errors import RegistryError

if TYPE_CHECKING:
    from ..identities import Caller
    from ..state import State

_PURPOSE = "registry"
EXPIRED = "Your authorization token has expired. Reauthenticate and try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a registry token stands for."""

    caller: Caller
    region: str


def password(state: State, caller: Caller, region: str, expires: datetime) -> str:
    """The password that GetAuthorizationToken hands out. It lives for itself: that the session
    behind it expires does not end it (AWS documents twelve hours and no other limit)."""
    content: dict[str, Any] = {"e": expires.timestamp(), "r": region}
    if caller.session is not None:
        content["s"] = identities.token(state, caller.session)
    else:
        content["u"] = [caller.account, caller.name, caller.principal.unique_id]
        content["k"] = caller.access_key_id
    return seal(state.key, _PURPOSE, content)


def ticket(state: State, digest: str, expires: int) -> str:
    """The signature of a layer's download URL."""
    text = f"{digest}\n{expires}".encode()
    return hmac.new(state.key, b"layer\n" + text, hashlib.sha256).hexdigest()


def read(state: State, header: str) -> Ticket:
    """The principal behind an Authorization header; RegistryError when there is none."""
    scheme, _, value = header.partition(" ")
    unauthorised = RegistryError(401, "UNAUTHORIZED", "Not Authorized")
    if scheme.lower() != "basic":
        raise unauthorised
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        content = unseal(state.key, _PURPOSE, secret)
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
