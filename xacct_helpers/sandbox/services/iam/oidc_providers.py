"""IAM's OpenID Connect providers: whose tokens AssumeRoleWithWebIdentity takes in an account.

Source: IAM API Reference, CreateOpenIDConnectProvider and its kin; error texts as public logs and
moto 5.2.5 have them; `iam:ListOpenIDConnectProviders on resource: …:oidc-provider/*` from a log.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import OidcProvider
from .common import existing, limit
from .entities import EntityType, Target
from .without_moto import change, operation

if TYPE_CHECKING:
    from ...store.state import State

_ARN = re.compile(r"arn:aws:iam::\d{12}:oidc-provider/.+", re.S)
_MOST_THUMBPRINTS, _MOST_CLIENT_IDS = 5, 100


def _new_arn(call: Call, account: str) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/{_name(call.params['Url'])}"


def _named(state: State, call: Call, account: str) -> Target:
    arn = call.params["OpenIDConnectProviderArn"]
    provider = state.backends.iam.oidc_provider(account, arn)
    return Target(arn, provider.tags if provider else {})


def _to_be_made(state: State, call: Call, account: str) -> Target:
    return Target(_new_arn(call, account))


def _all(state: State, call: Call, account: str) -> Target:
    return Target(f"arn:aws:iam::{account}:oidc-provider/*")


def _name(url: str) -> str:
    """A provider's name: its URL without the scheme."""
    return url.partition("://")[2] or url


def _check_arn(call: Call) -> str:
    arn = str(call.params["OpenIDConnectProviderArn"])
    if not _ARN.fullmatch(arn):
        raise ApiError("ValidationError", f"Invalid ARN: {arn}")
    return arn


def _existing(state: State, call: Call, account: str) -> OidcProvider:
    """The provider that a call names."""
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
    if state.backends.iam.oidc_provider(account, _new_arn(call, account)) is not None:
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


# -- client ids, for which moto has no calls -------------------------------------------------


def _has_room(state: State, call: Call, account: str) -> None:
    found = _existing(state, call, account)
    if len({*found.client_ids, call.params["ClientID"]}) > _MOST_CLIENT_IDS:
        raise _too_many_clients()


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


_PROVIDER = EntityType(look=_named)
OPERATIONS = {
    "CreateOpenIDConnectProvider": operation(EntityType(look=_to_be_made), _create, _redo),
    "DeleteOpenIDConnectProvider": operation(_PROVIDER, _delete, _redo),
    "GetOpenIDConnectProvider": operation(_PROVIDER, _read),
    "ListOpenIDConnectProviders": operation(EntityType(look=_all), _list),
    "UpdateOpenIDConnectProviderThumbprint": operation(_PROVIDER, _change, _redo),
    "AddClientIDToOpenIDConnectProvider": change(_PROVIDER, _with_client, check=_has_room),
    "RemoveClientIDFromOpenIDConnectProvider": change(_PROVIDER, _without_client, check=_existing),
    "TagOpenIDConnectProvider": operation(_PROVIDER, _change, _redo, adds_tags=True),
    "UntagOpenIDConnectProvider": operation(_PROVIDER, _change, _redo),
    "ListOpenIDConnectProviderTags": operation(_PROVIDER, _read),
}
