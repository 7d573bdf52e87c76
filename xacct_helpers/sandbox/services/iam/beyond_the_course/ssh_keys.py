"""SSH public keys of IAM users (on AWS for CodeCommit; nothing here takes them).

Source: IAM API Reference, UploadSSHPublicKey and its kin; answers recorded from AWS on 2026-02-13
(localstack, test_iam_ssh_public_keys.snapshot.json). The texts on keys that are refused are ours.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ....protocol.errors import ApiError
from ....protocol.messages import Answer, Call
from ....user_credentials import SshPublicKey
from .. import common
from ..entities import USER
from ..own_user import or_own_user
from ..without_moto import change, operation

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from ....store.state import State

_MOST_KEYS = 5
_FEWEST_BITS = 2048


def _upload(state: State, call: Call, account: str) -> Answer:
    own = _of_user(state, call, account)
    fingerprint = _fingerprint(_parsed(call.params["SSHPublicKeyBody"]))
    if fingerprint in (one.fingerprint for one in own):
        text = "The SSH public key is already associated with the specified user."
        raise ApiError("DuplicateSSHPublicKey", text)
    if len(own) >= _MOST_KEYS:
        raise common.limit("SSHPublicKeysPerUser", _MOST_KEYS)
    made = _add(state, call, account)
    state.record(call, account)
    return {"SSHPublicKey": _shown(call, made)}


def _add(state: State, call: Call, account: str) -> SshPublicKey:
    user, body = common.owner(state, call, account), call.params["SSHPublicKeyBody"]
    key = SshPublicKey(
        id=state.backends.new_id(account, "UploadSSHPublicKey", user.name, "APKA"),
        user_id=user.unique_id,
        body=body,
        fingerprint=_fingerprint(_parsed(body)),
        uploaded=state.clock.second(),
    )
    state.held(account).ssh_keys[key.id] = key
    return key


def _get(state: State, call: Call, account: str) -> Answer:
    key = _existing(state, call, account)
    body = _encoded(key.body, call.params["Encoding"])
    return {"SSHPublicKey": _shown(call, replace(key, body=body))}


def _list(state: State, call: Call, account: str) -> Answer:
    own = _of_user(state, call, account)
    found = [_shown(call, one, "UserName SSHPublicKeyId Status UploadDate") for one in own]
    return common.page(call, "SSHPublicKeys", found)


def _set_status(state: State, call: Call, account: str) -> None:
    keys, key_id = state.held(account).ssh_keys, call.params["SSHPublicKeyId"]
    keys[key_id] = replace(keys[key_id], status=call.params["Status"])


def _remove(state: State, call: Call, account: str) -> None:
    del state.held(account).ssh_keys[call.params["SSHPublicKeyId"]]


def _of_user(state: State, call: Call, account: str) -> list[SshPublicKey]:
    user_id = common.owner(state, call, account).unique_id
    return [one for one in state.held(account).ssh_keys.values() if one.user_id == user_id]


def _existing(state: State, call: Call, account: str) -> SshPublicKey:
    """The key that a call names, of the user that it names."""
    key_id = call.params["SSHPublicKeyId"]
    return common.existing(
        next((key for key in _of_user(state, call, account) if key.id == key_id), None),
        f"The Public Key with id {key_id} cannot be found.",
    )


def _shown(call: Call, key: SshPublicKey, members: str = "") -> dict[str, Any]:
    value = {
        "UserName": call.params["UserName"],
        "SSHPublicKeyId": key.id,
        "Fingerprint": key.fingerprint,
        "SSHPublicKeyBody": key.body,
        "Status": key.status,
        "UploadDate": key.uploaded,
    }
    return {name: value[name] for name in members.split()} if members else value


def _parsed(body: str) -> RSAPublicKey:
    """The RSA key of at least 2,048 bits in an OpenSSH line or in PEM."""
    from cryptography.exceptions import UnsupportedAlgorithm  # 20 ms
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    text = body.strip().encode("latin-1", "replace")
    try:
        if text.startswith(b"ssh-"):
            key: object = serialization.load_ssh_public_key(text)
        elif text.startswith(b"-----BEGIN "):
            key = serialization.load_pem_public_key(text)
        else:
            raise ApiError(
                "UnrecognizedPublicKeyEncoding",
                "The public key must be in ssh-rsa or PEM format.",
            )
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ApiError("InvalidPublicKey", "The public key is malformed.") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < _FEWEST_BITS:
        raise ApiError(
            "InvalidPublicKey", f"The public key must be an RSA key of {_FEWEST_BITS} bits or more."
        )
    return key


def _encoded(body: str, encoding: str) -> str:
    """The key in the encoding asked for: as it came when that is its own."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # 20 ms

    pem = body.lstrip().startswith("-----BEGIN ")
    if pem == (encoding == "PEM"):
        return body
    forms = {
        "PEM": (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "SSH": (Encoding.OpenSSH, PublicFormat.OpenSSH),
    }
    return _parsed(body).public_bytes(*forms[encoding]).decode()


def _fingerprint(key: RSAPublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # 20 ms

    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    digest = hashlib.md5(base64.b64decode(line.split()[1]), usedforsecurity=False)
    return digest.digest().hex(":")


OPERATIONS = {
    "UploadSSHPublicKey": operation(USER, _upload, _add),
    "GetSSHPublicKey": operation(USER, _get),
    "ListSSHPublicKeys": or_own_user(operation(USER, _list)),
    "UpdateSSHPublicKey": change(USER, _set_status, check=_existing),
    "DeleteSSHPublicKey": change(USER, _remove, check=_existing),
}
