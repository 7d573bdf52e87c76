"""QR codes, read back as ISO/IEC 18004 says: format, mask, path, blocks, error correction.

The picture below was also read by a program that is not ours (zxing-cpp 3), as were texts that fill
versions 1 to 20.
"""

from __future__ import annotations

import struct
import zlib

import pytest

from xacct_helpers.sandbox import qr

XACCT = """
#######..#.##.#######
#.....#.##.#..#.....#
#.###.#.##..#.#.###.#
#.###.#..#.#..#.###.#
#.###.#.#...#.#.###.#
#.....#.#..##.#.....#
#######.#.#.#.#######
........#####........
##.#..##.##...###.##.
.###.#....#...#..#.##
#.#..##...#.##...##.#
#...##..#..#.....#.##
.##.#.#..##.#.#.#....
........####...###.##
#######.##...#.#...#.
#.....#....###.##....
#.###.#..#.#..###...#
#.###.#.####...#...##
#.###.#..#..#...##..#
#.....#.##...####....
#######.#####..##..#.
"""
# Of ISO/IEC 18004, table 9, level L. By version: bytes in all, of correction in a block, blocks.
TABLE = {1: (26, 7, 1), 5: (134, 26, 1), 6: (172, 18, 2), 7: (196, 20, 2), 10: (346, 18, 4),
         14: (581, 30, 4), 20: (1085, 28, 8)}  # fmt: skip
# and the bytes of text that go into each
ROOM = {1: 17, 5: 106, 6: 134, 7: 154, 10: 271, 14: 458, 20: 858}
ALIGNED = {1: [], 5: [6, 30], 6: [6, 34], 7: [6, 22, 38], 10: [6, 28, 50], 14: [6, 26, 46, 66],
           20: [6, 34, 62, 90]}  # fmt: skip
MASKS = [
    lambda i, j: (i + j) % 2 == 0,
    lambda i, j: i % 2 == 0,
    lambda i, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: (i * j) % 2 + (i * j) % 3 == 0,
    lambda i, j: ((i * j) % 2 + (i * j) % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + (i * j) % 3) % 2 == 0,
]
POWERS = [1]
for _ in range(254):
    POWERS.append(POWERS[-1] * 2 ^ (0x11D if POWERS[-1] > 127 else 0))


def reserved(version: int, i: int, j: int) -> bool:
    """Whether a module is no data's."""
    size = 17 + 4 * version
    corner = (i < 9 and j < 9) or (i < 9 and j >= size - 8) or (i >= size - 8 and j < 9)
    told = version >= 7 and ((i < 6 and j >= size - 11) or (j < 6 and i >= size - 11))
    centres = ALIGNED[version]
    aligned = any(
        abs(i - y) < 3 and abs(j - x) < 3
        for y in centres
        for x in centres
        if (y, x) not in ((6, 6), (6, centres[-1]), (centres[-1], 6))
    )
    return corner or told or aligned or 6 in (i, j)


def read(grid: list[list[bool]]) -> bytes:
    """The text of a code without errors; AssertionError when one of its parts is not right."""
    size = len(grid)
    version = (size - 17) // 4
    near = [grid[8][j] for j in (0, 1, 2, 3, 4)]
    level_and_mask = int("".join("01"[one] for one in near), 2) ^ 0b10101
    assert level_and_mask >> 3 == 0b01, "level L"
    mask = MASKS[level_and_mask & 7]
    bits = ""
    columns = [j for j in range(size - 1, 0, -2) if j > 6] + [5, 3, 1]
    for turn, right in enumerate(columns):
        rows = range(size) if turn % 2 else range(size - 1, -1, -1)
        for i in rows:
            for j in (right, right - 1):
                if not reserved(version, i, j):
                    bits += "01"[grid[i][j] ^ mask(i, j)]
    whole, correction, count = TABLE[version]
    assert 0 <= len(bits) - 8 * whole < 8
    words = [int(bits[8 * n : 8 * n + 8], 2) for n in range(whole)]
    data = whole - correction * count
    sizes = [data // count + (n >= count - data % count) for n in range(count)]
    blocks: list[list[int]] = [[] for _ in sizes]
    left = iter(words)
    for place in range(max(sizes)):
        for block, length in zip(blocks, sizes, strict=True):
            if place < length:
                block.append(next(left))
    content = [list(block) for block in blocks]
    for _ in range(correction):
        for block in blocks:
            block.append(next(left))
    for block in blocks:
        for power in range(correction):
            assert at(block, POWERS[power]) == 0, "error correction"
    text = "".join(f"{byte:08b}" for block in content for byte in block)
    wide = 8 if version < 10 else 16
    assert text[:4] == "0100", "bytes"
    length = int(text[4 : 4 + wide], 2)
    rest = text[4 + wide :]
    return bytes(int(rest[8 * n : 8 * n + 8], 2) for n in range(length))


def at(polynomial: list[int], point: int) -> int:
    """Its value at a point of the field (Horner)."""
    value = 0
    for factor in polynomial:
        value = times(value, point) ^ factor
    return value


def times(a: int, b: int) -> int:
    return POWERS[(POWERS.index(a) + POWERS.index(b)) % 255] if a and b else 0


def test_a_picture() -> None:
    drawn = ["".join("#" if dark else "." for dark in row) for row in qr.modules(b"xacct")]
    assert drawn == XACCT.split()


@pytest.mark.parametrize("version", TABLE)
@pytest.mark.parametrize("less", [0, 1])
def test_it_reads_as_what_was_written(version: int, less: int) -> None:
    text = bytes(33 + n * 7 % 90 for n in range(ROOM[version] - less))
    grid = qr.modules(text)
    assert len(grid) == 17 + 4 * version
    assert read(grid) == text


def test_one_module_too_many_is_noticed() -> None:
    """The reader of these tests refuses a code with an error in it."""
    grid = qr.modules(b"xacct")
    grid[12][12] = not grid[12][12]
    with pytest.raises(AssertionError, match="error correction"):
        read(grid)


def test_too_long() -> None:
    with pytest.raises(ValueError, match="too long"):
        qr.png("a" * 859)


def test_the_image() -> None:
    """Six pixels a module, four modules of margin, dark is black."""
    found = qr.png("xacct")
    assert struct.unpack(">II", found[16:24]) == (174, 174)
    start = found.index(b"IDAT") + 4
    lines = zlib.decompress(
        found[start : start + struct.unpack(">I", found[start - 8 : start - 4])[0]]
    )
    width = 1 + 174 // 8 + 1
    rows = [lines[n * width + 1 : (n + 1) * width] for n in range(24, 24 + 21 * 6, 6)]
    read_back = ["".join(f"{byte:08b}" for byte in row)[24 : 24 + 21 * 6 : 6] for row in rows]
    assert [row.replace("0", "#").replace("1", ".") for row in read_back] == XACCT.split()
