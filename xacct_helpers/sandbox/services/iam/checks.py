"""What IAM checks of a call, whoever makes it: existence, documents, tags, conflicts, quotas.

Source: IAM API Reference; IAM and STS quotas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ....aws.policy_documents import POLICY_CALLS
from ....policy import Kind, PolicyError, check
from ....policy.language import limits
from ....policy.language.principal_forms import invalid
from ...protocol.errors import ApiError
from ...protocol.messages import Call
from . import principals
from .common import conflict, limit, missing
from .entities import EntityType

if TYPE_CHECKING:
    from ...store.state import State

# Operation to the parameter that takes a document, and what kind of policy it stores.
_DOCUMENTS: dict[str, tuple[str, Kind]] = {
    operation: (parameter, calls.kind)
    for calls in POLICY_CALLS.values()
    if calls.service == "iam" and calls.kind is not None
    for operation, parameter in {**calls.creates, calls.write: calls.document}.items()
}
#: The path of roles that only their service may change. Source: IAM User Guide, using
#: service-linked roles.
SERVICE_LINKED = "/aws-service-role/"
Document = tuple[str, Kind]
_ATTACHED_LIMIT = 10
_TAGS_LIMIT = 50
_POLICY_ARN = re.compile(r"arn:aws:iam::(aws|\d{12}):policy/[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What AWS checks of an operation's calls.

    entity: what the operation is authorised on. makes: whether it makes what a call names.
    inline_policy: whether the inline policy that a call names has to exist.
    attaches, detaches: whether it does that to the managed policy that a call names.
    adds_tags: whether the tags of a call come on top of others.
    document: the policy document that it stores.
    protected: whether it is refused on a service-linked role.
    """

    entity: EntityType
    makes: bool = False
    inline_policy: bool = False
    attaches: bool = False
    detaches: bool = False
    adds_tags: bool = False
    document: Document | None = None
    protected: bool = False

    def checked(self, state: State, call: Call, account: str) -> Call:
        """Return the call as it would be stored; raise ApiError for what AWS refuses."""
        self.check_exists(state, call, account)
        if self.protected:
            check_unprotected(state, call, account)
        if self.document is not None:
            call = self._checked_document(state, call, account, *self.document)
        self.check_tags(state, call, account)
        if call.params.get("Path", "/").startswith(SERVICE_LINKED):
            # public log: github.com/tilfin/aws-iam-policy-tool/pull/9
            raise ApiError(
                "InvalidInput",
                f"Path prefix '{SERVICE_LINKED}' can only be used for AWS Service linked Roles",
            )
        if self.attaches:
            self._check_attachment(state, call, account)
        return call

    def check_exists(self, state: State, call: Call, account: str) -> None:
        """Raise NoSuchEntity, in AWS's words, for what the call names and is not there."""
        params, iam = call.params, state.backends.iam
        if "PolicyArn" in params and not _POLICY_ARN.fullmatch(params["PolicyArn"]):
            raise ApiError("ValidationError", "Invalid ARN:  Could not be parsed!")
        made = self.entity.parameter if self.makes else ""
        for kind, parameter, find in (
            ("role", "RoleName", iam.role),
            ("user", "UserName", iam.user),
            ("group", "GroupName", iam.group_exists),
        ):
            if parameter in params and parameter != made and not find(account, params[parameter]):
                raise missing(f"The {kind} with name {params[parameter]} cannot be found.")
        profile = params.get("InstanceProfileName") if made != "InstanceProfileName" else None
        if profile is not None and iam.instance_profile(account, profile) is None:
            raise missing(f"Instance Profile {profile} cannot be found.")
        if self.inline_policy:
            self._check_inline_policy(state, call, account)
        if "PolicyArn" in params:
            self._check_managed_policy(state, call, account)
        boundary = params.get("PermissionsBoundary")
        if boundary is not None and iam.managed_policy(account, boundary) is None:
            raise missing(f"Policy {boundary} does not exist or is not attachable.")

    def _check_inline_policy(self, state: State, call: Call, account: str) -> None:
        kind, policy = self.entity.kind, call.params["PolicyName"]
        entity = call.params[self.entity.parameter]
        if policy not in state.backends.iam.inline_policies(account, kind, entity):
            raise missing(f"The {kind} policy with name {policy} cannot be found.")

    def _check_managed_policy(self, state: State, call: Call, account: str) -> None:
        arn, iam = call.params["PolicyArn"], state.backends.iam
        if self.detaches:
            entity = call.params[self.entity.parameter]
            known = arn in iam.attached_policies(account, self.entity.kind, entity)
        else:
            owner = arn.split(":")[4]
            known = owner in ("aws", account) and iam.managed_policy(account, arn) is not None
        if not known and self.attaches:
            raise missing(f"Policy {arn} does not exist or is not attachable.")
        if not known:
            raise missing(f"Policy {arn} was not found.")
        version = call.params.get("VersionId")
        if version is not None and version not in iam.policy_versions(account, arn):
            raise missing(f"Policy {arn} version {version} does not exist or is not attachable.")

    def _checked_document(
        self, state: State, call: Call, account: str, parameter: str, kind: Kind
    ) -> Call:
        """Return the call with its document as AWS stores it; raise ApiError for one it refuses."""
        text = call.params[parameter]
        try:
            document = check(text, kind)
        except PolicyError as error:
            raise ApiError("MalformedPolicyDocument", str(error)) from error
        self._check_size(state, call, account, kind, text)
        if kind != "trust":
            return call
        unknown = principals.first_unknown(state, document)
        if unknown is not None:
            raise ApiError("MalformedPolicyDocument", invalid(*unknown))
        return replace(call, params={**call.params, parameter: principals.as_stored(state, text)})

    def _check_size(self, state: State, call: Call, account: str, kind: Kind, text: str) -> None:
        refusal = limits.too_long(text, kind)
        if kind == "inline":
            entity, name = self.entity.kind, call.params[self.entity.parameter]
            held = state.backends.iam.inline_policies(account, entity, name)
            together = {**held, call.params["PolicyName"]: text}
            size = sum(limits.size(one, kind) for one in together.values())
            refusal = limits.too_long_together(size, entity, name)
        if refusal:
            raise ApiError("LimitExceeded", refusal, 409)

    def check_tags(self, state: State, call: Call, account: str) -> None:
        """Raise ApiError for a tag key given twice, and for more tags than an entity may have.

        Source: IAM User Guide, tags for IAM resources, and IAM and STS quotas; the quota's words
        as versity/versitygw, which follows AWS's answers, has them.
        """
        folded = str.lower if self.entity.caseless_tags else str
        given = [folded(tag["Key"]) for tag in call.params.get("Tags", ())]
        if len(set(given)) < len(given):
            raise ApiError(
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        if not self.adds_tags:
            return
        held = map(folded, self.entity.look(state, call, account).tags)
        if len({*given, *held}) > _TAGS_LIMIT:
            text = "The number of tags has reached the maximum limit."
            raise ApiError("LimitExceeded", text, 409)

    def _check_attachment(self, state: State, call: Call, account: str) -> None:
        """Raise ApiError for a policy that cannot be attached, and for one more than allowed."""
        kind, arn = self.entity.kind, call.params["PolicyArn"]
        check_attachable(kind, arn)
        entity = call.params[self.entity.parameter]
        attached = state.backends.iam.attached_policies(account, kind, entity)
        if len(attached) >= _ATTACHED_LIMIT and arn not in attached:
            raise limit(f"PoliciesPer{kind.capitalize()}", _ATTACHED_LIMIT)


def document_of(operation: str) -> Document:
    """The parameter of an operation with a policy document, and the kind of that policy."""
    return _DOCUMENTS[operation]


def check_unprotected(state: State, call: Call, account: str) -> None:
    """Raise UnmodifiableEntity for a role that only its service may change."""
    role = state.backends.iam.role(account, call.params["RoleName"])
    if role is not None and f":role{SERVICE_LINKED}" in role.arn:
        # the text as logs have it for UpdateAssumeRolePolicy on a role that AWS protects
        raise ApiError(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - this role is "
            "only modifiable by AWS",
        )


def check_attachable(kind: str, arn: str) -> None:
    """Raise PolicyNotAttachable for the policy of a service-linked role, which no other may have.

    Source: IAM API Reference, AttachRolePolicy and its kin, PutRolePermissionsBoundary; the text as
    aws/aws-cdk#6131 has it for a role; that of users and groups is not known.
    """
    if arn.startswith(f"arn:aws:iam::aws:policy{SERVICE_LINKED}"):
        raise ApiError(
            "PolicyNotAttachable",
            f"Cannot attach a Service Role Policy to a Customer {kind.capitalize()}.",
        )


def check_free(kind: str, name: str, taken: tuple[str, ...]) -> None:
    """Raise EntityAlreadyExists for a name that is taken, in whatever case."""
    if name.lower() in (other.lower() for other in taken):
        raise ApiError("EntityAlreadyExists", f"{kind} with name {name} already exists.", 409)


def check_policies_gone(state: State, account: str, kind: str, name: str) -> None:
    """Raise DeleteConflict for an entity that still has policies, in the order and words of AWS."""
    if state.backends.iam.attached_policies(account, kind, name):
        raise conflict("Cannot delete entity, must detach all policies first.")
    if state.backends.iam.inline_policies(account, kind, name):
        raise conflict("Cannot delete entity, must delete policies first.")
