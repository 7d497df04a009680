"""Tests of `depotopt.hazards.reduction`."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.hazards.area import Area
from depotopt.hazards.ensemble import sample_ensemble
from depotopt.hazards.independent import IndependentFailure
from depotopt.hazards.reduction import (
    MOST_FOR_FORWARD,
    Reduction,
    fast_forward,
    k_medoids,
    reduction_error,
    response_features,
    state_features,
)
from depotopt.hazards.shapes import Shape
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.hazards.trigger import Trigger
from depotopt.hazards.zones import Zones
from depotopt.units import FloatArray
from tests.hazards.towns import exposure, grid


def cloud(seed: int, size: int = 9) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    weight = rng.random(size) + 0.1
    return rng.random((size, 2)), weight / weight.sum()


def distance(x: FloatArray, weight: FloatArray, chosen: tuple[int, ...]) -> float:
    away = np.linalg.norm(x[:, None] - x[list(chosen)][None], axis=2).min(axis=1)
    return float(weight @ away)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_forward_selection_is_greedy_and_states_its_distance(seed: int, keep: int) -> None:
    x, weight = cloud(seed)
    reduction = fast_forward(x, weight, keep)
    greedy: tuple[int, ...] = ()
    for _ in range(keep):
        rest = [s for s in range(len(x)) if s not in greedy]
        greedy = (*greedy, min(rest, key=lambda s: distance(x, weight, (*greedy, s))))
    assert reduction.distance == pytest.approx(distance(x, weight, greedy), rel=1e-5)
    assert reduction.distance == pytest.approx(distance(x, weight, tuple(reduction.chosen)))
    assert reduction.probability.sum() == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_medoids_are_locally_best_and_never_below_the_optimum(seed: int) -> None:
    x, weight = cloud(seed)
    reduction = k_medoids(x, weight, 3, seed)
    best = min(distance(x, weight, chosen) for chosen in combinations(range(len(x)), 3))
    assert best - 1e-9 <= reduction.distance <= reduction.distance_of_one + 1e-9
    assert reduction.distance == pytest.approx(distance(x, weight, tuple(reduction.chosen)))


def test_keeping_all_states_loses_nothing() -> None:
    x, weight = cloud(0)
    for reduction in (fast_forward(x, weight, 9), k_medoids(x, weight, 9, 1)):
        assert reduction.distance == pytest.approx(0.0)
        assert reduction.relative == pytest.approx(0.0)
        assert reduction.probability.tolist() == pytest.approx(weight.tolist())


def test_coinciding_states_are_merged_for_free() -> None:
    x = np.array([[0.0], [0.0], [1.0], [1.0]])
    reduction = k_medoids(x, np.full(4, 0.25), 2, 0)
    assert reduction.distance == 0.0
    assert reduction.probability.tolist() == [0.5, 0.5]


def test_the_error_of_a_figure_is_its_difference() -> None:
    x = np.array([[0.0], [0.1], [5.0], [5.1]])
    reduction = fast_forward(x, np.full(4, 0.25), 2)
    figure = np.array([0.0, 2.0, 10.0, 10.0])
    error = reduction_error(reduction, figure, np.full(4, 0.25), 0.5)
    kept = figure[reduction.chosen]
    assert error.mean == pytest.approx(kept.mean() - 5.5)
    assert error.cvar == pytest.approx(kept.max() - 10.0)


def test_a_reduced_ensemble_keeps_its_states() -> None:
    ensemble = towns(40)
    features = state_features(ensemble, grid(4))
    reduction = fast_forward(features, ensemble.probability, 5)
    few = reduction.ensemble(ensemble)
    assert len(few) == 5
    assert few[2].damage.street.tolist() == ensemble[int(reduction.chosen[2])].damage.street.tolist()
    assert few.probability.sum() == pytest.approx(1.0)


def test_features_tell_untouched_from_lost() -> None:
    features = state_features(towns(40), grid(4))
    assert np.isfinite(features).all()
    assert features.min() >= 0.0
    assert np.linalg.norm(features, axis=1).max() <= 2.0


def test_features_of_the_response_tell_late_from_cut_off() -> None:
    travel = np.array([[[10.0, np.inf]], [[30.0, np.inf]], [[10.0, 10.0]]])
    features = response_features(
        travel,
        np.array([[1.0], [1.0], [0.0]]),
        np.ones((3, 2)),
        site_weight=np.array([5.0]),
        point_weight=np.array([3.0, 1.0]),
        response_s=20.0,
    )
    late = features[:, :2] / np.array([0.75, 0.25])
    assert late.tolist() == [[0.5, 2.0], [1.5, 2.0], [2.0, 2.0]]
    assert features[:, 4].tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("keep", [0, 10])
def test_more_states_than_there_are_cannot_be_kept(keep: int) -> None:
    x, weight = cloud(0)
    with pytest.raises(UsageError, match="between 1 and 9"):
        fast_forward(x, weight, keep)


def test_forward_selection_refuses_what_would_not_fit() -> None:
    size = MOST_FOR_FORWARD + 1
    with pytest.raises(UsageError, match="k_medoids"):
        fast_forward(np.zeros((size, 1)), np.full(size, 1 / size), 2)


def towns(size: int) -> RoadLossEnsemble:
    storm = Zones("storm", (Area(Shape.point(10.015, 0.015, 900.0)),), Trigger(0.5))
    return sample_ensemble(
        (IndependentFailure("wear", street_probability=0.1), storm), exposure(grid(4)), size, 3
    )


def test_a_reduction_without_spread_loses_none() -> None:
    assert Reduction(np.zeros(1, np.int64), np.ones(1), np.zeros(1, np.int64), 0.0, 0.0).relative == 0.0
