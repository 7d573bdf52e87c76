"""ECR's repositories: which one a call is about, what it asks for there, and its policy.

Every call about a repository is authorised on the repository's ARN, with the repository policy of
the account that owns it; registryId names that account when it is not the caller's.
Source: ECR API Reference; Service Authorization Reference for ECR; ECR User Guide, private
repository policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ....aws.service_reference import fits, keys_of
from ....policy import PolicyError, check
from ....policy.language.rules import REPOSITORY
from ...permission_checks import PermissionCheck
from ...protocol.errors import ApiError
from ...protocol.messages import Call
from ...protocol.validation import pattern
from ...records import Repository, StoredPolicy
from ..iam import principals
from . import image_queries, registry_policy

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

_TAGS, _TAG_KEY, _TAG_VALUE = 50, 128, 256
_TAG_TEXT = pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")


def repository_check(
    state: State,
    action: str,
    owner: str,
    region: str,
    name: str,
    tags: Mapping[str, str] | None = None,
    tag_keys: tuple[str, ...] = (),
) -> PermissionCheck:
    """The permission for an action on one repository; the registry asks it too.

    tags: those the call brings; tag_keys: the keys of those it takes away.
    """
    repository = _find(state, owner, region, name)
    context: dict[str, str | tuple[str, ...]] = {}
    for key, value in (repository.tags if repository else {}).items():
        context[f"aws:ResourceTag/{key}"] = value
        context[f"ecr:ResourceTag/{key}"] = value
    for key, value in (tags or {}).items():
        context[f"aws:RequestTag/{key}"] = value
    if tags or tag_keys:
        context["aws:TagKeys"] = (*(tags or ()), *tag_keys)
    known = keys_of(action)
    context = {key: value for key, value in context.items() if fits(key, known)}
    policy = None
    if repository is not None and repository.policy:
        policy = StoredPolicy(
            name=f"repository policy of {name}",
            text=repository.policy,
            account=owner,
            holder="repository",
            entity=name,
        )
    return PermissionCheck(
        action=action,
        resource=f"arn:aws:ecr:{region}:{owner}:repository/{name}",
        resource_account=owner,
        resource_policy=policy,
        registry_policy=registry_policy.of(state, owner, region),
        context=context,
        missing="" if repository else _missing(state, action, owner, region, name),
    )


def _missing(state: State, action: str, owner: str, region: str, name: str) -> str:
    """What the learner may be told about a repository that is not there; AWS tells nobody."""
    if action == "ecr:CreateRepository" or name == "*":
        return ""
    if owner not in state.accounts:
        return f"There is no account {owner} in this lab."
    hint = ""
    elsewhere = [one for one in state.accounts if _find(state, one, region, name)]
    if elsewhere:
        hint = f" Account {elsewhere[0]} has one: a call names its registry by registryId."
    return f"Account {owner} has no repository {name} in {region}.{hint}"


def tags_of(call: Call) -> dict[str, str]:
    """The tags that a call brings."""
    return {tag["Key"]: tag.get("Value", "") for tag in call.params.get("tags", ())}


def check_tags(call: Call, held: Mapping[str, str]) -> None:
    """Raise ApiError for tags that ECR does not take. held: those that the repository has already.

    Source: ECR API Reference, Tag, InvalidTagParameterException and TooManyTagsException, whose
    text is the reference's; the other's is in public logs of Terraform.
    """
    for key, value in tags_of(call).items():
        fits_in = 0 < len(key) <= _TAG_KEY and len(value) <= _TAG_VALUE
        if not fits_in or not _TAG_TEXT.fullmatch(key + value):
            raise ApiError("InvalidTagParameterException", "Tag parameters are invalid")
    if len({*held, *tags_of(call)}) > _TAGS:
        raise ApiError(
            "TooManyTagsException",
            "The list of tags on the repository is over the limit. The maximum number of tags that "
            f"can be applied to a repository is {_TAGS}.",
        )


def owner_of(call: Call, caller: Caller) -> str:
    """The account whose registry the call is about."""
    arn = call.params.get("resourceArn")
    if arn:
        return str(arn.split(":")[4])
    return str(call.params.get("registryId", caller.account))


def name_of(call: Call) -> str:
    arn = call.params.get("resourceArn")
    if arn:
        return str(arn.partition(":repository/")[2])
    return str(call.params["repositoryName"])


def _find(state: State, owner: str, region: str, name: str) -> Repository | None:
    return state.backends.ecr.repository(owner, region, name) if owner in state.accounts else None


def existing(state: State, call: Call, owner: str) -> Repository:
    """Return the repository that a call names; raise ApiError if it does not exist."""
    name = name_of(call)
    found = _find(state, owner, call.region, name)
    if found is None:
        raise not_found(name, owner)
    return found


def not_found(name: str, owner: str) -> ApiError:
    """RepositoryNotFoundException in ECR's words."""
    return ApiError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{owner}'",
    )


def describe(state: State, call: Call, owner: str) -> dict[str, Any]:
    """The repositories that a call names, or a page of them all."""
    known = state.backends.ecr.repository_details(owner, call.region)
    names = call.params.get("repositoryNames")
    if not names:
        shown, more = image_queries.page(call, list(known.values()))
        return {"repositories": shown, "nextToken": more}
    missing = next((name for name in names if name not in known), None)
    if missing is not None:
        raise not_found(missing, owner)
    return {"repositories": [known[name] for name in known if name in names]}


def checked_policy(state: State, call: Call) -> Call:
    """A SetRepositoryPolicy with its document as ECR stores it. One text for every fault, as ECR
    has it."""
    text = call.params["policyText"]
    try:
        document = check(text, "repository")
    except PolicyError as error:
        raise ApiError("InvalidParameterException", str(error)) from error
    if principals.first_unknown(state, document) is not None:
        raise ApiError("InvalidParameterException", REPOSITORY)
    return replace(call, params={**call.params, "policyText": principals.as_stored(state, text)})
