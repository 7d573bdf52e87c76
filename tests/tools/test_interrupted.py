"""Pushes by real tools that are killed half-way: by themselves, and with the sandbox.

Nothing half-written is to be seen, and the same push made again is good.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.tools import require
from tests.tools.conftest import REGISTRY, Terminal
from xacct_helpers import workspace
from xacct_helpers.lab import open_lab

pytestmark = pytest.mark.tools

SIZE = 256 * 1024 * 1024
PUSHED = f"{REGISTRY}/my-app:pushed"
SKOPEO = f"exec skopeo copy dir:$W/big docker://{PUSHED}"


def big_image(folder: Path) -> str:
    """An image of one big layer, in skopeo's form; the layer's digest."""
    folder.mkdir()
    chance, inside = random.Random(3), hashlib.sha256()
    # Compressed, if by nothing: skopeo compresses what is not, and pushes other bytes then.
    with (folder / "layer").open("wb") as file, gzip.GzipFile("", "wb", 0, file, 0) as packed:
        for _ in range(SIZE >> 20):
            packed.write(piece := chance.randbytes(1 << 20))
            inside.update(piece)
    with (folder / "layer").open("rb") as file:
        layer = hashlib.file_digest(file, "sha256").hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{inside.hexdigest()}"]},
        }
    ).encode()
    kind = "application/vnd.oci.image"
    named = hashlib.sha256(config).hexdigest()
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": {
            "mediaType": f"{kind}.config.v1+json",
            "digest": f"sha256:{named}",
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": f"{kind}.layer.v1.tar+gzip",
                "digest": f"sha256:{layer}",
                "size": (folder / "layer").stat().st_size,
            }
        ],
    }
    (folder / "layer").rename(folder / layer)
    (folder / named).write_bytes(config)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    return f"sha256:{layer}"


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of such an image, and its layer's digest."""
    folder = tmp_path_factory.mktemp("images") / "big"
    return folder, big_image(folder)


@pytest.fixture
def pushing(
    terminal: Terminal, big: tuple[Path, str]
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """skopeo with a part of the layer on its way, and the layer's digest."""
    require("skopeo", "skopeo")
    folder, layer = big
    (terminal.work / "big").symlink_to(folder)
    terminal.ok(
        f"aws --profile account-a ecr get-login-password | "
        f"skopeo login --username AWS --password-stdin {REGISTRY}"
    )
    environment = {**terminal.environment, "W": str(terminal.work)}
    process = subprocess.Popen(
        ["bash", "-c", SKOPEO], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        wait_for_bytes(terminal.lab.folder / "uploads", process)
        yield process, layer
    finally:
        process.kill()
        process.communicate(timeout=60)


def wait_for_bytes(uploads: Path, process: subprocess.Popen[bytes]) -> None:
    """Return once some upload holds bytes, as its client is still at it."""
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in uploads.glob("*/*")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no upload has begun"
        time.sleep(0.005)


def is_there(layer: str) -> bool:
    ecr = boto3.Session(profile_name="account-a").client("ecr")
    found = ecr.batch_check_layer_availability(repositoryName="my-app", layerDigests=[layer])
    return bool(found["layers"][0]["layerAvailability"] == "AVAILABLE")


def tags() -> set[str]:
    ecr = boto3.Session(profile_name="account-a").client("ecr")
    return {one["imageTag"] for one in ecr.list_images(repositoryName="my-app")["imageIds"]}


def test_a_push_that_is_killed_is_made_again(
    terminal: Terminal, pushing: tuple[subprocess.Popen[bytes], str]
) -> None:
    process, layer = pushing
    process.kill()
    process.wait(30)
    assert not is_there(layer)
    assert tags() == {"v1"}
    terminal.ok(SKOPEO)
    assert is_there(layer)
    assert tags() == {"v1", "pushed"}
    name = layer.removeprefix("sha256:")
    terminal.ok(f"skopeo copy docker://{PUSHED} dir:$W/got; cmp $W/big/{name} $W/got/{name}")


def test_a_push_whose_sandbox_is_killed_is_made_again(
    terminal: Terminal, pushing: tuple[subprocess.Popen[bytes], str]
) -> None:
    process, layer = pushing
    os.kill(terminal.lab.running.get("status")["pid"], signal.SIGKILL)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0, said
    lab = open_lab()
    assert not is_there(layer)
    assert tags() == {"v1"}
    changes = workspace.environment(lab.running, os.environ)
    told = {name: value for name, value in changes.items() if value is not None}
    again = terminal.run(SKOPEO, **told)
    assert again.returncode == 0, again.stderr
    assert is_there(layer)
    assert tags() == {"v1", "pushed"}
