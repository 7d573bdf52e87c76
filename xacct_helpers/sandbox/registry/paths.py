"""Where a request under /v2/ points: whose registry, which repository, what of it.

Source: OCI distribution specification 1.1, endpoints and grammar of names, tags and digests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from ...aws.ecr_hosts import parse_ecr_host
from ...aws.regions import DEFAULT_REGION
from ..protocol.messages import HttpRequest
from .errors import RegistryError

_PORT = re.compile(r":\d+\Z")
_ACCOUNT_PREFIX = re.compile(r"/v2/(\d{12})(/.*)", re.S)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_LONGEST_NAME = 256
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

# Kind of thing, and its path after the repository's name; the group is what tells it from others.
_KINDS = {
    "manifest": re.compile(r"/v2/(.+)/manifests/([^/]+)", re.S),
    "upload": re.compile(r"/v2/(.+)/blobs/uploads/([^/]+)", re.S),
    "uploads": re.compile(r"/v2/(.+)/blobs/uploads/?()", re.S),
    "blob": re.compile(r"/v2/(.+)/blobs/([^/]+)", re.S),
    "tags": re.compile(r"/v2/(.+)/tags/list()", re.S),
    "referrers": re.compile(r"/v2/(.+)/referrers/([^/]+)", re.S),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """An account's registry, and how the client came to it.

    path: the request's path without the account; prefix: that account, "/111111111111", or "".
    namespace: what `ns=` named, or "".
    """

    account: str
    region: str
    path: str
    prefix: str = ""
    namespace: str = ""

    def link(self, path: str, **query: str) -> str:
        """A path for the client to go on with: it leads to this registry again."""
        if self.namespace:
            query["ns"] = self.namespace
        return f"/v2{self.prefix}/{path}" + (f"?{urlencode(query)}" if query else "")


def addressed(request: HttpRequest, first_account: str) -> Registry:
    """The registry: by host name, by `ns=` (as containerd adds it to a mirror's URL), or by the
    first part of the path; the lab's first account otherwise."""
    checked = [parse_qs(request.query).get("ns", [""])[0], request.headers.get("host", "")]
    for number, host in enumerate(checked):
        named = parse_ecr_host(_PORT.sub("", host))
        if named is not None:
            return Registry(
                account=named.account,
                region=named.region,
                path=request.path,
                namespace=host if number == 0 else "",
            )
    found = _ACCOUNT_PREFIX.fullmatch(request.path)
    if found:
        return Registry(
            account=found[1], region=DEFAULT_REGION, path=f"/v2{found[2]}", prefix=f"/{found[1]}"
        )
    return Registry(account=first_account, region=DEFAULT_REGION, path=request.path)


def found_at(path: str) -> tuple[str, str, str]:
    """(kind, repository's name, the rest): what a path points at.

    Raises RegistryError for a path of no kind and for a name outside of the grammar.
    """
    if path == "/v2/_catalog":
        return "catalog", "", ""
    for kind, pattern in _KINDS.items():
        found = pattern.fullmatch(path)
        if found:
            return kind, _checked(found[1]), found[2]
    raise RegistryError(404, "UNSUPPORTED", f"The registry has nothing at {path[:200]}.")


def is_name(name: str) -> bool:
    """Whether a repository can have this name. Source: botocore's model of ECR."""
    return 2 <= len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def _checked(name: str) -> str:
    if not is_name(name):
        raise RegistryError(
            400,
            "NAME_INVALID",
            f"Invalid parameter at 'repositoryName' failed to satisfy constraint: '{name[:256]}' "
            "is no name of a repository",
        )
    return name


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def digest(text: str) -> str:
    """The text when it is a digest; RegistryError when not. ECR computes SHA-256 only."""
    if not is_digest(text):
        raise RegistryError(
            400, "DIGEST_INVALID", f"'{text[:200]}' is no digest: sha256: and 64 hex digits."
        )
    return text


def image_id(reference: str) -> dict[str, str]:
    """How the ECR API names the image that a tag or digest stands for."""
    if ":" in reference:
        return {"imageDigest": digest(reference)}
    if not _TAG.fullmatch(reference):
        raise RegistryError(
            400,
            "TAG_INVALID",
            "Invalid parameter at 'imageTag' failed to satisfy constraint: must satisfy regular "
            f"expression '{_TAG.pattern}'",
        )
    return {"imageTag": reference}
