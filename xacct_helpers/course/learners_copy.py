"""A learner's copy of the course: made once, brought up to date, and never written over.

It holds no outputs and no answers, unless it was made with them: what a cell answers is for the
learner to find out, and the cells that have a task are theirs to write.

The copy keeps a record of what was put into it. A file that is still as it was put there belongs
to the course and may be replaced by a later version's; a file that differs is the learner's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import course, workspace
from .._version import __version__
from ..atomic_files import write_whole
from ..workspace import LabError, absolute

RECORD = ".xacct-course.json"
_FORM = 1
_WIDTH = 88
# What JupyterLab writes into a notebook when it starts the kernel. With it from the beginning, a
# notebook that was only opened does not count as changed.
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": platform.python_version(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """How a copy stands to the course that is installed. Files are named from the copy's folder.

    added:    copied just now, because they were not there.
    outdated: the course has another text now, and the learner has not changed theirs.
    kept:     the course has another text now, and the learner has changed theirs.
    """

    folder: Path
    added: tuple[str, ...]
    outdated: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What was put into a copy. files: name to the digest of its text; answers: with them."""

    files: dict[str, str]
    answers: bool


def make(folder: Path, *, answers: bool | None = None) -> Copy:
    """Copy into a folder every file of the course that it does not hold yet.

    answers: True copies the notebooks as they are, outputs included; None goes on as the copy was
    made, by default without.
    Raises LabError when the folder cannot be the learner's.
    """
    folder = absolute(folder)
    if folder == course.pristine():
        raise LabError(f"{folder} is the course itself; choose another folder for your copy.")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise LabError(f"{folder} is a file; choose a folder for your copy of the course.")
    before = _read(folder)
    answers = before.answers if answers is None else answers
    wanted = _wanted(answers)
    added = tuple(name for name in wanted if not os.path.lexists(folder / name))
    with _said(folder):
        for name in added:
            _put(folder / name, wanted[name])
    now = {name: _digest_of(folder / name) for name in wanted}
    files = {name: digest for name, digest in before.files.items() if name not in added}
    for name, text in wanted.items():
        if now[name] == _digest(text):
            files[name] = now[name]
    after = _Record(files=files, answers=answers)
    # A copy that is whole and can only be read is no trouble.
    if after != before and (added or os.access(folder, os.W_OK)):
        with _said(folder):
            _write(folder, after)
    newer = [name for name, text in wanted.items() if files.get(name, "") != _digest(text)]
    known = [name for name in newer if name in files]
    return Copy(
        folder=folder,
        added=added,
        outdated=tuple(name for name in known if now[name] == files[name]),
        kept=tuple(name for name in known if now[name] != files[name]),
    )


def update(copy: Copy) -> tuple[str, ...]:
    """Replace the outdated files of a copy by the course's; the names of those replaced.

    A file that the learner has changed meanwhile is left alone. Raises LabError when the folder
    cannot be written.
    """
    record = _read(copy.folder)
    wanted = _wanted(record.answers)
    files, done = dict(record.files), []
    with _said(copy.folder):
        for name in copy.outdated:
            if _digest_of(copy.folder / name) == files[name]:
                _put(copy.folder / name, wanted[name])
                files[name] = _digest(wanted[name])
                done.append(name)
        _write(copy.folder, _Record(files=files, answers=record.answers))
    return tuple(done)


# -- what the course has ---------------------------------------------------------------------


def _wanted(answers: bool) -> dict[str, bytes]:
    """Each file of the course and its text, as a copy is to have it."""
    source = course.pristine()
    found = {}
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_file() and not any(part.startswith((".", "__")) for part in relative.parts):
            whole = answers or path.suffix != ".ipynb"
            found[relative.as_posix()] = path.read_bytes() if whole else _without_answers(path)
    return found


def _without_answers(path: Path) -> bytes:
    """A notebook's text without outputs, counts, answers and what is right."""
    notebook: dict[str, Any] = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        cell |= {"outputs": [], "execution_count": None}
        if course.task(cell) is not None:
            cell["source"] = to_write(cell)
            cell["metadata"].pop("jupyter", None)  # folded, it would not be found
        cell["metadata"].pop("xacct", None)
    notebook["metadata"] |= {"kernelspec": _KERNEL, "language_info": _LANGUAGE}
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def to_write(cell: dict[str, Any]) -> str:
    """What a cell that is the learner's to write begins as: its task, and a gap or code with gaps.

    The line that makes it a cell of bash stays first: below a comment it would be none.
    """
    first, _, _ = course.source(cell).partition("\n")
    magic = f"{first}\n" if first.startswith("%%") else ""
    words = textwrap.wrap(f"{course.YOURS} {course.task(cell)}", _WIDTH, break_on_hyphens=False)
    code = (course.given(cell) or "...").removeprefix(magic)
    return magic + "".join(f"# {line}\n" for line in words) + code


# -- what the copy has -----------------------------------------------------------------------


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _digest_of(path: Path) -> str:
    """The digest of a file; "" for what cannot be read, which is like no text of the course."""
    try:
        return _digest(path.read_bytes())
    except OSError:
        return ""


def _put(target: Path, text: bytes) -> None:
    """Write a file of the copy, its folder too; whom it is for is the umask's to say."""
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, text, mode=0o666)


def _read(folder: Path) -> _Record:
    """The record of a copy. Without one that can be read nothing is known of the files that are
    there, and so all of them are the learner's."""
    try:
        content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if content["form"] != _FORM:
            raise ValueError("another form")
        files = {str(name): str(digest) for name, digest in content["files"].items()}
        return _Record(files=files, answers=bool(content["answers"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _Record(files={}, answers=False)


def _write(folder: Path, record: _Record) -> None:
    content = {
        "form": _FORM,
        "what": "What xacct put here, by which it knows the files that you have changed.",
        "xacct": __version__,
        "answers": record.answers,
        "files": dict(sorted(record.files.items())),
    }
    workspace.write(folder / RECORD, json.dumps(content, indent=1) + "\n")


@contextlib.contextmanager
def _said(folder: Path) -> Iterator[None]:
    """What the operating system refuses, as a sentence."""
    try:
        yield
    except OSError as error:
        raise LabError(
            f"The course cannot be copied to {folder} ({error.strerror or error}). "
            "Choose a folder that you can write: xacct lab --course FOLDER."
        ) from error
