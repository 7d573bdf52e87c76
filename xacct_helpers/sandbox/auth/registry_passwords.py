"""The registry's passwords, self-contained and sealed, and the signatures of download URLs."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..sealed_tokens import seal
from . import identities

if TYPE_CHECKING:
    from ..callers import Caller
    from ..store.state import State

PURPOSE = "registry"


def password(state: State, caller: Caller, region: str, expires: datetime) -> str:
    """The password that GetAuthorizationToken hands out. It lives for itself: that the session
    behind it expires does not end it (AWS documents twelve hours and no other limit)."""
    content: dict[str, Any] = {"e": expires.timestamp(), "r": region}
    if caller.session is not None:
        content["s"] = identities.token(state, caller.session)
    else:
        content["u"] = [caller.account, caller.name, caller.principal.unique_id]
        content["k"] = caller.access_key_id
    return seal(state.key, PURPOSE, content)


def ticket(state: State, digest: str, expires: int) -> str:
    """The signature of a layer's download URL."""
    text = f"{digest}\n{expires}".encode()
    return hmac.new(state.key, b"layer\n" + text, hashlib.sha256).hexdigest()
