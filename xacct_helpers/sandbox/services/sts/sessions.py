"""Temporary credentials: what every call of STS that hands some out has in common.

Session policies, session tags, how much of a token they fill, and the ids of temporary keys.
Source: STS API Reference (AssumeRole, GetFederationToken); the recorded answers of AWS.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ....policy import PolicyError, check
from ....policy.language import limits
from ...auth import identities
from ...callers import Caller, Session
from ...protocol.errors import ApiError, validation
from ...protocol.messages import Call
from ...sealed_tokens import new_secret

if TYPE_CHECKING:
    from ...store.state import State

_MANAGED_LIMIT = 10
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The session policies that a call passes.

    policies: the inline one's JSON text, None without one; arns: the managed ones.
    """

    policies: tuple[str, ...] | None
    arns: tuple[str, ...]

    @property
    def size(self) -> int:
        """Characters of the inline policy and of the managed ones' ARNs."""
        return sum(map(len, (*(self.policies or ()), *self.arns)))


def passed_policies(state: State, call: Call, account: str) -> Passed:
    """The call's session policies. account: whose managed policies they may be.

    Raises ApiError for managed policies that are too many or not there, and for an inline one that
    is malformed or too long.
    """
    text = call.params.get("Policy")
    arns = tuple(item["arn"] for item in call.params.get("PolicyArns", ()) if "arn" in item)
    if len(arns) > _MANAGED_LIMIT:
        raise validation(
            [
                f"Value '[{', '.join(arns)}]' at 'policyArns' failed to satisfy constraint: Member "
                f"must have length less than or equal to {_MANAGED_LIMIT}"
            ],
            "query",
        )
    for arn in arns:
        if state.backends.iam.managed_policy(account, arn) is None:
            raise ApiError("ValidationError", f"The specified policy ARN {arn} does not exist.")
    if text is None:
        return Passed(policies=None, arns=arns)
    try:
        check(text, "session")
    except PolicyError as error:
        raise ApiError("MalformedPolicyDocument", str(error)) from error
    too_long = limits.too_long(text, "session")
    if too_long:
        raise validation(
            [f"Value '{text}' at 'policy' failed to satisfy constraint: {too_long}"], "query"
        )
    compact = json.dumps(json.loads(text), separators=(",", ":"))
    return Passed(policies=(compact,), arns=arns)


def packed_size(passed: Passed, tags: Mapping[str, str]) -> dict[str, int]:
    """PackedPolicySize, a percentage, when policies or tags were passed; else nothing.

    An estimate: how AWS packs them is not public. Raises PackedPolicyTooLarge above 100.
    """
    if not passed.size and not tags:
        return {}
    size = passed.size + sum(len(key) + len(value) for key, value in tags.items())
    percent = max(1, round(100 * size / limits.LONGEST["session"]))
    if percent > 100:
        message = (
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
            if passed.size
            else f"Packed size of session tags consumes {percent}% of allotted space."
        )
        raise ApiError("PackedPolicyTooLarge", message)
    return {"PackedPolicySize": percent}


def asked_tags(call: Call) -> dict[str, str]:
    """The session tags of a call's Tags."""
    return {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", ())}


def check_tags(tags: Mapping[str, str], given: int) -> None:
    """Raise ApiError when two of the `given` tags have one key, in any case, or AWS's own."""
    if any(key.lower().startswith("aws:") for key in tags):
        raise ApiError(
            "InvalidParameterValue",
            "aws: prefixed tag key names are not allowed for external use.",
        )
    if len({key.lower() for key in tags}) < given:
        raise ApiError(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )


def tag_context(tags: Mapping[str, str]) -> dict[str, str | tuple[str, ...]]:
    """The condition keys aws:RequestTag/… and aws:TagKeys."""
    context: dict[str, str | tuple[str, ...]] = {
        f"aws:RequestTag/{key}": value for key, value in tags.items()
    }
    if tags:
        context["aws:TagKeys"] = tuple(tags)
    return context


def for_user(
    state: State,
    caller: Caller,
    seconds: int,
    *,
    federated_as: str | None = None,
    passed: Passed | None = None,
    tags: Mapping[str, str] | None = None,
    mfa: bool = False,
) -> Session:
    """A new session of an IAM user: the user's own, or that of a federated user of this name.

    mfa: whether the call showed a one-time code.
    """
    now = state.clock.second()
    return Session(
        access_key_id=temporary_key_id(caller.account),
        secret=new_secret(),
        account=caller.account,
        principal_id=caller.principal.unique_id or "",
        name=federated_as or caller.name,
        issued=now,
        expires=now + timedelta(seconds=seconds),
        user_name=caller.name,
        federated=federated_as is not None,
        mfa=now if mfa else None,
        policies=passed.policies if passed else None,
        policy_arns=passed.arns if passed else (),
        tags=tags or {},
    )


def credentials(state: State, session: Session) -> dict[str, Any]:
    """The Credentials element of an answer."""
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": identities.token(state, session),
        "Expiration": session.expires,
    }


def temporary_key_id(account: str) -> str:
    """A new ASIA… key id; like AWS's, it encodes the account.

    Source: the encoding as public analyses of AWS key ids describe it, and as moto draws AKIA ids:
    five bytes of base 32 for half the account id, then a letter that tells odd from even.
    """
    number = int(account)
    half = (number // 2 + (1 << 39)).to_bytes(5, "big")
    letters = _ID_ALPHABET[16:] if number % 2 else _ID_ALPHABET[:16]
    tail = base64.b32encode(secrets.token_bytes(5)).decode()[:7]
    return "ASIA" + base64.b32encode(half).decode() + secrets.choice(letters) + tail


def account_of(access_key_id: str) -> str:
    """The account that a key id encodes."""
    try:
        raw = base64.b32decode(access_key_id[4:12])
    except (ValueError, IndexError):
        raw = b""
    number = (int.from_bytes(raw, "big") - (1 << 39)) * 2 if len(raw) == 5 else -1
    if not access_key_id.startswith(("AKIA", "ASIA")) or not 0 <= number < 10**12:
        raise ApiError("ValidationError", f"Invalid Access Key Id: {access_key_id}")
    odd = access_key_id[12:13] in _ID_ALPHABET[16:]
    return f"{number + odd:012d}"
