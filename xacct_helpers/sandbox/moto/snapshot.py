"""Everything an account holds, in one value: what two labs are compared by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .ecr import Ecr
from .iam import Iam
from .moto_imports import ecr_backend, iam_backend, tags


def contents(iam: Iam, ecr: Ecr, account: str) -> dict[str, Any]:
    """Everything an account holds but times and secrets."""
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
                "inline": {n: _compact(t) for n, t in sorted(item.policies.items())},
                "attached": sorted(item.managed_policies),
                "boundary": getattr(item, "permissions_boundary_arn", None),
                "tags": sorted(tags(getattr(item, "tags", None) or []).items()),
            }
            if kind == "role":
                entities[item.arn]["trust"] = _compact(item.assume_role_policy_document)
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
        arn: {v.version_id: (v.is_default, _compact(v.document)) for v in policy.versions}
        for arn, policy in sorted(backend.managed_policies.items())
        if not arn.startswith("arn:aws:iam::aws:")
    }
    for profile in backend.instance_profiles.values():
        entities[profile.arn] = {
            "id": profile.id,
            "roles": sorted(role.name for role in profile.roles),
            "tags": sorted(tags(profile.tags or []).items()),
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
        "repositories": dict(_repositories(ecr, account)),
    }


def _repositories(ecr: Ecr, account: str) -> Iterator[tuple[str, Any]]:
    for region, name in ecr.repositories(account):
        repository = ecr_backend(account, region).repositories[name]
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


def _compact(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":"))
