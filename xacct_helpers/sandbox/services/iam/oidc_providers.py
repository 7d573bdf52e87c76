"""IAM's OpenID Connect providers: whose tokens AssumeRoleWithWebIdentity takes in an account.

Source: IAM API Reference, CreateOpenIDConnectProvider and its kin; error texts as public logs and
moto 5.2.5 have them; `iam:ListOpenIDConnectProviders on resource: …:oidc-provider/*` from a log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import OidcProvider
from ..operation import Effect, Operation
from . import checks
from .common import existing, limit
from .permissions import on
from .without_moto import Handler

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

_ARN = re.compile(r"arn:aws:iam::\d{12}:oidc-provider/.+", re.S)
_MOST_THUMBPRINTS, _MOST_CLIENT_IDS = 5, 100


def _named(state: State, call: Call, account: str) -> str:
    return str(call.params["OpenIDConnectProviderArn"])


def _to_be_made(state: State, call: Call, account: str) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/{_name(call.params['Url'])}"


def _all(state: State, call: Call, account: str) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/*"


def _name(url: str) -> str:
    """A provider's name: its URL without the scheme."""
    return url.partition("://")[2] or url


def _check_arn(call: Call) -> str:
    arn = str(call.params["OpenIDConnectProviderArn"])
    if not _ARN.fullmatch(arn):
        raise ApiError("ValidationError", f"Invalid ARN: {arn}")
    return arn


def _existing(state: State, call: Call, account: str) -> OidcProvider:
    """The provider that a call names; ApiError in AWS's words when it does not exist."""
    arn = _check_arn(call)
    return existing(
        state.backends.iam.oidc_provider(account, arn),
        f"OpenIDConnect Provider not found for arn {arn}",
    )


def _check_thumbprints(call: Call) -> None:
    if len(call.params.get("ThumbprintList", ())) > _MOST_THUMBPRINTS:
        raise ApiError("InvalidInput", "Thumbprint list must contain fewer than 5 entries.")


def _check_new(state: State, call: Call, account: str) -> None:
    url = call.params["Url"]
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        raise ApiError("ValidationError", "Invalid Open ID Connect Provider URL")
    if parts.scheme != "https":
        raise ApiError(
            "InvalidInput",
            "Invalid Open ID Connect Provider URL. The URL must begin with https://.",
        )
    if state.backends.iam.oidc_provider(account, _to_be_made(state, call, account)) is not None:
        raise ApiError("EntityAlreadyExists", f"Provider with url {url} already exists.", 409)
    if len(call.params.get("ClientIDList", ())) > _MOST_CLIENT_IDS:
        raise _too_many_clients()


def _too_many_clients() -> ApiError:
    return limit("ClientIdsPerOpenIdConnectProvider", _MOST_CLIENT_IDS)


def _create(state: State, call: Call, account: str) -> Answer:
    _check_new(state, call, account)
    _check_thumbprints(call)
    return state.change(call, account)


def _change(state: State, call: Call, account: str) -> Answer:
    _existing(state, call, account)
    _check_thumbprints(call)
    return state.change(call, account)


def _delete(state: State, call: Call, account: str) -> Answer:
    _check_arn(call)  # deleting one that is not there is no error (API Reference)
    return state.change(call, account)


def _read(state: State, call: Call, account: str) -> Answer:
    _existing(state, call, account)
    return state.read(call, account)


def _list(state: State, call: Call, account: str) -> Answer:
    return state.read(call, account)


def _redo(state: State, call: Call, account: str) -> None:
    state.redo(call, account)


def _add_client(state: State, call: Call, account: str) -> Answer:
    found = _existing(state, call, account)
    if len({*found.client_ids, call.params["ClientID"]}) > _MOST_CLIENT_IDS:
        raise _too_many_clients()
    _with_client(state, call, account)
    state.record(call, account)
    return {}


def _remove_client(state: State, call: Call, account: str) -> Answer:
    _existing(state, call, account)
    _without_client(state, call, account)
    state.record(call, account)
    return {}


# moto does not have these two.


def _with_client(state: State, call: Call, account: str) -> None:
    _set_clients(state, call, account, (call.params["ClientID"],))


def _without_client(state: State, call: Call, account: str) -> None:
    _set_clients(state, call, account, ())


def _set_clients(state: State, call: Call, account: str, added: tuple[str, ...]) -> None:
    arn, client = call.params["OpenIDConnectProviderArn"], call.params["ClientID"]
    found = state.backends.iam.oidc_provider(account, arn)
    held = found.client_ids if found is not None else ()
    kept = tuple(one for one in held if one != client)
    state.backends.iam.set_oidc_client_ids(account, arn, (*kept, *added))


def _operation(
    perform: Handler,
    replay: Effect | None = None,
    resource: Callable[[State, Call, str], str] = _named,
) -> Operation:
    def performed(state: State, call: Call, caller: Caller) -> Answer:
        checks.check_tags(state, call, caller.account)
        return perform(state, call, caller.account)

    return Operation(permissions=on(resource), perform=performed, replay=replay)


OPERATIONS = {
    "CreateOpenIDConnectProvider": _operation(_create, _redo, _to_be_made),
    "DeleteOpenIDConnectProvider": _operation(_delete, _redo),
    "GetOpenIDConnectProvider": _operation(_read),
    "ListOpenIDConnectProviders": _operation(_list, resource=_all),
    "UpdateOpenIDConnectProviderThumbprint": _operation(_change, _redo),
    "AddClientIDToOpenIDConnectProvider": _operation(_add_client, _with_client),
    "RemoveClientIDFromOpenIDConnectProvider": _operation(_remove_client, _without_client),
    "TagOpenIDConnectProvider": _operation(_change, _redo),
    "UntagOpenIDConnectProvider": _operation(_change, _redo),
    "ListOpenIDConnectProviderTags": _operation(_read),
}
