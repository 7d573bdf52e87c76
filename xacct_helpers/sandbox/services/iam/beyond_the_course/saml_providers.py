"""SAML identity providers: kept, listed, and named in trust policies.

AssumeRoleWithSAML is not here, so a provider's metadata are looked at only when they are stored.
Source: IAM API Reference, CreateSAMLProvider and its kin; answers recorded from AWS on 2026-02-13
(localstack, test_iam_saml_providers.snapshot.json); EntityAlreadyExists from a public log
(org-formation/aws-resource-providers#59). The text on metadata that cannot be read is ours.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from ....protocol.errors import ApiError
from ....protocol.messages import Answer, Call
from ....user_credentials import SamlProvider
from .. import common
from ..entities import EntityType, Target
from ..without_moto import change, operation

if TYPE_CHECKING:
    from ....store.state import State

_ARN = re.compile(r"arn:aws:iam::\d{12}:saml-provider/[\w._-]+")
_MOST = 100
_METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
# What examples of GetSAMLProvider show when the metadata do not say.
_VALID = timedelta(days=36525)


def _new_arn(call: Call, account: str) -> str:
    return f"arn:aws:iam::{account}:saml-provider/{call.params['Name']}"


def _named(state: State, call: Call, account: str) -> Target:
    arn = call.params["SAMLProviderArn"]
    return Target(arn, state.held(account).tags(arn))


def _to_be_made(state: State, call: Call, account: str) -> Target:
    return Target(_new_arn(call, account))


def _all(state: State, call: Call, account: str) -> Target:
    return Target(f"arn:aws:iam::{account}:saml-provider/*")


# -- the operations --------------------------------------------------------------------------


def _create(state: State, call: Call, account: str) -> Answer:
    arn, kept = _new_arn(call, account), state.held(account).saml_providers
    _check(call, arn)
    if arn.lower() in map(str.lower, kept):
        text = f"Provider with name {call.params['Name']} already exists."
        raise ApiError("EntityAlreadyExists", text, 409)
    if len(kept) >= _MOST:
        raise common.limit("SAMLProvidersPerAccount", _MOST)
    _add(state, call, account)
    state.record(call, account)
    return _answer(call, arn)


def _add(state: State, call: Call, account: str) -> None:
    arn, params = _new_arn(call, account), call.params
    now = state.clock.second()
    state.held(account).saml_providers[arn] = SamlProvider(
        arn=arn,
        uuid=state.backends.new_id(account, call.operation, params["Name"], "ASAM"),
        document=params["SAMLMetadataDocument"],
        created=now,
        valid_until=_valid_until(params["SAMLMetadataDocument"], now),
        encryption=params.get("AssertionEncryptionMode", "Allowed"),
        tags=common.tags(call),
    )


def _get(state: State, call: Call, account: str) -> Answer:
    one = _existing(state, call, account)
    return {
        "SAMLProviderUUID": one.uuid,
        "SAMLMetadataDocument": one.document,
        "CreateDate": one.created,
        "ValidUntil": one.valid_until,
        "Tags": common.shown_tags(dict(one.tags)),
        "AssertionEncryptionMode": one.encryption,
        "PrivateKeyList": [],
    }


def _list(state: State, call: Call, account: str) -> Answer:
    kept = state.held(account).saml_providers
    found = [
        {"Arn": one.arn, "ValidUntil": one.valid_until, "CreateDate": one.created}
        for one in sorted(kept.values(), key=lambda one: one.arn.lower())
    ]
    return {"SAMLProviderList": found}


def _update(state: State, call: Call, account: str) -> Answer:
    before = _existing(state, call, account)
    _set(state, call, account)
    state.record(call, account)
    return _answer(call, before.arn)


def _set(state: State, call: Call, account: str) -> None:
    kept, params = state.held(account).saml_providers, call.params
    before = kept[params["SAMLProviderArn"]]
    document = params.get("SAMLMetadataDocument", before.document)
    kept[before.arn] = replace(
        before,
        document=document,
        valid_until=_valid_until(document, before.created),
        encryption=params.get("AssertionEncryptionMode", before.encryption),
    )


def _remove(state: State, call: Call, account: str) -> None:
    del state.held(account).saml_providers[call.params["SAMLProviderArn"]]


def _answer(call: Call, arn: str) -> Answer:
    tags = common.tags(call)
    return {"SAMLProviderArn": arn, **({"Tags": common.shown_tags(tags)} if tags else {})}


def _existing(state: State, call: Call, account: str) -> SamlProvider:
    """The provider that a call names; ApiError when it does not exist or the call is malformed."""
    arn = call.params["SAMLProviderArn"]
    _check(call, arn)
    return common.existing(
        state.held(account).saml_providers.get(arn), f"Manifest not found for arn {arn}"
    )


def _check(call: Call, arn: str) -> None:
    params = call.params
    if not _ARN.fullmatch(arn):
        raise ApiError("InvalidInput", f"Invalid ARN: {arn}")
    if "AddPrivateKey" in params or "RemovePrivateKey" in params:
        raise ApiError(
            "InvalidInput",
            "This sandbox takes no SAML assertions, so it keeps no private keys to decrypt them.",
        )
    if "SAMLMetadataDocument" in params and _issuer(params["SAMLMetadataDocument"]) is None:
        raise ApiError("InvalidInput", "Could not parse metadata")


# -- metadata --------------------------------------------------------------------------------


def _issuer(document: str) -> ElementTree.Element | None:
    """The element of the identity provider in SAML 2.0 metadata; None when the text has none."""
    if "<!" in document.replace("<!--", ""):
        return None  # no document type: metadata have none, and its entities could be endless
    try:
        root = ElementTree.fromstring(document)
    except ElementTree.ParseError:
        return None
    if root.tag != f"{_METADATA}EntityDescriptor" or not root.get("entityID"):
        return None
    key = root.find(f"{_METADATA}IDPSSODescriptor/{_METADATA}KeyDescriptor")
    return root if key is not None else None


def _valid_until(document: str, created: datetime) -> datetime:
    entity = _issuer(document)
    valid_until = entity.get("validUntil", "") if entity is not None else ""
    try:
        return datetime.fromisoformat(valid_until).astimezone(UTC)
    except (ValueError, OverflowError):
        latest = datetime(9999, 1, 1, tzinfo=UTC)
        return created + _VALID if created < latest - _VALID else latest


_PROVIDER = EntityType(look=_named)
OPERATIONS = {
    "CreateSAMLProvider": operation(EntityType(look=_to_be_made), _create, _add),
    "GetSAMLProvider": operation(_PROVIDER, _get),
    "ListSAMLProviders": operation(EntityType(look=_all), _list),
    "UpdateSAMLProvider": operation(_PROVIDER, _update, _set),
    "DeleteSAMLProvider": change(_PROVIDER, _remove, check=_existing),
}
