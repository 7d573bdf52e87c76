"""Service control and resource control policies: made, changed, attached and detached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....policy import Kind, PolicyError, check
from ....policy.language import limits
from ...protocol.messages import Call
from ...store.organization import FULL_ACCESS, RCP, SCP, Organization, Policy
from .lookup import api_error, denied, managed, policy_of, target_of
from .rendering import Answer, policy_shown, root_shown

if TYPE_CHECKING:
    from ...store.state import State

_KINDS: dict[str, Kind] = {SCP: "scp", RCP: "rcp"}
_MOST_ATTACHED = 5


def check_type(kind: str) -> str:
    """A policy type that the sandbox has, or AWS's error."""
    if kind not in _KINDS:
        raise api_error(
            "InvalidInputException",
            f"This sandbox has the policy types {SCP} and {RCP}.",
            Reason="INVALID_ENUM_POLICY_TYPE",
        )
    return kind


def _check_enabled(org: Organization, kind: str) -> None:
    if kind not in org.enabled:
        raise api_error(
            "PolicyTypeNotEnabledException",
            "This operation can be performed only for enabled policy types.",
        )


def _root(org: Organization, wanted: str) -> None:
    if wanted != org.root:
        raise api_error("RootNotFoundException", "You specified a root that doesn't exist.")


def enable(state: State, call: Call, account: str) -> Answer:
    org, kind = managed(state, account), check_type(call.params["PolicyType"])
    _root(org, call.params["RootId"])
    if kind in org.enabled:
        raise api_error(
            "PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled."
        )
    org.enable(kind)
    return {"Root": root_shown(org)}


def disable(state: State, call: Call, account: str) -> Answer:
    org, kind = managed(state, account), check_type(call.params["PolicyType"])
    _root(org, call.params["RootId"])
    _check_enabled(org, kind)
    org.disable(kind)
    return {"Root": root_shown(org)}


def _checked(content: str, kind: str) -> str:
    """The text of a policy; MalformedPolicyDocumentException when AWS would not take it."""
    too_long = limits.too_long(content, _KINDS[kind])
    if too_long:
        raise api_error(
            "ConstraintViolationException",
            too_long,
            Reason="POLICY_CONTENT_LIMIT_EXCEEDED",
        )
    try:
        check(content, _KINDS[kind])
    except PolicyError as error:
        raise api_error(
            "MalformedPolicyDocumentException",
            "The provided policy document does not meet the requirements of the specified policy "
            "type.",
        ) from error
    return content


def _check_policy_name(org: Organization, name: str, own: str = "") -> None:
    if any(p.name == name and p.id != own for p in org.policies.values()):
        raise api_error("DuplicatePolicyException", "A policy with the same name already exists.")


def create(state: State, call: Call, account: str) -> Answer:
    org, params = managed(state, account), call.params
    kind = check_type(params["Type"])
    content = _checked(params["Content"], kind)
    _check_policy_name(org, params["Name"])
    made = Policy(
        id=org.new_id("p-", 8),
        name=params["Name"],
        type=kind,
        description=params["Description"],
        content=content,
    )
    org.policies[made.id] = made
    return {"Policy": policy_shown(org, made)}


def _changeable(org: Organization, wanted: str) -> Policy:
    found = policy_of(org, wanted)
    if found.aws_managed:
        raise denied()
    return found


def update(state: State, call: Call, account: str) -> Answer:
    org, params = managed(state, account), call.params
    found = _changeable(org, params["PolicyId"])
    content = _checked(params["Content"], found.type) if "Content" in params else found.content
    _check_policy_name(org, params.get("Name", found.name), found.id)
    found.name, found.content = params.get("Name", found.name), content
    found.description = params.get("Description", found.description)
    return {"Policy": policy_shown(org, found)}


def delete(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    found = _changeable(org, call.params["PolicyId"])
    if org.targets(found.id):
        raise api_error(
            "PolicyInUseException",
            "The policy is attached to one or more entities. You must detach it from all roots, "
            "OUs, and accounts before performing this operation.",
        )
    del org.policies[found.id]
    return {}


def attach(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    policy, node = policy_of(org, call.params["PolicyId"]), target_of(org, call.params["TargetId"])
    _check_enabled(org, policy.type)
    if policy.id in node.attached:
        raise api_error(
            "DuplicatePolicyAttachmentException",
            "The selected policy is already attached to the specified target.",
        )
    if len(org.of_type(node, policy.type)) >= _MOST_ATTACHED:
        raise api_error(
            "ConstraintViolationException",
            "You have attached the maximum number of policies to the specified target.",
            Reason="MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        )
    node.attached.append(policy.id)
    return {}


def detach(state: State, call: Call, account: str) -> Answer:
    org = managed(state, account)
    policy, node = policy_of(org, call.params["PolicyId"]), target_of(org, call.params["TargetId"])
    _check_enabled(org, policy.type)
    if policy.id not in node.attached:
        raise api_error(
            "PolicyNotAttachedException",
            "The policy isn't attached to the specified target in the specified root.",
        )
    if len(org.of_type(node, policy.type)) == 1 or policy.id == FULL_ACCESS[RCP]:
        raise api_error(
            "ConstraintViolationException",
            "You cannot remove the last policy attached to the specified target. You should have "
            "at least one attached at all times.",
            Reason="MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        )
    node.attached.remove(policy.id)
    return {}
