"""A static Linux executable that prints one text, assembled here byte by byte.

No compiler and no base image: the lesson's image holds nothing but this file, so its digest is
the same on every machine and a learner can read all of it.

Sources: System V ABI, "ELF Header" and "Program Header"; Linux arch/x86/entry/syscalls/
syscall_64.tbl and include/uapi/asm-generic/unistd.h for the call numbers; Intel SDM volume 2 and
Arm Architecture Reference Manual (A64) for the instructions. tests/images/test_program.py runs it.
"""

from __future__ import annotations

import struct

GREETING = "Hello from account A's image.\n"
ARCHITECTURES = ("amd64", "arm64")
MAX_TEXT = 4096
"""Bytes. One write() of no more than PIPE_BUF is never cut short, so the program needs no loop."""

_LOAD_ADDRESS = 0x400000
_ELF_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_SEGMENTS = 2
_CODE_OFFSET = _ELF_HEADER.size + _SEGMENTS * _PROGRAM_HEADER.size

_ET_EXEC, _EV_CURRENT = 2, 1
_PT_LOAD, _PT_GNU_STACK = 1, 0x6474E551
_EXECUTE, _WRITE, _READ = 1, 2, 4
_MACHINE = {"amd64": 62, "arm64": 183}  # EM_X86_64, EM_AARCH64
_PAGE = {"amd64": 0x1000, "arm64": 0x10000}  # the largest page size that a kernel may use


def hello_program(architecture: str = "amd64", greeting: str = GREETING) -> bytes:
    """An ELF64 executable for Linux that writes `greeting` to standard output and exits with 0.

    architecture: "amd64" or "arm64" (the names that container images use).
    greeting: 1 to 4096 bytes in UTF-8, its line end included.

    Raises ValueError for any other architecture or length.
    """
    if architecture not in _MACHINE:
        raise ValueError(f"no such architecture: {architecture!r}; one of {ARCHITECTURES}")
    text = greeting.encode()
    if not 1 <= len(text) <= MAX_TEXT:
        raise ValueError(f"the greeting has {len(text)} bytes; it must have 1 to {MAX_TEXT}")
    assemble = _amd64_code if architecture == "amd64" else _arm64_code
    body = assemble(len(text)) + text
    return _elf(architecture, body)


def _amd64_code(length: int) -> bytes:
    """write(1, text, length); exit(0). The text follows the last instruction.

    The call number goes in rax, the arguments in rdi, rsi, rdx (Linux man page syscall(2)).
    """
    after_lea = (
        b"\xba" + struct.pack("<I", length)  # mov edx, length    BA id
        + b"\x0f\x05"                        # syscall            0F 05
        + b"\xb8\x3c\x00\x00\x00"            # mov eax, 60        B8 id      60 is exit
        + b"\x31\xff"                        # xor edi, edi       31 /r      status 0
        + b"\x0f\x05"                        # syscall
    )  # fmt: skip
    return (
        b"\xb8\x01\x00\x00\x00"              # mov eax, 1         B8 id      1 is write
        + b"\xbf\x01\x00\x00\x00"            # mov edi, 1         BF id      1 is standard output
        # lea rsi, [rip + n]: REX.W 8D /r, counted from the next instruction to the text
        + b"\x48\x8d\x35" + struct.pack("<i", len(after_lea))
        + after_lea
    )  # fmt: skip


def _arm64_code(length: int) -> bytes:
    """write(1, text, length); exit(0). The text follows the last instruction.

    The call number goes in x8, the arguments in x0, x1, x2 (Linux man page syscall(2)).
    """
    instructions = 8
    adr_at = 1
    to_text = 4 * (instructions - adr_at)
    return struct.pack(
        f"<{instructions}I",
        _movz(0, 1),            # mov x0, #1         1 is standard output
        _adr(1, to_text),       # adr x1, text
        _movz(2, length),       # mov x2, #length
        _movz(8, 64),           # mov x8, #64        64 is write
        0xD4000001,             # svc #0
        _movz(0, 0),            # mov x0, #0         status 0
        _movz(8, 93),           # mov x8, #93        93 is exit
        0xD4000001,             # svc #0
    )  # fmt: skip


def _movz(register: int, value: int) -> int:
    """MOVZ Xd, #value: 1 10 100101 00 imm16 Rd."""
    return 0xD2800000 | value << 5 | register


def _adr(register: int, distance: int) -> int:
    """ADR Xd, distance in bytes from this instruction: 0 immlo(2) 10000 immhi(19) Rd."""
    return 0x10000000 | (distance & 3) << 29 | (distance >> 2) << 5 | register


def _elf(architecture: str, body: bytes) -> bytes:
    """The file: ELF header, two program headers, then `body`, whose first byte is the entry."""
    size = _CODE_OFFSET + len(body)
    header = _ELF_HEADER.pack(
        b"\x7fELF" + bytes([2, 1, _EV_CURRENT, 0]) + bytes(8),  # 64 bit, little endian, System V
        _ET_EXEC,
        _MACHINE[architecture],
        _EV_CURRENT,
        _LOAD_ADDRESS + _CODE_OFFSET,  # entry point
        _ELF_HEADER.size,  # program headers follow at once
        0,  # no section headers
        0,  # flags
        _ELF_HEADER.size,
        _PROGRAM_HEADER.size,
        _SEGMENTS,
        0, 0, 0,  # section header size, count, index of names
    )  # fmt: skip
    whole_file = _PROGRAM_HEADER.pack(
        _PT_LOAD, _READ | _EXECUTE,
        0, _LOAD_ADDRESS, _LOAD_ADDRESS,  # offset, virtual and physical address
        size, size, _PAGE[architecture],
    )  # fmt: skip
    # Without this one the kernel would make the stack executable.
    plain_stack = _PROGRAM_HEADER.pack(_PT_GNU_STACK, _READ | _WRITE, 0, 0, 0, 0, 0, 16)
    return header + whole_file + plain_stack + body
