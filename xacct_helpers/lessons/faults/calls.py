"""Calls that are not the learner's: they plant, and they look how far the accounts are mended.

All are marked as a check's, so that explain() and predict() pass them over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...aws.regions import DEFAULT_REGION
from ...workspace import Running
from .. import marked_calls
from ..answers import Answer

_clients: dict[tuple[str, ...], Any] = {}
_inner: Any = None


def new_session(profile_name: str | None = None, **keys: Any) -> Any:
    """A boto3 session with nothing cached: a role that was remade must be assumed again."""
    import boto3  # 150 ms

    inner = marked_calls.inner_session(profile_name)
    # The models of the services, which are most of a session's cost, are read once.
    inner.register_component("data_loader", _shared().get_component("data_loader"))
    return boto3.Session(botocore_session=inner, **{"region_name": DEFAULT_REGION, **keys})


def _shared() -> Any:
    """The botocore session of all clients that sign with given keys."""
    global _inner
    if _inner is None:
        _inner = marked_calls.inner_session()
    return _inner


def client(
    running: Running, keys: tuple[str, str, str | None], service: str, region: str = DEFAULT_REGION
) -> Any:
    """A client that signs with these keys: (access key id, secret, session token or None)."""
    name = (running.endpoint, keys[0], keys[1], keys[2] or "", service, region)
    if name not in _clients:
        if len(_clients) > 200:
            _clients.clear()
        _clients[name] = _shared().create_client(
            service,
            region_name=region,
            endpoint_url=running.endpoint,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2],
        )
    return _clients[name]


def admin(running: Running, account: str, service: str, region: str = DEFAULT_REGION) -> Any:
    """A client of an account's administrator."""
    key, secret = running.accounts[account]
    return client(running, (key, secret, None), service, region)


def keys_of(answer: Answer) -> tuple[str, str, str]:
    """The keys that an AssumeRole gave."""
    given = answer.value["Credentials"]
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


def attempt(make: Callable[[], Any]) -> Answer:
    """What a call, or an image's transfer, came to; anything else is raised."""
    from ...images import TransferError  # 30 ms

    try:
        return marked_calls.attempt(make)
    except TransferError as error:
        return Answer(code=error.code, message=str(error).removeprefix(f"{error.code}: "))
