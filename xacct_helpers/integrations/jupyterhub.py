"""`xacct-singleuser`: a learner's server under JupyterHub, with the course in their home.

JupyterHub calls it in place of `jupyterhub-singleuser` (its `Spawner.cmd`), as the learner. It goes
to the learner's home, copies the course there, as `xacct lab` does, and becomes that program.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from .. import course, workspace
from ..course import learners_copy
from ..workspace import LabError

PROGRAM = "jupyterhub-singleuser"
_PATH_AT_MOST = 50


def main(arguments: list[str] | None = None) -> int:
    """Prepare the course and become JupyterHub's program; an exit code if it is missing.

    arguments: `--with-answers` is ours, everything else is that program's.
    """
    parser = argparse.ArgumentParser(prog="xacct-singleuser", add_help=False, allow_abbrev=False)
    for names, answers in ((("--with-answers", "--answers"), True), (("--no-answers",), False)):
        parser.add_argument(*names, dest="answers", action="store_const", const=answers)
    options, theirs = parser.parse_known_args(arguments)
    beside = Path(sys.executable).with_name(PROGRAM)
    program = str(beside) if beside.exists() else shutil.which(PROGRAM)
    if program is None:
        print(
            f"xacct-singleuser: {PROGRAM} is not here; install jupyterhub beside xacct, in the "
            "version of your hub.",
            file=sys.stderr,
        )
        return 127
    try:
        os.chdir(Path.home())  # an image's own folder does not last
    except OSError as error:
        print(f"xacct-singleuser: your home cannot be used ({error.strerror}).", file=sys.stderr)
        return 1
    try:
        learners_copy.make(course.usual_copy(), answers=options.answers)
    except LabError as error:  # a server without the course can still be looked into
        print(f"xacct-singleuser: {error}", file=sys.stderr)
    settings = [f"--LabApp.app_settings_dir={course.LAB_SETTINGS}"]
    sockets = _folder_for_sockets()
    if sockets is not None:
        os.environ["JUPYTER_RUNTIME_DIR"] = str(sockets)
        settings.append("--KernelManager.transport=ipc")
    os.execv(program, [program, *settings, *theirs])


def _folder_for_sockets() -> Path | None:
    """Where kernels may have their sockets: a folder of the learner's alone, on this machine's own
    disk; None on a machine without one.

    By themselves servers give their kernels ports, each without knowing of the others: of thirty
    that start at once, one kernel now and then is given the port of another, and never comes up.
    A socket's path holds a hundred characters at most, half of them Jupyter's.
    """
    folder = Path(os.environ.get("JUPYTER_RUNTIME_DIR") or _temporary())
    usable = workspace.make_private(folder) and len(os.fsencode(folder)) <= _PATH_AT_MOST
    return folder if usable else None


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"jupyter-{os.getuid()}"
