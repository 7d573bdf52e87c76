"""Everything a sandbox knows, and the one way to change it: perform, journal, then answer."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import string
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..._version import __version__
from ...aws.services import SERVICES
from ..clock import Clock
from ..moto import Backends
from ..moto.snapshot import Form, compact, meaning
from ..protocol.errors import ApiError
from ..protocol.messages import Answer, Call
from ..records import AccessKey
from ..sealed_tokens import new_key
from ..user_credentials import Holdings
from .blobs import Blobs
from .journal import Journal, JournalError, Record, TooManySnapshots
from .organization import Organization
from .private_registry import PrivateRegistry
from .trail import Trail

DEFAULT_SEED = "xacct"
MAX_SNAPSHOTS = 50
_ACCOUNT = re.compile(r"\d{12}")
Replay = Callable[["State", Call, str], None]


class State:
    """A lab's accounts. `folder` holds the image bytes, and the journal when `lasting`.

    replay: performs a journalled call again, on the state and for an account.
    """

    def __init__(
        self,
        folder: Path,
        accounts: tuple[str, ...],
        *,
        lasting: bool,
        replay: Replay,
        seed: str = DEFAULT_SEED,
    ) -> None:
        self._replay_call = replay
        self.folder = folder
        self.lasting = lasting
        self.clock = Clock()
        self.trail = Trail()
        self.blobs = Blobs(folder)
        self.journal = Journal(folder / "journal.jsonl" if lasting else None)
        self.endpoint = ""
        self.made: Mapping[str, Any] = {}
        self.administrators: dict[str, AccessKey] = {}
        self.notices: list[str] = []
        # How often the accounts or their clock have changed since this process began.
        self.changes = 0
        # By their management account; and how many each account has founded.
        self.organizations: dict[str, Organization] = {}
        self.organizations_founded: dict[str, int] = {}
        # By account and region.
        self.private_registries: dict[tuple[str, str], PrivateRegistry] = {}
        # No lifecycle policy is applied before this.
        self.lifecycles_wait = datetime.min.replace(tzinfo=UTC)
        self._holdings: dict[str, Holdings] = {}
        self._snapshots: dict[str, list[Record]] = {}
        opened = self.journal.open()
        if opened is None:
            header = _new_header(accounts, seed)
            self.journal.start(header)
        else:
            header = opened.header
            if accounts and set(accounts) != set(header["accounts"]):
                raise JournalError(
                    f"The lab in {folder} has the accounts {', '.join(header['accounts'])}, not "
                    f"{', '.join(accounts)}. Use another folder, or start afresh with "
                    "`xacct reset`."
                )
            if opened.torn:
                self.notices.append(
                    "The journal's last record was cut short by a crash before it was "
                    "acknowledged; it was dropped."
                )
        self._take(header)
        self.backends = Backends(str(header["seed"]).encode(), self.clock)
        self._replay(opened.records if opened else [])

    def _take(self, header: Record) -> None:
        """Be the lab of a journal's header: its accounts, and the key that seals its tokens."""
        self.header: Record = header
        self.accounts: tuple[str, ...] = tuple(header["accounts"])
        self.key = base64.b64decode(header["key"])

    def private_registry(self, account: str, region: str) -> PrivateRegistry:
        """The settings of an account's registry in a region."""
        return self.private_registries.setdefault((account, region), PrivateRegistry())

    def held(self, account: str) -> Holdings:
        """What the account holds beside what moto keeps."""
        return self._holdings.setdefault(account, Holdings())

    # -- one call ----------------------------------------------------------------------------

    def read(self, call: Call, account: str) -> Answer:
        """What moto answers to a call that changes nothing."""
        return self.backends.perform(call, account)

    def change(self, call: Call, account: str, made: Mapping[str, Any] | None = None) -> Answer:
        """Perform a call in moto and journal it before it is acknowledged.

        made: what chance gives it, which is journalled, too; a "secret" is what moto is to use.
        """
        answer = self.backends.perform(call, account, secret=(made or {}).get("secret"))
        self.record(call, account, made)
        return answer

    def record(self, call: Call, account: str, made: Mapping[str, Any] | None = None) -> None:
        """Journal a change that has been performed. If that fails, the change is undone."""
        record: Record = {
            "t": self.clock.now().timestamp(),
            "a": account,
            "s": call.service,
            "o": call.operation,
            "r": call.region,
            "p": dict(call.params),
        }
        if made:
            record["m"] = dict(made)
        self._append(record)

    def _append(self, record: Record) -> None:
        self.changes += 1
        try:
            self.journal.append(record)
        except OSError as error:
            self._replay(self.journal.records())
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ApiError(
                "ServiceFailure" if record.get("s") == "iam" else "ServerException",
                f"The sandbox could not write its journal in {self.folder} ({reason}); the change "
                "was not made. Free some space or fix the folder's permissions and try again.",
                500,
            ) from error

    def redo(self, call: Call, account: str) -> None:
        """Perform a journalled call again, with what chance gave it the first time."""
        self.backends.perform(call, account, secret=self.made.get("secret"))

    # -- the whole ---------------------------------------------------------------------------

    def _replay(self, records: list[Record]) -> None:
        """Accounts as the records make them, from nothing."""
        self.changes += 1
        self.backends.reset()
        self._holdings.clear()
        self.organizations.clear()
        self.organizations_founded.clear()
        self.private_registries.clear()
        self.clock.offset = type(self.clock.offset)(0)
        self.clock.pin(datetime.fromtimestamp(self.header["created"], UTC))
        try:
            for account, content in self.header["accounts"].items():
                self.administrators[account] = self.backends.seed_account(
                    account, content["secret"]
                )
            for number, record in enumerate(records, 2):
                self._replay_one(record, number)
        finally:
            self.made = {}
            self.clock.pin(None)

    def _replay_one(self, record: Record, number: int) -> None:
        what = f"{record.get('s', 'clock')}:{record.get('o', '')}"
        try:
            if "clock" in record:
                self.clock.advance(record["clock"])
                return
            self.clock.pin(datetime.fromtimestamp(record["t"], UTC))
            self.made = record.get("m", {})
            call = Call(
                service=record["s"],
                operation=record["o"],
                params=record["p"],
                region=record["r"],
                request_id="replay",
                protocol=SERVICES[record["s"]].protocol,
            )
            self._replay_call(self, call, record["a"])
        except (ApiError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise JournalError(
                f"Line {number} of the journal ({what}) cannot be performed again: {error}. "
                "Move the journal away to keep it, then start afresh with `xacct reset`."
            ) from error

    def advance_clock(self, seconds: float) -> None:
        """Move the lab's time; ValueError for a negative step."""
        self.clock.check(seconds)
        self._append({"clock": seconds})
        self.clock.advance(seconds)

    def reset(self) -> None:
        """Accounts as on the first day. Administrators keep their keys; sessions end."""
        header = {**self.header, "key": _text(new_key())}
        self.journal.start({k: v for k, v in header.items() if k != "format"})
        self._take(header)
        self.trail = Trail()
        self.lifecycles_wait = datetime.min.replace(tzinfo=UTC)
        self.blobs.cancel_all()
        self._replay([])

    def save(self, name: str) -> None:
        """Remember the accounts under a name. Raises TooManySnapshots for one more than enough."""
        if not self.lasting:
            _check_number(name, self._snapshots)
            self._snapshots[name] = self.journal.records()
            return
        path = self._snapshot_path(name)
        _check_number(name, {found.stem for found in path.parent.glob("*.jsonl")})
        self.journal.copy_to(path)

    def restore(self, name: str) -> bool:
        """Accounts as they were when `name` was saved; False when nothing was.

        Raises JournalError for a snapshot that is damaged or of another format, and OSError when
        it cannot be written down; the accounts are as before then.
        """
        records = self._snapshots.get(name)
        if self.lasting:
            opened = Journal(self._snapshot_path(name)).open()
            records = opened.records if opened else None
        if records is None:
            return False
        before = self.journal.records()
        try:
            self._replay(records)
            self.journal.start({k: v for k, v in self.header.items() if k != "format"}, records)
        except (JournalError, OSError):
            self._replay(before)
            raise
        return True

    def _snapshot_path(self, name: str) -> Path:
        return self.folder / "snapshots" / f"{name}.jsonl"

    def describe(self, account: str, form: Form = compact) -> dict[str, Any]:
        """Everything an account holds but times and secrets. form: as for `Backends.describe`."""
        return {**self.backends.describe(account, form), **self.held(account).describe()}

    def fingerprint(self) -> str:
        """A digest of what the accounts hold, times and secrets apart.

        Two policy documents that mean the same count as the same.
        """
        content = {a: self.describe(a, meaning) for a in self.accounts}
        for account, org in self.organizations.items():
            content[account]["organization"] = org.describe()
        for (account, region), registry in sorted(self.private_registries.items()):
            if account in content and registry.is_set:
                content[account][f"registry {region}"] = registry.describe()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _check_number(name: str, kept: Collection[str]) -> None:
    if name not in kept and len(kept) >= MAX_SNAPSHOTS:
        raise TooManySnapshots(f"A lab keeps {MAX_SNAPSHOTS} snapshots at most. Save over one.")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _new_header(accounts: tuple[str, ...], seed: str) -> Record:
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise ValueError(f"An account id has 12 digits; '{account}' is none.")
    alphabet = string.ascii_letters + string.digits + "+/"
    return {
        "version": __version__,
        "created": round(datetime.now(UTC).timestamp(), 3),
        "seed": seed,
        "key": _text(new_key()),
        "accounts": {
            account: {"secret": "".join(secrets.choice(alphabet) for _ in range(40))}
            for account in accounts
        },
    }
