"""The workspace: where a lab lives, the sandbox process that serves it, and what points at it.

Nothing of the user's own AWS set-up is used: the lab has config and credentials files of its own,
a home of its own for the AWS CLI's aliases and caches, and an environment without anybody's keys.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import resource
import select
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from .atomic_files import write_whole
from .aws import profile_files
from .aws.regions import DEFAULT_REGION
from .lab_api.client import ControlApi, NotOurs, request
from .lab_api.client import LabError as LabError
from .lab_api.client import NotThere as NotThere
from .lab_api.codec import from_json
from .lab_api.lab_state import Announcement, Identity

ACCOUNT_A = "111111111111"
ACCOUNT_B = "222222222222"
STRANGER = "333333333333"
MANAGEMENT = "444444444444"
ACCOUNTS = (ACCOUNT_A, ACCOUNT_B, STRANGER, MANAGEMENT)
_NAMES = {ACCOUNT_A: "A", ACCOUNT_B: "B", STRANGER: "stranger", MANAGEMENT: "management"}
LAB_FOLDER = ".xacct"
FIRST_NOTEBOOK = "00-start-here.ipynb"
RECORD = "catch_up.json"

_PROFILES = {
    "account-a": ACCOUNT_A,
    "account-b-admin": ACCOUNT_B,
    "stranger": STRANGER,
    "management": MANAGEMENT,
}
_STOP_SECONDS = 10.0
_FIND_SECONDS = 10.0
_RUN_ROOT_AT_MOST = 50


def account_name(account: str) -> str:
    """What the course calls an account: "A", "B", "stranger", "management"; else its id."""
    return _NAMES.get(account, account)


def profile_of(account: str) -> str | None:
    """The profile of an account's administrator; None for an account that has none here."""
    return next((name for name, one in _PROFILES.items() if one == account), None)


def absolute(path: str | Path) -> Path:
    """The path with `~` and links resolved. Unlike Path.resolve, a loop of links is no error."""
    return Path(os.path.realpath(os.path.expanduser(path)))


def lab_folder(here: Path | None = None) -> Path:
    """Where the lab of a workspace lives; `here` is a folder of it, by default the current one.

    $XACCT_LAB if set; else the nearest `.xacct` here or above; else `.xacct` beside the course
    (the folder above, when this one holds the course's notebooks).
    """
    named = os.environ.get("XACCT_LAB")
    if named:
        return absolute(named)
    try:
        here = absolute(here or Path.cwd())
    except OSError as error:
        raise LabError("The current folder does not exist any more: go to another one.") from error
    for folder in (here, *here.parents):
        if os.path.isdir(folder / LAB_FOLDER):
            return folder / LAB_FOLDER
    return (here.parent if os.path.exists(here / FIRST_NOTEBOOK) else here) / LAB_FOLDER


# -- the control API -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Running(ControlApi):
    """A sandbox that answers.

    accounts: id to (access key id, secret). proxy: the HTTPS front, under AWS's own host names;
    ca_file: the certificate authority that vouches for it.
    """

    folder: Path
    endpoint: str
    pid: int
    token: str
    accounts: Mapping[str, tuple[str, str]]
    registries: Mapping[str, str]
    proxy: str
    ca_file: str

    def get(self, path: str) -> dict[str, Any]:
        """GET /_lab/PATH, as plain JSON; LabError with the sandbox's words."""
        return self._ask("GET", path, None)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """POST /_lab/PATH, as plain JSON; LabError with the sandbox's words."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            return request(self.endpoint, self.token, method, path, body)
        except NotOurs as error:
            # It may have been started again since, by another notebook: the token changes then.
            now = find(self.folder)
            if now is None:
                raise LabError(f"{error} Run open_lab() again: nothing is lost.") from error
            return request(now.endpoint, now.token, method, path, body)


# -- the process -----------------------------------------------------------------------------


def find(folder: Path) -> Running | None:
    """The sandbox that serves the folder, or None: a stale state file counts for nothing.

    Raises LabError when the folder cannot be read.
    """
    try:
        running = _running(folder, (folder / "sandbox.json").read_text())
        _check_alive(running.pid)
        status = request(running.endpoint, running.token, "GET", "status", seconds=_FIND_SECONDS)
        answers = from_json(Identity, status)
    except (FileNotFoundError, ProcessLookupError):
        return None
    except (ValueError, OverflowError, NotOurs):
        return None
    except OSError as error:
        raise LabError(_cannot_use(folder, error)) from error
    return running if answers == Identity(pid=running.pid, folder=str(folder)) else None


def _check_alive(pid: int) -> None:
    """ProcessLookupError when there is no such process, or it is another user's."""
    try:
        os.kill(pid, 0)
    except PermissionError as error:
        raise ProcessLookupError from error


def _cannot_use(folder: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return (
        f"The lab cannot use {folder} ({reason}). Set XACCT_LAB to a folder that you can write, "
        "and start again."
    )


def _running(folder: Path, announced: str) -> Running:
    """The sandbox of an announcement's text. Raises ValueError for any other text."""
    found = from_json(Announcement, json.loads(announced))
    return Running(
        folder=folder,
        endpoint=found.endpoint,
        pid=found.pid,
        token=found.lab_token,
        accounts={one.id: (one.access_key_id, one.secret_access_key) for one in found.accounts},
        registries=found.registries,
        proxy=found.proxy,
        ca_file=found.ca_file,
    )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file: one at a time, whichever processes they are."""
    with _private(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _private(path: Path, mode: str) -> IO[bytes]:
    """Open a file for writing; made now, only its owner can read it."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))


def join(folder: Path) -> Running:
    """The folder's sandbox: the one that runs, or one started now.

    Two that start at once get the same one. Raises LabError when it cannot start.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(folder / "starting.lock"):
            running = find(folder) or _start(folder)
            write_profiles(running)
    except OSError as error:
        raise LabError(_cannot_use(folder, error)) from error
    return running


_started: dict[int, subprocess.Popen[bytes]] = {}
"""The sandboxes that this process has started, which it alone can reap."""


def _start(folder: Path) -> Running:
    for port in dict.fromkeys((_last_port(folder), 0)):
        arguments = ["--state", str(folder), "--port", str(port)]
        if not (folder / "journal.jsonl").exists():
            arguments += ["--accounts", ",".join(ACCOUNTS)]
        with _private(folder / "sandbox.log", "ab") as log:
            log_start = log.tell()
            process, line = serve(arguments, log, folder=folder)
        if line:
            _started[process.pid] = process
            running = _running(folder, line)
            write(folder / "port", str(urlsplit(running.endpoint).port))
            return running
    raise LabError(f"The sandbox did not start. {_end_of_log(folder / 'sandbox.log', log_start)}")


def serve(
    arguments: list[str],
    log: IO[Any],
    *,
    stdin: int = subprocess.DEVNULL,
    folder: Path | None = None,
) -> tuple[subprocess.Popen[bytes], str]:
    """Start `xacct serve` in a process that outlives this one; with the line that it announces.

    The line is "" when it has ended before it answered; why stands in the log.
    folder: where it runs; by default where this process does.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "xacct_helpers", "serve", "--json", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,  # what interrupts this process does not reach it
        env=without_foreign(os.environ),
        cwd=folder,
    )
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline().decode()
    if not line:
        process.wait()
    return process, line


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


def _end_of_log(log: Path, start: int) -> str:
    """The last thing that a log holds after a position."""
    text = log.read_bytes()[start:]
    more = f" ({log} has more.)" if len(text.splitlines()) > 1 else ""
    return last_line(text) + more


def last_line(log: bytes) -> str:
    """The last line of what `xacct` has written to a log, for a person."""
    lines = log.decode(errors="replace").splitlines()
    return lines[-1].removeprefix("xacct: ") if lines else "It said nothing."


def stop(folder: Path) -> bool:
    """End the folder's sandbox and wait until it is gone; False when none ran.

    It is known by the lock that it holds, whether it answers or not.
    """
    pid = holder(folder)
    if pid is None:  # its lock may be lost
        running = find(folder)
        pid = running.pid if running is not None else None
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "pidfd_open"):
            _end(pid)
        else:
            _terminate(pid)
            with locked(folder / "lock"):  # the sandbox holds it as long as it lives
                pass
    child = _started.pop(pid, None)
    if child is not None:
        child.wait()
    return True


def holder(folder: Path) -> int | None:
    """The process that serves the folder, whether it answers or not; None when none does."""
    try:
        with (folder / "lock").open("rb") as lock:
            pid = int(lock.read())
            _check_alive(pid)
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return pid
    except (FileNotFoundError, ProcessLookupError, ValueError, OverflowError):
        return None
    except OSError as error:
        raise LabError(_cannot_use(folder, error)) from error
    return None


def _end(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    try:
        for end in (_terminate, _kill):
            end(pid)
            ended, _, _ = select.select([descriptor], [], [], _STOP_SECONDS)
            if ended:
                return
    finally:
        os.close(descriptor)


def _terminate(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)  # one that was suspended, by Ctrl-Z for instance, hears it then


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


# -- what points at it -----------------------------------------------------------------------


def write_profiles(running: Running) -> None:
    """The lab's AWS config and credentials files, its home, its launchers, and what image tools
    read. Profiles and logins that somebody added are kept."""
    folder = running.folder
    for name in ("aws", "bin", "home", "containers"):
        (folder / name).mkdir(exist_ok=True, mode=0o700)
    config, credentials = [_section("default", running.endpoint)], []
    for profile, account in _PROFILES.items():
        if account not in running.accounts:  # a lab that `xacct serve` made with others
            continue
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
    for name, sections in (("config", config), ("credentials", credentials)):
        write(folder / "aws" / name, "\n".join(sections + _added(folder / "aws" / name, sections)))
    _write_launchers(folder)
    _write_containers(folder)


def _added(path: Path, sections: list[str]) -> list[str]:
    """The sections of a file of profiles that are not the lab's own, each with its text."""
    try:
        text = path.read_text()
    except (FileNotFoundError, ValueError):
        return []
    ours = {section.name for section in profile_files.split("".join(sections))[1]}
    _, found = profile_files.split(text)
    return [section.text.rstrip("\n") + "\n" for section in found if section.name not in ours]


def _write_launchers(folder: Path) -> None:
    """Programs for the lab's PATH: those that would look into the user's home, and our own."""
    home = shlex.quote(str(folder / "home"))
    aws, python = shlex.quote(_aws_program(folder)), shlex.quote(sys.executable)
    write(folder / "bin" / "aws", f'#!/bin/sh\nHOME={home} exec {aws} "$@"\n', 0o700)
    for name, module in _OWN_PROGRAMS.items():
        write(folder / "bin" / name, f'#!/bin/sh\nexec {python} -m {module} "$@"\n', 0o700)
    # The helper of AWS keeps a log and a cache in the home.
    helper = shutil.which("docker-credential-ecr-login", path=_outer_path(folder))
    if helper is not None:
        launcher = f'#!/bin/sh\nHOME={home} exec {shlex.quote(helper)} "$@"\n'
        write(folder / "bin" / "docker-credential-ecr-login", launcher, 0o700)


def _write_containers(folder: Path) -> None:
    """What podman, skopeo, buildah and oras read: logins and images stay in the lab's folder."""
    containers = folder / "containers"
    logins = containers / "config.json"
    if not logins.exists():
        write(logins, "{}\n")
    storage = {"graphroot": containers / "storage", "runroot": _run_root(folder)}
    lines = [f"{key} = {json.dumps(str(path))}" for key, path in storage.items()]
    write(containers / "storage.conf", "\n".join(["[storage]", 'driver = "vfs"', *lines]) + "\n")
    # podman asks for more open files and processes than machines that limit them let it have.
    limits = [f"nofile={_most(resource.RLIMIT_NOFILE)}", f"nproc={_most(resource.RLIMIT_NPROC)}"]
    write(containers / "containers.conf", f"[containers]\ndefault_ulimits = {json.dumps(limits)}\n")
    # No registry is searched for a name without a host.
    write(containers / "registries.conf", "unqualified-search-registries = []\n")


def _run_root(folder: Path) -> Path:
    """Where podman keeps what lasts as long as a container runs: with the lab, if its path is short
    enough; else in a folder of this user's own among the temporary files.

    podman's option --runroot takes 50 characters at most (containers/podman#22272). storage.conf
    takes more, but then `podman run` takes 20 seconds (seen at 54), or never ends (at 83).
    """
    with_the_lab = folder / "containers" / "run"
    podman = shutil.which("podman", path=_outer_path(folder))
    if podman is None or len(os.fsencode(with_the_lab)) <= _RUN_ROOT_AT_MOST:
        return with_the_lab
    own = absolute(tempfile.gettempdir()) / f"xacct-{os.getuid()}"
    short = own / hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    usable = len(os.fsencode(short)) <= _RUN_ROOT_AT_MOST and make_private(own)
    return short if usable else with_the_lab


def make_private(folder: Path) -> bool:
    """Make a folder that nobody else can look into; whether it is one, now or before."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    return private and found.st_uid == os.getuid()


def _most(limit: int) -> str:
    """The soft and hard limit for a container: what this process has, 32768 (the kernel's usual
    number of processes, to which podman lowers itself) at most."""
    _, hard = resource.getrlimit(limit)
    most = 32768 if hard == resource.RLIM_INFINITY else min(hard, 32768)
    return f"{most}:{most}"


def _section(name: str, endpoint: str) -> str:
    return (
        f"[{name}]\nregion = {DEFAULT_REGION}\noutput = json\n"
        f"cli_timestamp_format = iso8601\nendpoint_url = {endpoint}\n"
    )


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file whole or not at all; nothing to do when it holds the text already."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        if path.read_text() == text:
            return
    write_whole(path, text.encode(), mode=mode)


def _aws_program(folder: Path) -> str:
    """The AWS CLI of this Python environment, else the one on the PATH."""
    beside = Path(sys.executable).with_name("aws")
    if beside.exists():
        return str(beside)
    return shutil.which("aws", path=_outer_path(folder)) or "aws"


def _outer_path(folder: Path) -> str:
    """The PATH without the lab's launchers."""
    return os.pathsep.join(_path_without(folder / "bin", os.environ.get("PATH", os.defpath)))


def _path_without(folder: Path, path: str) -> list[str]:
    return [part for part in path.split(os.pathsep) if part and part != str(folder)]


_OWN_PROGRAMS = {
    "xacct": "xacct_helpers",
    "docker-credential-xacct": "xacct_helpers.integrations.docker",
    "xacct-credential-provider": "xacct_helpers.integrations.kubelet",
}
_FOREIGN_PREFIXES = ("AWS_", "MOTO_", "BOTO_")
# Where Go and OpenSSL, curl, Python's requests, the AWS CLI and Node look for authorities.
_AUTHORITIES = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY")


def _foreign(name: str) -> bool:
    return name.upper().startswith(_FOREIGN_PREFIXES) or name.upper() in _PROXIES


def without_foreign(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what points at anybody's AWS, moto or proxies."""
    return {name: value for name, value in environment.items() if not _foreign(name)}


def environment(running: Running, base: Mapping[str, str]) -> dict[str, str | None]:
    """What to change in an environment so that it reaches the lab and nothing else.

    base: the environment as it is. A value of None means: unset it.
    """
    folder = running.folder
    path = [str(folder / "bin"), *_path_without(folder / "bin", base.get("PATH", os.defpath))]
    changes: dict[str, str | None] = {name: None for name in base if _foreign(name)}
    return changes | {
        "XACCT_LAB": str(folder),  # so that a change of folder is no change of lab
        "AWS_CONFIG_FILE": str(folder / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws" / "credentials"),
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "BOTO_CONFIG": os.devnull,  # else botocore looks for keys in ~/.boto
        # The HTTPS front: AWS's host names are the lab, and no other host can be reached.
        "HTTPS_PROXY": running.proxy,
        "https_proxy": running.proxy,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **dict.fromkeys(_AUTHORITIES, running.ca_file),
        "DOCKER_CONFIG": str(folder / "containers"),
        "REGISTRY_AUTH_FILE": str(folder / "containers" / "config.json"),
        "CONTAINERS_CONF": str(folder / "containers" / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "containers" / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(folder / "containers" / "registries.conf"),
        "PATH": os.pathsep.join(path),
    }


def ahead(seconds: float) -> str:
    """How far the lab's clock is ahead, in words: "61 minutes"; "" when it is not."""
    units = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    unit, size = next((u for u in units if seconds >= 2 * u[1]), units[-1])
    return f"{round(seconds / size, 1):g} {unit}s" if seconds else ""


def forget_cached_credentials(folder: Path) -> None:
    """Empty the AWS CLI's cache of assumed roles: it outlives a reset and the lab's clock."""
    shutil.rmtree(folder / "home" / ".aws" / "cli" / "cache", ignore_errors=True)
