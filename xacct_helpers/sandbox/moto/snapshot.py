"""Everything an account holds, in one value: what two labs are compared by."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from .ecr import Ecr
from .iam import Iam, tags_of
from .moto_imports import ecr_backend, iam_backend

Form = Callable[[str], str]


def contents(iam: Iam, ecr: Ecr, account: str, form: Form) -> dict[str, Any]:
    """Everything an account holds but times and secrets.

    form: how a policy document is written.
    """
    backend = iam_backend(account)
    entities = {}
    for kind, items in (
        ("user", backend.users.values()),
        ("role", backend.roles.values()),
        ("group", backend.groups.values()),
    ):
        for item in items:
            entities[item.arn] = {
                "id": item.id,
                "inline": {n: form(t) for n, t in sorted(item.policies.items())},
                "attached": sorted(item.managed_policies),
                "boundary": getattr(item, "permissions_boundary_arn", None),
                "tags": sorted(tags_of(getattr(item, "tags", None)).items()),
            }
            if kind == "role":
                entities[item.arn]["trust"] = form(item.assume_role_policy_document)
                entities[item.arn]["max_session"] = int(item.max_session_duration or 3600)
                entities[item.arn]["description"] = item.description or ""
            elif kind == "user":
                entities[item.arn]["keys"] = sorted(
                    (k.access_key_id, k.status) for k in item.access_keys
                )
                profile = iam.login_profile(account, item.name)
                if profile is not None:
                    entities[item.arn]["login_profile"] = profile.reset_required
            else:
                entities[item.arn]["members"] = sorted(u.name for u in item.users)
    policies = {
        arn: {v.version_id: (v.is_default, form(v.document)) for v in policy.versions}
        for arn, policy in sorted(backend.managed_policies.items())
        if not arn.startswith("arn:aws:iam::aws:")
    }
    for profile in backend.instance_profiles.values():
        entities[profile.arn] = {
            "id": profile.id,
            "roles": sorted(role.name for role in profile.roles),
            "tags": sorted(tags_of(profile.tags).items()),
        }
    for arn in backend.open_id_providers:
        provider = iam.oidc_provider(account, arn)
        assert provider is not None
        entities[arn] = {
            "client_ids": sorted(provider.client_ids),
            "thumbprints": sorted(provider.thumbprints),
            "tags": sorted(provider.tags.items()),
        }
    password_policy = iam.password_policy(account)
    return {
        "iam": dict(sorted(entities.items())),
        "policies": policies,
        **({"password_policy": password_policy} if password_policy else {}),
        "repositories": dict(_repositories(ecr, account, form)),
    }


def _repositories(ecr: Ecr, account: str, form: Form) -> Iterator[tuple[str, Any]]:
    for region, name in ecr.repositories(account):
        repository = ecr_backend(account, region).repositories[name]
        yield (
            repository.arn,
            {
                "policy": repository.policy and form(repository.policy),
                "mutability": str(repository.image_tag_mutability),
                "layers": sorted(repository.layers.items()),
                "images": sorted(
                    (i.get_image_digest(), sorted(i.image_tags)) for i in repository.images
                ),
            },
        )


def compact(text: str) -> str:
    """A policy document without white space."""
    return json.dumps(json.loads(text), separators=(",", ":"))


def meaning(text: str) -> str:
    """A policy document without what makes no difference: labels, the order of statements and of
    values in a list, and whether a single value stands in a list."""
    document = json.loads(text)
    statements = document["Statement"]
    plain = [
        {name: _sorted(value) for name, value in statement.items() if name != "Sid"}
        for statement in (statements if isinstance(statements, list) else [statements])
    ]
    return json.dumps(
        {"Version": document.get("Version"), "Statement": sorted(plain, key=_key)}, sort_keys=True
    )


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(item) for name, item in value.items()}
    if isinstance(value, list):
        return value[0] if len(value) == 1 else sorted(value, key=_key)
    return value


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
