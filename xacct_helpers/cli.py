"""The `xacct` command. Start-up stays light: each command imports what it needs."""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from . import course, workspace
from ._version import __version__
from .atomic_files import write_whole
from .lab_api.codec import to_json
from .workspace import LabError

if TYPE_CHECKING:
    from .course import learners_copy
    from .lab_api.lab_state import Announcement


class _Parser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"argument COMMAND: invalid choice: ('.*?') ", message)
        text = f"there is no command {unknown[1]}" if unknown else message
        self.exit(2, f"{self.prog}: {text[:1].upper()}{text[1:]}. Try `{self.prog} --help`.\n")


class _Failure(Exception):
    """Ends the command: one sentence and an exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 0
    try:
        return int(options.run(options) or 0)
    except _Failure as failure:
        print(f"xacct: {failure}", file=sys.stderr)
        return failure.code
    except LabError as error:
        print(f"xacct: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _parser() -> _Parser:
    parser = _Parser(
        prog="xacct",
        allow_abbrev=False,
        description="Learn cross-account IAM on two local AWS accounts that really refuse.",
    )
    parser.add_argument("--version", action="version", version=f"xacct {__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    def add(name: str, run: Callable[[argparse.Namespace], int | None], text: str) -> _Parser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(run=run)
        return command

    lab = add("lab", _lab, "Copy the course to a folder of yours (once) and open JupyterLab there.")
    lab.add_argument(
        "--course", type=Path, default=None, metavar="FOLDER", help="your folder (my-course)"
    )
    lab.add_argument(
        "--prepare-only", action="store_true", help="copy the course, do not open JupyterLab"
    )
    lab.add_argument(
        "--update",
        action="store_true",
        help="bring the files that you have not changed up to date, without asking",
    )
    lab.add_argument(
        "--with-answers",
        "--answers",  # the names of earlier versions work, too
        dest="answers",
        action="store_const",
        const=True,
        help="a copy with the answers and outputs of every cell, instead of tasks to write",
    )
    lab.add_argument(
        "--no-answers",
        dest="answers",
        action="store_const",
        const=False,
        help="tasks to write again, in a copy that was made with the answers",
    )
    lab.add_argument("--no-browser", action="store_true", help="do not open a web browser")
    lab.add_argument(
        "--port", type=_port, default=None, help="JupyterLab's port (8888 or the next free one)"
    )

    serve = add("serve", _serve, "Run a sandbox in the foreground: an AWS that refuses.")
    serve.add_argument(
        "--port", type=_port, default=0, help="port on 127.0.0.1; 0 picks a free one (%(default)s)"
    )
    serve.add_argument(
        "--accounts",
        type=_accounts,
        default=None,
        metavar="ID,ID",
        help="account ids of 12 digits (111111111111,222222222222)",
    )
    serve.add_argument(
        "--json",
        action="store_true",
        help="when it answers, print one line of JSON: endpoint, keys",
    )
    serve.add_argument(
        "--state", type=Path, default=None, metavar="DIR", help="keep the accounts in DIR"
    )
    serve.add_argument(
        "--seed", default=None, help="what ids are derived from; another seed gives other ids"
    )
    serve.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end with the program that holds the other end of standard input",
    )

    status = add("status", _status, "Say whether this workspace's sandbox runs, and your progress.")
    status.add_argument("--json", action="store_true", help="print JSON, your progress in full")
    progress = add("progress", _progress, "Show how far several learners are: a class at a glance.")
    progress.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="a learner's, or the .xacct in it",
    )
    progress.add_argument("--json", action="store_true", help="print JSON, each progress in full")
    add("map", _map, "Print who can assume which role and pull from which repository.")
    trail = add("trail", _trail, "Print the latest calls: when, who, what, and what became of it.")
    trail.add_argument("--count", type=int, default=30, metavar="N", help="at most (%(default)s)")
    trail.add_argument("--refused", action="store_true", help="only what a policy refused")
    trail.add_argument("--json", action="store_true", help="print one list of JSON")
    add("stop", _stop, "Stop this workspace's sandbox. Its accounts are kept.")
    reset = add("reset", _reset, "Empty the accounts and your progress: all as on the first day.")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    env = add("env", _env, 'Print what points a terminal at the lab: eval "$(xacct env)" uses it.')
    env.add_argument("--json", action="store_true", help="print JSON instead of shell commands")
    process = add(
        "credential-process",
        _credential_process,
        "Assume roles and print the credentials as credential_process of an AWS profile wants.",
    )
    process.add_argument(
        "--account",
        default=workspace.ACCOUNT_B,
        metavar="ID",
        help="whose administrator begins (%(default)s)",
    )
    process.add_argument(
        "--role-arn",
        action="append",
        default=[],
        metavar="ARN",
        help="the role to assume; said again, the next one in the chain",
    )
    process.add_argument(
        "--role-session-name",
        default="credential-process",
        metavar="NAME",
        help="what ends the ARN of each session (%(default)s)",
    )
    process.add_argument("--external-id", default=None, help="sent with the last role")
    process.add_argument("--duration-seconds", type=int, default=None, help="of the last role")
    token = add("token", _token, "Print a service account's token, as a Kubernetes pod has one.")
    token.add_argument("--service-account", required=True, metavar="NAME", help="whose token")
    token.add_argument("--namespace", default="default", help="where it lives (%(default)s)")
    token.add_argument(
        "--audience",
        default="sts.amazonaws.com",
        metavar="AUD",
        help="whom the token is for (%(default)s)",
    )
    token.add_argument(
        "--json", action="store_true", help="print JSON: token, issuer and when it expires"
    )
    add(
        "decide",
        _decide,
        "Read JSON lines (a request and its policies) and print IAM's decision for each.",
    )
    lint = add(
        "lint", _lint, "Say what AWS would refuse in policy documents, and what people regret."
    )
    lint.add_argument("files", nargs="+", metavar="FILE", help="a policy, JSON; - reads it here")
    lint.add_argument(
        "--kind",
        choices=("trust", "inline", "managed", "session", "repository", "registry", "scp", "rcp"),
        default=None,
        help="what the policies are to be (guessed)",
    )
    lint.add_argument(
        "--own",
        type=_accounts,
        action="extend",
        default=[],
        metavar="ACCOUNT",
        help="an account of yours; roles may trust it without an external id",
    )
    lint.add_argument("--json", action="store_true", help="print one list of JSON")
    lint.add_argument("--strict", action="store_true", help="warnings fail too")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not '{text}'")
    return int(text)


def _accounts(text: str) -> tuple[str, ...]:
    ids = tuple(part.strip() for part in text.split(","))
    for account in ids:
        if len(account) != 12 or not account.isascii() or not account.isdigit():
            raise argparse.ArgumentTypeError(f"an account id has 12 digits; '{account}' has not")
    if len(set(ids)) < len(ids):
        raise argparse.ArgumentTypeError("an account is named twice")
    return ids


# -- serve -----------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    # SIGTERM and a closed terminal end it as SystemExit does: through every `finally` below.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, lambda *_: sys.exit(0))
    os.umask(0o077)
    with _state_folder(options.state) as (folder, lasting):
        # Not before: ended while it makes its folder, it would leave half of that behind.
        if options.until_stdin_closes:
            threading.Thread(target=_end_with_stdin, daemon=True).start()
        _serve_folder(folder, lasting, options)
    return 0


def _end_with_stdin() -> None:
    """Read standard input to its end, then ask this process to end as SIGTERM does.

    Whoever holds the other end may die in any way: the system closes it.
    """
    with contextlib.suppress(OSError):  # closed from the beginning
        # Not by sys.stdin: a thread that waits in there holds a lock that Python's end asks for.
        while os.read(0, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def _serve_folder(folder: Path, lasting: bool, options: argparse.Namespace) -> None:
    from .sandbox import services as actions  # 340 ms
    from .sandbox.server import app
    from .sandbox.store.journal import JournalError
    from .sandbox.store.state import DEFAULT_SEED, State

    fresh = not (folder / "journal.jsonl").exists()
    accounts = options.accounts or ((workspace.ACCOUNT_A, workspace.ACCOUNT_B) if fresh else ())
    try:
        listener = app.bind(options.port)
    except OSError as error:
        raise _Failure(_port_trouble(options.port, error)) from error
    try:
        state = State(
            folder,
            accounts,
            lasting=lasting,
            replay=actions.replay,
            seed=options.seed or DEFAULT_SEED,
        )
    except JournalError as error:
        raise _Failure(str(error)) from error
    except OSError as error:
        raise _Failure(f"Cannot use {folder}: {error.strerror or error}.") from error
    for notice in state.notices:
        print(f"xacct: {notice}", file=sys.stderr)

    def announce(announcement: Announcement) -> None:
        line = json.dumps(to_json(announcement))
        if lasting:
            write_whole(folder / "sandbox.json", line.encode())
        print(line if options.json else _plain(announcement), flush=True)

    try:
        app.run(state, listener, announce)
    finally:
        if lasting:
            (folder / "sandbox.json").unlink(missing_ok=True)


@contextlib.contextmanager
def _state_folder(named: Path | None) -> Iterator[tuple[Path, bool]]:
    """The folder to keep things in, and whether it lasts."""
    if named is None:
        with tempfile.TemporaryDirectory(prefix="xacct-") as name:
            yield Path(name), False
        return
    try:
        folder = workspace.absolute(named)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "lock").open("a")
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror or error
        raise _Failure(f"Cannot keep a lab in {folder}: {reason}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _Failure(
                f"Another sandbox serves {folder} already. `xacct stop` ends it."
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield folder, True


def _plain(announcement: Announcement) -> str:
    lines = [f"The sandbox answers at {announcement.endpoint} (Ctrl-C ends it)."]
    for account in announcement.accounts:
        lines.append(
            f"Account {account.id}: administrator's key {account.access_key_id}, "
            f"secret {account.secret_access_key}; registry {announcement.registries[account.id]}"
        )
    return "\n".join(lines)


def _port_trouble(port: int, error: OSError) -> str:
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than you have; choose one above 1023."
    if error.errno != errno.EADDRINUSE:
        return f"Port {port} cannot be used: {error.strerror}."
    holder = _holder(port)
    who = f"It is held by {holder}." if holder else "Another program holds it."
    return f"Port {port} is in use. {who} Choose another, or --port 0 for any free one."


def _holder(port: int) -> str | None:
    """Who listens on a port, as far as this user may know (Linux)."""
    wanted = f":{port:04X}"
    try:
        tables = (Path("/proc/net/tcp").read_text(), Path("/proc/net/tcp6").read_text())
        rows = [line.split() for table in tables for line in table.splitlines()[1:]]
        inodes = {f"socket:[{r[9]}]" for r in rows if r[1].endswith(wanted) and r[3] == "0A"}
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                if any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir()):
                    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    return f"process {process.name} ({' '.join(words).strip()[:80]})"
    except (OSError, IndexError):
        return None
    return None


# -- the workspace's lab ---------------------------------------------------------------------


def _lab(options: argparse.Namespace) -> int:
    from .course import learners_copy  # 9 ms

    copy = learners_copy.make(options.course or course.usual_copy(), answers=options.answers)
    news = f" ({len(copy.added)} new files, yours to change)" if copy.added else ""
    print(f"Your course: {copy.folder}{news}")
    print(f"Its lab:     {workspace.lab_folder(copy.folder)}", flush=True)
    _bring_up_to_date(copy, sure=options.update)
    if options.prepare_only:
        return 0
    if options.port:
        _check_port(options.port)
    course.open_jupyter(copy.folder, browser=not options.no_browser, port=options.port)


def _bring_up_to_date(copy: learners_copy.Copy, *, sure: bool) -> None:
    """Offer the files that the course has changed, and say which the learner has made their own."""
    from .course import learners_copy  # 9 ms

    if copy.outdated:
        print(
            f"xacct {__version__} has these files anew, and you have not changed yours: "
            f"{', '.join(copy.outdated)}."
        )
        if sure or (sys.stdin.isatty() and _agreed("Update them?", otherwise=True)):
            print(f"Updated: {len(learners_copy.update(copy))} files.", flush=True)
        else:
            print("They stay as they are. `xacct lab --update` brings them up to date.", flush=True)
    if copy.kept:
        print(
            f"Changed by you, and kept although xacct {__version__} has them anew: "
            f"{', '.join(copy.kept)}. To get the new ones too, rename yours and start again.",
            flush=True,
        )


def _check_port(port: int) -> None:
    """JupyterLab's own words for a port in use are a log line among many."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise _Failure(_port_trouble(port, error)) from error


def _status(options: argparse.Namespace) -> int:
    from .course import progress as kept_progress  # 7 ms

    folder = workspace.lab_folder()
    running = workspace.find(folder)
    status = running.status() if running else None
    kept = (folder / "journal.jsonl").exists()
    done = kept_progress.read(folder)
    if options.json:
        content = {
            "folder": str(folder),
            "kept": kept,
            "endpoint": running.endpoint if running else None,
            "pid": running.pid if running else None,
            "accounts": status.accounts if status else None,
            "now": status.now if status else None,
            "notices": status.notices if status else [],
            "progress": kept_progress.as_json(done),
        }
        print(json.dumps(content, indent=2))
    elif running is None and (stuck := workspace.holder(folder)) is not None:
        print(
            f"The sandbox of {folder} (process {stuck}) does not answer. `xacct stop` ends it, "
            "and its accounts are kept."
        )
    elif running is None or status is None:
        what = "Its accounts are kept; open_lab() starts it." if kept else "There is no lab yet."
        print(f"No sandbox runs for {folder}. {what}")
    else:
        print(f"The sandbox answers at {running.endpoint} (process {running.pid}).")
        print(f"Lab: {folder}")
        print(f"Accounts: {', '.join(status.accounts)}")
        ahead = workspace.ahead(status.clock_offset_seconds)
        print(f"The lab's time: {status.now}{f', {ahead} ahead' if ahead else ''}")
        for notice in status.notices:
            print(f"Notice: {notice}")
    if not options.json and (kept or done.begun()):
        print(f"Progress: {' '.join(kept_progress.lines(done))}")
    return 0 if running else 1


def _progress(options: argparse.Namespace) -> int:
    from .lessons.progress_table import class_table, learner  # 140 ms

    for folder in options.folders:
        if not folder.is_dir():
            raise _Failure(f"There is no folder {folder}.", 2)
    learners = [learner(folder) for folder in options.folders]
    if options.json:
        print(json.dumps([one.as_json() for one in learners], indent=2))
    else:
        print(class_table(learners))
    return 0


def _running() -> workspace.Running:
    """The workspace's sandbox, for a command that has nothing to say without it."""
    folder = workspace.lab_folder()
    running = workspace.find(folder)
    if running is None:
        raise _Failure(f"No sandbox runs for {folder}. open_lab() in a notebook starts it.")
    return running


def _map(options: argparse.Namespace) -> int:
    from .view.access_map import model, words  # 90 ms

    print(words.text(model.read(_running().access_map())))
    return 0


def _trail(options: argparse.Namespace) -> int:
    from .view.trail import latest, trail_text  # 80 ms

    rows = latest(_running(), options.count, refused=options.refused)
    if isinstance(sys.stdout, io.TextIOWrapper):  # what stands in a cell may not be ASCII
        sys.stdout.reconfigure(errors="backslashreplace")
    print(json.dumps([asdict(row) for row in rows], indent=2) if options.json else trail_text(rows))
    return 0


def _stop(options: argparse.Namespace) -> int:
    folder = workspace.lab_folder()
    ended = workspace.stop(folder)
    print(f"Stopped the sandbox of {folder}." if ended else f"No sandbox runs for {folder}.")
    return 0


def _reset(options: argparse.Namespace) -> int:
    from .course import progress as kept_progress  # 7 ms

    folder = workspace.lab_folder()
    running = workspace.find(folder)
    if running is None and not (folder / "journal.jsonl").exists():
        raise _Failure(f"There is no lab at {folder}.")
    if not options.yes and not _meant(f"Empty the accounts of {folder}, and your progress?"):
        print("Nothing was changed.")
        return 1
    if running is not None:
        from .lab import Lab  # 13 ms

        Lab(running).reset()
    else:
        with _state_folder(folder):  # holds off a sandbox that would start meanwhile
            (folder / "journal.jsonl").unlink()
            for name in ("blobs", "uploads", "snapshots"):
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / workspace.RECORD).unlink(missing_ok=True)
            workspace.forget_cached_credentials(folder)
        print("The accounts are as on the first day.")
    kept_progress.empty(folder)
    return 0


def _meant(question: str) -> bool:
    if not sys.stdin.isatty():
        raise _Failure("This empties the accounts; say `xacct reset --yes` to mean it.", 2)
    return _agreed(question, otherwise=False)


def _agreed(question: str, *, otherwise: bool) -> bool:
    """What a person at the terminal says; `otherwise` is meant by Enter alone."""
    try:
        reply = input(f"{question} [{'Y/n' if otherwise else 'y/N'}] ").strip().lower()
    except EOFError:
        print()
        return False
    return reply in ("y", "yes") or (otherwise and not reply)


def _env(options: argparse.Namespace) -> int:
    running = workspace.join(workspace.lab_folder())
    changes = workspace.environment(running, os.environ)
    if options.json:
        print(json.dumps(changes, indent=2))
        return 0
    for name, value in changes.items():
        if re.fullmatch(r"\w+", name, re.ASCII):  # a shell knows no other variables
            print(f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}")
    return 0


def _credential_process(options: argparse.Namespace) -> int:
    from .integrations import process  # 20 ms

    credentials = process.assume(
        workspace.join(workspace.lab_folder()),
        options.account,
        options.role_arn,
        session_name=options.role_session_name,
        external_id=options.external_id,
        duration_seconds=options.duration_seconds,
    )
    print(json.dumps(process.spoken(credentials)))
    return 0


def _token(options: argparse.Namespace) -> int:
    running = workspace.join(workspace.lab_folder())
    answer = running.service_account_token(
        options.service_account, namespace=options.namespace, audience=options.audience
    )
    print(json.dumps(to_json(answer), indent=2) if options.json else answer.token)
    return 0


def _decide(options: argparse.Namespace) -> int:
    from .policy.decide import decide_line  # 50 ms

    for number, raw in enumerate(sys.stdin.buffer, 1):
        if not raw.strip():
            continue
        try:
            answer = decide_line(raw.decode())
        except UnicodeDecodeError:
            answer = {"error": f"Line {number} is not UTF-8."}
        print(json.dumps(answer), flush=True)
    return 0


def _lint(options: argparse.Namespace) -> int:
    from .lint import lint  # 60 ms

    if isinstance(sys.stdout, io.TextIOWrapper):  # a policy may hold what a terminal cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    texts = [(name, _policy_text(name)) for name in options.files]
    found = [
        ("<stdin>" if name == "-" else name, finding)
        for name, text in texts
        for finding in lint(text, options.kind, own=options.own)
    ]
    if options.json:
        print(json.dumps([{"file": name, **asdict(one)} for name, one in found], indent=2))
    else:
        for name, one in found:
            where = f"{name}:{one.line}:{one.column}"
            print(f"{where}: {one.severity}: {one.message} [{one.rule}]")
    return int(any(options.strict or one.severity == "error" for _, one in found))


def _policy_text(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode()
    except OSError as error:
        raise _Failure(f"Cannot read {name}: {error.strerror or error}.", 2) from error
    except UnicodeDecodeError as error:
        raise _Failure(f"Cannot read {name}: it is not UTF-8.", 2) from error
