"""The only room that knows moto's insides.

Calls that moto performs are dispatched to its response classes; everything else here reads the
state moto keeps, in plain values, for the rooms that decide. What moto does not do as AWS does
(ids of users, times, digests, image sizes, permissions boundaries of users) is mended here.
Source: moto 5.2.5, moto/iam, moto/ecr, moto/core/responses.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID
from xml.sax.saxutils import unescape

from botocore.serialize import create_serializer

from .clock import Clock
from .errors import ApiError
from .holdings import Holdings
from .lean import without
from .wire import Call, HttpResponse, loader, operation_model, service_model

# What moto imports for mock_aws, the SDK under it, a Flask server and certificates.
with without(
    "moto.core.models",
    "boto3",
    "botocore.session",
    "cryptography.x509",
    "werkzeug.serving",
    "werkzeug.test",
):
    import moto.core.responses
    import moto.core.utils
    import moto.ecr.models
    import moto.iam.exceptions
    import moto.iam.models
    from moto.core.base_backend import BackendDict
    from moto.core.request import Request as MotoRequest
    from moto.ecr.responses import ECRResponse
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.responses import IamResponse
    from moto.moto_api._internal import mock_random

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ADMIN_USER = "admin"
_PARTITION = "aws"
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_RESPONSES: dict[str, Any] = {"iam": IamResponse, "ecr": ECRResponse}
_GRANTS_NOTHING = '{"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}}'
_REQUEST_ID = re.compile(r"(?<=<RequestId>)[^<]*(?=</RequestId>)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginProfile:
    """That a user has a password, since when, and whether signing in asks for a new one."""

    created: datetime
    reset_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A long-term key. active is False for an Inactive one."""

    access_key_id: str
    secret: str
    account: str
    user_name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    account: str
    name: str
    arn: str
    unique_id: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    account: str
    name: str
    arn: str
    unique_id: str
    trust_policy: str
    max_session_seconds: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A policy as it is stored.

    text: the JSON document. account, holder: whose policy it is, and what has it: "user", "role",
    "group", "repository", "registry", "trust" for a role's own, "organization"; "" when unknown.
    entity: the name of what has it, or the id of the place in the organization where it is
    attached. policy: of an inline policy its name, of an organization's its id.
    """

    name: str
    text: str
    arn: str | None = None
    account: str = ""
    holder: str = ""
    entity: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """An identity provider of IAM's. url: without https://; client_ids: the audiences it takes."""

    arn: str
    url: str
    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    account: str
    region: str
    name: str
    arn: str
    policy: str | None
    layers: Mapping[str, int]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """pushed_at: seconds since 1970. artifact_type: None when the manifest names none."""

    digest: str
    tags: tuple[str, ...]
    size: int
    pushed_at: int
    media_type: str
    artifact_type: str | None
    manifest: str


_REINDEX = frozenset(
    {"CreateRole", "DeleteRole", "AddUserToGroup", "RemoveUserFromGroup"}
    | {f"{verb}{kind}" for verb in ("Create", "Update", "Delete") for kind in ("User", "Group")}
)


@dataclass(frozen=True, slots=True)
class _Index:
    """What moto finds by looking at every role and group in turn, until a call of _REINDEX."""

    roles: dict[str, Any]
    groups: dict[str, list[str]] = field(default_factory=dict)  # by the name of a member


class _AcceptAll:
    """Stands in for moto's document validators: ours has judged the document already."""

    def __init__(self, document: str) -> None:
        self.document = document

    def validate(self) -> None:
        return None


class Backends:
    """moto's accounts, made to behave: ids from names, the lab's clock, nothing validated twice.

    moto keeps its state in module globals, so a process holds one Backends at a time.
    """

    def __init__(self, seed: bytes, clock: Clock) -> None:
        self._seed = seed
        self._clock = clock
        self._made: dict[tuple[str, str, str], int] = {}
        self._secrets: list[str] = []
        self._prefix = "AIDA"
        self._indexes: dict[str, _Index] = {}
        self._all_managed: set[str] = set()
        self._role_deletions: set[tuple[str, str]] = set()
        self._mend_moto()

    # -- moto, mended ------------------------------------------------------------------------

    def _mend_moto(self) -> None:
        def utcnow() -> datetime:
            return self._clock.now().replace(tzinfo=None)

        def get_role(backend: Any, role_name: str) -> Any:
            role = self._role(backend.account_id, role_name)
            if role is None:
                raise moto.iam.exceptions.NotFoundException(f"Role {role_name} not found")
            return role

        def list_roles(
            backend: Any, path_prefix: str = "/", marker: str = "0", max_items: int = 100
        ) -> Any:
            """By name, as AWS's lists are, and not by id."""
            found = sorted(backend.roles.values(), key=lambda role: role.name.lower())
            found = [role for role in found if role.path.startswith(path_prefix)]
            end = int(marker or 0) + int(max_items or 100)
            return found[int(marker or 0) : end], str(end) if end < len(found) else None

        iam: Any = moto.iam.models
        ecr: Any = moto.ecr.models
        core: Any = moto.core.utils
        # moto's own loader would read the models twice, and those in the user's home as well.
        core.create_loader = loader
        core.service_name_from_moto_package_name = lambda name: name
        responses: Any = moto.core.responses
        for module in (iam, ecr, core, responses):
            module.utcnow = utcnow
        # moto looks through all methods of its response class at each call.
        responses.method_names_from_class = cache(moto.core.utils.method_names_from_class)
        iam.random_resource_id = lambda size=20: self._prefix + _letters(17)
        iam.random_policy_id = lambda: "ANPA" + _letters(17)
        iam.random_alphanumeric = lambda length: self._secret(length)
        iam.IAMPolicyDocumentValidator = _AcceptAll
        iam.IAMTrustPolicyDocumentValidator = _AcceptAll
        iam.IAMBackend.get_role = get_role
        iam.IAMBackend.list_roles = list_roles
        for name in ("list_groups", "list_instance_profiles", "list_instance_profiles_for_role"):
            _say_whole(name)
        ecr.ecr_backends._use_boto3_regions = False
        ecr.ecr_backends._additional_regions = _ecr_regions()

    def _secret(self, length: int) -> str:
        if self._secrets:
            return self._secrets.pop(0)
        return base64.b64encode(secrets.token_bytes(length)).decode()[:length]

    def _seed_ids(self, account: str, kind: str, name: str) -> None:
        """Make the next ids moto draws a function of what is made, not of when."""
        count = self._made.get((account, kind, name), 0)
        self._made[account, kind, name] = count + 1
        text = "\0".join((account, kind, name, str(count)))
        mock_random.seed(hmac.new(self._seed, text.encode(), hashlib.sha256).hexdigest())

    def reset(self) -> None:
        """Empty accounts, as if nothing had ever been made."""
        BackendDict.reset()
        self._made.clear()
        self._indexes.clear()
        self._all_managed.clear()
        self._role_deletions.clear()

    # -- making ------------------------------------------------------------------------------

    def seed_account(self, account: str, secret: str) -> AccessKey:
        """The account's administrator: a user with AWS's AdministratorAccess and one key."""
        backend = self._iam(account)
        self.load_managed(account, ADMINISTRATOR)
        self._seed_ids(account, "CreateUser", ADMIN_USER)
        self._prefix = "AIDA"
        backend.create_user("us-east-1", ADMIN_USER)
        backend.attach_user_policy(ADMINISTRATOR, ADMIN_USER)
        self._seed_ids(account, "CreateAccessKey", ADMIN_USER)
        self._secrets = [secret]
        key = backend.create_access_key(ADMIN_USER)
        return AccessKey(
            access_key_id=key.access_key_id,
            secret=key.secret_access_key,
            account=account,
            user_name=ADMIN_USER,
            active=True,
        )

    def new_secret(self) -> str:
        """Forty characters from the operating system."""
        return self._secret(40)

    def new_id(self, account: str, operation: str, name: str, prefix: str, size: int = 17) -> str:
        """A unique id of IAM's form for what moto does not make; the same on replay."""
        self._seed_ids(account, operation, name)
        return prefix + _letters(size)

    def perform(self, call: Call, account: str, *, secret: str | None = None) -> HttpResponse:
        """What moto answers. secret: given back to a replayed CreateAccessKey.

        Raises ApiError with moto's code and text when moto refuses.
        """
        name = next((str(call.params[k]) for k in _NAMES if k in call.params), "")
        self._prefix = _PREFIXES.get(call.operation, "AIDA")
        self._secrets = [secret] if secret else []
        if _creates(call.operation):
            self._seed_ids(account, call.operation, name)
        if call.service == "iam":
            self._load_for(call, account)
        try:
            status, _, body = _RESPONSES[call.service].dispatch(_moto_request(call, account))
        finally:
            self._secrets = []
            if call.operation in _REINDEX:
                self._indexes.pop(account, None)
        text = body if isinstance(body, str) else body.decode()
        if int(status) >= 400:
            if _creates(call.operation):
                self._made[account, call.operation, name] -= 1
            raise _moto_error(int(status), text, call.protocol)
        kind = "text/xml" if call.protocol == "query" else "application/x-amz-json-1.1"
        return HttpResponse(
            status=200,
            headers={"content-type": kind, "x-amzn-RequestId": call.request_id},
            body=_REQUEST_ID.sub(call.request_id, text).encode(),
        )

    def _load_for(self, call: Call, account: str) -> None:
        for parameter in ("PolicyArn", "PermissionsBoundary"):
            arn = str(call.params.get(parameter, ""))
            if arn.startswith("arn:aws:iam::aws:policy/"):
                self.load_managed(account, arn)
        if call.operation == "ListPolicies" and call.params.get("Scope") != "Local":
            self._load_all_managed(account)

    def load_managed(self, account: str, arn: str) -> None:
        """Make one of AWS's managed policies known to the account, if AWS has it."""
        backend = self._iam(account)
        if arn in backend.managed_policies:
            return
        name = arn.rsplit("/", 1)[-1]
        found = re.search(rf'\n "{re.escape(name)}":(?=\{{)', aws_managed_policies_data)
        if found is None:
            return
        data, _ = json.JSONDecoder().raw_decode(aws_managed_policies_data, found.end())
        self._add_managed(backend, name, data, only=arn)

    def _load_all_managed(self, account: str) -> None:
        if account in self._all_managed:
            return
        backend = self._iam(account)
        for name, data in json.loads(aws_managed_policies_data).items():
            self._add_managed(backend, name, data)
        self._all_managed.add(account)

    def _add_managed(self, backend: Any, name: str, data: Any, only: str | None = None) -> None:
        self._seed_text(f"aws-managed\0{name}")
        policy = moto.iam.models.AWSManagedPolicy.from_data(
            name, backend.account_id, _PARTITION, data
        )
        if policy.arn not in backend.managed_policies and only in (None, policy.arn):
            backend.managed_policies[policy.arn] = policy
            backend.aws_managed_policies.append(policy)

    def _seed_text(self, text: str) -> None:
        mock_random.seed(hmac.new(self._seed, text.encode(), hashlib.sha256).hexdigest())

    # -- reading IAM -------------------------------------------------------------------------

    def _iam(self, account: str) -> Any:
        return moto.iam.models.iam_backends[account][_PARTITION]

    def access_key(self, access_key_id: str, accounts: tuple[str, ...]) -> AccessKey | None:
        """The long-term key of this id in any of the accounts."""
        for account in accounts:
            key = self._iam(account).access_keys.get(access_key_id)
            if key is not None and key.user_name in self._iam(account).users:
                return AccessKey(
                    access_key_id=access_key_id,
                    secret=key.secret_access_key,
                    account=account,
                    user_name=key.user_name,
                    active=key.status == "Active",
                )
        return None

    def user(self, account: str, name: str) -> User | None:
        user = self._iam(account).users.get(name)
        if user is None:
            return None
        return User(
            account=account,
            name=user.name,
            arn=user.arn,
            unique_id=user.id,
            tags=_tags(user.tags or []),
        )

    def users(self, account: str) -> tuple[str, ...]:
        return tuple(self._iam(account).users)

    def group_exists(self, account: str, name: str) -> bool:
        return name in self._iam(account).groups

    def group_path(self, account: str, name: str) -> str:
        group = self._iam(account).groups.get(name)
        return group.path if group is not None else "/"

    def groups(self, account: str) -> tuple[str, ...]:
        return tuple(self._iam(account).groups)

    def group_members(self, account: str, name: str) -> int:
        return len(self._iam(account).groups[name].users)

    def groups_of(self, account: str, user: str) -> tuple[str, ...]:
        return tuple(self._index(account).groups.get(user, ()))

    def user_group_count(self, account: str, user: str) -> int:
        return len(self.groups_of(account, user))

    def access_key_count(self, account: str, user: str) -> int:
        return len(self._iam(account).users[user].access_keys)

    def _index(self, account: str) -> _Index:
        index = self._indexes.get(account)
        if index is None:
            backend = self._iam(account)
            index = _Index({role.name: role for role in backend.roles.values()})
            for group in backend.groups.values():
                for user in group.users:
                    index.groups.setdefault(user.name, []).append(group.name)
            self._indexes[account] = index
        return index

    def _role(self, account: str, name: str) -> Any:
        return self._index(account).roles.get(name)

    def role(self, account: str, name: str) -> Role | None:
        role = self._role(account, name)
        return None if role is None else _role_value(account, role)

    def role_by_id(self, account: str, unique_id: str) -> Role | None:
        role = self._iam(account).roles.get(unique_id)
        return None if role is None else _role_value(account, role)

    def role_by_arn(self, account: str, arn: str) -> Role | None:
        found = self.role(account, arn.rsplit("/", 1)[-1])
        return found if found is not None and found.arn == arn else None

    def roles(self, account: str) -> tuple[str, ...]:
        return tuple(role.name for role in self._iam(account).roles.values())

    def create_service_linked_role(
        self, account: str, service: str, name: str, policy_arn: str, description: str
    ) -> None:
        """A role that a service alone may assume, with the AWS managed policy for it.

        moto's own way would make up the name and attach nothing.
        """
        backend = self._iam(account)
        self._seed_ids(account, "CreateServiceLinkedRole", name)
        statement = {
            "Action": ["sts:AssumeRole"],
            "Effect": "Allow",
            "Principal": {"Service": [service]},
        }
        backend.create_role(
            role_name=name,
            assume_role_policy_document=json.dumps(
                {"Version": "2012-10-17", "Statement": [statement]}
            ),
            path=f"/aws-service-role/{service}/",
            permissions_boundary=None,
            description=description,
            tags=[],
            max_session_duration="3600",
            linked_service=service,
        )
        self._indexes.pop(account, None)
        self.load_managed(account, policy_arn)
        backend.attach_role_policy(policy_arn, name)

    def role_answer(self, account: str, name: str) -> dict[str, Any]:
        """A role as CreateServiceLinkedRole's answer shows it."""
        role = self._role(account, name)
        return {
            "Path": role.path,
            "RoleName": name,
            "RoleId": role.id,
            "Arn": role.arn,
            "CreateDate": role.create_date.replace(tzinfo=UTC),
            "AssumeRolePolicyDocument": quote(role.assume_role_policy_document),
        }

    def delete_service_linked_role(self, account: str, name: str) -> str:
        """Delete the role with its policies; the id of the deletion, the same on replay."""
        role = self._role(account, name)
        digest = hmac.new(self._seed, f"{account}\0{role.id}".encode(), hashlib.sha256).digest()
        task = f"task{role.path}{name}/{UUID(bytes=digest[:16], version=4)}"
        backend = self._iam(account)
        for arn in tuple(role.managed_policies):
            backend.detach_role_policy(arn, name)
        backend.delete_role(name)
        self._indexes.pop(account, None)
        self._role_deletions.add((account, task))
        return task

    def role_deletion_known(self, account: str, task: str) -> bool:
        """Whether the account has had this deletion of a service-linked role."""
        return (account, task) in self._role_deletions

    def oidc_provider(self, account: str, arn: str) -> OidcProvider | None:
        found = self._iam(account).open_id_providers.get(arn)
        if found is None:
            return None
        return OidcProvider(
            arn=arn,
            url=found.url,
            client_ids=tuple(found.client_id_list),
            thumbprints=tuple(found.thumbprint_list),
            tags=_tags(found.tags.values()),
        )

    def set_oidc_client_ids(self, account: str, arn: str, client_ids: tuple[str, ...]) -> None:
        self._iam(account).open_id_providers[arn].client_id_list = list(client_ids)

    def set_trust_policy(self, account: str, role: str, text: str) -> None:
        self._role(account, role).assume_role_policy_document = text

    def user_by_arn(self, account: str, arn: str) -> User | None:
        found = self.user(account, arn.rsplit("/", 1)[-1])
        return found if found is not None and found.arn == arn else None

    def inline_policies(self, account: str, kind: str, name: str) -> dict[str, str]:
        """Inline policies of a "user", "role" or "group": name to document text."""
        return dict(self._entity(account, kind, name).policies)

    def attached_policies(self, account: str, kind: str, name: str) -> tuple[str, ...]:
        """ARNs of the managed policies attached to a "user", "role" or "group"."""
        return tuple(self._entity(account, kind, name).managed_policies)

    def _entity(self, account: str, kind: str, name: str) -> Any:
        if kind == "role":
            return self._role(account, name)
        backend = self._iam(account)
        return (backend.users if kind == "user" else backend.groups)[name]

    def identity_policies(self, account: str, kind: str, name: str) -> tuple[StoredPolicy, ...]:
        """Everything that grants to a "user" (its groups included) or a "role"."""
        found = list(self._own_policies(account, kind, name))
        if kind == "user":
            for group in self.groups_of(account, name):
                found += self._own_policies(account, "group", group)
        return tuple(found)

    def _own_policies(self, account: str, kind: str, name: str) -> Iterator[StoredPolicy]:
        entity = self._entity(account, kind, name)
        for policy_name, text in entity.policies.items():
            yield StoredPolicy(
                name=inline_name(kind, name, policy_name),
                text=text,
                account=account,
                holder=kind,
                entity=name,
                policy=policy_name,
            )
        for policy in entity.managed_policies.values():
            yield StoredPolicy(
                name=attached_name(kind, name, policy.name),
                text=_default_text(policy),
                arn=policy.arn,
                account=account,
                holder=kind,
                entity=name,
            )

    def boundary(self, account: str, kind: str, name: str) -> StoredPolicy | None:
        """The permissions boundary of a "user" or "role"; None when it has none."""
        arn = getattr(self._entity(account, kind, name), "permissions_boundary_arn", None)
        if not arn:
            return None
        found = self.managed_policy(account, arn)
        # A boundary whose policy was deleted allows nothing (IAM User Guide, permissions
        # boundaries).
        text = found.text if found else _GRANTS_NOTHING
        return StoredPolicy(name=boundary_name(kind, name), text=text, arn=arn, account=account)

    def set_user_boundary(self, account: str, name: str, arn: str | None) -> None:
        user = self._iam(account).users[name]
        user.permissions_boundary_arn = arn
        user.permissions_boundary = arn and {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": arn,
        }

    def login_profile(self, account: str, name: str) -> LoginProfile | None:
        """What is kept of a user's login profile: never the password."""
        user = self._iam(account).users.get(name)
        found: LoginProfile | None = getattr(user, "login_profile", None)
        return found

    def set_login_profile(
        self, account: str, name: str, *, created: datetime, reset_required: bool
    ) -> None:
        profile = LoginProfile(created=created, reset_required=reset_required)
        self._iam(account).users[name].login_profile = profile

    def delete_login_profile(self, account: str, name: str) -> None:
        self._iam(account).users[name].login_profile = None

    def password_policy(self, account: str) -> dict[str, Any] | None:
        """The account's password policy, by the API's names; None without one."""
        policy = self._iam(account).account_password_policy
        if policy is None:
            return None
        return {
            "AllowUsersToChangePassword": bool(policy.allow_users_to_change_password),
            "HardExpiry": bool(policy.hard_expiry),
            "MaxPasswordAge": policy.max_password_age,
            "MinimumPasswordLength": policy.minimum_password_length,
            "PasswordReusePrevention": policy.password_reuse_prevention,
            "RequireLowercaseCharacters": bool(policy.require_lowercase_characters),
            "RequireNumbers": bool(policy.require_numbers),
            "RequireSymbols": bool(policy.require_symbols),
            "RequireUppercaseCharacters": bool(policy.require_uppercase_characters),
        }

    def users_by_id(self, account: str) -> dict[str, dict[str, Any]]:
        """Every user by unique id, as answers show one, in the order they were made."""
        return {
            user.id: {
                "Path": user.path,
                "UserName": user.name,
                "UserId": user.id,
                "Arn": user.arn,
                "CreateDate": user.create_date.replace(tzinfo=UTC),
            }
            for user in self._iam(account).users.values()
        }

    def access_key_ages(self, account: str, user: str) -> list[tuple[str, datetime]]:
        """Status of each of a user's access keys, and since when it is there."""
        keys = self._iam(account).users[user].access_keys
        return [(key.status, key.create_date.replace(tzinfo=UTC)) for key in keys]

    def count_holdings(self, account: str, held: Holdings) -> None:
        """Tell moto how many devices, certificates and providers there are, for its summary."""
        backend = self._iam(account)
        backend.virtual_mfa_devices = dict(held.mfa_devices)
        backend.certificates = dict(held.server_certificates)
        backend.saml_providers = dict(held.saml_providers)
        for user in backend.users.values():
            user.mfa_devices = {one.serial: one for one in held.devices_of(user.id)}

    def user_renamed(self, account: str, old_arn: str, name: str) -> None:
        """Bring along a renamed user's keys and tags, which moto leaves under the old name."""
        backend = self._iam(account)
        user = backend.users[name]
        for key in user.access_keys:
            key.user_name = name
        if user.arn != old_arn:
            backend.tagger.copy_tags(old_arn, user.arn)
            backend.tagger.delete_all_tags_for_resource(old_arn)

    def set_group_path(self, account: str, name: str, path: str) -> None:
        self._iam(account).groups[name].path = path

    def managed_policy(self, account: str, arn: str) -> StoredPolicy | None:
        if arn.startswith("arn:aws:iam::aws:policy/"):
            self.load_managed(account, arn)
        policy = self._iam(account).managed_policies.get(arn)
        if policy is None:
            return None
        return StoredPolicy(name=policy.name, text=_default_text(policy), arn=arn)

    def customer_policies(self, account: str) -> tuple[str, ...]:
        prefix = f"arn:aws:iam::{account}:"
        return tuple(a for a in self._iam(account).managed_policies if a.startswith(prefix))

    def policy_versions(self, account: str, arn: str) -> dict[str, bool]:
        """Version id to whether it is the default one."""
        return {
            v.version_id: v.is_default for v in self._iam(account).managed_policies[arn].versions
        }

    def policy_attachments(self, account: str, arn: str) -> int:
        """How many users, roles and groups the managed policy is attached to."""
        backend = self._iam(account)
        entities = [*backend.users.values(), *backend.roles.values(), *backend.groups.values()]
        return sum(arn in entity.managed_policies for entity in entities)

    def policy_tags(self, account: str, arn: str) -> dict[str, str]:
        policy = self._iam(account).managed_policies.get(arn)
        return _tags(policy.get_tags()) if policy is not None else {}

    def instance_profiles(self, account: str) -> dict[str, tuple[str, ...]]:
        """Name of each instance profile to the names of its roles."""
        profiles = self._iam(account).instance_profiles
        return {name: tuple(role.name for role in p.roles) for name, p in profiles.items()}

    def instance_profile_path(self, account: str, name: str) -> str:
        profile = self._iam(account).instance_profiles.get(name)
        return profile.path if profile is not None else "/"

    def instance_profile_tags(self, account: str, name: str) -> dict[str, str]:
        profile = self._iam(account).instance_profiles.get(name)
        return _tags(profile.tags or []) if profile is not None else {}

    def instance_profile_roles(self, account: str) -> tuple[str, ...]:
        profiles = self._iam(account).instance_profiles.values()
        return tuple(role.name for profile in profiles for role in profile.roles)

    # -- reading ECR -------------------------------------------------------------------------

    def _ecr(self, account: str, region: str) -> Any:
        return moto.ecr.models.ecr_backends[account][region]

    def region_known(self, region: str) -> bool:
        """Whether ECR exists in the region."""
        return region in moto.ecr.models.ecr_backends["0" * 12].regions

    def repository(self, account: str, region: str, name: str) -> Repository | None:
        if not self.region_known(region):
            return None
        backend = self._ecr(account, region)
        repository = backend.repositories.get(name)
        if repository is None:
            return None
        tags = backend.tagger.list_tags_for_resource(repository.arn)["tags"]
        return Repository(
            account=account,
            region=region,
            name=name,
            arn=repository.arn,
            policy=repository.policy,
            layers=repository.layers,
            tags=_tags(tags),
        )

    def repositories(self, account: str) -> Iterator[tuple[str, str]]:
        """(region, name) of every repository of the account."""
        for region, backend in sorted(moto.ecr.models.ecr_backends[account].items()):
            for name in sorted(backend.repositories):
                yield region, name

    def set_repository_policy(self, account: str, region: str, name: str, text: str) -> None:
        self._ecr(account, region).repositories[name].policy = text

    def add_layer(self, account: str, region: str, name: str, digest: str, size: int) -> None:
        self._ecr(account, region).repositories[name].layers[digest] = size

    def untag(self, account: str, region: str, name: str, tag: str) -> None:
        """Take a tag from the image that has it. moto would delete the image with its last tag."""
        for image in self._ecr(account, region).repositories[name].images:
            image.remove_tag(tag)

    def delete_images(self, account: str, region: str, name: str, digests: Collection[str]) -> None:
        """Delete images with all of their tags."""
        repository = self._ecr(account, region).repositories[name]
        repository.images = [
            image for image in repository.images if image.get_image_digest() not in digests
        ]

    def image_pushed(self, account: str, region: str, name: str, digest: str) -> None:
        """Give an image just put the lab's time."""
        for image in self._ecr(account, region).repositories[name].images:
            if image.get_image_digest() == digest:
                image.image_pushed_at = int(self._clock.now().timestamp())

    def images(self, account: str, region: str, name: str) -> tuple[Image, ...]:
        """The images of a repository, in the order they were pushed."""
        images = self._ecr(account, region).repositories[name].images
        return tuple(_image_value(image) for image in images)

    def manifest(
        self, account: str, region: str, name: str, reference: str
    ) -> tuple[str, str, str] | None:
        """(digest, media type, manifest text) of a tag or digest."""
        for image in self.images(account, region, name):
            if reference in (*image.tags, image.digest):
                return image.digest, image.media_type, image.manifest
        return None

    def repository_details(self, account: str, region: str) -> dict[str, dict[str, Any]]:
        """Every repository by name, as DescribeRepositories shows it, in the order of creation."""
        return {
            name: {
                "repositoryArn": repository.arn,
                "registryId": repository.registry_id,
                "repositoryName": name,
                "repositoryUri": repository.uri,
                "createdAt": repository.created_at.replace(tzinfo=UTC),
                "imageTagMutability": repository.image_tag_mutability,
                "imageTagMutabilityExclusionFilters": (
                    repository.image_tag_mutability_exclusion_filters
                ),
                "imageScanningConfiguration": repository.image_scanning_configuration,
                "encryptionConfiguration": repository.encryption_configuration,
            }
            for name, repository in self._ecr(account, region).repositories.items()
        }

    # -- the whole ---------------------------------------------------------------------------

    def describe(self, account: str) -> dict[str, Any]:
        """Everything an account holds but times and secrets: what two labs are compared by."""
        backend = self._iam(account)
        entities = {}
        for kind, items in (
            ("user", backend.users.values()),
            ("role", backend.roles.values()),
            ("group", backend.groups.values()),
        ):
            for item in items:
                entities[item.arn] = {
                    "id": item.id,
                    "inline": {n: _compact(t) for n, t in sorted(item.policies.items())},
                    "attached": sorted(item.managed_policies),
                    "boundary": getattr(item, "permissions_boundary_arn", None),
                    "tags": sorted(_tags(getattr(item, "tags", None) or []).items()),
                }
                if kind == "role":
                    entities[item.arn]["trust"] = _compact(item.assume_role_policy_document)
                    entities[item.arn]["max_session"] = int(item.max_session_duration or 3600)
                    entities[item.arn]["description"] = item.description or ""
                elif kind == "user":
                    entities[item.arn]["keys"] = sorted(
                        (k.access_key_id, k.status) for k in item.access_keys
                    )
                    profile = self.login_profile(account, item.name)
                    if profile is not None:
                        entities[item.arn]["login_profile"] = profile.reset_required
                else:
                    entities[item.arn]["members"] = sorted(u.name for u in item.users)
        policies = {
            arn: {v.version_id: (v.is_default, _compact(v.document)) for v in policy.versions}
            for arn, policy in sorted(backend.managed_policies.items())
            if not arn.startswith("arn:aws:iam::aws:")
        }
        for profile in backend.instance_profiles.values():
            entities[profile.arn] = {
                "id": profile.id,
                "roles": sorted(role.name for role in profile.roles),
                "tags": sorted(_tags(profile.tags or []).items()),
            }
        for arn in backend.open_id_providers:
            provider = self.oidc_provider(account, arn)
            assert provider is not None
            entities[arn] = {
                "client_ids": sorted(provider.client_ids),
                "thumbprints": sorted(provider.thumbprints),
                "tags": sorted(provider.tags.items()),
            }
        password_policy = self.password_policy(account)
        return {
            "iam": dict(sorted(entities.items())),
            "policies": policies,
            **({"password_policy": password_policy} if password_policy else {}),
            "repositories": dict(self._describe_repositories(account)),
        }

    def _describe_repositories(self, account: str) -> Iterator[tuple[str, Any]]:
        for region, name in self.repositories(account):
            repository = self._ecr(account, region).repositories[name]
            yield (
                repository.arn,
                {
                    "policy": repository.policy and _compact(repository.policy),
                    "mutability": str(repository.image_tag_mutability),
                    "layers": sorted(repository.layers.items()),
                    "images": sorted(
                        (i.get_image_digest(), sorted(i.image_tags)) for i in repository.images
                    ),
                },
            )


def inline_name(kind: str, entity: str, policy: str) -> str:
    """What people call an inline policy of a "user", "role" or "group"."""
    return f'inline policy "{policy}" of {kind} {entity}'


def attached_name(kind: str, entity: str, policy: str) -> str:
    """What people call a managed policy attached to a "user", "role" or "group"."""
    return f'managed policy "{policy}" attached to {kind} {entity}'


def boundary_name(kind: str, entity: str) -> str:
    """What people call the permissions boundary of a "user" or "role"."""
    return f"permissions boundary of {kind} {entity}"


def _say_whole(name: str) -> None:
    """Have a listing say that it is not cut short, which moto leaves out."""
    method = getattr(IamResponse, name)
    if getattr(method, "says_whole", False):
        return

    def listing(response: Any) -> Any:
        answer = method(response)
        answer._result = {**answer._result, "IsTruncated": False}
        return answer

    listing.says_whole = True  # type: ignore[attr-defined]
    setattr(IamResponse, name, listing)


_NAMES = (
    "RoleName",
    "UserName",
    "GroupName",
    "PolicyName",
    "PolicyArn",
    "InstanceProfileName",
    "repositoryName",
)
_PREFIXES = {"CreateUser": "AIDA", "CreateGroup": "AGPA", "CreateInstanceProfile": "AIPA"}


def _creates(operation: str) -> bool:
    return operation.startswith(("Create", "Put"))


def _letters(count: int) -> str:
    return "".join(mock_random.choice(_ID_ALPHABET) for _ in range(count))


def _ecr_regions() -> list[str]:
    """The regions of the aws partition: ECR is in every one."""
    partitions = loader().load_data("partitions")["partitions"]
    regions = next(p["regions"] for p in partitions if p["id"] == _PARTITION)
    return [region for region in regions if region != "aws-global"]


def _image_value(image: Any) -> Image:
    size, media_type, artifact_type = _read_manifest(image.image_manifest)
    return Image(
        digest=image.get_image_digest(),
        tags=tuple(image.image_tags),
        size=size,
        pushed_at=image.image_pushed_at,
        media_type=image.image_manifest_media_type or media_type,
        artifact_type=artifact_type,
        manifest=image.image_manifest,
    )


@lru_cache(maxsize=1024)
def _read_manifest(text: str) -> tuple[int, str, str | None]:
    """(size, media type, artifact type) as the manifest gives them.

    The size is that of the configuration and the layers (0 for an index). Source: ECR API
    Reference, ImageDetail; OCI image manifest, artifactType, with config.mediaType as fallback.
    """
    manifest = json.loads(text)
    config = manifest.get("config") or {}
    parts = [config, *(manifest.get("layers") or [])]
    return (
        sum(int(part.get("size", 0)) for part in parts),
        manifest.get("mediaType", "application/vnd.oci.image.manifest.v1+json"),
        manifest.get("artifactType") or config.get("mediaType"),
    )


def _role_value(account: str, role: Any) -> Role:
    return Role(
        account=account,
        name=role.name,
        arn=role.arn,
        unique_id=role.id,
        trust_policy=role.assume_role_policy_document,
        max_session_seconds=int(role.max_session_duration or 3600),
        tags=_tags(role.tags or []),
    )


def _default_text(policy: Any) -> str:
    return next(
        (str(v.document) for v in policy.versions if v.version_id == policy.default_version_id), ""
    )


def _tags(items: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in items}


def _compact(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":"))


def _moto_request(call: Call, account: str) -> MotoRequest:
    """The call as moto's own request, its account told by header and its region by host."""
    model = operation_model(call.service, call.operation)
    serializer = create_serializer(service_model(call.service).metadata["protocol"], False)
    made = serializer.serialize_to_request(dict(call.params), model)
    headers, body = made["headers"], made["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    host = f"{call.service}.{call.region}.amazonaws.com"
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SERVER_NAME": host,
        "SERVER_PORT": "443",
        "HTTP_HOST": host,
        "HTTP_X_MOTO_ACCOUNT_ID": account,
        "CONTENT_TYPE": headers["Content-Type"],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
    }
    if "X-Amz-Target" in headers:
        environ["HTTP_X_AMZ_TARGET"] = headers["X-Amz-Target"]
    return MotoRequest(environ)


def _moto_error(status: int, text: str, protocol: str) -> ApiError:
    if protocol == "json":
        body = json.loads(text)
        code = str(body.get("__type", "ServerException")).rsplit("#", 1)[-1]
        known = {"__type", "message", "Message"}
        members = {k: v for k, v in body.items() if k not in known}
        return ApiError(
            code, str(body.get("message") or body.get("Message") or ""), status, members
        )
    named = re.search(r"<Code>(.*?)</Code>", text, re.S)
    message = re.search(r"<Message>(.*?)</Message>", text, re.S)
    words = unescape(message[1], {"&quot;": '"', "&apos;": "'"}) if message else text
    name = named[1] if named else "ServiceFailure"
    statuses = {
        "NoSuchEntity": 404,
        "EntityAlreadyExists": 409,
        "DeleteConflict": 409,
        "LimitExceeded": 409,
    }
    return ApiError(name, words, statuses.get(name, status))
