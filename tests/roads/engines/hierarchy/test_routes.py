from __future__ import annotations

import numpy as np

from depotopt.roads.engines.hierarchy.routes import without_rounds


def test_a_path_that_comes_back_to_a_node_loses_the_round() -> None:
    """0 -> 1 -> 2 -> 1 -> 3: the way to 2 and back goes."""
    head = np.array([1, 2, 1, 3], dtype=np.int32)
    assert without_rounds(np.array([0, 1, 2, 3]), head).tolist() == [0, 3]


def test_rounds_within_rounds_go_too() -> None:
    """0 -> 1 -> 2 -> 3 -> 2 -> 1 -> 4."""
    head = np.array([1, 2, 3, 2, 1, 4], dtype=np.int32)
    assert without_rounds(np.arange(6), head).tolist() == [0, 5]


def test_a_simple_path_stays() -> None:
    head = np.array([1, 2, 3], dtype=np.int32)
    assert without_rounds(np.arange(3), head).tolist() == [0, 1, 2]
