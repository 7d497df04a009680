"""Tests of `depotopt.hazards.flood` and `depotopt.hazards.depth_grid`."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.errors import InputError, UsageError
from depotopt.hazards.depth_grid import DepthGrid
from depotopt.hazards.flood import Flood, FloodConsequence, FloodEvent, WaterArea
from depotopt.hazards.protocol import Effect
from depotopt.hazards.shapes import Shape
from depotopt.roads.weights import flood_speed_cap_ms
from tests.hazards.towns import exposure, line

EVERYWHERE = Shape.point(10.02, 0.0, 20_000.0)


def flooded(depth_m: float = 0.5, **does: float | bool) -> Flood:
    consequence = FloodConsequence(**does)  # type: ignore[arg-type]
    return Flood("f", (FloodEvent(areas=(WaterArea(EVERYWHERE, depth_m),)),), consequence)


def draw(flood: Flood, seed: int = 0) -> Effect:
    return flood.prepare(exposure(line())).sample(np.random.default_rng(seed))


def test_roads_get_the_depth_and_bridges_stand_above_the_water() -> None:
    damage = draw(flooded(0.5)).damage
    assert damage.street.tolist() == [0, 2, 3]
    assert set(damage.depth_m) == {0.5}
    assert set(damage.speed_factor) == {1.0}


def test_low_bridges_can_be_flooded_too() -> None:
    assert draw(flooded(0.5, bridges_flooded=True)).damage.street.tolist() == [0, 1, 2, 3]


def test_deep_water_washes_bridges_away() -> None:
    washed = draw(flooded(2.0, washout_depth_m=1.5, washout_probability=1.0)).damage
    assert washed.speed_factor[washed.street == 1].tolist() == [0.0]
    spared = draw(flooded(1.0, washout_depth_m=1.5, washout_probability=1.0)).damage
    assert 1 not in spared.street


def test_the_deepest_water_counts() -> None:
    near = WaterArea(Shape.point(10.005, 0.0, 100.0), 0.9)
    flood = Flood("f", (FloodEvent(areas=(WaterArea(EVERYWHERE, 0.2), near)),))
    damage = draw(flood).damage
    assert damage.depth_m.tolist() == [0.9, 0.2, 0.2]


@pytest.mark.parametrize(("depth", "wet"), [(0.29, False), (0.31, True)])
def test_points_and_sites_are_flooded_from_the_given_depth(depth: float, wet: bool) -> None:
    effect = draw(flooded(depth, site_survival=0.25))
    assert effect.point_flooded is not None
    assert effect.site_survival is not None
    assert effect.site_power is not None
    assert effect.point_flooded.tolist() == [wet]
    assert effect.site_survival.tolist() == [0.25 if wet else 1.0]
    assert effect.site_power.tolist() == [not wet]


def test_an_uncertain_depth_varies_by_one_factor() -> None:
    prepared = flooded(0.5, depth_sigma=0.3).prepare(exposure(line()))
    rng = np.random.default_rng(1)
    depths = np.array([prepared.sample(rng).damage.depth_m for _ in range(4000)])
    assert (np.ptp(depths, axis=1) < 1e-12).all()
    logs = np.log(depths[:, 0] / 0.5)
    assert logs.mean() == pytest.approx(0.0, abs=0.02)
    assert logs.std() == pytest.approx(0.3, abs=0.02)


def test_events_exclude_one_another_at_their_probabilities() -> None:
    events = tuple(
        FloodEvent(probability, (WaterArea(EVERYWHERE, depth),))
        for probability, depth in ((0.5, 0.1), (0.2, 1.0))
    )
    prepared = Flood("f", events).prepare(exposure(line()))
    rng = np.random.default_rng(0)
    depths = [
        float(effect.damage.depth_m[0]) if effect.triggered else 0.0
        for effect in (prepared.sample(rng) for _ in range(5000))
    ]
    assert np.mean(np.array(depths) == 0.1) == pytest.approx(0.5, abs=0.02)
    assert np.mean(np.array(depths) == 1.0) == pytest.approx(0.2, abs=0.02)


def test_a_rare_flood_can_be_drawn_often() -> None:
    flood = Flood("f", (FloodEvent(0.02, (WaterArea(EVERYWHERE, 1.0),)),), sampled=0.5)
    prepared, rng = flood.prepare(exposure(line())), np.random.default_rng(0)
    effects = [prepared.sample(rng) for _ in range(4000)]
    assert np.mean([effect.triggered for effect in effects]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([effect.weight * effect.triggered for effect in effects]) == pytest.approx(0.02, abs=0.002)


def test_each_event_can_be_drawn_as_often_as_the_others() -> None:
    """Return periods: the rare flood is drawn as often as the common one, and weighs less."""
    events = tuple(
        FloodEvent(probability, (WaterArea(EVERYWHERE, depth),), sampled=0.4)
        for probability, depth in ((0.09, 0.1), (0.01, 1.0))
    )
    prepared, rng = Flood("f", events).prepare(exposure(line())), np.random.default_rng(0)
    effects = [prepared.sample(rng) for _ in range(4000)]
    depth = np.array([effect.damage.depth_m[0] if effect.triggered else 0.0 for effect in effects])
    weight = np.array([effect.weight for effect in effects]) / len(effects)
    for value, probability in ((0.1, 0.09), (1.0, 0.01), (0.0, 0.9)):
        assert weight[depth == value].sum() == pytest.approx(probability, rel=0.1)
    assert (depth == 1.0).mean() == pytest.approx(0.4, abs=0.03)


def test_probabilities_of_events_above_one_are_refused() -> None:
    events = tuple(FloodEvent(0.6, (WaterArea(EVERYWHERE, 1.0),)) for _ in range(2))
    with pytest.raises(UsageError, match="sum to at most 1"):
        Flood("f", events).prepare(exposure(line()))


def test_water_that_meets_nothing_is_a_fault() -> None:
    far = FloodEvent(areas=(WaterArea(Shape.point(60.0, 0.0, 10.0), 1.0),))
    with pytest.raises(InputError, match="meets no road"):
        Flood("f", (far,)).prepare(exposure(line()))


def grid(depth_m: list[list[float]]) -> DepthGrid:
    """Cells of 0.01 degrees around the ends of streets; the second row lies on the line."""
    return DepthGrid(9.995, 0.015, 0.01, 0.01, np.array(depth_m))


def test_a_cell_is_read_where_a_place_lies() -> None:
    cells = grid([[1.0, 2.0], [3.0, np.nan]])
    depth = cells.at(np.array([10.001, 10.011, 10.001, 10.011, 9.9]), np.array([0.01, 0.01, 0.0, 0.0, 0.0]))
    assert depth.tolist() == pytest.approx([1.0, 2.0, 3.0, np.nan, np.nan], nan_ok=True)


def test_streets_take_the_deepest_cell_they_cross() -> None:
    cells = grid([[0] * 5, [0.1, 0.2, 0.7, 0.4, 0.3], [0] * 5])
    damage = draw(Flood("f", (FloodEvent(grids=(cells,)),))).damage
    assert dict(zip(damage.street.tolist(), damage.depth_m.tolist(), strict=True)) == {0: 0.2, 2: 0.7, 3: 0.4}


def test_unknown_is_neither_dry_nor_wet_unless_the_scenario_says_so() -> None:
    cells = grid([[np.nan] * 5, [np.nan, np.nan, np.nan, np.nan, 0.4], [np.nan] * 5])
    prepared = Flood("f", (FloodEvent(grids=(cells,)),)).prepare(exposure(line()))
    assert prepared.wet[0].street.tolist() == [3]
    assert prepared.wet[0].unknown.tolist() == [0, 1, 2, 3]
    wet = Flood("f", (FloodEvent(grids=(cells,)),), FloodConsequence(nodata_depth_m=1.0))
    assert wet.prepare(exposure(line())).wet[0].depth_m.tolist() == [1.0, 1.0, 1.0]


def test_negative_depths_and_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="depths"):
        grid([[-1.0]])
    with pytest.raises(UsageError, match="positive"):
        DepthGrid(0.0, 0.0, -0.1, 0.1, np.zeros((1, 1)))


def test_pregnolato_speeds_are_in_millimetres() -> None:
    caps = flood_speed_cap_ms(np.array([0.0, 0.1, 0.15, 0.2999, 0.3])) * 3.6
    assert caps.tolist() == pytest.approx([np.inf, 40.65, 24.26, 2.08, 0.0], abs=0.02)
