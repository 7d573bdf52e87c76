"""Journals that earlier versions wrote: each makes the accounts that it made then.

journals/DATE.jsonl has a line for each scenario of the corpus, as the version of that day left it:
the journal, and what the control API described. They are never written again; a version that
changes what it records adds a file of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xacct_helpers.sandbox import services
from xacct_helpers.sandbox.store.state import State

OLD = [
    pytest.param(found, id=f"{path.stem} {found['scenario']}")
    for path in sorted((Path(__file__).parent / "journals").glob("*.jsonl"))
    for found in map(json.loads, path.read_text().splitlines())
]


@pytest.mark.parametrize("old", OLD)
def test_it_is_replayed_as_it_was(tmp_path: Path, old: dict[str, Any]) -> None:
    (tmp_path / "journal.jsonl").write_text("\n".join(old["journal"]) + "\n")
    state = State(tmp_path, (), lasting=True, replay=services.replay)
    try:
        found = {account: state.describe(account) for account in state.accounts}
        assert json.loads(json.dumps(found)) == old["describe"]
        assert state.notices == []
    finally:
        state.backends.close()


def test_there_are_journals_of_every_kind() -> None:
    changed = {
        (record["s"], record["o"])
        for old in OLD
        for record in map(json.loads, old.values[0]["journal"][1:])
        if "o" in record
    }
    recorded = {
        (name, operation)
        for name, service in services.BY_SERVICE.items()
        for operation, defined in service.operations.items()
        if defined.replay is not None
    }
    # Of an AssumeRole it is recorded that a one-time code is spent, as of GetSessionToken.
    assert recorded - changed == {("sts", "AssumeRole")}
