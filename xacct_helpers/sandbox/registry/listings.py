"""What there is: the tags of a repository, the repositories, and what refers to a manifest.

Source: OCI distribution specification 1.1: listing tags (end-8), listing referrers (end-12);
Docker registry HTTP API V2, listing repositories.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import parse_qs

from ..protocol.messages import HttpResponse
from ..services import ecr
from ..services.ecr import image_queries
from ..services.ecr.repositories import existing
from .access import Visit, attempting
from .errors import RegistryError, as_json
from .paths import digest as checked

_INDEX = "application/vnd.oci.image.index.v1+json"


def tags(visit: Visit, name: str) -> HttpResponse:
    """The repository's tags, in ASCII order."""
    call = visit.call("ListImages", name)
    with attempting(visit, call):
        repository = existing(visit.state, call, visit.registry.account)
        found = visit.state.backends.ecr.images(repository.account, repository.region, name)
    named = sorted(tag for image in found for tag in image.tags)
    called = f"{visit.registry.prefix}/{name}".removeprefix("/")
    return _page(visit, named, f"{name}/tags/list", lambda part: {"name": called, "tags": part})


def catalog(visit: Visit) -> HttpResponse:
    """The names of the registry's repositories. Asked for on `*` (facts 5.2)."""
    registry = visit.registry
    call = visit.call("DescribeRepositories", "")
    check = ecr.registry_check(visit.state, call.action, registry.account, registry.region)
    with attempting(visit, call, check=check):
        here = visit.state.backends.ecr.repositories(registry.account)
        named = sorted(name for region, name in here if region == registry.region)
    return _page(visit, named, "_catalog", lambda part: {"repositories": part})


def referrers(visit: Visit, name: str, digest: str) -> HttpResponse:
    """An index of the manifests whose subject has the digest, whether it is here or not.

    Judged as ecr:BatchGetImage. Source: ECR API Reference, ListImageReferrers.
    """
    checked(digest)
    wanted = parse_qs(visit.request.query).get("artifactType", [])
    call = visit.call("BatchGetImage", name, imageIds=[{"imageDigest": digest}])
    with attempting(visit, call):
        repository = existing(visit.state, call, visit.registry.account)
        found = image_queries.referrers(visit.state, repository, digest)
    shown = [one for one in found if not wanted or one.get("artifactType") in wanted]
    headers = {"content-type": _INDEX}
    if wanted:
        headers["oci-filters-applied"] = "artifactType"
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": shown}
    return as_json(200, index, headers)


def _page(
    visit: Visit, names: Sequence[str], path: str, content: Callable[[Sequence[str]], object]
) -> HttpResponse:
    """The names after `last`, `n` of them when the client says so, and where the others are."""
    query = parse_qs(visit.request.query, keep_blank_values=True)
    count, last = query.get("n", [None])[0], query.get("last", [None])[0]
    rest = [name for name in names if last is None or name > last]
    if count is None:
        return as_json(200, content(rest))
    if not (count.isascii() and count.isdecimal() and len(count) < 10):
        raise RegistryError(
            400, "PAGINATION_NUMBER_INVALID", f"n must be a number of entries, not '{count[:40]}'."
        )
    shown = rest[: int(count)]
    headers = {}
    if shown and len(shown) < len(rest):
        link = visit.registry.link(path, n=count, last=shown[-1])
        headers["link"] = f'<{link}>; rel="next"'
    return as_json(200, content(shown), headers)
