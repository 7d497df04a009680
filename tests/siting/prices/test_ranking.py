from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from depotopt.siting.prices.ranking import ranked


@given(st.lists(st.integers(-5, 5), max_size=70))
def test_values_are_ranked_as_numpy_does_with_equal_ones_in_their_order(values: list[int]) -> None:
    given_values = np.array(values, dtype=np.float64)
    assert ranked(given_values).tolist() == np.argsort(given_values, kind="stable").tolist()
