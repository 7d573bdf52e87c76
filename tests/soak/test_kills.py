"""kill -9 while clients write: what was acknowledged is there, every time.

Four clients write without a pause; at a random moment the sandbox is killed, started again on the
same folder and asked what it has. A kill counts when a request had reached the sandbox
whole and was not answered: between acceptance and acknowledgement.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from tests.sandboxes import A, Sandbox, allow
from tests.soak import scaled

pytestmark = pytest.mark.slow

KILLS = scaled(60, reduced=12)
AT_LEAST_BETWEEN = 50 * KILLS // 60
KILLS_OF_ONE_LAB = 12  # then a fresh one: a start performs all changes again
WRITERS = 4
DOCUMENT = allow("ecr:ListImages")
# What nobody may ever build: the journal is not written.
FORGETFUL = """
from xacct_helpers.sandbox.store import journal
journal.Journal.append = lambda self, record: None
from xacct_helpers.cli import main
raise SystemExit(main())
"""


@dataclass
class Tally:
    """What the writers of one or more rounds saw."""

    acknowledged: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    kills: int = 0
    between: int = 0
    lost: set[str] = field(default_factory=set)
    kept_unanswered: int = 0
    torn: int = 0


def write(sandbox: Sandbox, names: Iterator[str], tally: Tally, begun: threading.Event) -> None:
    """Make policies, one after the other, until the sandbox is gone."""
    for name in names:
        try:
            answer = sandbox.call(A, "iam:CreatePolicy", PolicyName=name, PolicyDocument=DOCUMENT)
        except EndpointConnectionError:
            return  # nothing was sent
        except (HTTPClientError, ResponseParserError):  # closed before the answer, or within it
            tally.unanswered.add(name)
            return
        if not answer.ok:
            tally.errors.append(f"{answer.code}: {answer.message}")
            return
        tally.acknowledged.add(name)
        begun.set()


def numbered(prefix: str) -> Iterator[str]:
    return (f"{prefix}-{number}" for number in range(1_000_000))


def policies(sandbox: Sandbox) -> set[str]:
    pages = sandbox.client("iam", A).get_paginator("list_policies").paginate(Scope="Local")
    return {policy["PolicyName"] for page in pages for policy in page["Policies"]}


def round_of(folder: Path, number: int, chance: random.Random, tally: Tally, *command: str) -> None:
    """Start, write, and kill a random moment after the first acknowledgement."""
    before = set(tally.unanswered)
    begun = threading.Event()
    with Sandbox("--state", str(folder), command=[*command] or None) as sandbox:
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [
                pool.submit(write, sandbox, numbered(f"k{number}-w{writer}"), tally, begun)
                for writer in range(WRITERS)
            ]
            answered = begun.wait(60)
            # It is killed in any case: the writers end by that alone.
            threading.Timer(chance.uniform(0, 0.05), sandbox.process.kill).start()
        assert answered, tally.errors
        for writer in writers:
            writer.result()
        sandbox.kill()
    tally.kills += 1
    tally.between += bool(tally.unanswered - before)


def look(folder: Path, tally: Tally) -> None:
    """Count what is missing, and what was kept although nobody was told."""
    with Sandbox("--state", str(folder), accounts=()) as sandbox:
        there = policies(sandbox)
        tally.torn += len(sandbox.control("GET", "status").json["notices"])
    tally.lost |= tally.acknowledged - there
    tally.kept_unanswered += len(tally.unanswered & there)
    assert there <= tally.acknowledged | tally.unanswered
    tally.acknowledged.clear()
    tally.unanswered.clear()


def test_nothing_acknowledged_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = random.randrange(2**32)
    chance, tally, written = random.Random(seed), Tally(), 0
    for number in range(KILLS):
        folder = tmp_path / str(number // KILLS_OF_ONE_LAB)
        round_of(folder, number, chance, tally)
        if number % KILLS_OF_ONE_LAB == KILLS_OF_ONE_LAB - 1 or number == KILLS - 1:
            written += len(tally.acknowledged)
            look(folder, tally)
    with capsys.disabled():
        print(
            f"\n{tally.kills} kills, {tally.between} of them between acceptance and "
            f"acknowledgement; {written} changes acknowledged, {len(tally.lost)} lost; "
            f"{tally.kept_unanswered} kept that nobody was told of; {tally.torn} torn records "
            f"dropped (seed {seed})"
        )
    assert tally.errors == []
    assert tally.lost == set()
    assert written > KILLS, "the writers wrote next to nothing"
    assert tally.between >= AT_LEAST_BETWEEN


def test_a_sandbox_that_writes_no_journal_is_found_out(tmp_path: Path) -> None:
    tally = Tally()
    command = (sys.executable, "-c", FORGETFUL, "serve", "--port", "0", "--json")
    round_of(tmp_path / "lab", 0, random.Random(0), tally, *command)
    assert tally.acknowledged
    look(tmp_path / "lab", tally)
    assert tally.lost
