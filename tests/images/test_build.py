"""The built image: the same bytes everywhere, and readable by other people's tools."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
import zlib

import pytest

from tests.tools import require
from xacct_helpers.images import ARCHITECTURES, Manifest, build_image, hello_program
from xacct_helpers.images.build import gzip_stored, tar_of_one_file

IMAGE = build_image()

# A change here changes what learners see in notebooks 01 and 05 and in tests/notebooks.
PINNED = {
    "index": "sha256:0c87bebf84c0c9bec276b0768efacd3ff89144bb6809fc9f929ca0b0892f44e3",
    "amd64": "sha256:5523d57f6dc2e4794aa7002f3c2d3f261e1ac765a0b058523498244cdc4b799f",
    "amd64 layer": "sha256:acd8c2c6cc3796a31c00e8f3725e87f02babad063aa40734b3512fcaf6962453",
    "amd64 config": "sha256:803ede6bdbfd1eb987ea5506a8e8140fed0224113f2c8595c1f8666aefa7ba50",
    "arm64": "sha256:f39221e10d17817e38ae07044c0e224ed59e26643ec4055250ea79f40dc4425f",
    "arm64 layer": "sha256:285efa062cf3f3ac1b921ad171ac5fb70ec6df6afbee16804cc1cf72637e804a",
    "arm64 config": "sha256:4b44d7dd4e6d7528e61ec5142df7eb1dcfe650426c515758d61ab09d21ac8da5",
}
SIZES = [
    pytest.param(0, id="nothing"),
    pytest.param(1, id="one byte"),
    pytest.param(65535, id="one full block"),
    pytest.param(65536, id="one byte into the second block"),
    pytest.param(200_000, id="four blocks"),
]


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def test_the_digests_are_the_same_everywhere() -> None:
    found = {"index": IMAGE.index.digest}
    for manifest in IMAGE.manifests:
        found[manifest.architecture] = manifest.digest
        found[f"{manifest.architecture} layer"] = manifest.layers[0].digest
        found[f"{manifest.architecture} config"] = manifest.config.digest
    assert found == PINNED
    assert build_image() == IMAGE


def test_another_greeting_is_another_image() -> None:
    other = build_image("Something else.\n")
    assert not set(other.blobs) & set(IMAGE.blobs)
    assert other.index.digest != IMAGE.index.digest


def test_every_blob_manifest_and_index_stands_under_its_own_digest() -> None:
    for digest, content in IMAGE.blobs.items():
        assert digest == digest_of(content)
    assert IMAGE.index.digest == digest_of(IMAGE.index.body)
    for manifest in IMAGE.manifests:
        assert manifest.digest == digest_of(manifest.body)
        for blob in manifest.blobs:
            assert blob.size == len(IMAGE.blobs[blob.digest])
    assert len(IMAGE.blobs) == 4


@pytest.mark.parametrize("manifest", IMAGE.manifests, ids=ARCHITECTURES)
def test_the_layer_holds_hello_and_nothing_else(manifest: Manifest) -> None:
    layer = IMAGE.blobs[manifest.layers[0].digest]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as archive:
        (member,) = archive.getmembers()
        stream = archive.extractfile(member)
        assert stream is not None
        assert stream.read() == hello_program(manifest.architecture)
    facts = (member.name, member.mode, member.mtime, member.uid, member.gid, member.isreg())
    assert facts == ("hello", 0o755, 0, 0, 0, True)
    assert (member.uname, member.gname) == ("", "")


@pytest.mark.parametrize("manifest", IMAGE.manifests, ids=ARCHITECTURES)
def test_the_config_fits_its_layer(manifest: Manifest) -> None:
    config = json.loads(IMAGE.blobs[manifest.config.digest])
    tar = gzip.decompress(IMAGE.blobs[manifest.layers[0].digest])
    assert config["rootfs"] == {"type": "layers", "diff_ids": [digest_of(tar)]}
    assert (config["os"], config["architecture"]) == ("linux", manifest.architecture)
    assert config["config"] == {"Entrypoint": ["/hello"]}
    assert config["created"] == "1970-01-01T00:00:00Z"


def test_the_manifests_and_the_index_say_what_the_image_says() -> None:
    index = json.loads(IMAGE.index.body)
    assert index["mediaType"] == IMAGE.index.media_type
    for entry, manifest in zip(index["manifests"], IMAGE.manifests, strict=True):
        assert entry["digest"] == manifest.digest
        assert entry["size"] == len(manifest.body)
        assert entry["platform"] == {"os": "linux", "architecture": manifest.architecture}
        body = json.loads(manifest.body)
        assert entry["mediaType"] == body["mediaType"] == manifest.media_type
        assert body["config"] == manifest.config.as_json()
        assert body["layers"] == [layer.as_json() for layer in manifest.layers]


def test_one_platform_is_linux_amd64_unless_another_is_named() -> None:
    assert IMAGE.single_platform().architecture == "amd64"
    assert IMAGE.single_platform("arm64").architecture == "arm64"
    with pytest.raises(KeyError, match="linux/riscv64"):
        IMAGE.single_platform("riscv64")


@pytest.mark.parametrize("size", SIZES)
def test_the_stored_gzip_is_ordinary_gzip(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    packed = gzip_stored(content)
    assert gzip.decompress(packed) == content
    strict = zlib.decompressobj(wbits=31)
    assert strict.decompress(packed) == content
    assert strict.eof
    assert not strict.unused_data


@pytest.mark.tools
@pytest.mark.parametrize("size", SIZES)
def test_the_gzip_command_reads_it_too(size: int) -> None:
    content = b"x" * size
    done = subprocess.run(
        [require("gzip", "gzip"), "-dc"],
        input=gzip_stored(content),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, content, b"")


@pytest.mark.tools
def test_the_tar_command_reads_the_archive_without_a_word() -> None:
    archive = tar_of_one_file("hello", b"x" * 700, mode=0o755)
    command = [require("tar", "tar"), "-tvf", "-"]
    done = subprocess.run(command, input=archive, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.split()[0] == b"-rwxr-xr-x"
    assert done.stdout.split()[-1] == b"hello"


def test_a_name_too_long_for_the_header_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 100 bytes"):
        tar_of_one_file("n" * 101, b"", mode=0o644)
