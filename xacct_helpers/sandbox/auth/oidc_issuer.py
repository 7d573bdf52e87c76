"""The lab's own OIDC issuer: what an EKS cluster is to the service accounts of its pods.

Its URL follows from the lab's seed, like the ids of roles, so that a lesson names the same one
everywhere. Its key is the lab's own, made when the first token is, and kept in the lab's folder
sealed with the lab's key: it is there again after a restart, and a reset ends it and every token
it signed, as it ends sessions.
Nobody else's keys are known here: the sandbox contacts no issuer.
Source: Kubernetes documentation, "Managing Service Accounts" and TokenRequest, for the claims;
Amazon EKS User Guide, "IAM roles for service accounts", for the URL.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...atomic_files import write_whole
from ...aws.regions import DEFAULT_REGION
from ..sealed_tokens import SealError, seal, unseal

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

    from ..store.state import State

AUDIENCE = "sts.amazonaws.com"
ALGORITHM = "RS256"
_FILE, _PURPOSE = "issuer-key", "issuer"
_BITS = 2048
# The bounds of Kubernetes' TokenRequest: ten minutes to 2^32 seconds.
_SHORTEST, _LONGEST = 600, 1 << 32
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_NAMESPACE = re.compile(_LABEL)
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class UnknownKey(Exception):
    """The token was signed with a key that the issuer has not."""


class BadSignature(Exception):
    """The token names the issuer's key, and that key did not sign it."""


def url(state: State) -> str:
    """The issuer, as tokens name it: https://oidc.eks.us-east-1.amazonaws.com/id/<32 digits>."""
    digest = hmac.new(str(state.header["seed"]).encode(), b"oidc issuer", hashlib.sha256)
    return f"https://oidc.eks.{DEFAULT_REGION}.amazonaws.com/id/{digest.hexdigest()[:32].upper()}"


def service_account_token(
    state: State,
    namespace: str,
    service_account: str,
    audiences: Sequence[str] = (AUDIENCE,),
    seconds: int = 3600,
) -> tuple[str, int]:
    """(token, when it expires in seconds since 1970), as a projected service account token is.

    Raises ValueError for names and times that Kubernetes does not take.
    """
    if not _NAMESPACE.fullmatch(namespace) or len(namespace) > 63:
        raise ValueError(f"A namespace is a DNS label of 63 characters at most, not '{namespace}'.")
    if not _NAME.fullmatch(service_account) or len(service_account) > 253:
        raise ValueError(
            "The name of a service account is a DNS name of 253 characters at most, not "
            f"'{service_account}'."
        )
    if not audiences or not all(audiences):
        raise ValueError("A token is for one audience at least.")
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ValueError(f"A token lives {_SHORTEST} to {_LONGEST} seconds.")
    now = int(state.clock.now().timestamp())
    issuer = url(state)
    account = f"{issuer}#{namespace}/{service_account}"
    claims = {
        "aud": list(audiences),
        "exp": now + seconds,
        "iat": now,
        "iss": issuer,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {
                "name": service_account,
                "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, account)),
            },
        },
        "nbf": now,
        "sub": f"system:serviceaccount:{namespace}:{service_account}",
    }
    return sign(state, claims), now + seconds


def sign(state: State, claims: Mapping[str, Any]) -> str:
    """A token of the issuer with these claims. OSError when its new key cannot be kept."""
    from joserfc import jwt  # 70 ms

    key = _key(state) or _new_key(state)
    header = {"alg": ALGORITHM, "kid": key.thumbprint()}
    return jwt.encode(header, dict(claims), key, algorithms=[ALGORITHM])


def verify(state: State, token: str, key_id: Any) -> None:
    """Nothing when the issuer's key signed the token; else UnknownKey or BadSignature."""
    from joserfc import jws  # 70 ms
    from joserfc.errors import JoseError

    key = _key(state)
    if key is None or key_id != key.thumbprint():
        raise UnknownKey
    try:
        jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise BadSignature from error


def _key(state: State) -> RSAKey | None:
    """The lab's key; None when it has made none since it was last reset."""
    try:
        content = unseal(state.key, _PURPOSE, (state.folder / _FILE).read_text())
    except (FileNotFoundError, SealError):
        return None
    return _imported(content["pem"])


@lru_cache(maxsize=1)
def _imported(pem: str) -> RSAKey:
    """Reading a key takes 30 ms: OpenSSL makes sure of its primes."""
    from joserfc.jwk import RSAKey  # 60 ms

    return RSAKey.import_key(pem)


def _new_key(state: State) -> RSAKey:
    from joserfc.jwk import RSAKey  # 60 ms

    key = RSAKey.generate_key(_BITS)
    text = seal(state.key, _PURPOSE, {"pem": key.as_pem(private=True).decode()})
    write_whole(state.folder / _FILE, text.encode())
    return key
