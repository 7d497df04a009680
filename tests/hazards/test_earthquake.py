"""Tests of `depotopt.hazards.earthquake`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.catalog.seismic import fragilities
from depotopt.errors import InputError
from depotopt.hazards.earthquake import Earthquake, Seismicity
from depotopt.hazards.ensemble import sample_ensemble, sites_covered
from depotopt.hazards.fragility import Components
from depotopt.hazards.ground_motion import RuptureShaking
from depotopt.hazards.motion import Rupture
from depotopt.hazards.seismic_pieces import Slope, find_pieces
from depotopt.hazards.shapes import Shape
from depotopt.hazards.statistics import effective_size
from depotopt.hazards.trigger import Trigger
from depotopt.roads.network import RoadNetwork
from depotopt.units import DAY_S, FloatArray
from tests.hazards.towns import exposure, grid, line

SOURCE = RuptureShaking(Rupture(6.8, 10.05, 0.05), "boore-atkinson-2008")
QUAKE = Earthquake("q", SOURCE, 6.8, Seismicity(bridge_class="HWB5"))
ALL_BRIDGES = replace(QUAKE, seismicity=Seismicity(bridge_class="HWB5", unmapped_bridges_per_km=0.5))
EVERYWHERE = Shape.point(10.02, 0.0, 50_000.0)


def speeds(hazard: Earthquake, network: RoadNetwork, draws: int) -> FloatArray:
    """Share of speed left on each street in each draw."""
    prepared, rng = hazard.prepare(exposure(network)), np.random.default_rng(4)
    result = np.ones((draws, len(network.streets)))
    for row in result:
        damage = prepared.sample(rng).damage
        row[damage.street] = damage.speed_factor
    return result


def test_a_bridge_fails_as_often_as_its_fragility_says() -> None:
    """Closed form: Phi((mu - ln median) / sqrt(tau^2 + phi^2 + beta^2))."""
    network = line()
    motion = SOURCE.motion(np.array([10.015]), np.zeros(1))
    components = Components.of([fragilities()["HWB5"]], np.zeros(1, dtype=np.int64))
    expected = components.probability(motion.ln_sa10, np.hypot(motion.tau_sa10, motion.phi_sa10))[0]
    bridge = speeds(QUAKE, network, 2500)[:, 1]
    assert (bridge < 1).mean() == pytest.approx(expected[1], abs=0.03)
    assert (bridge == 0).mean() == pytest.approx(expected[2], abs=0.03)


def test_bridges_fail_together() -> None:
    """The number of lost bridges spreads far more than that of independent ones would."""
    lost = speeds(ALL_BRIDGES, grid(4), 800) < 1
    share = lost.mean(axis=0)
    assert lost.sum(axis=1).std() > 1.6 * np.sqrt((share * (1 - share)).sum())


def test_unmapped_bridges_are_as_many_as_the_scenario_assumes() -> None:
    pieces = find_pieces(grid(4), ("HWB5", "HTU1", "HRD1"), (), unmapped_bridges_per_km=0.5)
    assert pieces.share.sum() == pytest.approx(24 * 1.112 * 0.5, rel=2e-3)
    assert len(pieces) == 24


def test_damage_lasts_as_long_as_repair() -> None:
    prepared, rng = QUAKE.prepare(exposure(line())), np.random.default_rng(0)
    seen = {
        (float(damage.speed_factor[0]), float(damage.until_s[0]) / DAY_S)
        for damage in (prepared.sample(rng).damage for _ in range(300))
        if len(damage)
    }
    assert seen == {(0.5, 10.0), (0.0, 200.0), (0.0, 365.0)}


def test_sites_lose_stock_and_power_with_their_shaking() -> None:
    does = Seismicity(site_class="URML-pre", substation_class="medium-unanchored")
    place = exposure(line(), sites=((10.05, 0.05), (14.0, 0.0)))
    ensemble = sample_ensemble((replace(QUAKE, seismicity=does),), place, 400, 1)
    near, far = ensemble.site_survival.mean(axis=0)
    assert near < 0.7 < 0.97 < far
    assert ensemble.site_power.mean(axis=0)[0] < 0.7
    assert set(ensemble.site_survival[:, 0].round(3)) <= {0.0, np.float32(0.3), np.float32(0.8), 1.0}


def test_power_is_untouched_without_a_substation_class() -> None:
    assert sample_ensemble((QUAKE,), exposure(line()), 50, 1).site_power.all()


def test_need_follows_intensity() -> None:
    does = Seismicity(need_by_intensity=((5.0, 0.0), (9.0, 1.0)))
    place = exposure(line(), points=((10.05, 0.05), (16.0, 0.0)))
    factor = sample_ensemble((replace(QUAKE, seismicity=does),), place, 200, 1).need_factor.mean(axis=0)
    assert 0.5 < factor[0] < 1.0
    assert factor[1] == 0.0


def test_neighbours_need_together() -> None:
    does = Seismicity(need_by_intensity=((3.0, 0.0), (10.0, 7.0)))
    points = ((10.0, 0.0), (10.001, 0.0), (10.4, 0.3))
    need = sample_ensemble(
        (replace(QUAKE, seismicity=does),), exposure(line(), points=points), 600, 1
    ).need_factor
    near, far = (float(np.corrcoef(need[:, 0], need[:, other])[0, 1]) for other in (1, 2))
    assert near > 0.95
    assert far < 0.5


def test_slopes_bury_roads_and_displace_them() -> None:
    weak = Slope(EVERYWHERE, critical_g=0.01, share=1.0, debris_clear_s=3 * DAY_S)
    buried = speeds(replace(QUAKE, slopes=(weak,)), line(), 60)[:, 0] == 0
    assert buried.mean() > 0.5
    firm = Slope(EVERYWHERE, critical_g=50.0, share=1.0, debris_clear_s=3 * DAY_S)
    assert (speeds(replace(QUAKE, slopes=(firm,)), line(), 60)[:, 0] == 1).all()


def test_debris_is_only_where_the_scenario_says_how_long_it_lies() -> None:
    slope = Slope(EVERYWHERE, critical_g=0.05)
    with_debris = replace(slope, debris_clear_s=DAY_S)
    without, with_ = (
        (speeds(replace(QUAKE, slopes=(item,)), line(), 300)[:, 0] == 0).mean()
        for item in (slope, with_debris)
    )
    assert with_ > without + 0.1


def test_strong_shaking_can_be_drawn_more_often_without_bias() -> None:
    place, size = exposure(line()), 1000
    plain = sample_ensemble((QUAKE,), place, size, 1)
    shifted = sample_ensemble((replace(QUAKE, shift=1.0),), place, size, 2)

    def lost(ensemble: object) -> float:
        assert isinstance(ensemble, type(plain))
        closed = [bool((state.damage.speed_factor == 0).any()) for state in ensemble]
        return float(ensemble.probability @ np.array(closed))

    assert lost(shifted) == pytest.approx(lost(plain), abs=0.04)
    assert effective_size(shifted.probability) < 0.7 * size


def test_an_earthquake_that_does_not_happen_hits_nothing() -> None:
    ensemble = sample_ensemble((replace(QUAKE, trigger=Trigger(0.0)),), exposure(line()), 20, 1)
    assert len(ensemble.damage) == 0


def test_an_earthquake_far_away_is_a_fault() -> None:
    far = replace(QUAKE, source=RuptureShaking(Rupture(5.0, 60.0, 40.0), "boore-atkinson-2008"))
    with pytest.raises(InputError, match="meets no road"):
        far.prepare(exposure(line()))


def test_unknown_classes_are_faults_all_at_once() -> None:
    wrong = Seismicity(bridge_class="HRD1", site_class="castle", substation_class="none")
    with pytest.raises(InputError) as caught:
        replace(QUAKE, seismicity=wrong).prepare(exposure(line()))
    assert [fault.where for fault in caught.value.faults] == [
        "hazards.q.bridge_class",
        "hazards.q.site_class",
        "hazards.q.substation_class",
    ]


def test_sites_in_strong_shaking_are_covered() -> None:
    place = exposure(line(), sites=((10.05, 0.05), (14.0, 0.0)))
    assert sites_covered((QUAKE,), place)["q"].tolist() == [True, False]
