"""A class: learners on one JupyterHub run notebook 05 at once, each in a lab of their own."""

from __future__ import annotations

import copy
import json
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.memory import family, proportional, resident
from tests.notebooks.cells import PATHS
from tests.notebooks.execute import as_committed
from tests.servers import Kernel
from tests.soak import scaled
from tests.soak.hub import Hub, running
from xacct_helpers import course

pytestmark = [pytest.mark.kernel, pytest.mark.tools, pytest.mark.slow]

LEARNERS = scaled(3, reduced=2)
COMMITTED = PATHS[5]
AT_MOST = 700 * 2**20  # bytes of resident memory for one learner

OVERRIDES = json.loads((course.LAB_SETTINGS / "overrides.json").read_text())
SETTING = "@jupyterlab/apputils-extension:notification"

WHO = """
import os
print(os.getppid(), lab.running.pid, lab.folder, lab.running.endpoint)
"""
MINE = 'boto3.Session(profile_name="account-a").client("iam").create_user(UserName="{name}");'
USERS = """
users = boto3.Session(profile_name="account-a").client("iam").list_users()["Users"]
print(*sorted(user["UserName"] for user in users))
"""
TRESPASS = """
boto3.Session(profile_name="account-a").client("sts", endpoint_url="{other}").get_caller_identity()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one learner had: the cells that came out otherwise than committed, where their lab is,
    whom account A holds, what another's lab said to their keys, and the memory they took."""

    name: str
    otherwise: list[str]
    sandbox: int
    lab: str
    users: list[str]
    trespass: str
    resident: int
    proportional: int
    seconds: float


class Class:
    """Learners who wait for each other before each step."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.together = threading.Barrier(LEARNERS, timeout=1200)
        self.endpoints: dict[int, str] = {}
        self.first: Exception | None = None

    def attend(self, number: int) -> Seen:
        """Raises for every learner what befell the first one: no other can go on without."""
        try:
            return self._attend(number, f"learner-{number}")
        except Exception as error:
            if self.first is None:
                error.add_note(f"This was learner-{number}.")
                self.first = error
            self.together.abort()
        raise self.first

    def _attend(self, number: int, name: str) -> Seen:
        server = self.hub.admit(name)
        path = f"my-course/{COMMITTED.name}"
        notebook = nbformat.from_dict(server.ask("GET", f"api/contents/{path}")["content"])
        committed = copy.deepcopy(notebook)
        stated = server.ask("GET", f"lab/api/settings/{SETTING}")["schema"]["properties"]
        settings = {key: stated[key]["default"] for key in OVERRIDES[SETTING]}
        assert settings == OVERRIDES[SETTING], "JupyterLab does not have the course's settings"
        self.together.wait()
        began = time.monotonic()
        with server.opened(path) as kernel:
            kernel.run_all(notebook)
            seconds = time.monotonic() - began
            parent, sandbox, lab, endpoint = _printed(kernel, WHO).split()
            processes = {*family(int(parent)), int(sandbox)}
            kernel.run(MINE.format(name=name))
            self.endpoints[number] = endpoint
            self.together.wait()
            other = self.endpoints[(number + 1) % LEARNERS]
            (refused,) = kernel.run(TRESPASS.format(other=other))
            seen = Seen(
                name=name,
                otherwise=_otherwise(notebook, committed),
                sandbox=int(sandbox),
                lab=lab,
                users=_printed(kernel, USERS).split(),
                trespass=refused.get("evalue", str(refused)),
                resident=sum(map(resident, processes)),
                proportional=sum(map(proportional, processes)),
                seconds=seconds,
            )
            self.together.wait()  # nobody ends before all have been measured
        return seen


def _printed(kernel: Kernel, code: str) -> str:
    (output,) = kernel.run(code)
    return str(output["text"])


def _otherwise(notebook: Any, committed: Any) -> list[str]:
    """The cells whose outputs are not the committed ones."""
    found = []
    for made, before in zip(notebook.cells, committed.cells, strict=True):
        if made["cell_type"] == "code":
            old = json.loads(json.dumps(before["outputs"]))
            new = as_committed(json.loads(json.dumps(made["outputs"])), copy.deepcopy(old))
            for output in (*new, *old):
                output.pop("execution_count", None)
            if new != old:
                found.append(f"{made['id']}: {json.dumps(new)[:600]}, not {json.dumps(old)[:600]}")
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc, which Linux has")
def test_a_class_runs_notebook_05_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path) as hub, ThreadPoolExecutor(LEARNERS) as pool:
        a_class = Class(hub)
        learners = list(pool.map(a_class.attend, range(LEARNERS)))
    with capsys.disabled():
        print(
            f"\n{LEARNERS} learners on one hub; each {_mib(learners, 'resident')} MiB resident, "
            f"{_mib(learners, 'proportional')} MiB where what is shared is divided; "
            f"notebook 05 in {max(learner.seconds for learner in learners):.0f} s at most"
        )
    assert {learner.name: learner.otherwise for learner in learners if learner.otherwise} == {}
    assert len({learner.sandbox for learner in learners}) == LEARNERS
    for learner in learners:
        assert learner.lab == str(hub.folder.resolve() / learner.name / ".xacct")
        assert learner.users == ["admin", learner.name], "another's change is in their accounts"
        # Key ids are derived, and so alike in all labs; secrets are not.
        assert "(SignatureDoesNotMatch)" in learner.trespass
        assert learner.resident < AT_MOST


def _mib(learners: list[Seen], what: str) -> str:
    sizes = [getattr(learner, what) >> 20 for learner in learners]
    return f"{min(sizes)} to {max(sizes)} (median {statistics.median(sizes):.0f})"
