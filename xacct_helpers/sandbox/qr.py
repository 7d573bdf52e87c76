"""QR codes as PNG images: what an authenticator reads a virtual MFA device's seed from.

Bytes at error correction level L, in versions 1 to 20.
Source: ISO/IEC 18004:2015 (tables 3 and 9, clauses 7.4 to 7.10); the PNG specification.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import zip_longest

# By version: error correction bytes of each block, and how many blocks there are.
_CORRECTION = (7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28)
_BLOCKS = (1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8)
_LEVEL = 0b01
_MASKS: tuple[Callable[[int, int], int], ...] = (
    lambda y, x: (y + x) % 2,
    lambda y, x: y % 2,
    lambda y, x: x % 3,
    lambda y, x: (y + x) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3,
    lambda y, x: (y * x % 2 + y * x % 3) % 2,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
)
_SCALE, _MARGIN = 6, 4
Grid = list[list[bool | None]]


def png(text: str) -> bytes:
    """The image of a text; ValueError when it is too long."""
    return _image(modules(text.encode()))


def modules(data: bytes) -> list[list[bool]]:
    """Rows of dark (True) and light modules, without the quiet zone."""
    version = next((v for v in range(1, 21) if len(data) <= _room(v)), None)
    if version is None:
        raise ValueError("too long for a QR code of version 20")
    bits = _interleaved(_padded(data, version), version)
    drawn = [_drawn(bits, version, mask) for mask in range(8)]
    return min(drawn, key=_penalty)


# -- the bytes -------------------------------------------------------------------------------


def _size(version: int) -> int:
    return 17 + 4 * version


def _codewords(version: int) -> int:
    """Bytes of data and error correction that a version holds: the modules that are free."""
    free = sum(cell is None for row in _patterns(version) for cell in row)
    return free // 8


def _data_bytes(version: int) -> int:
    return _codewords(version) - _CORRECTION[version - 1] * _BLOCKS[version - 1]


def _count_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _room(version: int) -> int:
    return _data_bytes(version) - (4 + _count_bits(version) + 7) // 8


def _padded(data: bytes, version: int) -> bytes:
    """Mode, count, data, terminator and padding."""
    bits = f"0100{len(data):0{_count_bits(version)}b}" + "".join(f"{byte:08b}" for byte in data)
    whole = 8 * _data_bytes(version)
    bits += "0" * min(4, whole - len(bits))
    bits += "0" * (-len(bits) % 8)
    found = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return (found + b"\xec\x11" * whole)[: whole // 8]


def _interleaved(data: bytes, version: int) -> str:
    """The bits of all blocks: their data in turn, then their error correction in turn."""
    count = _BLOCKS[version - 1]
    short, longer = divmod(len(data), count)
    blocks, at = [], 0
    for number in range(count):
        size = short + (number >= count - longer)
        blocks.append(data[at : at + size])
        at += size
    corrections = [_correction(block, _CORRECTION[version - 1]) for block in blocks]
    found = [
        byte
        for group in (blocks, corrections)
        for column in zip_longest(*group)
        for byte in column
        if byte is not None
    ]
    return "".join(f"{byte:08b}" for byte in found)


def _times(a: int, b: int) -> int:
    """In the field of 256 elements modulo 0x11d."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


def _correction(block: bytes, count: int) -> bytes:
    """Reed and Solomon: the remainder of the block by the generator polynomial."""
    generator, root = [1], 1
    for _ in range(count):
        longer = [*generator, 0]
        for place, one in enumerate(generator):
            longer[place + 1] ^= _times(one, root)
        generator, root = longer, _times(root, 2)
    remainder = [*block, *[0] * count]
    for place in range(len(block)):
        factor = remainder[place]
        for further, one in enumerate(generator):
            remainder[place + further] ^= _times(one, factor)
    return bytes(remainder[len(block) :])


# -- the modules -----------------------------------------------------------------------------


def _patterns(version: int) -> Grid:
    """The grid with all that is not data; None where data goes. Format and version: light."""
    size = _size(version)
    grid: Grid = [[None] * size for _ in range(size)]
    for y, x in ((0, 0), (0, size - 7), (size - 7, 0)):
        _square(grid, y + 3, x + 3, 4, dark=(0, 1, 3))
    for place in range(8, size - 8):
        grid[6][place] = grid[place][6] = place % 2 == 0
    centres = _centres(version)
    for y in centres:
        for x in centres:
            if (y, x) not in ((6, 6), (6, centres[-1]), (centres[-1], 6)):
                _square(grid, y, x, 2, dark=(0, 2))
    for (y, x), _ in _format_bits(size, 0):
        grid[y][x] = False
    grid[size - 8][8] = True
    if version >= 7:
        for (y, x), _ in _version_bits(size, version):
            grid[y][x] = False
    return grid


def _square(grid: Grid, y: int, x: int, reach: int, dark: tuple[int, ...]) -> None:
    """Rings about a centre, as far as the grid goes."""
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if 0 <= y + dy < len(grid) and 0 <= x + dx < len(grid):
                grid[y + dy][x + dx] = max(abs(dy), abs(dx)) in dark


def _centres(version: int) -> list[int]:
    """Rows, and columns, of the alignment patterns: even distances, but for the first."""
    if version == 1:
        return []
    gaps, last = version // 7 + 1, _size(version) - 7
    distance = -(-(last - 6) // (2 * gaps)) * 2
    return [6, *(last - distance * n for n in reversed(range(gaps)))]


def _remainder(value: int, divisor: int) -> int:
    """Of the division of two polynomials over two elements."""
    while value.bit_length() >= divisor.bit_length():
        value ^= divisor << value.bit_length() - divisor.bit_length()
    return value


def _format_bits(size: int, mask: int) -> Iterator[tuple[tuple[int, int], bool]]:
    """Place and value of each bit of both copies of the format information."""
    data = _LEVEL << 3 | mask
    bits = (data << 10 | _remainder(data << 10, 0b10100110111)) ^ 0b101010000010010
    near = [(8, x) for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [(y, 8) for y in (7, 5, 4, 3, 2, 1, 0)]
    far = [(size - 1 - n, 8) for n in range(7)] + [(8, size - 8 + n) for n in range(8)]
    for places in (near, far):
        for number, place in enumerate(places):
            yield place, bool(bits >> (14 - number) & 1)


def _version_bits(size: int, version: int) -> Iterator[tuple[tuple[int, int], bool]]:
    bits = version << 12 | _remainder(version << 12, 0b1111100100101)
    for number in range(18):
        y, x = number // 3, size - 11 + number % 3
        for place in ((y, x), (x, y)):
            yield place, bool(bits >> number & 1)


def _drawn(bits: str, version: int, mask: int) -> list[list[bool]]:
    grid, size = _patterns(version), _size(version)
    left = iter(bits)
    for y, x in _path(size):
        if grid[y][x] is None:
            dark = next(left, "0") == "1"
            grid[y][x] = dark ^ (_MASKS[mask](y, x) == 0)
    for (y, x), dark in _format_bits(size, mask):
        grid[y][x] = dark
    if version >= 7:
        for (y, x), dark in _version_bits(size, version):
            grid[y][x] = dark
    return [[bool(cell) for cell in row] for row in grid]


def _path(size: int) -> Iterator[tuple[int, int]]:
    """The way of the data: two columns at a time from the right, up and down in turn."""
    upwards = True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for step in range(size):
            y = size - 1 - step if upwards else step
            yield y, right
            yield y, right - 1
        upwards = not upwards


def _penalty(grid: list[list[bool]]) -> int:
    """How hard a grid is to read: long runs, blocks, what looks like a finder, imbalance."""
    size, found = len(grid), 0
    for lines in (grid, list(zip(*grid, strict=True))):
        for line in lines:
            text = "".join("1" if cell else "0" for cell in line)
            for run in text.replace("10", "1 0").replace("01", "0 1").split():
                found += len(run) - 2 if len(run) >= 5 else 0
            for at in range(size - 10):
                found += 40 * (text[at : at + 11] in ("10111010000", "00001011101"))
    for y in range(size - 1):
        for x in range(size - 1):
            four = grid[y][x] + grid[y][x + 1] + grid[y + 1][x] + grid[y + 1][x + 1]
            found += 3 * (four in (0, 4))
    dark = sum(map(sum, grid))
    return found + 10 * (abs(20 * dark - 10 * size * size) // (size * size))


# -- the image -------------------------------------------------------------------------------


def _image(grid: list[list[bool]]) -> bytes:
    """One bit a pixel, dark modules black, in a light margin."""
    width = (len(grid) + 2 * _MARGIN) * _SCALE
    margin, lines = [False] * _MARGIN, [[False] * len(grid)] * _MARGIN
    raw = b""
    for row in (*lines, *grid, *lines):
        bits = "".join(("0" if dark else "1") * _SCALE for dark in (*margin, *row, *margin))
        bits += "0" * (-len(bits) % 8)
        raw += (b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")) * _SCALE
    header = struct.pack(">IIBBBBB", width, width, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )
