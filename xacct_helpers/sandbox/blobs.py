"""Image bytes on disk: layers and configurations by their digest, and uploads not yet complete.

Bytes are appended to an upload's file as they arrive and moved to their digest's name in one step,
so a blob that can be seen is whole, and identical layers are stored once.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from pathlib import Path
from urllib.parse import quote

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_UPLOAD_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHUNK = 1024 * 1024


class Blobs:
    """A folder of blobs and a folder of uploads under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs" / "sha256"
        self._uploads = folder / "uploads"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._uploads.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path | None:
        """Where the bytes of a digest lie, or None when they are not here."""
        if not DIGEST.fullmatch(digest):
            return None
        path = self._blobs / digest.removeprefix("sha256:")
        return path if path.is_file() else None

    def begin(self, repository: str) -> str:
        """A new, empty upload into a repository (its ARN); its id."""
        upload = str(uuid.uuid4())
        self._file(repository, upload).parent.mkdir(exist_ok=True)
        self._file(repository, upload).touch(mode=0o600, exist_ok=False)
        return upload

    def size(self, repository: str, upload: str) -> int | None:
        """Bytes received so far, or None when the repository has no such upload."""
        if not _UPLOAD_ID.fullmatch(upload):
            return None
        path = self._file(repository, upload)
        return path.stat().st_size if path.is_file() else None

    def append(self, repository: str, upload: str, data: bytes) -> int:
        """Add bytes at the end of an upload; the new size. On OSError the upload is as before."""
        # Unbuffered: what a full disk cut short must not be written by a later flush.
        with self._file(repository, upload).open("ab", buffering=0) as file:
            before = os.fstat(file.fileno()).st_size
            rest = memoryview(data)
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(before)
                raise
            return before + len(data)

    def digest(self, repository: str, upload: str) -> str:
        """The digest of what the upload holds."""
        digest = hashlib.sha256()
        with self._file(repository, upload).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return f"sha256:{digest.hexdigest()}"

    def complete(self, repository: str, upload: str, digest: str) -> None:
        """Move the upload's bytes to their digest."""
        path = self._file(repository, upload)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(path, self._blobs / digest.removeprefix("sha256:"))

    def cancel(self, repository: str, upload: str) -> None:
        """Forget an upload."""
        self._file(repository, upload).unlink(missing_ok=True)

    def _file(self, repository: str, upload: str) -> Path:
        return self._uploads / quote(repository, safe="") / upload
