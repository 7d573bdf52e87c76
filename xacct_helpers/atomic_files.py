"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def write_whole(path: Path, content: bytes, *, mode: int = 0o600, durable: bool = False) -> None:
    """Put a file with this content in the place of the one that is there, if any.

    mode: by default only its owner can read it; the umask takes away from it.
    durable: on disk before this returns, the new name too, whatever happens to the machine.
    Raises OSError, and the file is as it was, as it is after an interrupt.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        keep_names(path.parent)


def keep_names(folder: Path) -> None:
    """Have the names in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot, for folders
            raise
    finally:
        os.close(descriptor)
