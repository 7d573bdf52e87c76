"""AssumeRoleWithWebIdentity: a role for who shows the token of an identity provider.

Nobody signs this call: the token says who asks, an OIDC provider in the role's account says whose
tokens the account takes, and the role's trust policy decides on what the token claims.
Source: STS API Reference, AssumeRoleWithWebIdentity; IAM User Guide, "Create an OpenID Connect
identity provider" and "Available keys for AWS OIDC federation". The texts of the errors are from
public logs (aws-actions/configure-aws-credentials#280, #502 and #775, awslabs/aws-sdk-rust#827,
aws/aws-sdk-java-v2#5709, aws/aws-sdk-ruby#2698); docs/fidelity.md says which are not settled.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...auth import oidc_issuer
from ...permission_checks import PermissionCheck
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import OidcProvider
from . import assume_role, sessions

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

_NOT_A_JWT = (
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)
# Two spaces, as AWS has them.
_NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference "
    "AssumeRoleWithWebIdentity documentation for requirements"
)
_REQUIRED = ("iss", "sub", "aud", "exp", "iat")
_TAGS = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"
# How far an issuer's clock may be ahead.
_LEEWAY = 300

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebIdentity:
    """What a token that was found good says.

    audience: azp, or the audience that the provider has among its client ids.
    tags, transitive_tag_keys, source_identity: of the claims that AWS names for them.
    """

    provider: OidcProvider
    subject: str
    audience: str
    claims: Claims
    tags: Mapping[str, str]
    transitive_tag_keys: tuple[str, ...]
    source_identity: str | None


def shown(state: State, call: Call) -> WebIdentity:
    """The web identity whose token the call shows.

    Raises ApiError (InvalidIdentityToken, ExpiredTokenException, IDPCommunicationError) for a
    token that is not good in the role's account.
    """
    if "ProviderId" in call.params:
        # An OAuth 2.0 access token: only the provider that issued it can tell what it is.
        raise ApiError("IDPCommunicationError", "The sandbox contacts no identity provider.")
    token = call.params["WebIdentityToken"]
    header, claims = _read(token)
    _check_claims(claims)
    now = int(state.clock.now().timestamp())
    if claims["exp"] <= now:
        raise ApiError(
            "ExpiredTokenException",
            f"Token expired: current date/time {now} must be before the expiration date/time "
            f"{int(claims['exp'])}",
        )
    if max(claims["iat"], claims.get("nbf", 0)) > now + _LEEWAY:
        raise _invalid("Token is not valid yet")
    provider = _provider(state, call, claims["iss"])
    audience = _audience(claims, provider)
    _verify(state, token, header, claims["iss"])
    tags, transitive = _principal_tags(claims)
    source = claims.get(_SOURCE_IDENTITY)
    return WebIdentity(
        provider=provider,
        subject=claims["sub"],
        audience=audience,
        claims=claims,
        tags=tags,
        transitive_tag_keys=transitive,
        source_identity=source if isinstance(source, str) and source else None,
    )


def permissions(state: State, call: Call, caller: Caller) -> tuple[PermissionCheck, ...]:
    """The permissions: all of them the role's trust policy gives, or nobody."""
    identity = shown(state, call)
    name = identity.provider.url
    context: assume_role.Context = {
        "aws:FederatedProvider": identity.provider.arn,
        "sts:RoleSessionName": call.params["RoleSessionName"],
        f"{name}:sub": identity.subject,
        f"{name}:aud": identity.audience,
    }
    for claim in ("amr", "email"):
        value = identity.claims.get(claim)
        if isinstance(value, str):
            context[f"{name}:{claim}"] = value
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            context[f"{name}:{claim}"] = tuple(value)
    context |= sessions.tag_context(identity.tags)
    actions = [call.action]
    if identity.transitive_tag_keys:
        context["sts:TransitiveTagKeys"] = identity.transitive_tag_keys
    if identity.tags:
        actions.append("sts:TagSession")
    if identity.source_identity:
        context["sts:SourceIdentity"] = identity.source_identity
        actions.append("sts:SetSourceIdentity")
    return assume_role.trust_checks(state, call.params["RoleArn"], actions, context)


def perform(state: State, call: Call, caller: Caller) -> Answer:
    """Answer a call that the gate let through: an ordinary session of the role."""
    identity = shown(state, call)
    role = assume_role.role_of(state, call.params["RoleArn"])
    assert role is not None  # the gate lets no one into a role that does not exist
    seconds = assume_role.duration(call, role, chained=False)
    passed = sessions.passed_policies(state, call, role.account)
    session = assume_role.new_session(
        state,
        role,
        call.params["RoleSessionName"],
        seconds,
        passed,
        tags=identity.tags,
        transitive_tag_keys=identity.transitive_tag_keys,
        source_identity=identity.source_identity,
        provider=identity.provider.arn,
    )
    value = assume_role.answer(state, role, session, passed) | {
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": identity.provider.arn,
        "Audience": identity.audience,
    }
    return value


# -- the token -------------------------------------------------------------------------------


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidIdentityToken", message)


def _read(token: str) -> tuple[Claims, Claims]:
    """(header, claims) of a signed JWT, nothing of it believed yet."""
    parts = token.split(".")
    if len(parts) != 3:
        raise _invalid(_NOT_A_JWT)
    try:
        header, claims = (json.loads(_decoded(part)) for part in parts[:2])
        _decoded(parts[2])
    except (ValueError, RecursionError) as error:
        raise _invalid(_NOT_A_JWT) from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _invalid(_NOT_A_JWT)
    return header, claims


def _decoded(part: str) -> bytes:
    if "=" in part:
        raise ValueError("JWTs are not padded")
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _check_claims(claims: Claims) -> None:
    """InvalidIdentityToken for claims that are missing or of another type than JWT has."""
    for name in _REQUIRED:
        if claims.get(name) in (None, "", []):
            raise _invalid(f"Missing a required claim: {name}")
    texts = [claims["iss"], claims["sub"], *_audiences(claims), claims.get("azp", "")]
    times = [claims["exp"], claims["iat"], claims.get("nbf", 0)]
    if not all(isinstance(text, str) for text in texts) or not all(map(_is_time, times)):
        raise _invalid(_NOT_A_JWT)


def _is_time(value: Any) -> bool:
    # JSON's NaN and Infinity compare with nothing as a time should
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _audiences(claims: Claims) -> list[Any]:
    found = claims["aud"]
    return found if isinstance(found, list) else [found]


def _provider(state: State, call: Call, named: str) -> OidcProvider:
    """The OIDC provider for an issuer in the role's account."""
    account = assume_role.account_of(call.params["RoleArn"])
    provider = None
    if account in state.accounts:
        arn = f"arn:aws:iam::{account}:oidc-provider/{named.removeprefix('https://')}"
        provider = state.backends.iam.oidc_provider(account, arn)
    if provider is None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {named}")
    return provider


def _audience(claims: Claims, provider: OidcProvider) -> str:
    """azp if the token has it, else the first audience; it must be among the client ids.

    Source: IAM User Guide, keys for OIDC federation, aud: azp takes the place of aud.
    """
    checked = [claims["azp"]] if claims.get("azp") else _audiences(claims)
    for audience in checked:
        if audience in provider.client_ids:
            return str(audience)
    raise _invalid("Incorrect token audience")


def _verify(state: State, token: str, header: Claims, named: str) -> None:
    if named != oidc_issuer.url(state) or header.get("alg") != oidc_issuer.ALGORITHM:
        raise _invalid(_NO_KEY)
    try:
        oidc_issuer.verify(state, token, header.get("kid"))
    except oidc_issuer.UnknownKey as error:
        raise _invalid(_NO_KEY) from error
    except oidc_issuer.BadSignature as error:
        raise _invalid("Token signature invalid") from error


def _principal_tags(claims: Claims) -> tuple[dict[str, str], tuple[str, ...]]:
    """(tags, transitive keys) of the claim for session tags; its values are lists of one.

    Source: IAM User Guide, "Pass session tags in AWS STS", AssumeRoleWithWebIdentity.
    """
    content = claims.get(_TAGS, {})
    found = content.get("principal_tags", {}) if isinstance(content, dict) else None
    keys = content.get("transitive_tag_keys", []) if isinstance(content, dict) else None
    if not isinstance(found, dict) or not isinstance(keys, list):
        raise _invalid(f"Invalid claim: {_TAGS}")
    tags = {key: value[0] if _single(value) else value for key, value in found.items()}
    texts = all(isinstance(value, str) for value in (*tags.values(), *keys))
    if not texts or not set(keys) <= set(tags):
        raise _invalid(f"Invalid claim: {_TAGS}")
    sessions.check_tags(tags, len(found))
    return tags, tuple(keys)


def _single(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1
