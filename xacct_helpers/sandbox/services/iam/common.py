"""What the actions of IAM have in common: its errors, tags and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ...protocol.errors import ApiError

if TYPE_CHECKING:
    from ...protocol.messages import Call
    from ...records import User
    from ...store.state import State
    from .entities import EntityType

_PAGE = 100
Entity = TypeVar("Entity")


def missing(text: str) -> ApiError:
    """Return the error NoSuchEntity with this text."""
    return ApiError("NoSuchEntity", text, 404)


def existing(entity: Entity | None, text: str) -> Entity:
    """Return the entity that was looked up; NoSuchEntity with this text for None."""
    if entity is None:
        raise missing(text)
    return entity


def limit(quota: str, most: int) -> ApiError:
    """Return the error LimitExceeded for a quota of IAM."""
    return ApiError("LimitExceeded", f"Cannot exceed quota for {quota}: {most}", 409)


def conflict(text: str) -> ApiError:
    """Return the error DeleteConflict with this text."""
    return ApiError("DeleteConflict", text, 409)


def owner(state: State, call: Call, account: str) -> User:
    """Return the user that the call names, who is known to exist."""
    user = state.backends.iam.user(account, call.params["UserName"])
    assert user is not None
    return user


def tags(call: Call) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", ())}


def shown_tags(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in found.items()]


def page(call: Call, name: str, items: Sequence[Any]) -> dict[str, Any]:
    """A page of a listing, under the name that its answer gives it. The marker is a number."""
    start = int(call.params.get("Marker", "0"))
    end = start + int(call.params.get("MaxItems", _PAGE))
    more = {"Marker": str(end)} if end < len(items) else {}
    return {name: items[start:end], "IsTruncated": bool(more), **more}


def kept_tags(
    entity: EntityType,
) -> Callable[[State, Call, str, Callable[[Call, str], Any]], Any]:
    """For tagging a role or a user, whose keys are the same in any case: a key that is spelt in
    another way takes the place of the one before."""

    def around(state: State, call: Call, account: str, act: Callable[[Call, str], Any]) -> Any:
        answer = act(call, account)
        keys = tuple(tag["Key"] for tag in call.params["Tags"])
        name = call.params[entity.parameter]
        state.backends.iam.drop_respelled(account, entity.kind, name, keys)
        return answer

    return around
