"""Server certificates kept in IAM. The private key is looked at and kept nowhere.

Source: IAM API Reference, UploadServerCertificate and its kin; answers recorded from AWS on
2026-02-17 (localstack, test_iam_server_certificates.snapshot.json); texts on PEM and on chains from
public logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ....protocol.errors import ApiError
from ....protocol.messages import Answer, Call
from ....user_credentials import ServerCertificate
from .. import common
from ..entities import EntityType, Target, listing
from ..without_moto import change, operation

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ....store.state import State

_MOST = 20


def _arn(state: State, call: Call, account: str) -> str:
    """The ARN of the certificate that a call is about, there or not."""
    name = call.params["ServerCertificateName"]
    kept = state.held(account).server_certificates.get(name)
    path = kept.path if kept else call.params.get("Path", "/")
    return f"arn:aws:iam::{account}:server-certificate{path}{name}"


def _to_be_made(state: State, call: Call, account: str) -> Target:
    return Target(_arn(state, call, account))


def _named(state: State, call: Call, account: str) -> Target:
    arn = _arn(state, call, account)
    return Target(arn, state.held(account).tags(arn))


def _upload(state: State, call: Call, account: str) -> Answer:
    _check_new(call, state.held(account).server_certificates)
    call = replace(call, params={k: v for k, v in call.params.items() if k != "PrivateKey"})
    made = _add(state, call, account)
    state.record(call, account)
    answer: dict[str, Any] = {"ServerCertificateMetadata": _metadata(made)}
    if made.tags:
        answer["Tags"] = common.shown_tags(dict(made.tags))
    return answer


def _add(state: State, call: Call, account: str) -> ServerCertificate:
    params, name = call.params, call.params["ServerCertificateName"]
    parsed = certificates(params["CertificateBody"])
    assert parsed
    made = ServerCertificate(
        name=name,
        path=params.get("Path", "/"),
        arn=_arn(state, call, account),
        id=state.backends.new_id(account, call.operation, name, "ASCA"),
        body=params["CertificateBody"],
        chain=params.get("CertificateChain"),
        uploaded=state.clock.second(),
        expires=parsed[0].not_valid_after_utc,
        tags=common.tags(call),
    )
    state.held(account).server_certificates[name] = made
    return made


def _get(state: State, call: Call, account: str) -> Answer:
    one = _existing(state, call, account)
    shown = {
        "ServerCertificateMetadata": _metadata(one),
        "CertificateBody": one.body,
        "CertificateChain": one.chain,
        "Tags": common.shown_tags(dict(one.tags)),
    }
    return {"ServerCertificate": shown}


def _list(state: State, call: Call, account: str) -> Answer:
    start, kept = call.params.get("PathPrefix", "/"), state.held(account).server_certificates
    every = sorted(kept.values(), key=lambda one: one.name.lower())
    found = [_metadata(one) for one in every if one.path.startswith(start)]
    return common.page(call, "ServerCertificateMetadataList", found)


def _remove(state: State, call: Call, account: str) -> None:
    del state.held(account).server_certificates[call.params["ServerCertificateName"]]


def _existing(state: State, call: Call, account: str) -> ServerCertificate:
    """The certificate that a call names; NoSuchEntity when it does not exist."""
    name = call.params["ServerCertificateName"]
    return common.existing(
        state.held(account).server_certificates.get(name),
        f"The Server Certificate with name {name} cannot be found.",
    )


def _check_new(call: Call, kept: dict[str, ServerCertificate]) -> None:
    params = call.params
    body = certificates(params["CertificateBody"])
    if body is None:
        raise _malformed(
            "Unable to parse certificate. Please ensure the certificate is in PEM format."
        )
    _check_key(params["PrivateKey"], body[0])
    if "CertificateChain" in params:
        _check_chain(body[0], certificates(params["CertificateChain"]) or [])
    name = params["ServerCertificateName"]
    if name.lower() in map(str.lower, kept):
        text = f"The Server Certificate with name {name} already exists."
        raise ApiError("EntityAlreadyExists", text, 409)
    if len(kept) >= _MOST:
        raise common.limit("ServerCertificatesPerAccount", _MOST)


def _malformed(text: str) -> ApiError:
    return ApiError("MalformedCertificate", text)


def certificates(text: str) -> Sequence[Certificate] | None:
    """The certificates in a PEM text; None if it holds no certificate or a broken one."""
    from cryptography import x509  # 40 ms

    try:
        found = x509.load_pem_x509_certificates(text.encode("latin-1", "replace"))
        _ = [one.not_valid_after_utc for one in found]
    except ValueError:
        return None
    return found


def _check_key(text: str, certificate: Certificate) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm  # 20 ms
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    try:
        key = load_pem_private_key(text.encode("latin-1", "replace"), password=None)
        mine = key.public_key().public_bytes(*form)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _malformed(
            "Unable to parse private key. It must be an unencrypted private key in PEM format."
        ) from error
    if mine != certificate.public_key().public_bytes(*form):
        raise ApiError("KeyPairMismatch", "The private key does not match the certificate.")


def _check_chain(certificate: Certificate, chain: Sequence[Certificate]) -> None:
    """Each certificate of the chain has to have issued the one before it."""
    from cryptography.exceptions import InvalidSignature  # 20 ms

    before = certificate
    for place, one in enumerate(chain):
        try:
            before.verify_directly_issued_by(one)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise _chain_error(place) from error
        before = one
    if not chain:
        raise _chain_error(-1)


def _chain_error(place: int) -> ApiError:
    return _malformed(
        "Unable to validate certificate chain. The certificate chain must start with the immediate "
        "signing certificate, followed by any intermediaries in order. The index within the chain "
        f"of the invalid certificate is: {place}"
    )


def _metadata(one: ServerCertificate) -> dict[str, Any]:
    return {
        "Path": one.path,
        "ServerCertificateName": one.name,
        "ServerCertificateId": one.id,
        "Arn": one.arn,
        "UploadDate": one.uploaded,
        "Expiration": one.expires,
    }


_CERTIFICATE = EntityType(look=_named)
OPERATIONS = {
    "UploadServerCertificate": operation(EntityType(look=_to_be_made), _upload, _add),
    "GetServerCertificate": operation(_CERTIFICATE, _get),
    "ListServerCertificates": operation(listing("server-certificate"), _list),
    "DeleteServerCertificate": change(_CERTIFICATE, _remove, check=_existing),
}
