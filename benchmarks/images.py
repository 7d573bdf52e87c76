"""Pushing and pulling a big image with skopeo, against Debian's docker-registry; many at once.

The same image goes to both servers over plain HTTP on the loopback interface, in turns.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import boto3

from benchmarks.report import CannotRun, Row, say
from benchmarks.servers import A, Server, clean_environment, docker_registry, xacct

MIB = 1024 * 1024
SIZE = 512 * MIB
SMALL = 64 * MIB
ROUNDS = 5
AT_ONCE = 16
SLOWER = 1 / 0.8
GROWTH = 32.0
SECONDS = 300
_REPOSITORY = "big"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def measure() -> list[Row]:
    """Rows: a push and a pull (medians of ROUNDS), the sandbox's memory, AT_ONCE pulls at once."""
    skopeo = shutil.which("skopeo")
    if skopeo is None:
        raise CannotRun("skopeo is not installed: apt install skopeo")
    with tempfile.TemporaryDirectory() as name, xacct() as ours:
        folder = Path(name)
        (folder / "peer").mkdir()
        with docker_registry(folder / "peer") as peer:
            return _measure(skopeo, folder, ours, peer)


def _measure(skopeo: str, folder: Path, ours: Server, peer: Server) -> list[Row]:
    big, small = folder / "image", folder / "small"
    say(f"making an image of {SIZE // MIB} MiB")
    _make(big, SIZE, seed=1)
    _make(small, SMALL, seed=2)
    copies = {
        "xacct": _Copies(skopeo, f"{ours.host}:{ours.port}/{A}/{_REPOSITORY}", _password(ours)),
        "docker-registry": _Copies(skopeo, f"{peer.host}:{peer.port}/{_REPOSITORY}", None),
    }
    copies["xacct"].push(small, "warm")
    copies["docker-registry"].push(small, "warm")
    before = {"xacct": _resident(ours.pid), "docker-registry": _resident(peer.pid)}
    pushed: dict[str, list[float]] = {name: [] for name in copies}
    pulled: dict[str, list[float]] = {name: [] for name in copies}
    for number in range(ROUNDS):
        say(f"push and pull {number + 1} of {ROUNDS}")
        _make(big, SIZE, seed=10 + number)  # a layer that neither has
        for name in copies if number % 2 == 0 else reversed(copies):
            pushed[name].append(copies[name].push(big, f"v{number}"))
        for name in copies if number % 2 == 0 else reversed(copies):
            pulled[name].append(copies[name].pull(f"v{number}", folder / "got"))
    grown = {
        "xacct": _most_resident(ours.pid) - before["xacct"],
        "docker-registry": _most_resident(peer.pid) - before["docker-registry"],
    }
    say(f"{AT_ONCE} pulls at once")
    one = median(copies["xacct"].pull("warm", folder / "got") for _ in range(ROUNDS))
    many = copies["xacct"].pulls("warm", folder / "many", AT_ONCE)
    return [
        _row("skopeo pushes 512 MiB", pushed, SIZE),
        _row("skopeo pulls 512 MiB", pulled, SIZE),
        Row(
            what="the server's memory grows by",
            ours=f"{grown['xacct']:.0f} MiB",
            peer=f"{grown['docker-registry']:.0f} MiB",
            value=grown["xacct"],
            limit=GROWTH,
            unit=" MiB",
        ),
        Row(
            what=f"{AT_ONCE} pulls of {SMALL // MIB} MiB at once (peer: one alone)",
            ours=f"{AT_ONCE * SMALL / MIB / many:.0f} MiB/s",
            peer=f"{SMALL / MIB / one:.0f} MiB/s",
            value=(many / AT_ONCE) / one,
            limit=1.0,
        ),
    ]


def _row(what: str, seconds: dict[str, list[float]], size: int) -> Row:
    ours, peer = median(seconds["xacct"]), median(seconds["docker-registry"])
    return Row(
        what=f"{what} (median of {ROUNDS}; time)",
        ours=f"{size / MIB / ours:.0f} MiB/s",
        peer=f"{size / MIB / peer:.0f} MiB/s",
        value=ours / peer,
        limit=SLOWER,
    )


class _Copies:
    """skopeo between a folder and a repository."""

    def __init__(self, skopeo: str, repository: str, password: str | None) -> None:
        self._skopeo, self._repository = skopeo, repository
        self._login = (lambda side: [f"--{side}-creds", f"AWS:{password}"]) if password else _nobody

    def push(self, image: Path, tag: str) -> float:
        """Seconds that pushing took."""
        there = ["--dest-tls-verify=false", *self._login("dest")]
        return _seconds(lambda: [self._start(there, f"dir:{image}", self._named(tag))])

    def pull(self, tag: str, folder: Path) -> float:
        """Seconds that pulling took."""
        return self.pulls(tag, folder, 1)

    def pulls(self, tag: str, folder: Path, count: int) -> float:
        """Seconds that `count` pulls took which began at once."""
        there = ["--src-tls-verify=false", *self._login("src")]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return _seconds(
            lambda: [
                self._start(there, self._named(tag), f"dir:{folder / str(number)}")
                for number in range(count)
            ]
        )

    def _named(self, tag: str) -> str:
        return f"docker://{self._repository}:{tag}"

    def _start(self, options: list[str], source: str, target: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._skopeo, "copy", "--quiet", *options, source, target],
            env={**clean_environment(), "REGISTRY_AUTH_FILE": os.devnull},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def _nobody(side: str) -> list[str]:
    return [f"--{side}-no-creds"]


def _seconds(start: Callable[[], list[subprocess.Popen[str]]]) -> float:
    os.sync()  # what the one before has written must not reach the disk in this one's time
    began = time.perf_counter()
    running = start()
    try:
        told = [process.communicate(timeout=SECONDS)[1] for process in running]
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"skopeo took more than {SECONDS} seconds") from error
    finally:
        for process in running:
            process.kill()
    taken = time.perf_counter() - began
    for process, said in zip(running, told, strict=True):
        if process.returncode:
            raise CannotRun(f"skopeo ended with status {process.returncode}: {said.strip()}")
    return taken


def _make(folder: Path, size: int, *, seed: int) -> None:
    """An image in skopeo's folder form: one layer of `size` bytes that cannot be compressed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    layer = folder / "layer"
    source = random.Random(seed)
    with gzip.GzipFile(layer, "wb", compresslevel=0, mtime=0) as file:
        for _ in range(size // MIB):
            file.write(source.randbytes(MIB))
    digest = hashlib.sha256()
    with layer.open("rb") as read:
        while piece := read.read(MIB):
            digest.update(piece)
    there = layer.rename(folder / digest.hexdigest())
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}})
    configured = hashlib.sha256(config.encode()).hexdigest()
    (folder / configured).write_text(config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {
            "mediaType": _CONFIG,
            "size": len(config),
            "digest": f"sha256:{configured}",
        },
        "layers": [
            {
                "mediaType": _LAYER,
                "size": there.stat().st_size,
                "digest": f"sha256:{digest.hexdigest()}",
            }
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "version").write_text("Directory Transport Version: 1.1\n")


def _password(server: Server) -> str:
    """Make the repository; the password of account A's administrator for it."""
    keys = server.keys[A]
    ecr = boto3.client(
        "ecr",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
    )
    ecr.create_repository(repositoryName=_REPOSITORY)
    [data] = ecr.get_authorization_token()["authorizationData"]
    return base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")


def _resident(pid: int) -> float:
    return _status(pid, "VmRSS:")


def _most_resident(pid: int) -> float:
    return _status(pid, "VmHWM:")


def _status(pid: int, name: str) -> float:
    """MiB, from the kernel's figures of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
