"""X.509 signing certificates of IAM users (on AWS for SOAP requests; nothing here takes them).

Source: IAM API Reference, UploadSigningCertificate and its kin; answers recorded from AWS on
2026-02-17 (localstack, test_iam_signing_certificates.snapshot.json).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from ...errors import ApiError
from ...holdings import SigningCertificate
from ...wire import Answer, Call
from . import common, server_certificates

if TYPE_CHECKING:
    from ...state import State

OPERATIONS = frozenset(
    f"{verb}SigningCertificate{s}"
    for verb, s in (("Upload", ""), ("List", "s"), ("Update", ""), ("Delete", ""))
)
_MOST = 2


def perform(state: State, call: Call, account: str) -> Answer:
    """Answer a call on signing certificates; the user is known to exist."""
    user_id = common.owner(state, call, account).unique_id
    kept = state.held(account).signing_certificates
    own = [one for one in kept.values() if one.user_id == user_id]
    if call.operation == "ListSigningCertificates":
        found = [_shown(call, one) for one in own]
        return common.page(call, "Certificates", found)
    if call.operation == "UploadSigningCertificate":
        _check_new(call, own)
    elif call.params["CertificateId"] not in (one.id for one in own):
        raise common.missing(
            f"The Certificate with id {call.params['CertificateId']} cannot be found."
        )
    made = _change(state, call, account)
    state.record(call, account)
    return {"Certificate": _shown(call, made)} if made else {}


def _check_new(call: Call, own: list[SigningCertificate]) -> None:
    body = call.params["CertificateBody"]
    if server_certificates.certificates(body) is None:
        raise ApiError("MalformedCertificate", f"Certificate {body} is malformed.")
    if body in (one.body for one in own):
        raise ApiError("DuplicateCertificate", "The same certificate exists already.", 409)
    if len(own) >= _MOST:
        raise common.limit("CertificatesPerUser", _MOST)


def replay(state: State, call: Call, account: str) -> None:
    """A journalled call again."""
    _change(state, call, account)


def _change(state: State, call: Call, account: str) -> SigningCertificate | None:
    kept = state.held(account).signing_certificates
    if call.operation == "DeleteSigningCertificate":
        del kept[call.params["CertificateId"]]
        return None
    if call.operation == "UpdateSigningCertificate":
        one = kept[call.params["CertificateId"]]
        kept[one.id] = replace(one, status=call.params["Status"])
        return None
    user = common.owner(state, call, account)
    made = SigningCertificate(
        id=state.backends.new_id(account, call.operation, user.name, "", 32),
        user_id=user.unique_id,
        body=call.params["CertificateBody"],
        uploaded=state.clock.now().astimezone(UTC).replace(microsecond=0),
    )
    kept[made.id] = made
    return made


def _shown(call: Call, one: SigningCertificate) -> dict[str, Any]:
    return {
        "UserName": call.params["UserName"],
        "CertificateId": one.id,
        "CertificateBody": one.body,
        "Status": one.status,
        "UploadDate": one.uploaded,
    }
