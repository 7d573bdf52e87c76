"""The lab itself: its process, its clock, what its accounts hold, and what changed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """An account and the keys of its administrator."""

    id: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Where a sandbox answers: what `xacct serve --json` prints, and a lab's sandbox.json holds.

    registries: by account. lab_token: what the control API takes. proxy: the HTTPS front, under
    AWS's own host names; ca_file: the certificate authority that vouches for it.
    """

    endpoint: str
    accounts: tuple[Administrator, ...]
    registries: Mapping[str, str]
    lab_token: str
    pid: int
    version: str
    proxy: str
    ca_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The members of `Status` that say which sandbox answers: those of any version have them."""

    pid: int
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The sandbox's process and its clock. GET status, POST clock

    now: the lab's time, ISO 8601. clock_offset_seconds: how far it is ahead. notices: what there is
    to say of how the accounts were found. changes: counted; it moves when the accounts do.
    """

    pid: int
    version: str
    endpoint: str
    accounts: tuple[str, ...]
    oidc_issuer: str = ""
    folder: str
    now: str
    clock_offset_seconds: float
    notices: tuple[str, ...]
    changes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A digest of what the accounts hold, times and secrets apart. GET fingerprint"""

    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What one account holds, by ARN. GET describe has one for each account's id.

    The sandbox sends more of each: all that a fingerprint is made of.
    """

    iam: Mapping[str, Any]
    repositories: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A call that has changed an account. parameters: without secrets."""

    account: str
    action: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What has changed the accounts since there were N records. GET changes/N

    count: how many records there are. upto: a digest of the N before; another one means that these
    accounts did not come of those.
    """

    count: int
    upto: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountToken:
    """A token of the lab's own issuer. POST service-account-token. expires: seconds since 1970."""

    token: str
    issuer: str
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The answer to what has nothing to tell. POST reset, save, restore"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request was not answered, in a sentence. Its HTTP status is not 200."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRefusal(Refusal):
    """A refusal in the words of an AWS API. code: AWS's error code."""

    code: str
