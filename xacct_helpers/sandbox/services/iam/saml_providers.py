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

from ...errors import ApiError
from ...holdings import SamlProvider
from ...wire import Answer, Call
from . import common

if TYPE_CHECKING:
    from ...state import State

OPERATIONS = frozenset(
    f"{verb}SAMLProvider{s}"
    for verb, s in (("Create", ""), ("Get", ""), ("List", "s"), ("Update", ""), ("Delete", ""))
)
_ARN = re.compile(r"arn:aws:iam::\d{12}:saml-provider/[\w._-]+")
_MOST = 100
_METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
# What examples of GetSAMLProvider show when the metadata do not say.
_VALID = timedelta(days=36525)


def arn(call: Call, account: str) -> str:
    """The ARN of the provider that a call is about."""
    if "SAMLProviderArn" in call.params:
        return str(call.params["SAMLProviderArn"])
    return f"arn:aws:iam::{account}:saml-provider/{call.params.get('Name', '*')}"


def perform(state: State, call: Call, account: str) -> Answer:
    """Answer a call on SAML providers."""
    kept = state.held(account).saml_providers
    if call.operation == "ListSAMLProviders":
        found = [
            {"Arn": one.arn, "ValidUntil": one.valid_until, "CreateDate": one.created}
            for one in sorted(kept.values(), key=lambda one: one.arn.lower())
        ]
        return {"SAMLProviderList": found}
    _check(call, account, kept)
    if call.operation == "GetSAMLProvider":
        one = kept[arn(call, account)]
        return {
            "SAMLProviderUUID": one.uuid,
            "SAMLMetadataDocument": one.document,
            "CreateDate": one.created,
            "ValidUntil": one.valid_until,
            "Tags": common.shown_tags(dict(one.tags)),
            "AssertionEncryptionMode": one.encryption,
            "PrivateKeyList": [],
        }
    _change(state, call, account)
    state.record(call, account)
    if call.operation == "DeleteSAMLProvider":
        return {}
    answer = {"SAMLProviderArn": arn(call, account)}
    tags = common.tags(call)
    return answer | ({"Tags": common.shown_tags(tags)} if tags else {})


def replay(state: State, call: Call, account: str) -> None:
    """A journalled call again."""
    _change(state, call, account)


def _check(call: Call, account: str, kept: dict[str, SamlProvider]) -> None:
    params, number = call.params, arn(call, account)
    if not _ARN.fullmatch(number):
        raise ApiError("InvalidInput", f"Invalid ARN: {number}")
    if "AddPrivateKey" in params or "RemovePrivateKey" in params:
        raise ApiError(
            "InvalidInput",
            "This sandbox takes no SAML assertions, so it keeps no private keys to decrypt them.",
        )
    if "SAMLMetadataDocument" in params and _issuer(params["SAMLMetadataDocument"]) is None:
        raise ApiError("InvalidInput", "Could not parse metadata")
    if call.operation != "CreateSAMLProvider":
        if number not in kept:
            raise common.missing(f"Manifest not found for arn {number}")
        return
    if number.lower() in map(str.lower, kept):
        text = f"Provider with name {params['Name']} already exists."
        raise ApiError("EntityAlreadyExists", text, 409)
    if len(kept) >= _MOST:
        raise common.limit("SAMLProvidersPerAccount", _MOST)


def _issuer(document: str) -> ElementTree.Element | None:
    """The element of the identity provider in SAML 2.0 metadata; None when there is none."""
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
    said = entity.get("validUntil", "") if entity is not None else ""
    try:
        return datetime.fromisoformat(said).astimezone(UTC)
    except (ValueError, OverflowError):
        latest = datetime(9999, 1, 1, tzinfo=UTC)
        return created + _VALID if created < latest - _VALID else latest


def _change(state: State, call: Call, account: str) -> None:
    kept, number, params = state.held(account).saml_providers, arn(call, account), call.params
    if call.operation == "DeleteSAMLProvider":
        del kept[number]
        return
    now = state.clock.now().astimezone(UTC).replace(microsecond=0)
    if call.operation == "UpdateSAMLProvider":
        before = kept[number]
        document = params.get("SAMLMetadataDocument", before.document)
        kept[number] = replace(
            before,
            document=document,
            valid_until=_valid_until(document, before.created),
            encryption=params.get("AssertionEncryptionMode", before.encryption),
        )
        return
    kept[number] = SamlProvider(
        arn=number,
        uuid=state.backends.new_id(account, call.operation, params["Name"], "ASAM"),
        document=params["SAMLMetadataDocument"],
        created=now,
        valid_until=_valid_until(params["SAMLMetadataDocument"], now),
        encryption=params.get("AssertionEncryptionMode", "Allowed"),
        tags=common.tags(call),
    )
