"""What moto's ECR holds, read in plain values; and what moto has no call for, set."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import UTC
from functools import lru_cache
from typing import Any

from ..clock import Clock
from ..records import Image, Repository
from .iam import tags_of
from .moto_imports import ecr_backend, ecr_models


class Ecr:
    """ECR of all accounts, in all regions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def region_known(self, region: str) -> bool:
        """Whether ECR exists in the region."""
        return region in ecr_models.ecr_backends["0" * 12].regions

    def repository(self, account: str, region: str, name: str) -> Repository | None:
        if not self.region_known(region):
            return None
        backend = ecr_backend(account, region)
        repository = backend.repositories.get(name)
        if repository is None:
            return None
        tagged = backend.tagger.list_tags_for_resource(repository.arn)["tags"]
        return Repository(
            account=account,
            region=region,
            name=name,
            arn=repository.arn,
            policy=repository.policy,
            layers=repository.layers,
            tags=tags_of(tagged),
        )

    def repositories(self, account: str) -> Iterator[tuple[str, str]]:
        """(region, name) of every repository of the account."""
        for region, backend in sorted(ecr_models.ecr_backends[account].items()):
            for name in sorted(backend.repositories):
                yield region, name

    def set_repository_policy(self, account: str, region: str, name: str, text: str) -> None:
        ecr_backend(account, region).repositories[name].policy = text

    def add_layer(self, account: str, region: str, name: str, digest: str, size: int) -> None:
        ecr_backend(account, region).repositories[name].layers[digest] = size

    def untag(self, account: str, region: str, name: str, tag: str) -> None:
        """Take a tag from the image that has it. moto would delete the image with its last tag."""
        for image in ecr_backend(account, region).repositories[name].images:
            image.remove_tag(tag)

    def delete_images(self, account: str, region: str, name: str, digests: Collection[str]) -> None:
        """Delete images with all of their tags."""
        repository = ecr_backend(account, region).repositories[name]
        repository.images = [
            image for image in repository.images if image.get_image_digest() not in digests
        ]

    def image_pushed(self, account: str, region: str, name: str, digest: str) -> None:
        """Give an image just put the lab's time."""
        for image in ecr_backend(account, region).repositories[name].images:
            if image.get_image_digest() == digest:
                image.image_pushed_at = int(self._clock.now().timestamp())

    def images(self, account: str, region: str, name: str) -> tuple[Image, ...]:
        """The images of a repository, in the order they were pushed."""
        images = ecr_backend(account, region).repositories[name].images
        return tuple(_image_value(image) for image in images)

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
            for name, repository in ecr_backend(account, region).repositories.items()
        }


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
