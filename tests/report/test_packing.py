from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from depotopt.errors import UsageError
from depotopt.report.packing import (
    MAX_VALUE,
    SLOT,
    from_text,
    pack_lines,
    pack_names,
    read_varints,
    to_text,
    unpack_lines,
    unzigzag,
    varints,
    zigzag,
)
from depotopt.units import FloatArray

NUMBERS = st.lists(st.integers(0, MAX_VALUE - 1), max_size=60)
SIGNED = st.lists(st.integers(-(2**50), 2**50), max_size=60)


@given(NUMBERS)
def test_varints_come_back(numbers: list[int]) -> None:
    assert read_varints(varints(numbers)).tolist() == numbers


@given(SIGNED)
def test_zigzag_comes_back_and_is_never_negative(numbers: list[int]) -> None:
    folded = zigzag(numbers)
    assert (folded >= 0).all()
    assert unzigzag(folded).tolist() == numbers


def test_varints_have_the_bytes_protocol_buffers_document() -> None:
    """300 is written as 1010 1100 0000 0010 in the encoding guide of Protocol Buffers."""
    assert varints([300]) == bytes([0b10101100, 0b00000010])
    assert zigzag([0, -1, 1, -2]).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("bad", [[-1], [MAX_VALUE]])
def test_numbers_the_reader_cannot_hold_are_refused(bad: list[int]) -> None:
    with pytest.raises(UsageError):
        varints(bad)


def test_a_stream_cut_short_is_refused() -> None:
    with pytest.raises(UsageError):
        read_varints(varints([300])[:1])


@given(
    st.lists(st.integers(0, 6), max_size=12),
    npst.arrays(np.float64, (80, 2), elements=st.floats(-180, 180)),
)
def test_lines_come_back_to_the_microdegree(sizes: list[int], pool: FloatArray) -> None:
    first = np.concatenate([[0], np.cumsum(np.array(sizes, dtype=np.int64))]).astype(np.int64)
    vertices = pool[: first[-1]].astype(np.float64)
    starts, back = unpack_lines(pack_lines(first, vertices))
    assert starts.tolist() == first.tolist()
    assert np.abs(back - vertices).max(initial=0.0) <= 0.5000001e-6


@given(st.binary(max_size=300))
def test_text_comes_back_and_is_the_same_every_time(data: bytes) -> None:
    assert from_text(to_text(data)) == data
    assert to_text(data) == to_text(data)


def unpack_names(patterns: str, numbers: list[int]) -> list[str]:
    """As the page reads them."""
    parts = [pattern.split(SLOT) for pattern in patterns.split("\n")]
    count, rest = numbers[0], iter(unzigzag(np.array(numbers[1 + numbers[0] :], dtype=np.int64)).tolist())
    last: dict[int, int] = {}
    names = []
    for which in numbers[1 : 1 + count]:
        first, *others = parts[which]
        name = first
        for place, text in enumerate(others):
            last[place] = last.get(place, 0) + next(rest)
            name += f"{last[place]}{text}"
        names.append(name)
    return names


@given(st.lists(st.text(st.characters(exclude_characters="\n\x1f"), max_size=12)))
def test_names_come_back_from_patterns_and_numbers(names: list[str]) -> None:
    patterns, numbers = pack_names(names)
    assert (numbers >= 0).all()
    assert unpack_names(patterns, numbers.tolist()) == names


@pytest.mark.parametrize(
    "names", [["s1-2", "s1-3", "b007", "A12高架", "12", "", "s10-2"], ["0", "00", "9" * 15, "9" * 16]]
)
def test_names_with_numbers_of_all_kinds_come_back(names: list[str]) -> None:
    patterns, numbers = pack_names(names)
    assert unpack_names(patterns, numbers.tolist()) == names


def test_a_name_with_a_control_character_is_refused() -> None:
    with pytest.raises(UsageError, match="control character"):
        pack_names(["a\nb"])
