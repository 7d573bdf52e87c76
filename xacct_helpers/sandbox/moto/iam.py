"""What moto's IAM holds, read in plain values; and what moto has no call for, set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..records import (
    AccessKey,
    InstanceProfile,
    LoginProfile,
    OidcProvider,
    Role,
    StoredPolicy,
    User,
    attached_name,
    boundary_name,
    inline_name,
)
from ..user_credentials import Holdings
from .managed import PREFIX, AwsManaged
from .moto_imports import iam_backend

_GRANTS_NOTHING = '{"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}}'


@dataclass(frozen=True, slots=True)
class _Index:
    """What moto finds by looking at every role and group in turn, until look_again."""

    roles: dict[str, Any]
    groups: dict[str, list[str]] = field(default_factory=dict)  # by the name of a member


class Iam:
    """IAM of all accounts."""

    def __init__(self, managed: AwsManaged) -> None:
        self._managed = managed
        self._indexes: dict[str, _Index] = {}
        self._backends: dict[str, Any] = {}

    def _backend(self, account: str) -> Any:
        """moto's IAM of an account, looked up once: moto checks the account's id each time."""
        found = self._backends.get(account)
        if found is None:
            found = self._backends[account] = iam_backend(account)
        return found

    def look_again(self, account: str) -> None:
        """The account's users, roles or groups have changed."""
        self._indexes.pop(account, None)

    def clear(self) -> None:
        """All accounts are empty again."""
        self._indexes.clear()
        self._backends.clear()

    def access_key(self, access_key_id: str, accounts: tuple[str, ...]) -> AccessKey | None:
        """The long-term key of this id in any of the accounts."""
        for account in accounts:
            key = self._backend(account).access_keys.get(access_key_id)
            if key is not None and key.user_name in self._backend(account).users:
                return AccessKey(
                    access_key_id=access_key_id,
                    secret=key.secret_access_key,
                    account=account,
                    user_name=key.user_name,
                    active=key.status == "Active",
                )
        return None

    def key_and_owner(
        self, access_key_id: str, accounts: tuple[str, ...]
    ) -> tuple[AccessKey, User] | None:
        """The long-term key of this id in any of the accounts, and its user."""
        key = self.access_key(access_key_id, accounts)
        user = self.user(key.account, key.user_name) if key else None
        return (key, user) if key and user else None

    def user(self, account: str, name: str) -> User | None:
        user = self._backend(account).users.get(name)
        if user is None:
            return None
        return User(
            account=account,
            name=user.name,
            arn=user.arn,
            unique_id=user.id,
            tags=tags_of(user.tags),
            boundary=_boundary_arn(user),
        )

    def users(self, account: str) -> tuple[str, ...]:
        return tuple(self._backend(account).users)

    def group_exists(self, account: str, name: str) -> bool:
        return name in self._backend(account).groups

    def group_path(self, account: str, name: str) -> str:
        group = self._backend(account).groups.get(name)
        return group.path if group is not None else "/"

    def groups(self, account: str) -> tuple[str, ...]:
        return tuple(self._backend(account).groups)

    def group_members(self, account: str, name: str) -> int:
        return len(self._backend(account).groups[name].users)

    def groups_of(self, account: str, user: str) -> tuple[str, ...]:
        return tuple(self._index(account).groups.get(user, ()))

    def access_key_count(self, account: str, user: str) -> int:
        return len(self._backend(account).users[user].access_keys)

    def _index(self, account: str) -> _Index:
        index = self._indexes.get(account)
        if index is None:
            backend = self._backend(account)
            index = _Index({role.name: role for role in backend.roles.values()})
            for group in backend.groups.values():
                for user in group.users:
                    index.groups.setdefault(user.name, []).append(group.name)
            self._indexes[account] = index
        return index

    def moto_role(self, account: str, name: str) -> Any:
        """moto's own role, for the modules of this folder; None for an unknown name."""
        return self._index(account).roles.get(name)

    def role(self, account: str, name: str) -> Role | None:
        role = self.moto_role(account, name)
        return None if role is None else _role_value(account, role)

    def role_by_id(self, account: str, unique_id: str) -> Role | None:
        role = self._backend(account).roles.get(unique_id)
        return None if role is None else _role_value(account, role)

    def role_by_arn(self, account: str, arn: str) -> Role | None:
        found = self.role(account, arn.rsplit("/", 1)[-1])
        return found if found is not None and found.arn == arn else None

    def roles(self, account: str) -> tuple[str, ...]:
        return tuple(role.name for role in self._backend(account).roles.values())

    def oidc_provider(self, account: str, arn: str) -> OidcProvider | None:
        found = self._backend(account).open_id_providers.get(arn)
        if found is None:
            return None
        return OidcProvider(
            arn=arn,
            url=found.url,
            client_ids=tuple(found.client_id_list),
            thumbprints=tuple(found.thumbprint_list),
            tags=tags_of(found.tags.values()),
        )

    def set_oidc_client_ids(self, account: str, arn: str, client_ids: tuple[str, ...]) -> None:
        self._backend(account).open_id_providers[arn].client_id_list = list(client_ids)

    def set_trust_policy(self, account: str, role: str, text: str) -> None:
        self.moto_role(account, role).assume_role_policy_document = text

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
            return self.moto_role(account, name)
        backend = self._backend(account)
        return (backend.users if kind == "user" else backend.groups)[name]

    def policies_of(
        self, account: str, kind: str, name: str
    ) -> tuple[tuple[StoredPolicy, ...], StoredPolicy | None]:
        """What grants to a "user" (its groups included) or a "role", and its boundary."""
        found = list(self._own_policies(account, kind, name))
        if kind == "user":
            for group in self.groups_of(account, name):
                found += self._own_policies(account, "group", group)
        return tuple(found), self.boundary(account, kind, name)

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
        arn = _boundary_arn(self._entity(account, kind, name))
        if arn is None:
            return None
        found = self.managed_policy(account, arn)
        # A boundary whose policy was deleted allows nothing (IAM User Guide, permissions
        # boundaries).
        text = found.text if found else _GRANTS_NOTHING
        return StoredPolicy(name=boundary_name(kind, name), text=text, arn=arn, account=account)

    def set_user_boundary(self, account: str, name: str, arn: str | None) -> None:
        user = self._backend(account).users[name]
        user.permissions_boundary_arn = arn
        user.permissions_boundary = arn and {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": arn,
        }

    def login_profile(self, account: str, name: str) -> LoginProfile | None:
        """What is kept of a user's login profile: never the password."""
        user = self._backend(account).users.get(name)
        found: LoginProfile | None = getattr(user, "login_profile", None)
        return found

    def set_login_profile(
        self, account: str, name: str, *, created: datetime, reset_required: bool
    ) -> None:
        profile = LoginProfile(created=created, reset_required=reset_required)
        self._backend(account).users[name].login_profile = profile

    def delete_login_profile(self, account: str, name: str) -> None:
        self._backend(account).users[name].login_profile = None

    def password_policy(self, account: str) -> dict[str, Any] | None:
        """The account's password policy, by the API's names; None without one."""
        policy = self._backend(account).account_password_policy
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
            for user in self._backend(account).users.values()
        }

    def access_key_ages(self, account: str, user: str) -> list[tuple[str, datetime]]:
        """Status of each of a user's access keys, and since when it is there."""
        keys = self._backend(account).users[user].access_keys
        return [(key.status, key.create_date.replace(tzinfo=UTC)) for key in keys]

    def count_holdings(self, account: str, held: Holdings) -> None:
        """Tell moto how many devices, certificates and providers there are, for its summary."""
        backend = self._backend(account)
        backend.virtual_mfa_devices = dict(held.mfa_devices)
        backend.certificates = dict(held.server_certificates)
        backend.saml_providers = dict(held.saml_providers)
        for user in backend.users.values():
            user.mfa_devices = {one.serial: one for one in held.devices_of(user.id)}

    def user_renamed(self, account: str, old_arn: str, name: str) -> None:
        """Bring along a renamed user's keys and tags, which moto leaves under the old name."""
        backend = self._backend(account)
        user = backend.users[name]
        for key in user.access_keys:
            key.user_name = name
        if user.arn != old_arn:
            backend.tagger.copy_tags(old_arn, user.arn)
            backend.tagger.delete_all_tags_for_resource(old_arn)

    def drop_respelled(self, account: str, kind: str, name: str, keys: tuple[str, ...]) -> None:
        """Take away the tags of a "user" or "role" whose key is one of these in another case:
        IAM keeps one of them, moto both."""
        entity = self.user(account, name) if kind == "user" else self.role(account, name)
        assert entity is not None
        folded = {key.lower() for key in keys}
        old = [key for key in entity.tags if key.lower() in folded and key not in keys]
        backend = self._backend(account)
        (backend.untag_user if kind == "user" else backend.untag_role)(name, old)

    def set_group_path(self, account: str, name: str, path: str) -> None:
        self._backend(account).groups[name].path = path

    def managed_policy(self, account: str, arn: str) -> StoredPolicy | None:
        if arn.startswith(PREFIX):
            self._managed.load(account, arn)
        policy = self._backend(account).managed_policies.get(arn)
        if policy is None:
            return None
        return StoredPolicy(name=policy.name, text=_default_text(policy), arn=arn)

    def customer_policies(self, account: str) -> tuple[str, ...]:
        prefix = f"arn:aws:iam::{account}:"
        return tuple(a for a in self._backend(account).managed_policies if a.startswith(prefix))

    def policy_versions(self, account: str, arn: str) -> dict[str, bool]:
        """Version id to whether it is the default one."""
        return {
            v.version_id: v.is_default
            for v in self._backend(account).managed_policies[arn].versions
        }

    def policy_attachments(self, account: str, arn: str) -> int:
        """How many users, roles and groups the managed policy is attached to."""
        backend = self._backend(account)
        entities = [*backend.users.values(), *backend.roles.values(), *backend.groups.values()]
        return sum(arn in entity.managed_policies for entity in entities)

    def policy_tags(self, account: str, arn: str) -> dict[str, str]:
        policy = self._backend(account).managed_policies.get(arn)
        return tags_of(policy.get_tags()) if policy is not None else {}

    def instance_profiles(self, account: str) -> dict[str, tuple[str, ...]]:
        """Name of each instance profile to the names of its roles."""
        profiles = self._backend(account).instance_profiles
        return {name: tuple(role.name for role in p.roles) for name, p in profiles.items()}

    def instance_profile(self, account: str, name: str) -> InstanceProfile | None:
        profile = self._backend(account).instance_profiles.get(name)
        if profile is None:
            return None
        return InstanceProfile(path=profile.path, tags=tags_of(profile.tags))

    def instance_profile_roles(self, account: str) -> tuple[str, ...]:
        profiles = self._backend(account).instance_profiles.values()
        return tuple(role.name for profile in profiles for role in profile.roles)


def tags_of(items: Any) -> dict[str, str]:
    """Tags as moto lists them, by key."""
    return {tag["Key"]: tag["Value"] for tag in items or ()}


def _role_value(account: str, role: Any) -> Role:
    return Role(
        account=account,
        name=role.name,
        arn=role.arn,
        unique_id=role.id,
        trust_policy=role.assume_role_policy_document,
        max_session_seconds=int(role.max_session_duration or 3600),
        tags=tags_of(role.tags),
        boundary=_boundary_arn(role),
    )


def _boundary_arn(entity: Any) -> str | None:
    return getattr(entity, "permissions_boundary_arn", None) or None


def _default_text(policy: Any) -> str:
    return next(
        (str(v.document) for v in policy.versions if v.version_id == policy.default_version_id), ""
    )
