"""The OCI image around the hello program, byte for byte the same on every machine.

Nothing is left to a library's version: the tar header, the gzip frame and the JSON are written
here. The gzip uses stored (uncompressed) blocks, because what a compressor makes of the same
input differs between zlib versions, and with it the digest.

Sources: OCI Image Format Specification v1.1 (manifest, config, index, layer), POSIX ustar,
RFC 1951 section 3.2.4 (stored blocks) and RFC 1952 (gzip).
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from xacct_helpers.images.program import ARCHITECTURES, GREETING, hello_program

MANIFEST_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_MEDIA_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_MEDIA_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"

_CREATED = "1970-01-01T00:00:00Z"
_STORED_BLOCK_MAX = 0xFFFF
_TAR_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """Points at bytes: their media type, "sha256:…" digest and size in bytes."""

    media_type: str
    digest: str
    size: int

    def as_json(self) -> dict[str, Any]:
        """The descriptor as manifests and indexes hold it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The image for one platform: `body` is what a registry stores under `digest`."""

    architecture: str
    os: str
    digest: str
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    body: bytes = field(repr=False)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """What a registry must hold before it takes this manifest: the layers, then the config."""
        return (*self.layers, self.config)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The list of the manifests of all platforms: `body` is stored under `digest`."""

    digest: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image: layers and configs by digest, a manifest per platform, an index over all."""

    greeting: str
    blobs: Mapping[str, bytes] = field(repr=False)
    manifests: tuple[Manifest, ...]
    index: Index

    def single_platform(self, architecture: str = "amd64") -> Manifest:
        """The plain manifest for linux on `architecture`; KeyError when the image has none."""
        for manifest in self.manifests:
            if manifest.architecture == architecture:
                return manifest
        raise KeyError(f"the image has no manifest for linux/{architecture}")


def build_image(greeting: str = GREETING) -> Image:
    """The hello image for linux/amd64 and linux/arm64; the same greeting gives the same bytes.

    greeting: what the program prints, line end included; 1 to 4096 bytes in UTF-8, else ValueError.
    """
    blobs: dict[str, bytes] = {}
    manifests = tuple(_platform(architecture, greeting, blobs) for architecture in ARCHITECTURES)
    body = _json_bytes(
        {
            "schemaVersion": 2,
            "mediaType": INDEX_MEDIA_TYPE,
            "manifests": [
                {
                    "mediaType": each.media_type,
                    "digest": each.digest,
                    "size": len(each.body),
                    "platform": {"architecture": each.architecture, "os": each.os},
                }
                for each in manifests
            ],
        }
    )
    index = Index(digest=sha256(body), media_type=INDEX_MEDIA_TYPE, body=body)
    return Image(greeting=greeting, blobs=MappingProxyType(blobs), manifests=manifests, index=index)


def sha256(content: bytes | bytearray) -> str:
    """The digest of `content` as registries write it: "sha256:" and 64 hex digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _platform(architecture: str, greeting: str, blobs: dict[str, bytes]) -> Manifest:
    """The manifest for one platform; puts its layer and config into `blobs`."""
    tar = tar_of_one_file("hello", hello_program(architecture, greeting), mode=0o755)
    layer = _store(blobs, LAYER_MEDIA_TYPE, gzip_stored(tar))
    config = _store(
        blobs,
        CONFIG_MEDIA_TYPE,
        _json_bytes(
            {
                "architecture": architecture,
                "os": "linux",
                "created": _CREATED,
                "config": {"Entrypoint": ["/hello"]},
                "rootfs": {"type": "layers", "diff_ids": [sha256(tar)]},
                "history": [{"created": _CREATED, "created_by": "xacct_helpers.images"}],
            }
        ),
    )
    body = _json_bytes(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_MEDIA_TYPE,
            "config": config.as_json(),
            "layers": [layer.as_json()],
        }
    )
    return Manifest(
        architecture=architecture,
        os="linux",
        digest=sha256(body),
        media_type=MANIFEST_MEDIA_TYPE,
        config=config,
        layers=(layer,),
        body=body,
    )


def _store(blobs: dict[str, bytes], media_type: str, content: bytes) -> Descriptor:
    digest = sha256(content)
    blobs[digest] = content
    return Descriptor(media_type=media_type, digest=digest, size=len(content))


def _json_bytes(value: object) -> bytes:
    """Compact JSON with sorted keys in ASCII: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def tar_of_one_file(name: str, content: bytes, *, mode: int) -> bytes:
    """A ustar archive of one regular file owned by root and dated 1970-01-01.

    name: up to 100 bytes of ASCII, else ValueError. mode: permission bits.
    Source: POSIX.1-2017 pax, "ustar Interchange Format".
    """
    path = name.encode("ascii")
    if len(path) > 100:
        raise ValueError(f"a name in a ustar header has at most 100 bytes: {name!r}")
    before = (
        path.ljust(100, b"\0")
        + b"%07o\0" % mode
        + b"%07o\0" % 0  # uid
        + b"%07o\0" % 0  # gid
        + b"%011o\0" % len(content)
        + b"%011o\0" % 0  # mtime
    )
    after = (
        b"0"  # a regular file
        + bytes(100)  # name of what a link points to
        + b"ustar\x0000"  # magic and version
        + bytes(32)  # user name
        + bytes(32)  # group name
        + b"%07o\0" % 0  # device major
        + b"%07o\0" % 0  # device minor
        + bytes(155)  # prefix of the name
        + bytes(12)  # fills the block
    )
    # The checksum is taken with spaces where it will stand.
    checksum = sum(before) + 8 * ord(" ") + sum(after)
    header = before + b"%06o\0 " % checksum + after
    padding = bytes(-len(content) % _TAR_BLOCK)
    return header + content + padding + bytes(2 * _TAR_BLOCK)


def gzip_stored(content: bytes) -> bytes:
    """`content` as a gzip file without compression, dated 0; any gzip reader takes it.

    Source: RFC 1952 sections 2.2 and 2.3, RFC 1951 section 3.2.4.
    """
    blocks = bytearray()
    for start in range(0, max(len(content), 1), _STORED_BLOCK_MAX):
        block = content[start : start + _STORED_BLOCK_MAX]
        last = start + _STORED_BLOCK_MAX >= len(content)
        blocks += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    deflate, no_flags, no_time, no_hint, unknown_system = 8, 0, 0, 0, 255
    header = struct.pack(
        "<2sBBIBB", b"\x1f\x8b", deflate, no_flags, no_time, no_hint, unknown_system
    )
    return header + bytes(blocks) + struct.pack("<II", zlib.crc32(content), len(content) % 2**32)
