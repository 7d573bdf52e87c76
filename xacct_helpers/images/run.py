"""Unpack the layers of a pulled image and run its entrypoint.

Not a container: the program runs as the current user, with the image's environment and nothing
else between it and the machine. It is meant for the course's own image, whose digest was checked.
Only plain files and folders are unpacked; the first link, device or `..` is an error, so nothing
can be written outside the temporary folder.

Source: OCI Image Format Specification v1.1, "Image Layer Filesystem Changeset" and "Image
Configuration".
"""

from __future__ import annotations

import gzip
import hashlib
import io
import platform
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes that one layer may unpack to."""

_TIMEOUT_SECONDS = 10
_ARCHITECTURE_OF_MACHINE = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


class ImageRunError(Exception):
    """The image cannot be unpacked or run; the message says what is wrong with it."""


def run_image(config: Mapping[str, Any], layers: Sequence[bytes]) -> str:
    """What the image's entrypoint printed, or one sentence on why this machine cannot run it.

    config: the parsed image configuration. layers: their bytes, lowest first, tar or gzipped tar.

    Raises ImageRunError when a layer is not what the configuration promises, holds anything but
    files and folders, or when the program fails or takes more than ten seconds.
    """
    reason = why_not_here(config)
    if reason is not None:
        return reason
    settings = config.get("config") or {}
    command = [*(settings.get("Entrypoint") or []), *(settings.get("Cmd") or [])]
    if not command:
        raise ImageRunError("The image names no program to run (Entrypoint and Cmd are empty).")
    diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
    if len(diff_ids) != len(layers):
        raise ImageRunError(
            f"The image has {len(layers)} layers but its configuration lists {len(diff_ids)}."
        )
    with tempfile.TemporaryDirectory(prefix="xacct-image-") as folder:
        root = Path(folder)
        for layer, diff_id in zip(layers, diff_ids, strict=True):
            unpack(layer, root, diff_id=diff_id)
        return _run(root, command, settings.get("Env") or [])


def why_not_here(config: Mapping[str, Any]) -> str | None:
    """One sentence that says why this machine cannot run the image; None when it can."""
    wanted = f"{config.get('os')}/{config.get('architecture')}"
    machine = platform.machine()
    here = f"{platform.system().lower()}/{_ARCHITECTURE_OF_MACHINE.get(machine, machine)}"
    if wanted == here:
        return None
    return f"This image is for {wanted} and this machine is {here}, so it cannot run here."


def unpack(layer: bytes, root: Path, *, diff_id: str) -> None:
    """Write the files of one layer under `root`.

    layer: tar or gzipped tar. diff_id: "sha256:…" of the tar.

    Raises ImageRunError for a wrong digest, a path that leaves `root`, or anything that is not a
    plain file or folder.
    """
    tar = _decompress(layer)
    found = "sha256:" + hashlib.sha256(tar).hexdigest()
    if found != diff_id:
        raise ImageRunError(f"A layer unpacks to {found}; its configuration promises {diff_id}.")
    try:
        with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
            for member in archive:
                _unpack_member(archive, member, root)
    except (tarfile.TarError, OSError) as error:
        raise ImageRunError(f"A layer cannot be unpacked: {error}") from error


def _decompress(layer: bytes) -> bytes:
    if not layer.startswith(b"\x1f\x8b"):
        return layer
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(layer)) as stream:
            tar = stream.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ImageRunError(f"A layer is not readable gzip: {error}") from error
    if len(tar) > MAX_UNPACKED:
        raise ImageRunError(f"A layer unpacks to more than {MAX_UNPACKED} bytes.")
    return tar


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    target = _inside(root, member.name)
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    content = archive.extractfile(member) if member.isreg() else None
    if content is None or target == root:
        raise ImageRunError(
            f"The layer holds {member.name!r}, which is not a plain file or folder; "
            "images with links or devices need a container runtime."
        )
    if target.name.startswith(".wh."):
        raise ImageRunError(
            f"The layer deletes files of a lower one ({member.name!r}); that needs a container "
            "runtime."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.read())
    target.chmod(member.mode & 0o777)  # never set-user-id


def _inside(root: Path, name: str) -> Path:
    """The path that `name` means when `root` is "/"; ImageRunError when it has a `..`."""
    parts = [part for part in PurePosixPath(name).parts if part != "/"]
    if ".." in parts or "\\" in name:
        raise ImageRunError(f"The image holds a path that leaves its folder: {name!r}")
    return root.joinpath(*parts)


def _run(root: Path, command: Sequence[str], environment: Sequence[str]) -> str:
    program = _inside(root, command[0])
    if not program.is_file():
        raise ImageRunError(f"The image has no file {command[0]!r} to run.")
    try:
        result = subprocess.run(
            list(command),
            executable=program,
            cwd=root,
            env=dict(entry.split("=", 1) for entry in environment if "=" in entry),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageRunError(f"{command[0]} was still running after 10 seconds.") from error
    except OSError as error:
        raise ImageRunError(
            f"{command[0]} could not be started: {error.strerror} (the folder for temporary files "
            "must allow programs to run)."
        ) from error
    if result.returncode != 0:
        raise ImageRunError(
            f"{command[0]} ended with status {result.returncode}: "
            + result.stderr.decode(errors="replace").strip()
        )
    return result.stdout.decode(errors="replace")
