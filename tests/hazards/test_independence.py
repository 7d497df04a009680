"""Tests of `depotopt.hazards.independence`."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.hazards.area import Area
from depotopt.hazards.ensemble import sample_ensemble
from depotopt.hazards.independence import independent_copy
from depotopt.hazards.independent import IndependentFailure
from depotopt.hazards.shapes import Shape
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.hazards.trigger import Trigger
from depotopt.hazards.zones import Zones
from depotopt.units import FloatArray
from tests.hazards.towns import exposure, grid


def towns(size: int) -> RoadLossEnsemble:
    storm = Zones("storm", (Area(Shape.point(10.015, 0.015, 900.0)),), Trigger(0.5))
    return sample_ensemble(
        (IndependentFailure("wear", street_probability=0.1), storm), exposure(grid(4)), size, 3
    )


def test_an_independent_copy_keeps_every_frequency_and_no_company() -> None:
    ensemble = towns(400)
    copy = independent_copy(ensemble, 1)

    def lost(which: RoadLossEnsemble) -> FloatArray:
        table = np.zeros((len(which), 24))
        for state in which:
            table[state.index, state.damage.street] = 1
        return table

    together, apart = lost(ensemble), lost(copy)
    assert together.sum(axis=0).tolist() == apart.sum(axis=0).tolist()
    assert together.sum(axis=1).std() > 1.5 * apart.sum(axis=1).std()
    assert copy.site_survival.mean() == pytest.approx(ensemble.site_survival.mean())


def test_weighted_states_cannot_be_shuffled() -> None:
    rare = Zones("rare", (Area(Shape.point(10.0, 0.0, 900.0)),), Trigger(0.1, 0.5))
    ensemble = sample_ensemble((rare,), exposure(grid(4)), 50, 3)
    with pytest.raises(UsageError, match="equal probability"):
        independent_copy(ensemble, 1)
