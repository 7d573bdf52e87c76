"""A kubelet starts with the repository's CredentialProviderConfig, and with no wrong one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import ROOT
from tests.tools.provider_config import faults

CONFIGS = sorted(
    path
    for folder in ("notebooks", "deploy", "examples", "docs")
    for path in (ROOT / folder).rglob("*.y*ml")
    if "kind: CredentialProviderConfig" in path.read_text()
)
V1 = "credentialprovider.kubelet.k8s.io/v1"
TOKEN = {
    "serviceAccountTokenAudience": "sts.amazonaws.com",
    "cacheType": "ServiceAccount",
    "requireServiceAccount": True,
    "requiredServiceAccountAnnotationKeys": ["eks.amazonaws.com/ecr-role-arn"],
}
GOOD: dict[str, Any] = {
    "apiVersion": "kubelet.config.k8s.io/v1",
    "kind": "CredentialProviderConfig",
    "providers": [
        {
            "name": "provider",
            "apiVersion": V1,
            "matchImages": ["*.dkr.ecr.*.amazonaws.com"],
            "defaultCacheDuration": "12h",
        }
    ],
}
ABSENT = object()


def with_(**changes: Any) -> dict[str, Any]:
    """The good config with fields of its provider changed; ABSENT takes one away."""
    config = copy.deepcopy(GOOD)
    provider = config["providers"][0] | changes
    config["providers"][0] = {k: v for k, v in provider.items() if v is not ABSENT}
    return config


def token(**changes: Any) -> dict[str, Any]:
    """One whose provider is given a service account's token."""
    attributes = {k: v for k, v in (TOKEN | changes).items() if v is not ABSENT}
    return with_(tokenAttributes=attributes)


KEYS = "providers[0].tokenAttributes.requiredServiceAccountAnnotationKeys"
P, T = "providers[0]", "providers[0].tokenAttributes"
TAKEN = [
    pytest.param(GOOD, id="the least"),
    pytest.param(token(), id="with a token"),
    pytest.param(with_(args=["--x"], env=[{"name": "A", "value": "b"}]), id="arguments and env"),
    pytest.param(with_(defaultCacheDuration="0"), id="no cache"),
    pytest.param(with_(defaultCacheDuration="1h30m0.5s"), id="a duration as Go writes it"),
    pytest.param(with_(apiVersion=f"{V1}beta1"), id="an older version"),
    pytest.param(with_(matchImages=["registry.io:8080/path", "*.io"]), id="a port and a path"),
    pytest.param(with_(args=None, env=None), id="null is as absent"),
    pytest.param(
        token(requireServiceAccount=False, requiredServiceAccountAnnotationKeys=ABSENT),
        id="Pods without a service account",
    ),
]
REFUSED = [
    pytest.param([], ["config: not an object"], id="a list"),
    pytest.param(GOOD | {"kind": "KubeletConfiguration"},
                 ["kind: not CredentialProviderConfig"], id="another kind"),
    pytest.param(GOOD | {"apiVersion": V1},
                 ["apiVersion: not kubelet.config.k8s.io/v1"], id="the protocol's version"),
    pytest.param(GOOD | {"metadata": {}}, ["metadata: unknown field"], id="metadata"),
    pytest.param(GOOD | {"providers": []}, ["providers: at least one"], id="no provider"),
    pytest.param(GOOD | {"providers": {"name": "x"}},
                 ["providers: cannot be read"], id="providers that are an object"),
    pytest.param(GOOD | {"providers": GOOD["providers"] * 2},
                 ["providers: two are called 'provider'"], id="one name twice"),
    pytest.param(with_(matchImage=["x"]), [f"{P}.matchImage: unknown field"], id="a slip"),
    pytest.param(with_(args="--x"), [f"{P}.args: cannot be read"], id="args as text"),
    pytest.param(with_(args=[1]), [f"{P}.args: cannot be read"], id="args that are numbers"),
    pytest.param(with_(env={"A": "b"}), [f"{P}.env: cannot be read"], id="env as an object"),
    pytest.param(with_(env=[{"name": "A", "valueFrom": {}}]),
                 [f"{P}.env[0].valueFrom: unknown field"], id="env as in a Pod"),
    pytest.param(with_(env=[{"name": "A", "value": 1}]),
                 [f"{P}.env[0].value: cannot be read"], id="a number in env"),
    *(
        pytest.param(with_(name=name),
                     [f"{P}.name: the name of a program, without / and spaces"],
                     id=f"the name {name!r}")
        for name in ("/usr/bin/x", "a b", ".", "..")
    ),
    pytest.param(with_(apiVersion=ABSENT), [f"{P}.apiVersion: required"], id="no version"),
    pytest.param(with_(apiVersion="v1"),
                 [f"{P}.apiVersion: one of {V1}, {V1}alpha1, {V1}beta1"], id="another version"),
    pytest.param(with_(matchImages=ABSENT), [f"{P}.matchImages: at least one"], id="no images"),
    pytest.param(with_(matchImages=[]), [f"{P}.matchImages: at least one"], id="empty images"),
    pytest.param(with_(matchImages=["registry.io:port"]),
                 [f"{P}.matchImages: 'registry.io:port' is no host, port and path"],
                 id="what is no port"),
    pytest.param(with_(matchImages=["a%zz.io"]),
                 [f"{P}.matchImages: 'a%zz.io' is no host, port and path"], id="a wrong escape"),
    pytest.param(with_(defaultCacheDuration=ABSENT),
                 [f"{P}.defaultCacheDuration: required"], id="no duration"),
    pytest.param(with_(defaultCacheDuration="-1h"),
                 [f"{P}.defaultCacheDuration: not less than 0"], id="a duration below 0"),
    pytest.param(with_(defaultCacheDuration="12"),
                 [f"{P}.defaultCacheDuration: cannot be read"], id="a duration without a unit"),
    pytest.param(with_(defaultCacheDuration=43200),
                 [f"{P}.defaultCacheDuration: cannot be read"], id="a duration in seconds"),
    pytest.param(with_(defaultCacheDuration="1d"),
                 [f"{P}.defaultCacheDuration: cannot be read"], id="a duration in days"),
    pytest.param(with_(apiVersion=f"{V1}beta1", tokenAttributes=TOKEN),
                 [f"{T}: only with {V1}"], id="a token in an older version"),
    pytest.param(token(serviceAccountTokenAudience=""),
                 [f"{T}.serviceAccountTokenAudience: required"], id="no audience"),
    pytest.param(token(requireServiceAccount=ABSENT),
                 [f"{T}.requireServiceAccount: required"], id="not said whether required"),
    pytest.param(token(requireServiceAccount="true"),
                 [f"{T}.requireServiceAccount: cannot be read"], id="true as text"),
    pytest.param(token(cacheType=ABSENT), [f"{T}.cacheType: required"], id="no cacheType"),
    pytest.param(token(cacheType="Pod"),
                 [f"{T}.cacheType: one of ServiceAccount, Token"], id="another cacheType"),
    pytest.param(token(requireServiceAccount=False),
                 [f"{KEYS}: not without requireServiceAccount"], id="keys of no account"),
    pytest.param(token(requiredServiceAccountAnnotationKeys=["a/b/c"]),
                 [f"{KEYS}: 'a/b/c' is no annotation"], id="a key of three parts"),
    pytest.param(token(requiredServiceAccountAnnotationKeys=["a", "a"]),
                 [f"{KEYS}: 'a' twice"], id="a key twice"),
    pytest.param(token(optionalServiceAccountAnnotationKeys=["eks.amazonaws.com/ecr-role-arn"]),
                 [f"{T}: 'eks.amazonaws.com/ecr-role-arn' is both required and optional"],
                 id="a key in both lists"),
]  # fmt: skip


@pytest.mark.parametrize("config", TAKEN)
def test_a_kubelet_starts_with(config: Any) -> None:
    assert faults(config) == []


@pytest.mark.parametrize(("config", "said"), REFUSED)
def test_a_kubelet_refuses(config: Any, said: list[str]) -> None:
    assert faults(config) == said


def test_there_is_a_config_to_look_at() -> None:
    assert ROOT / "notebooks" / "kubernetes" / "credential-provider.yaml" in CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_kubelet_starts_with_the_repositorys(path: Path) -> None:
    assert faults(yaml.safe_load(path.read_text())) == []
