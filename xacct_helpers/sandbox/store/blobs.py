"""Image bytes on disk: layers and configurations by their digest, and uploads not yet complete.

Bytes are appended to an upload's file as they arrive, their digest being computed on the way, and
moved to their digest's name in one step: a blob that can be seen is whole, and identical layers are
stored once. Appending and settling may run in threads of their own.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from ...atomic_files import keep_names

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_UPLOAD_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHUNK = 1024 * 1024
UPLOAD_SECONDS = 24 * 3600
"""How long an upload is kept that nobody adds to."""
MAX_UPLOADS_OF_A_REPOSITORY = 1000
MAX_UPLOADS_OF_AN_ACCOUNT = 5000
_SWEEP_SECONDS = 600


class Elsewhere(Exception):
    """Bytes were meant for a place that is not the end of the upload. size: where that is."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the upload holds {size} bytes")
        self.size = size


class TooManyUploads(Exception):
    """A repository or an account has as many open uploads as it may have."""


class _Digest:
    """The digest of what an upload holds: of the first `counted` bytes of its file."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._hash = hashlib.sha256()
        self.counted = 0

    def forget(self) -> None:
        self._hash, self.counted = hashlib.sha256(), 0

    def add(self, data: bytes) -> None:
        self._hash.update(data)
        self.counted += len(data)

    def catch_up(self, path: Path) -> str:
        """The digest of the whole file, of which only what is not counted yet is read."""
        if self.counted < path.stat().st_size:
            with path.open("rb") as file:
                file.seek(self.counted)
                while chunk := file.read(_CHUNK):
                    self.add(chunk)
        return f"sha256:{self._hash.hexdigest()}"


class Blobs:
    """A folder of blobs and a folder of uploads under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs" / "sha256"
        self._uploads = folder / "uploads"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._uploads.mkdir(parents=True, exist_ok=True)
        self._digests: dict[Path, _Digest] = {}
        # How many uploads are open, by the repository's folder.
        self._open: Counter[str] = Counter()
        self._swept = 0.0
        self._sweep()

    def _sweep(self) -> None:
        """Clear away uploads that were broken off and not taken up again, and count the others."""
        self._swept = time.monotonic()
        self._open.clear()
        oldest = time.time() - UPLOAD_SECONDS
        for path in self._uploads.glob("*/*"):
            try:
                if path.stat().st_mtime < oldest:
                    self._digests.pop(path, None)
                    path.unlink()
                    continue
            except FileNotFoundError:
                continue  # completed or cancelled meanwhile
            self._open[path.parent.name] += 1

    def _make_room(self, repository: str) -> None:
        """TooManyUploads when no further upload into a repository may be begun."""
        if time.monotonic() - self._swept > _SWEEP_SECONDS:
            self._sweep()
        if self._full(repository):
            self._sweep()
            full = self._full(repository)
            if full:
                raise TooManyUploads(full)

    def _full(self, repository: str) -> str:
        """What has as many uploads as it may have, in words; "" when nothing has."""
        name = _folder_name(repository)
        if self._open[name] >= MAX_UPLOADS_OF_A_REPOSITORY:
            return f"The repository has {MAX_UPLOADS_OF_A_REPOSITORY} open uploads"
        account = f"%3A{repository.split(':')[4]}%3A"
        if sum(n for one, n in self._open.items() if account in one) >= MAX_UPLOADS_OF_AN_ACCOUNT:
            return f"The account has {MAX_UPLOADS_OF_AN_ACCOUNT} open uploads"
        return ""

    def path(self, digest: str) -> Path | None:
        """Where the bytes of a digest lie, or None when they are not here."""
        if not DIGEST.fullmatch(digest):
            return None
        path = self._blobs / digest.removeprefix("sha256:")
        return path if path.is_file() else None

    def begin(self, repository: str) -> str:
        """A new, empty upload into a repository (its ARN); its id.

        Raises TooManyUploads, and OSError when it cannot be made.
        """
        self._make_room(repository)
        upload = str(uuid.uuid4())
        self._file(repository, upload).parent.mkdir(exist_ok=True)
        self._file(repository, upload).touch(mode=0o600, exist_ok=False)
        self._open[_folder_name(repository)] += 1
        return upload

    def size(self, repository: str, upload: str) -> int | None:
        """Bytes received so far, or None when the repository has no such upload."""
        if not _UPLOAD_ID.fullmatch(upload):
            return None
        path = self._file(repository, upload)
        return path.stat().st_size if path.is_file() else None

    def append(self, repository: str, upload: str, data: bytes, at: int) -> int:
        """Add bytes at the end of an upload, which has to be at `at`; the new size.

        Raises Elsewhere when it is not, FileNotFoundError when the upload is gone, and OSError
        when the bytes cannot be written: the upload is as before then.
        """
        path = self._file(repository, upload)
        digest = self._digest(path)
        # Unbuffered: what a full disk cut short must not be written by a later flush.
        with digest.lock, path.open("r+b", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            if before != at:
                raise Elsewhere(before)
            rest = memoryview(data)
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(before)
                raise
            if digest.counted == before:  # what came before a restart is counted at the end
                digest.add(data)
            return before + len(data)

    def shorten(self, repository: str, upload: str, size: int) -> None:
        """Take back what was appended behind `size`."""
        path = self._file(repository, upload)
        digest = self._digest(path)
        with digest.lock:
            os.truncate(path, size)
            digest.forget()

    def settle(self, repository: str, upload: str) -> None:
        """Bring the upload's bytes to the disk and its digest up to date: `digest` and `complete`
        are quick after that. OSError when the upload is gone or the bytes cannot be written."""
        path = self._file(repository, upload)
        digest = self._digest(path)
        with digest.lock:
            digest.catch_up(path)
        with path.open("rb") as file:
            os.fsync(file.fileno())

    def digest(self, repository: str, upload: str) -> str:
        """The digest of what the upload holds."""
        path = self._file(repository, upload)
        digest = self._digest(path)
        with digest.lock:
            return digest.catch_up(path)

    def complete(self, repository: str, upload: str, digest: str) -> int:
        """Move the upload's bytes to their digest; how many they are.

        Raises Elsewhere when bytes came in since the digest was asked for.
        """
        path = self._file(repository, upload)
        known = self._digest(path)
        with known.lock:
            if known.catch_up(path) != digest:
                raise Elsewhere(known.counted)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(path, self._blobs / digest.removeprefix("sha256:"))
            keep_names(self._blobs)
        self._closed(repository, path)
        return known.counted

    def cancel(self, repository: str, upload: str) -> None:
        """Forget an upload."""
        path = self._file(repository, upload)
        path.unlink(missing_ok=True)
        self._closed(repository, path)

    def cancel_all(self) -> None:
        """Forget every upload."""
        for path in self._uploads.glob("*/*"):
            path.unlink(missing_ok=True)
        self._digests.clear()
        self._open.clear()

    def _closed(self, repository: str, path: Path) -> None:
        self._digests.pop(path, None)
        name = _folder_name(repository)
        self._open[name] -= 1
        if self._open[name] <= 0:
            del self._open[name]

    def _digest(self, path: Path) -> _Digest:
        return self._digests.setdefault(path, _Digest())

    def _file(self, repository: str, upload: str) -> Path:
        return self._uploads / _folder_name(repository) / upload


def _folder_name(repository: str) -> str:
    return quote(repository, safe="")
