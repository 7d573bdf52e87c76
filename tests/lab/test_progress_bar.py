"""A bar for long work: seen in a terminal and a notebook, one line left behind, else nothing."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from typing import Any

import pytest

from tests import kernels, labs
from tests.notebooks.execute import _one_per_stream
from tests.tools import ROOT
from xacct_helpers import progress_bar as bars
from xacct_helpers.progress_bar import LARGE, bytes_bar, progress_bar

CATCH_UP = """\
from xacct_helpers import open_lab, progress_bar
progress_bar.QUIET_SECONDS = 0  # how fast the machine is is not the point
lab = open_lab()
lab.catch_up(through=8)"""
LEFT = "Your accounts are as after notebook 08.\n"
LARGE_IMAGE = """\
import boto3, dataclasses
from xacct_helpers import build_image, pull_image, push_image
from xacct_helpers.images.build import LAYER_MEDIA_TYPE, Descriptor, Manifest, sha256
image = build_image()
small = image.single_platform()
blob = bytes(9 * 1024 * 1024)
layer = Descriptor(media_type=LAYER_MEDIA_TYPE, digest=sha256(blob), size=len(blob))
body = small.body.replace(
    b'"layers":[', b'"layers":[' + __import__("json").dumps(layer.as_json()).encode() + b",")
large = dataclasses.replace(
    small, body=body, digest=sha256(body), layers=(layer, *small.layers))
image = dataclasses.replace(
    image, manifests=(large,), blobs={**image.blobs, layer.digest: blob})
ecr = boto3.Session(profile_name="account-a").client("ecr")
ecr.create_repository(repositoryName="large")
push_image(ecr, "large", "v1", image) == large.digest, pull_image(ecr, "large", "v1").size"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal, and no work that is too short for a bar."""
    monkeypatch.setattr(bars, "QUIET_SECONDS", 0)
    monkeypatch.setattr(bars, "_BETWEEN_SECONDS", 0)
    return Terminal()


def seen(text: str) -> str:
    """What stands on a terminal after this text."""
    lines = []
    for line in text.split("\n"):
        cells: list[str] = []
        for piece in line.split("\r"):
            cells[: len(piece)] = piece
        lines.append("".join(cells).rstrip())
    return "\n".join(lines)


def test_it_moves_and_leaves_its_line(terminal: Terminal) -> None:
    bar = progress_bar("Work", 4, lambda n: f"{n} of 4", leaves="Worked.")
    with redirect_stdout(terminal), bar as done:
        done(1)
        assert seen(terminal.getvalue()) == f"Work [{'#' * 6}{'-' * 18}] 1 of 4"
        done(4)
        assert seen(terminal.getvalue()) == f"Work [{'#' * 24}] 4 of 4"
    assert seen(terminal.getvalue()) == "Worked.\n"


def test_it_is_gone_after_an_error(terminal: Terminal) -> None:
    bar = progress_bar("Work", 4, str, leaves="Worked.")

    def work() -> None:
        with redirect_stdout(terminal), bar as done:
            done(2)
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert "Work [" in terminal.getvalue()
    assert seen(terminal.getvalue()) == ""


def test_few_bytes_show_nothing(terminal: Terminal) -> None:
    with redirect_stdout(terminal), bytes_bar("Moving", "Moved", LARGE - 1) as moved:
        moved(LARGE - 1)
    assert terminal.getvalue() == ""
    with redirect_stdout(terminal), bytes_bar("Moving", "Moved", LARGE) as moved:
        moved(LARGE // 2)
        assert seen(terminal.getvalue()) == f"Moving [{'#' * 12}{'-' * 12}] 4 of 8 MiB"
    assert seen(terminal.getvalue()) == "Moved: 8,388,608 bytes.\n"


def test_short_work_leaves_its_line_only(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars, "QUIET_SECONDS", 3600)
    with redirect_stdout(terminal), progress_bar("Work", 4, str, leaves="Worked.") as done:
        done(4)
    assert terminal.getvalue() == "Worked.\n"


@pytest.fixture(scope="module")
def ran() -> list[Any]:
    """The outputs of each cell, as the kernel sent them."""
    return kernels.outputs(CATCH_UP, LARGE_IMAGE)


@pytest.mark.kernel
def test_a_notebook_shows_it_and_keeps_one_line(ran: list[Any]) -> None:
    text = "".join(output["text"] for output in ran[0])
    assert re.search(r"\rBuilding \[#+-+\] \d of 9 notebooks", text)
    assert seen(text) == LEFT
    [kept] = _one_per_stream(ran[0])
    assert kept["text"] == LEFT


@pytest.mark.kernel
def test_a_large_image_leaves_a_line_for_each_way(ran: list[Any]) -> None:
    *streams, result = _one_per_stream(ran[1])
    size = 9 * 1024 * 1024 + 2373
    [kept] = streams
    assert kept["text"] == (f"Pushed large:v1: {size:,} bytes.\nPulled large:v1: {size:,} bytes.\n")
    assert result["data"]["text/plain"] == f"(True, {size})"


@pytest.mark.slow
def test_a_terminal_sees_it_and_a_pipe_does_not() -> None:
    with labs.fresh():
        piped = subprocess.run(
            [sys.executable, "-c", CATCH_UP], capture_output=True, check=True, cwd=ROOT
        )
        assert piped.stdout.decode() == LEFT
    with labs.fresh():
        master, slave = pty.openpty()
        ran = subprocess.Popen([sys.executable, "-c", CATCH_UP], stdout=slave, cwd=ROOT)
        os.close(slave)
        text = b""
        with suppress(OSError):  # how Linux says that the other end is closed
            while piece := os.read(master, 4096):
                text += piece
        os.close(master)
        assert ran.wait() == 0
    shown = text.decode().replace("\r\n", "\n")
    assert "\rBuilding [" in shown
    assert seen(shown) == LEFT
