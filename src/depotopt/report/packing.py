"""Numbers become short text for an HTML file: varint deltas, gzip, base64, and back.

A stream of signed integers is written as zigzag varints (seven bits a byte, low bits first, high bit set
on all but the last byte), as in Protocol Buffers. Neighbouring vertices differ by little, so most deltas at
1e-6 degrees take two bytes, and gzip finds what repeats.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.units import FloatArray, Int64Array

DEGREE_SCALE: Final = 1_000_000
"""Steps per degree: 1e-6 degrees are 0.11 m on the ground."""

MAX_VALUE: Final = 2**52
"""Largest magnitude the front end reads back exactly (its numbers are doubles)."""


def varints(values: npt.ArrayLike) -> bytes:
    """Encode non-negative integers below 2**52, seven bits a byte.

    Raises
    ------
    UsageError
        If a value is negative or too large for the reader.
    """
    numbers = np.ascontiguousarray(values, dtype=np.int64)
    if numbers.size == 0:
        return b""
    if int(numbers.min()) < 0 or int(numbers.max()) >= MAX_VALUE:
        raise UsageError("packed numbers lie in [0, 2**52)")
    left = numbers.copy()
    size = np.ones(len(numbers), dtype=np.int64)
    while (left := left >> 7).any():
        size += left > 0
    end = np.cumsum(size)
    out = np.empty(int(end[-1]), dtype=np.uint8)
    start = end - size
    for place in range(int(size.max())):
        has = size > place
        more = (size > place + 1).astype(np.int64) << 7
        out[start[has] + place] = (((numbers >> (7 * place)) & 127) | more)[has]
    return out.tobytes()


def read_varints(data: bytes) -> Int64Array:
    """Decode what `varints` wrote."""
    octets = np.frombuffer(data, dtype=np.uint8).astype(np.int64)
    if len(octets) == 0:
        return np.empty(0, dtype=np.int64)
    last = octets < 128
    if not last[-1]:
        raise UsageError("packed numbers end in the middle of one")
    owner: Int64Array = np.cumsum(last) - last
    start = np.flatnonzero(np.concatenate([[True], last[:-1]]))
    place = np.arange(len(octets)) - start[owner]
    values = np.zeros(int(last.sum()), dtype=np.int64)
    np.add.at(values, owner, (octets & 127) << (7 * place))
    return values


def zigzag(values: npt.ArrayLike) -> Int64Array:
    """Map signed integers to non-negative ones: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    numbers = np.asarray(values, dtype=np.int64)
    folded: Int64Array = np.where(numbers >= 0, 2 * numbers, -2 * numbers - 1)
    return folded


def unzigzag(values: npt.ArrayLike) -> Int64Array:
    """Undo `zigzag`."""
    numbers = np.asarray(values, dtype=np.int64)
    signed: Int64Array = np.where(numbers % 2 == 0, numbers // 2, -(numbers + 1) // 2)
    return signed


def pack_lines(first: Int64Array, lonlat: FloatArray) -> bytes:
    """Pack polylines: their number, the vertices of each, then the deltas of all vertices in turn.

    Parameters
    ----------
    first
        Start of each polyline, shape ``(G + 1,)``.
    lonlat
        Vertices in degrees, shape ``(V, 2)``; kept to 1e-6 degrees.
    """
    steps = np.rint(lonlat * DEGREE_SCALE).astype(np.int64).reshape(-1, 2)
    deltas = np.diff(steps, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return varints(np.concatenate([[len(first) - 1], np.diff(first), zigzag(deltas.ravel())]))


def unpack_lines(data: bytes) -> tuple[Int64Array, FloatArray]:
    """Undo `pack_lines`: starts and vertices, rounded to 1e-6 degrees."""
    values = read_varints(data)
    count = int(values[0])
    first = np.concatenate([[0], np.cumsum(values[1 : count + 1])]).astype(np.int64)
    steps = np.cumsum(unzigzag(values[count + 1 :]).reshape(-1, 2), axis=0)
    return first, steps / DEGREE_SCALE


NUMBER: Final = re.compile(r"(?<!\d)(?:0|[1-9]\d{0,14})(?!\d)")
"""Numbers in a name that come back as they were: without leading zeros and exact in a double."""

SLOT: Final = "\x1f"
"""Stands for a number in a pattern; no name may hold it."""


def pack_names(names: Sequence[str]) -> tuple[str, Int64Array]:
    """Take names apart into few patterns and many numbers, which pack well (``s12-13``, ``s12-14``, ...).

    Returns
    -------
    tuple
        The patterns, one a line, with `SLOT` for each number, and non-negative integers: the number of names,
        the pattern of each, then for each name in turn its numbers as zigzag differences to the last
        number in the same place of any name before.

    Raises
    ------
    UsageError
        If a name holds `SLOT` or a line break.
    """
    patterns: dict[str, int] = {}
    which, steps = [], []
    last: list[int] = []
    for name in names:
        if SLOT in name or "\n" in name:
            raise UsageError(f"the name {name!r} holds a control character")
        which.append(patterns.setdefault(NUMBER.sub(SLOT, name), len(patterns)))
        for place, text in enumerate(NUMBER.findall(name)):
            if place == len(last):
                last.append(0)
            steps.append(int(text) - last[place])
            last[place] = int(text)
    return "\n".join(patterns), np.array([len(names), *which, *zigzag(steps).tolist()], dtype=np.int64)


def to_text(data: bytes) -> str:
    """Compress and write as base64; equal bytes give equal text (no time stamp inside)."""
    return base64.b64encode(gzip.compress(data, compresslevel=9, mtime=0)).decode("ascii")


def from_text(text: str) -> bytes:
    """Undo `to_text`."""
    return gzip.decompress(base64.b64decode(text))
