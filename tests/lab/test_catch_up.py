"""catch_up and restore, against the committed notebooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests import labs
from xacct_helpers import course, workspace
from xacct_helpers.course import checkpoint
from xacct_helpers.lab import Lab
from xacct_helpers.workspace import LabError

pytestmark = pytest.mark.slow

NUMBERS = [course.number(path) for path in course.notebooks()]
LAST = NUMBERS[-1]
Said = Callable[[], str]


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    """One lab for the tests here: starting a sandbox takes longer than what most of them do."""
    with labs.fresh() as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab, capsys: pytest.CaptureFixture[str]) -> Lab:
    """It, on its first day, with no way through the course on record."""
    shared.reset()
    (shared.folder / workspace.RECORD).unlink()
    capsys.readouterr()
    return shared


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What has been printed since it was last called."""
    return lambda: capsys.readouterr().out.strip()


def as_after(number: int) -> str:
    return f"Your accounts are as after notebook {number:02}."


def fingerprint(lab: Lab) -> str:
    return str(lab.running.get("fingerprint")["fingerprint"])


def journal(lab: Lab) -> list[str]:
    """Every change since the first day, with its time."""
    return (lab.folder / "journal.jsonl").read_text().splitlines()[1:]


def make_repository(name: str) -> None:
    boto3.Session(profile_name="account-a").client("ecr").create_repository(repositoryName=name)


def test_step_by_step_is_the_same_as_at_once(lab: Lab, said: Said) -> None:
    """Also through the whole course, and each step adds to the one before: nothing is lost."""
    before: list[str] = []
    for number in NUMBERS:
        lab.catch_up(through=number)
        assert said() == as_after(number)
        assert journal(lab)[: len(before)] == before
        before = journal(lab)
    found = fingerprint(lab)
    lab.reset()
    lab.catch_up(through=LAST)
    assert fingerprint(lab) == found
    with pytest.raises(LabError, match="nothing to bring back"):
        lab.restore()


def test_already_there_nothing_is_done(lab: Lab, said: Said) -> None:
    lab.catch_up(through=2)
    said()
    before, seen = journal(lab), lab.running.get("trail/1")
    lab.catch_up(through=2)
    assert said() == as_after(2)
    assert (journal(lab), lab.running.get("trail/1")) == (before, seen)


def test_different_is_put_aside_and_can_be_brought_back(lab: Lab, said: Said) -> None:
    lab.catch_up(through=1)
    built = fingerprint(lab)
    make_repository("mine")
    mine = fingerprint(lab)
    said()
    lab.catch_up(through=1)
    different = f"{as_after(1)} They were different before: lab.restore() brings that back."
    assert said() == different
    assert fingerprint(lab) == built
    lab.restore()
    assert (
        said() == "Your accounts are as they were before catch_up. lab.restore() again goes back."
    )
    assert fingerprint(lab) == mine
    lab.restore()
    assert fingerprint(lab) == built


def test_ahead_is_different(lab: Lab, said: Said) -> None:
    lab.catch_up(through=2)
    ahead = fingerprint(lab)
    said()
    lab.catch_up(through=0)
    assert "lab.restore()" in said()
    lab.restore()
    assert fingerprint(lab) == ahead


def test_made_by_hand_and_right_it_stays(lab: Lab, said: Said) -> None:
    """As a learner goes: notebook 01 by hand, then catch_up(through=1) at the top of 02."""
    lab.catch_up(through=0)
    made_by_hand: dict[str, Any] = {}
    for source in course.tagged(course.notebooks()[1], "build"):
        exec(source, made_by_hand)
    theirs = journal(lab)
    assert theirs
    said()
    lab.catch_up(through=1)
    assert said() == as_after(1)
    assert journal(lab) == theirs, "with its own dates"
    with pytest.raises(LabError, match="nothing to bring back"):
        lab.restore()


def test_what_was_kept_outlives_a_later_look(lab: Lab, said: Said) -> None:
    """The silent rebuild of the test above must not overwrite what restore() brings back."""
    make_repository("mine")
    mine = fingerprint(lab)
    lab.catch_up(through=0)
    (lab.folder / workspace.RECORD).write_text(
        json.dumps({**json.loads((lab.folder / workspace.RECORD).read_text()), "after": {}})
    )
    lab.catch_up(through=0)
    lab.restore()
    assert fingerprint(lab) == mine


def test_a_damaged_record_is_no_obstacle(lab: Lab, said: Said) -> None:
    lab.catch_up(through=1)
    for text in ("", "[]", "{}", "null"):
        (lab.folder / workspace.RECORD).write_text(text)
        said()
        lab.catch_up(through=1)
        assert said() == as_after(1)


def test_a_changed_course_starts_afresh(
    lab: Lab, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.catch_up(through=0)
    monkeypatch.setattr(checkpoint, "_digest_of_course", lambda: "another")
    ran = []
    monkeypatch.setattr(checkpoint, "_run_build_cells", lambda path: ran.append(path.name))
    lab.catch_up(through=0)
    assert ran == [course.notebooks()[0].name]


def test_the_clock_goes_back_to_real_time(lab: Lab, said: Said) -> None:
    """And the sessions handed out end, so that none that had expired comes alive again."""
    lab.catch_up(through=4)
    there = fingerprint(lab)
    given = boto3.Session(profile_name="account-b").get_credentials().get_frozen_credentials()
    sts = boto3.Session(given.access_key, given.secret_key, given.token).client("sts")
    sts.get_caller_identity()
    lab.clock.advance(minutes=61)
    with pytest.raises(ClientError, match="ExpiredToken"):
        sts.get_caller_identity()
    said()
    lab.catch_up(through=4)
    assert (
        said() == f"{as_after(4)} The lab's clock was 61 minutes ahead; it shows real time again."
    )
    assert (lab.clock.ahead, fingerprint(lab)) == ("", there)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()
    boto3.Session(profile_name="account-b").client("sts").get_caller_identity()


def test_what_is_put_aside_has_its_clock(lab: Lab, said: Said) -> None:
    make_repository("mine")
    lab.clock.advance(days=3)
    lab.catch_up(through=0)
    assert lab.clock.ahead == ""
    lab.restore()
    assert lab.clock.ahead == "3 days"


def interrupted_at(number: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the build cells of one notebook end in an error, after some work."""
    run = checkpoint._run_build_cells

    def run_until(path: Path) -> None:
        if int(path.name[:2]) == number:
            make_repository("half-way")
            raise error
        run(path)

    monkeypatch.setattr(checkpoint, "_run_build_cells", run_until)


@pytest.mark.parametrize("start", ["behind", "different"])
def test_interrupted_it_leaves_all_as_it_was(
    lab: Lab, said: Said, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    lab.catch_up(through=1)
    if start == "different":
        make_repository("mine")
    before = journal(lab)
    said()
    with monkeypatch.context() as patch:
        interrupted_at(2, KeyboardInterrupt(), patch)
        with pytest.raises(KeyboardInterrupt):
            lab.catch_up(through=3)
    assert said() == "Interrupted: your accounts are as they were before."
    assert journal(lab) == before
    with monkeypatch.context() as patch:
        interrupted_at(2, LabError("It failed."), patch)
        with pytest.raises(LabError, match=r"^It failed\. Your accounts are as they were before\."):
            lab.catch_up(through=3)
    assert journal(lab) == before
    lab.catch_up(through=3)
    assert ("lab.restore()" in said()) is (start == "different")


def test_a_build_cell_that_fails_is_named(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "00-broken.ipynb"
    cell = {"cell_type": "code", "metadata": {"tags": ["build"]}, "source": ["1 / 0"]}
    broken.write_text(json.dumps({"cells": [cell]}))
    monkeypatch.setattr(course, "notebooks", lambda: [broken])
    with pytest.raises(LabError, match=r"build cell 1 of 00-broken\.ipynb failed: ZeroDivision"):
        lab.catch_up(through=0)


DIE = """
import os, sys
from xacct_helpers import open_lab
from xacct_helpers.course import checkpoint
lab = open_lab()
run = checkpoint._run_build_cells
def die(path):
    if path.name.startswith("02"):
        os._exit(9)
    run(path)
checkpoint._run_build_cells = die
lab.catch_up(through=2)
"""


@pytest.mark.parametrize("then", ["catch_up", "restore", "reset"])
def test_a_kernel_that_died_half_way(lab: Lab, said: Said, then: str) -> None:
    make_repository("mine")
    mine = fingerprint(lab)
    assert subprocess.run([sys.executable, "-c", DIE]).returncode == 9
    assert fingerprint(lab) != mine
    if then == "reset":
        lab.reset()
        said()
        lab.catch_up(through=0)
        assert said() == as_after(0), "what was thrown away stays away"
        return
    if then == "catch_up":
        lab.catch_up(through=1)
        lab.restore()
    else:
        with pytest.raises(LabError, match="nothing to bring back"):
            lab.restore()
    assert fingerprint(lab) == mine


def test_two_kernels_at_once(lab: Lab) -> None:
    code = "from xacct_helpers import open_lab; open_lab().catch_up(through=3)"
    kernels = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [kernel.wait() for kernel in kernels] == [0, 0]
    found = fingerprint(lab)
    lab.reset()
    lab.catch_up(through=3)
    assert fingerprint(lab) == found


def test_only_a_number_of_the_course_will_do(lab: Lab) -> None:
    before = journal(lab)
    for through in ("3", 3.0, None, True, -1, LAST + 1):
        with pytest.raises(
            LabError, match=rf"^through is the number of a notebook \(0, 1, .*, {LAST}\), "
        ):
            lab.catch_up(through=through)  # type: ignore[arg-type]
    assert journal(lab) == before


def test_what_the_learner_has_in_the_kernel_is_not_touched(lab: Lab, said: Said) -> None:
    """No name, no folder, no environment variable; and nothing of the build cells is printed."""
    said()
    before = (set(globals()), os.getcwd(), dict(os.environ))
    lab.catch_up(through=LAST)
    assert said() == as_after(LAST)
    assert (set(globals()), os.getcwd(), dict(os.environ)) == before


def test_accounts_that_mean_the_same_stay(lab: Lab, said: Said) -> None:
    """Another label, another order, a list of one: a right answer in a learner's own words."""
    lab.catch_up(through=3)
    iam = boto3.Session(profile_name="account-a").client("iam")
    role = iam.get_role(RoleName="account-a-role-name")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    trust = {"Version": "2012-10-17", "Statement": {**statement, "Action": ["sts:AssumeRole"]}}
    trust["Statement"]["Sid"] = "MyOwnWords"
    iam.update_assume_role_policy(RoleName="account-a-role-name", PolicyDocument=json.dumps(trust))
    theirs = journal(lab)
    said()
    lab.catch_up(through=3)
    assert said() == as_after(3)
    assert journal(lab) == theirs
