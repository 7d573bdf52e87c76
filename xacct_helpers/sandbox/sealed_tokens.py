"""Sealed tokens: what a session or a registry token stands for, encrypted with the lab's key.

A token carries its own meaning, so handing one out writes nothing and a restarted sandbox knows
it again. AES-GCM makes it unreadable and unalterable.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import zlib
from typing import Any

KEY_BYTES = 32
_NONCE_BYTES = 12
_MAX_TOKEN = 64 * 1024


class SealError(ValueError):
    """The token was not made by this lab, or was altered."""


def new_key() -> bytes:
    """A fresh sealing key from the operating system."""
    return os.urandom(KEY_BYTES)


def new_secret(length: int = 40) -> str:
    """Characters from the operating system, for a secret access key."""
    return base64.b64encode(os.urandom(length)).decode()[:length]


def seal(key: bytes, purpose: str, content: dict[str, Any]) -> str:
    """URL-safe text that only `unseal` with the same key and purpose can read."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 25 ms: not before a session

    nonce = os.urandom(_NONCE_BYTES)
    plain = zlib.compress(json.dumps(content, separators=(",", ":")).encode())
    return base64.urlsafe_b64encode(
        nonce + AESGCM(key).encrypt(nonce, plain, purpose.encode())
    ).decode()


def unseal(key: bytes, purpose: str, token: str) -> dict[str, Any]:
    """The content that was sealed; SealError for anything else."""
    if len(token) > _MAX_TOKEN:
        raise SealError("token too long")
    from cryptography.exceptions import InvalidTag  # for the same reason as in seal()
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        if not hmac.compare_digest(base64.urlsafe_b64encode(raw), token.encode("ascii")):
            raise SealError("not in canonical form")
        plain = AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise SealError("not a token of this lab") from error
    content = json.loads(zlib.decompress(plain))
    assert isinstance(content, dict)
    return content
