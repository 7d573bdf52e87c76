"""IAM's OpenID Connect providers: whose tokens AssumeRoleWithWebIdentity takes in an account.

Source: IAM API Reference, CreateOpenIDConnectProvider and its kin; error texts as public logs and
moto 5.2.5 have them; `iam:ListOpenIDConnectProviders on resource: …:oidc-provider/*` from a log.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import ApiError
from ...wire import Answer, Call
from .common import limit, missing

if TYPE_CHECKING:
    from ...state import State

_CHANGES = """CreateOpenIDConnectProvider DeleteOpenIDConnectProvider TagOpenIDConnectProvider
    AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider
    UpdateOpenIDConnectProviderThumbprint UntagOpenIDConnectProvider"""
_READS = """GetOpenIDConnectProvider ListOpenIDConnectProviders ListOpenIDConnectProviderTags"""
OPERATIONS = frozenset(_CHANGES.split()) | frozenset(_READS.split())
# moto does not have these.
_OURS = ("AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider")
_ARN = re.compile(r"arn:aws:iam::\d{12}:oidc-provider/.+", re.S)
_MOST_THUMBPRINTS, _MOST_CLIENT_IDS = 5, 100


def resource(call: Call, account: str) -> str:
    """The ARN that a call is authorised on."""
    if "OpenIDConnectProviderArn" in call.params:
        return str(call.params["OpenIDConnectProviderArn"])
    start = f"arn:aws:iam::{account}:oidc-provider/"
    return start + ("*" if call.operation.startswith("List") else _name(call.params["Url"]))


def _name(url: str) -> str:
    """A provider's name: its URL without the scheme."""
    return url.partition("://")[2] or url


def check(state: State, call: Call, account: str) -> None:
    """ApiError in AWS's words for a call that cannot be performed."""
    params = call.params
    if call.operation == "CreateOpenIDConnectProvider":
        _check_new(state, call, account)
    elif call.operation != "ListOpenIDConnectProviders":
        arn = params["OpenIDConnectProviderArn"]
        if not _ARN.fullmatch(arn):
            raise ApiError("ValidationError", f"Invalid ARN: {arn}")
        # Deleting one that is not there is no error (API Reference).
        idempotent = call.operation == "DeleteOpenIDConnectProvider"
        found = state.backends.iam.oidc_provider(account, arn)
        if found is None and not idempotent:
            raise missing(f"OpenIDConnect Provider not found for arn {arn}")
        held = set(found.client_ids) if found is not None else set()
        adds = call.operation == "AddClientIDToOpenIDConnectProvider"
        if adds and len({*held, params["ClientID"]}) > _MOST_CLIENT_IDS:
            raise _too_many_clients()
    if len(params.get("ThumbprintList", ())) > _MOST_THUMBPRINTS:
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
    if state.backends.iam.oidc_provider(account, resource(call, account)) is not None:
        raise ApiError("EntityAlreadyExists", f"Provider with url {url} already exists.", 409)
    if len(call.params.get("ClientIDList", ())) > _MOST_CLIENT_IDS:
        raise _too_many_clients()


def _too_many_clients() -> ApiError:
    return limit("ClientIdsPerOpenIdConnectProvider", _MOST_CLIENT_IDS)


def perform(state: State, call: Call, account: str) -> Answer:
    """Answer a call that the gate let through and `check` accepted."""
    if call.operation in _OURS:
        _change_clients(state, call, account)
        state.record(call, account)
        return {}
    act = state.change if call.operation in _CHANGES.split() else state.read
    return act(call, account)


def replay(state: State, call: Call, account: str) -> None:
    """A journalled call again."""
    if call.operation in _OURS:
        _change_clients(state, call, account)
    else:
        state.redo(call, account)


def _change_clients(state: State, call: Call, account: str) -> None:
    arn, client = call.params["OpenIDConnectProviderArn"], call.params["ClientID"]
    found = state.backends.iam.oidc_provider(account, arn)
    held = found.client_ids if found is not None else ()
    kept = tuple(one for one in held if one != client)
    added = (client,) if call.operation.startswith("Add") else ()
    state.backends.iam.set_oidc_client_ids(account, arn, (*kept, *added))
