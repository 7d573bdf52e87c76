"""Who makes a call: an IAM user, or a session that a role, a user or a provider stands behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..policy import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a session token holds. role_name is None for a session that an IAM user's key made.

    federated: whether that is GetFederationToken's; `name` is the federated user's then.
    provider: the ARN of the identity provider behind a role session of a web identity.
    mfa: when a one-time code was shown for it, None when none was.
    policies: the JSON texts of the session policies passed; policy_arns: the managed ones.
    None, rather than empty, when none were passed.
    """

    access_key_id: str
    secret: str
    account: str
    principal_id: str
    name: str
    issued: datetime
    expires: datetime
    role_name: str | None = None
    user_name: str | None = None
    federated: bool = False
    provider: str | None = None
    mfa: datetime | None = None
    policies: tuple[str, ...] | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a call. name is the role's, or the user's (the one behind a federated user)."""

    principal: Principal
    name: str
    user_id: str
    access_key_id: str
    secret: str
    tags: Mapping[str, str]
    session: Session | None = None

    @property
    def account(self) -> str:
        return self.principal.account

    @property
    def arn(self) -> str:
        return self.principal.arn


#: Who calls without a signature, to show a token instead.
ANYONE = Caller(
    principal=Principal(kind="anonymous", arn="*", account=""),
    name="",
    user_id="anonymous",
    access_key_id="",
    secret="",
    tags={},
)
