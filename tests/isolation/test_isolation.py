"""The course needs no network, and takes nothing from the user's own AWS set-up."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from tests.isolation import user, without_network
from tests.isolation.trace import trace
from tests.notebooks import runs
from tests.notebooks.cells import IDS, PATHS
from tests.notebooks.watched import trap, trapped
from tests.tools import require

TRACED = [path for path in PATHS if path.name.startswith(runs.TRACED)]


@pytest.mark.tools
def test_the_network_is_really_away() -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=60)"
    done = without_network(sys.executable, "-c", code)
    assert "Network is unreachable" in done.stderr
    again = "import socket; s = socket.create_server(('127.0.0.1', 0)); print('served')"
    assert without_network(sys.executable, "-c", again).stdout == "served\n"


@pytest.mark.kernel
@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_the_whole_course_runs_without_a_network(path: Path) -> None:
    """With all that a user who works with AWS may have set."""
    require("unshare", "util-linux")
    require("ip", "iproute2")
    ran = runs.of(path)
    assert ran.interfaces == ("lo",)
    assert not ran.trapped
    assert not ran.failed, ran.report[-4000:]
    assert ran.different == {}


@pytest.mark.kernel
@pytest.mark.parametrize("path", TRACED, ids=[path.stem for path in TRACED])
def test_nothing_of_the_users_is_read_and_nobody_else_is_called(path: Path) -> None:
    require("strace", "strace")
    ran = runs.of(path)
    assert not ran.failed, ran.report[-4000:]
    seen = ran.trace
    assert seen is not None, "strace does not work here"
    assert seen.strangers == set()
    assert ("127.0.0.1", ran.trap) not in seen.addresses
    assert not ran.trapped
    theirs = (f"{ran.home}/.aws", f"{ran.home}/.boto")
    assert [path for path in seen.opened if path.startswith(theirs)] == []
    # It did look: the sandbox was called, and the lab's own files were read.
    assert {address for address, _ in seen.addresses} == {"127.0.0.1"}
    assert any(path.endswith("/lab/aws/credentials") for path in seen.opened)
    assert any("/lab/home/.aws/cli/cache" in path for path in seen.opened)


def test_the_trap_notices() -> None:
    with trap() as listener:
        assert not trapped(listener)
        socket.create_connection(listener.getsockname()).close()
        assert trapped(listener)


CARELESS = """
import os, socket
open(os.path.expanduser("~/.aws/config"))
for kind, family, address in (
    (socket.SOCK_STREAM, socket.AF_INET, "192.0.2.1"),
    (socket.SOCK_DGRAM, socket.AF_INET, "192.0.2.2"),
    (socket.SOCK_DGRAM, socket.AF_INET6, "2001:db8::1"),
):
    with socket.socket(family, kind) as s:
        s.setblocking(False)
        try:
            s.sendto(b"", (address, 53)) if kind == socket.SOCK_DGRAM else s.connect((address, 53))
        except OSError:
            pass
if not os.fork():
    os._exit(socket.socket().connect_ex(("127.0.0.1", 9)) and 0)
os.wait()
"""


@pytest.mark.tools
def test_the_trace_notices(tmp_path: Path) -> None:
    """A program that opens what it should not, and calls strangers, a child of its included."""
    user.plant(tmp_path)
    environment = {**os.environ, "HOME": str(tmp_path)}
    seen = trace([sys.executable, "-c", CARELESS], tmp_path / "strace", environment, tmp_path)
    assert f"{tmp_path}/.aws/config" in seen.opened
    assert seen.strangers == {("192.0.2.1", 53), ("192.0.2.2", 53), ("2001:db8::1", 53)}
    assert ("127.0.0.1", 9) in seen.addresses
