"""ECR's registry policy: who may do what with every repository of a registry.

The scope is V2, which new registries have: the policy is read with every ECR request, beside the
repository's own. Source: ECR User Guide, private registry permissions, and switching to the
extended registry policy scope (read 2026-11-25).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ....policy import PolicyError, check
from ....policy.language.rules import REGISTRY
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...records import StoredPolicy
from ..iam import principals

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def of(state: State, account: str, region: str) -> StoredPolicy | None:
    """The policy of the account's registry in the region; None if it has no policy."""
    registry = state.private_registries.get((account, region))
    if registry is None or registry.policy is None:
        return None
    text = registry.policy
    return StoredPolicy(
        name=f"registry policy of account {account} in {region}",
        text=text,
        account=account,
        holder="registry",
    )


def put(state: State, call: Call, caller: Caller) -> Answer:
    """Set the policy of the caller's registry. One text for every fault, as ECR has it."""
    text = call.params["policyText"]
    try:
        document = check(text, "registry")
    except PolicyError as error:
        raise ApiError("InvalidParameterException", str(error)) from error
    if principals.first_unknown(state, document) is not None:
        raise ApiError("InvalidParameterException", REGISTRY)
    stored = replace(call, params={"policyText": principals.as_stored(state, text)})
    change(state, stored, caller.account)
    state.record(stored, caller.account)
    return _answer(state, call, caller.account)


def get(state: State, call: Call, caller: Caller) -> Answer:
    """The policy of the caller's registry; ApiError without one."""
    return _answer(state, call, caller.account)


def delete(state: State, call: Call, caller: Caller) -> Answer:
    """Take the policy of the caller's registry away; the answer shows it once more."""
    answer = _answer(state, call, caller.account)
    change(state, call, caller.account)
    state.record(call, caller.account)
    return answer


def change(state: State, call: Call, account: str) -> None:
    """What PutRegistryPolicy and DeleteRegistryPolicy do; a journalled call again."""
    registry = state.private_registry(account, call.region)
    registry.policy = call.params.get("policyText")


def _answer(state: State, call: Call, account: str) -> Answer:
    text = state.private_registry(account, call.region).policy
    if text is None:
        raise ApiError(
            "RegistryPolicyNotFoundException",
            f"Registry policy does not exist in the registry with id '{account}'",
        )
    return {"registryId": account, "policyText": text}
