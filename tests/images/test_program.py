"""The hello executables: they run, and what cannot run here is read field by field."""

from __future__ import annotations

import platform
import struct
import subprocess
from pathlib import Path

import pytest

from tests.tools import require
from xacct_helpers.images import ARCHITECTURES, GREETING, hello_program
from xacct_helpers.images.program import MAX_TEXT

TEXTS = [
    pytest.param(GREETING, id="the course's greeting"),
    pytest.param("é ☃\n", id="more bytes than letters"),
    pytest.param("x", id="one byte"),
    pytest.param("x" * MAX_TEXT, id="the longest"),
]


def run(command: list[str]) -> tuple[int, str, str]:
    """(status, standard output, standard error) of a command."""
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def written(folder: Path, architecture: str, text: str) -> str:
    """The path of the executable, written and made runnable."""
    program = folder / "hello"
    program.write_bytes(hello_program(architecture, text))
    program.chmod(0o755)
    return str(program)


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="needs Linux on x86-64 to run the program",
)
@pytest.mark.parametrize("text", TEXTS)
def test_the_amd64_program_prints_its_text_and_exits_with_0(tmp_path: Path, text: str) -> None:
    assert run([written(tmp_path, "amd64", text)]) == (0, text, "")


@pytest.mark.tools
@pytest.mark.parametrize("text", TEXTS)
def test_the_arm64_program_prints_its_text_and_exits_with_0(tmp_path: Path, text: str) -> None:
    emulator = require("qemu-aarch64-static", "qemu-user-static")
    assert run([emulator, written(tmp_path, "arm64", text)]) == (0, text, "")


@pytest.mark.parametrize(("architecture", "machine"), [("amd64", 62), ("arm64", 183)])
def test_the_headers_describe_one_runnable_segment(architecture: str, machine: int) -> None:
    program = hello_program(architecture)
    fields = struct.unpack_from("<4s5B7xHHIQQQIHHHHHH", program)
    assert fields[:5] == (b"\x7fELF", 2, 1, 1, 0)  # 64 bit, little endian, version 1, System V
    kind, found, _version, entry, headers_at, sections_at = fields[6:12]
    assert (kind, found, headers_at, sections_at) == (2, machine, 64, 0)
    size, count = fields[14:16]
    assert (size, count) == (56, 2)

    load = struct.unpack_from("<IIQQQQQQ", program, 64)
    stack = struct.unpack_from("<IIQQQQQQ", program, 64 + 56)
    kind, flags, offset, address, _physical, in_file, in_memory, page = load
    assert (kind, flags, offset) == (1, 5, 0)  # loaded, readable and executable, not writable
    assert in_file == in_memory == len(program)
    assert address % page == 0
    assert address < entry < address + len(program)
    assert stack[:2] == (0x6474E551, 6)  # the stack is not executable


def test_the_arm64_instructions_are_those_of_the_manual() -> None:
    code = hello_program("arm64", "abc")[64 + 2 * 56 :]
    assert struct.unpack("<8I", code[:32]) == (
        0xD2800020,  # mov x0, #1
        0x100000E1,  # adr x1, +28
        0xD2800062,  # mov x2, #3
        0xD2800808,  # mov x8, #64
        0xD4000001,  # svc #0
        0xD2800000,  # mov x0, #0
        0xD2800BA8,  # mov x8, #93
        0xD4000001,  # svc #0
    )
    assert code[32:] == b"abc"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("text", ["", "x" * (MAX_TEXT + 1), "é" * MAX_TEXT])
def test_a_text_of_a_wrong_length_is_refused(architecture: str, text: str) -> None:
    with pytest.raises(ValueError, match="it must have 1 to 4096"):
        hello_program(architecture, text)


def test_an_unknown_architecture_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'riscv64'"):
        hello_program("riscv64")
