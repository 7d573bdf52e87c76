"""Small images for the tests of ECR and of the registry: bytes, digests, manifests, a push."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tests.sandboxes import Keys, Sandbox

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Image:
    """An image of one layer."""

    layer: bytes
    config: bytes = b"{}"

    @property
    def manifest(self) -> str:
        def part(kind: str, data: bytes) -> dict[str, Any]:
            return {"mediaType": kind, "digest": digest_of(data), "size": len(data)}

        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": part(CONFIG_TYPE, self.config),
                "layers": [part(LAYER_TYPE, self.layer)],
            }
        )

    @property
    def digest(self) -> str:
        return digest_of(self.manifest.encode())


def upload(sandbox: Sandbox, keys: Keys | str, data: bytes, *, parts: int = 1, **named: Any) -> str:
    """Upload one blob through the ECR API; its digest."""
    begun = sandbox.do(keys, "ecr:InitiateLayerUpload", **named)["uploadId"]
    size = -(-len(data) // parts)
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        sandbox.do(
            keys,
            "ecr:UploadLayerPart",
            uploadId=begun,
            partFirstByte=start,
            partLastByte=start + len(piece) - 1,
            layerPartBlob=piece,
            **named,
        )
    done = sandbox.do(
        keys,
        "ecr:CompleteLayerUpload",
        uploadId=begun,
        layerDigests=[digest_of(data)],
        **named,
    )
    return str(done["layerDigest"])


def push(
    sandbox: Sandbox, keys: Keys | str, image: Image, tag: str | None = "v1", **named: Any
) -> Any:
    """Push an image; PutImage's answer. named: repositoryName and, for another's, registryId."""
    upload(sandbox, keys, image.layer, **named)
    upload(sandbox, keys, image.config, **named)
    more = {"imageTag": tag} if tag else {}
    return sandbox.do(keys, "ecr:PutImage", imageManifest=image.manifest, **named, **more)["image"]
