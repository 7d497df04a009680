"""Tests of `depotopt.hazards.shake_grid`."""

from __future__ import annotations

import math

import numpy as np
import pytest

from depotopt.hazards.shake_grid import ShakeGrid


def test_a_grid_is_read_between_its_nodes_and_silent_outside() -> None:
    ln = np.log(np.array([[0.1, 0.2], [0.3, 0.4]]))
    grid = ShakeGrid(80.0, 0.0, 1.0, 1.0, ln, ln + 0.5, np.full((2, 2), 0.5))
    motion = grid.motion(np.array([80.0, 80.5, 81.0, 82.0]), np.array([0.0, 0.5, 1.0, 0.0]))
    assert motion.ln_pga.tolist() == pytest.approx(
        [math.log(0.1), float(ln.mean()), math.log(0.4), -math.inf]
    )
    assert np.hypot(motion.tau_pga, motion.phi_pga).tolist() == pytest.approx([0.5] * 4)
    assert (motion.phi_sa10 > motion.phi_pga).all()
