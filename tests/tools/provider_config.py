"""What the kubelet refuses in a CredentialProviderConfig (kubelet.config.k8s.io/v1).

Kubernetes publishes no schema for its kubelet's files. The fields are those of its Go types, the
rest is what the kubelet checks when it starts.
Source: kubernetes/kubernetes, staging/src/k8s.io/kubelet/config/v1/types.go (commit 008b3652959c)
and pkg/credentialprovider/plugin/config.go (commit 03db2278d526), decode and
validateCredentialProviderConfig; pkg/credentialprovider, ParseSchemelessURL; apimachinery,
IsQualifiedName; strictly decoded: plugin.go, codecs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

API = "kubelet.config.k8s.io/v1"
PROTOCOL = "credentialprovider.kubelet.k8s.io/"
VERSIONS = (f"{PROTOCOL}v1", f"{PROTOCOL}v1alpha1", f"{PROTOCOL}v1beta1")
CACHE_TYPES = ("ServiceAccount", "Token")
# As Go's time.ParseDuration reads it.
_DURATION = re.compile(r"[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_NAME_PART = re.compile(r"(?:[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?)")
_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_Fields = Mapping[str, Callable[[Any], bool]]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


_CONFIG: _Fields = {"apiVersion": _text, "kind": _text, "providers": _objects}
_PROVIDER: _Fields = {
    "name": _text,
    "matchImages": _texts,
    "defaultCacheDuration": lambda value: _text(value) and bool(_DURATION.fullmatch(value)),
    "apiVersion": _text,
    "args": _texts,
    "env": _objects,
    "tokenAttributes": lambda value: isinstance(value, dict),
}
_VARIABLE: _Fields = {"name": _text, "value": _text}
_TOKEN: _Fields = {
    "serviceAccountTokenAudience": _text,
    "cacheType": _text,
    "requireServiceAccount": lambda value: isinstance(value, bool),
    "requiredServiceAccountAnnotationKeys": _texts,
    "optionalServiceAccountAnnotationKeys": _texts,
}


def faults(config: Any) -> list[str]:
    """Each fault, as "where: what"; none when the kubelet starts with the file."""
    return list(_misread("", config, _CONFIG)) or list(_decoded(config))


def _decoded(config: Mapping[str, Any]) -> Iterator[str]:
    """Of what has been read: what it is, then each provider. As Go decodes, null is as absent."""
    if config.get("kind") != "CredentialProviderConfig":
        yield "kind: not CredentialProviderConfig"
    if config.get("apiVersion") != API:
        yield f"apiVersion: not {API}"
    providers = config.get("providers") or []
    if not providers:
        yield "providers: at least one"
    for number, provider in enumerate(providers):
        at = f"providers[{number}]"
        misread = list(_misread(at, provider, _PROVIDER))
        for index, variable in enumerate(provider.get("env") or [] if not misread else []):
            misread += _misread(f"{at}.env[{index}]", variable, _VARIABLE)
        yield from misread or _provider(at, provider)
    names = [provider.get("name") for provider in providers]
    yield from (f"providers: two are called {name!r}" for name in _twice(names))


def _misread(at: str, value: Any, fields: _Fields) -> Iterator[str]:
    """Fields that the type has not, and values of another type."""
    if not isinstance(value, dict):
        yield f"{at or 'config'}: not an object"
        return
    for name, content in value.items():
        where = f"{at}.{name}".lstrip(".")
        if name not in fields:
            yield f"{where}: unknown field"
        elif content is not None and not fields[name](content):
            yield f"{where}: cannot be read"


def _provider(at: str, provider: Mapping[str, Any]) -> Iterator[str]:
    name = provider.get("name") or ""
    if "/" in name or " " in name or name in (".", ".."):
        yield f"{at}.name: the name of a program, without / and spaces"
    version = provider.get("apiVersion")
    if not version:
        yield f"{at}.apiVersion: required"
    elif version not in VERSIONS:
        yield f"{at}.apiVersion: one of {', '.join(VERSIONS)}"
    if not provider.get("matchImages"):
        yield f"{at}.matchImages: at least one"
    for pattern in provider.get("matchImages") or []:
        if not _is_address(pattern):
            yield f"{at}.matchImages: {pattern!r} is no host, port and path"
    duration = provider.get("defaultCacheDuration")
    if duration is None:
        yield f"{at}.defaultCacheDuration: required"
    elif duration.startswith("-") and re.search("[1-9]", duration):
        yield f"{at}.defaultCacheDuration: not less than 0"
    if provider.get("tokenAttributes") is not None:
        where = f"{at}.tokenAttributes"
        if version != VERSIONS[0]:
            yield f"{where}: only with {VERSIONS[0]}"
        attributes = provider["tokenAttributes"]
        yield from list(_misread(where, attributes, _TOKEN)) or _token(where, attributes)


def _is_address(pattern: str) -> bool:
    """Whether Go parses it as a URL once "https://" stands before it."""
    if re.search(r"[\x00-\x1f\x7f]|%(?![0-9A-Fa-f]{2})", pattern):
        return False
    try:
        host = urlsplit(f"https://{pattern}")
    except ValueError:
        return False
    port = host.netloc.rpartition("@")[2].partition(":")[2]
    return not re.search(r"[ <>\"\\^`{|}]", host.netloc) and (not port or port.isdecimal())


def _token(at: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    if not attributes.get("serviceAccountTokenAudience"):
        yield f"{at}.serviceAccountTokenAudience: required"
    if attributes.get("requireServiceAccount") is None:
        yield f"{at}.requireServiceAccount: required"
    if not attributes.get("cacheType"):
        yield f"{at}.cacheType: required"
    elif attributes["cacheType"] not in CACHE_TYPES:
        yield f"{at}.cacheType: one of {', '.join(CACHE_TYPES)}"
    required = attributes.get("requiredServiceAccountAnnotationKeys") or []
    optional = attributes.get("optionalServiceAccountAnnotationKeys") or []
    if required and attributes.get("requireServiceAccount") is False:
        yield f"{at}.requiredServiceAccountAnnotationKeys: not without requireServiceAccount"
    for kind, keys in (("required", required), ("optional", optional)):
        where = f"{at}.{kind}ServiceAccountAnnotationKeys"
        yield from (f"{where}: {key!r} is no annotation" for key in keys if not _is_key(key))
        yield from (f"{where}: {key!r} twice" for key in _twice(keys))
    for key in sorted(set(required) & set(optional)):
        yield f"{at}: {key!r} is both required and optional"


def _is_key(key: str) -> bool:
    prefix, slash, name = key.lower().rpartition("/")
    if slash and not (len(prefix) <= 253 and _PREFIX.fullmatch(prefix)):
        return False
    return len(name) <= 63 and bool(_NAME_PART.fullmatch(name))


def _twice(values: Sequence[Any]) -> list[Any]:
    return [value for index, value in enumerate(values) if value in values[:index]]
