"""X.509 signing certificates of IAM users (on AWS for SOAP requests; nothing here takes them).

Source: IAM API Reference, UploadSigningCertificate and its kin; answers recorded from AWS on
2026-02-17 (localstack, test_iam_signing_certificates.snapshot.json).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ....protocol.errors import ApiError
from ....protocol.messages import Answer, Call
from ....user_credentials import SigningCertificate
from .. import common
from ..entities import USER
from ..own_user import or_own_user
from ..without_moto import change, operation
from . import server_certificates

if TYPE_CHECKING:
    from ....store.state import State

_MOST = 2


def _upload(state: State, call: Call, account: str) -> Answer:
    _check_new(call, _of_user(state, call, account))
    made = _add(state, call, account)
    state.record(call, account)
    return {"Certificate": _shown(call, made)}


def _check_new(call: Call, own: list[SigningCertificate]) -> None:
    body = call.params["CertificateBody"]
    if server_certificates.certificates(body) is None:
        raise ApiError("MalformedCertificate", f"Certificate {body} is malformed.")
    if body in (one.body for one in own):
        raise ApiError("DuplicateCertificate", "The same certificate exists already.", 409)
    if len(own) >= _MOST:
        raise common.limit("CertificatesPerUser", _MOST)


def _add(state: State, call: Call, account: str) -> SigningCertificate:
    user = common.owner(state, call, account)
    made = SigningCertificate(
        id=state.backends.new_id(account, call.operation, user.name, "", 32),
        user_id=user.unique_id,
        body=call.params["CertificateBody"],
        uploaded=state.clock.second(),
    )
    state.held(account).signing_certificates[made.id] = made
    return made


def _list(state: State, call: Call, account: str) -> Answer:
    found = [_shown(call, one) for one in _of_user(state, call, account)]
    return common.page(call, "Certificates", found)


def _set_status(state: State, call: Call, account: str) -> None:
    kept = state.held(account).signing_certificates
    one = kept[call.params["CertificateId"]]
    kept[one.id] = replace(one, status=call.params["Status"])


def _remove(state: State, call: Call, account: str) -> None:
    del state.held(account).signing_certificates[call.params["CertificateId"]]


def _of_user(state: State, call: Call, account: str) -> list[SigningCertificate]:
    user_id = common.owner(state, call, account).unique_id
    kept = state.held(account).signing_certificates
    return [one for one in kept.values() if one.user_id == user_id]


def _existing(state: State, call: Call, account: str) -> SigningCertificate:
    """The certificate that a call names, of the user that it is about."""
    own = {one.id: one for one in _of_user(state, call, account)}
    wanted = call.params["CertificateId"]
    text = f"The Certificate with id {wanted} cannot be found."
    return common.existing(own.get(wanted), text)


def _shown(call: Call, one: SigningCertificate) -> dict[str, Any]:
    return {
        "UserName": call.params["UserName"],
        "CertificateId": one.id,
        "CertificateBody": one.body,
        "Status": one.status,
        "UploadDate": one.uploaded,
    }


OPERATIONS = {
    "UploadSigningCertificate": or_own_user(operation(USER, _upload, _add)),
    "ListSigningCertificates": or_own_user(operation(USER, _list)),
    "UpdateSigningCertificate": or_own_user(change(USER, _set_status, check=_existing)),
    "DeleteSigningCertificate": or_own_user(change(USER, _remove, check=_existing)),
}
