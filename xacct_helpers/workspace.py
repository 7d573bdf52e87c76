"""The workspace: where a lab lives, the sandbox process that serves it, and what points at it.

Nothing of the user's own AWS set-up is used: the lab has config and credentials files of its own,
a home of its own for the AWS CLI's aliases and caches, and an environment without anybody's keys.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNT_A = "111111111111"
ACCOUNT_B = "222222222222"
STRANGER = "333333333333"
MANAGEMENT = "444444444444"
ACCOUNTS = (ACCOUNT_A, ACCOUNT_B, STRANGER, MANAGEMENT)
REGION = "us-east-1"
LAB_FOLDER = ".xacct"
FIRST_NOTEBOOK = "00-start-here.ipynb"

_PROFILES = {
    "account-a": ACCOUNT_A,
    "account-b-admin": ACCOUNT_B,
    "stranger": STRANGER,
    "management": MANAGEMENT,
}
_STOP_SECONDS = 10.0


class LabError(Exception):
    """Something about the lab that the user can mend; the text is one plain sentence or two."""


def lab_folder() -> Path:
    """Where the lab of this workspace lives.

    $XACCT_LAB if set; else the nearest `.xacct` here or above; else `.xacct` beside the course
    (the folder above, when this one holds the course's notebooks).
    """
    named = os.environ.get("XACCT_LAB")
    if named:
        return Path(named).expanduser().resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / LAB_FOLDER).is_dir():
            return folder / LAB_FOLDER
    return (here.parent if (here / FIRST_NOTEBOOK).exists() else here) / LAB_FOLDER


# -- the control API -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A sandbox that answers. accounts: id to (access key id, secret)."""

    folder: Path
    endpoint: str
    pid: int
    token: str
    accounts: Mapping[str, tuple[str, str]]
    registries: Mapping[str, str]

    def get(self, path: str) -> dict[str, Any]:
        """GET /_lab/PATH; LabError with the sandbox's words."""
        return _request(self.endpoint, self.token, "GET", path, None)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """POST /_lab/PATH; LabError with the sandbox's words."""
        return _request(self.endpoint, self.token, "POST", path, body)


def _request(
    endpoint: str, token: str, method: str, path: str, body: dict[str, Any] | None
) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{endpoint}/_lab/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        try:
            text = json.load(error)["error"]
        except (ValueError, KeyError):
            text = f"status {error.code}"
        raise LabError(str(text)) from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise LabError(f"The sandbox at {endpoint} does not answer ({error}).") from error


# -- the process -----------------------------------------------------------------------------


def find(folder: Path) -> Running | None:
    """The sandbox that serves the folder, or None: a stale state file counts for nothing."""
    try:
        content = json.loads((folder / "sandbox.json").read_text())
        running = _running(folder, content)
        status = running.get("status")
    except (FileNotFoundError, ValueError, KeyError, LabError):
        return None
    same = status.get("pid") == running.pid and status.get("folder") == str(folder)
    return running if same else None


def _running(folder: Path, content: dict[str, Any]) -> Running:
    return Running(
        folder=folder,
        endpoint=content["endpoint"],
        pid=content["pid"],
        token=content["lab_token"],
        accounts={
            a["id"]: (a["access_key_id"], a["secret_access_key"]) for a in content["accounts"]
        },
        registries=content["registries"],
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def join(folder: Path) -> Running:
    """The folder's sandbox: the one that runs, or one started now.

    Two that start at once get the same one. Raises LabError when it cannot start.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(folder / "starting.lock"):
            running = find(folder) or _start(folder)
    except OSError as error:
        raise LabError(f"The lab cannot use {folder}: {error.strerror or error}.") from error
    write_profiles(running)
    return running


def _start(folder: Path) -> Running:
    for port in dict.fromkeys((_last_port(folder), 0)):
        command = [sys.executable, "-m", "xacct_helpers", "serve", "--json"]
        command += ["--state", str(folder), "--port", str(port)]
        if not (folder / "journal.jsonl").exists():
            command += ["--accounts", ",".join(ACCOUNTS)]
        with (folder / "sandbox.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=_clean(os.environ),
                cwd=folder,
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        process.stdout.close()
        if line:
            content = json.loads(line)
            (folder / "port").write_text(content["endpoint"].rsplit(":", 1)[-1])
            return _running(folder, content)
        process.wait()
    raise LabError(
        f"The sandbox did not start. The end of {folder / 'sandbox.log'} says:\n{_log_end(folder)}"
    )


def _last_port(folder: Path) -> int:
    """The port served last, if it is free: other kernels still point at it."""
    try:
        port = int((folder / "port").read_text())
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except (OSError, ValueError, OverflowError):
        return 0
    return port


def _log_end(folder: Path) -> str:
    try:
        return "\n".join((folder / "sandbox.log").read_text().splitlines()[-5:])
    except OSError:
        return "(no log)"


def stop(folder: Path) -> bool:
    """End the folder's sandbox and wait until it is gone; False when none ran."""
    running = find(folder)
    if running is None:
        return False
    if hasattr(os, "pidfd_open"):
        descriptor = os.pidfd_open(running.pid)
        try:
            os.kill(running.pid, signal.SIGTERM)
            ended, _, _ = select.select([descriptor], [], [], _STOP_SECONDS)
            if not ended:
                os.kill(running.pid, signal.SIGKILL)
                select.select([descriptor], [], [], _STOP_SECONDS)
        finally:
            os.close(descriptor)
    else:
        os.kill(running.pid, signal.SIGTERM)
        with _locked(folder / "lock"):  # the sandbox holds it as long as it lives
            pass
    return True


# -- what points at it -----------------------------------------------------------------------


def write_profiles(running: Running) -> None:
    """The lab's AWS config and credentials files, its home, and its launcher for `aws`."""
    folder = running.folder
    for name in ("aws", "bin", "home"):
        (folder / name).mkdir(exist_ok=True, mode=0o700)
    config, credentials = [], []
    for profile, account in _PROFILES.items():
        key, secret = running.accounts[account]
        config.append(_section(f"profile {profile}", running.endpoint))
        credentials.append(
            f"[{profile}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        )
    config.append(
        _section("profile account-b", running.endpoint)
        + f"role_arn = arn:aws:iam::{ACCOUNT_B}:role/some-role-name\n"
        + "source_profile = account-b-admin\n"
        + "role_session_name = account-b\n"
    )
    _write(folder / "aws" / "config", "\n".join(config))
    _write(folder / "aws" / "credentials", "\n".join(credentials))
    home = shlex.quote(str(folder / "home"))
    program = shlex.quote(_aws_program())
    _write(folder / "bin" / "aws", f'#!/bin/sh\nHOME={home} exec {program} "$@"\n', 0o700)


def _section(name: str, endpoint: str) -> str:
    return f"[{name}]\nregion = {REGION}\noutput = json\nendpoint_url = {endpoint}\n"


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    if path.exists() and path.read_text() == text:
        return
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "w") as file:
        file.write(text)
    os.replace(temporary, path)


def _aws_program() -> str:
    """The AWS CLI of this Python environment, else the one on the PATH."""
    beside = Path(sys.executable).with_name("aws")
    if beside.exists():
        return str(beside)
    lab = str(lab_folder() / "bin")
    path = os.pathsep.join(p for p in os.environ.get("PATH", "").split(os.pathsep) if p != lab)
    return shutil.which("aws", path=path) or "aws"


_FOREIGN_PREFIXES = ("AWS_", "MOTO_", "BOTO_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY")


def _foreign(name: str) -> bool:
    return name.upper().startswith(_FOREIGN_PREFIXES) or name.upper() in _PROXIES


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not _foreign(name)}


def environment(running: Running, base: Mapping[str, str]) -> dict[str, str | None]:
    """What to change in an environment so that it reaches the lab and nothing else.

    base: the environment as it is. A value of None means: unset it.
    """
    folder = running.folder
    ours = str(folder / "bin")
    path = [p for p in base.get("PATH", os.defpath).split(os.pathsep) if p and p != ours]
    changes: dict[str, str | None] = {name: None for name in base if _foreign(name)}
    return changes | {
        "AWS_CONFIG_FILE": str(folder / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws" / "credentials"),
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PATH": os.pathsep.join([ours, *path]),
    }


def forget_cached_credentials(folder: Path) -> None:
    """Empty the AWS CLI's cache of assumed roles: it outlives a reset and the lab's clock."""
    shutil.rmtree(folder / "home" / ".aws" / "cli" / "cache", ignore_errors=True)
