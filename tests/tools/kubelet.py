"""The kubelet's side of image credential providers: which provider is asked, how, and what for.

Source: Kubernetes reference, kubelet configuration (v1), CredentialProviderConfig, matchImages;
kubelet CredentialProvider (v1).
"""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.tools.provider_config import faults

API = "credentialprovider.kubelet.k8s.io/v1"
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True)
class Answered:
    """What a provider said. auth: of the registries it has credentials for; key: how long-lived."""

    auth: Mapping[str, tuple[str, str]]
    cache_key_type: str
    cache_seconds: int


def providers(config: Path) -> list[dict[str, Any]]:
    """The providers of a CredentialProviderConfig that a kubelet starts with."""
    content = yaml.safe_load(config.read_text())
    assert faults(content) == []
    return list(content["providers"])


def matches(pattern: str, image: str) -> bool:
    """Whether a matchImages pattern means the image.

    The host's parts are compared one by one, a * within its part; ports must be equal, both absent
    included; a path in the pattern is a prefix.
    """
    wanted, _, prefix = pattern.partition("/")
    host, _, path = image.partition("/")
    wanted, _, wanted_port = wanted.partition(":")
    host, _, port = host.partition(":")
    parts, found = wanted.split("."), host.split(".")
    return (
        wanted_port == port
        and path.startswith(prefix)
        and len(parts) == len(found)
        and all(fnmatch.fnmatchcase(a, b) for a, b in zip(found, parts, strict=True))
    )


def ask(
    provider: Mapping[str, Any], image: str, environment: Mapping[str, str], **more: Any
) -> Answered:
    """Run the provider as the kubelet does; CalledProcessError when it fails."""
    request = {"apiVersion": API, "kind": "CredentialProviderRequest", "image": image, **more}
    done = subprocess.run(
        [provider["name"], *provider.get("args", ())],
        input=json.dumps(request),
        env={**environment, **{e["name"]: e["value"] for e in provider.get("env", ())}},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["apiVersion"] == API
    assert answer["kind"] == "CredentialProviderResponse"
    assert answer["cacheKeyType"] in ("Image", "Registry", "Global")
    assert set(answer) <= {"apiVersion", "kind", "cacheKeyType", "cacheDuration", "auth"}
    return Answered(
        auth={
            key: (login["username"], login["password"])
            for key, login in (answer["auth"] or {}).items()
        },
        cache_key_type=answer["cacheKeyType"],
        cache_seconds=seconds(answer["cacheDuration"]),
    )


def seconds(duration: str) -> int:
    """A duration as Go writes it."""
    found = _DURATION.fullmatch(duration)
    assert found is not None, duration
    assert duration, "a duration is not empty"
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest
