"""Tests of `depotopt.hazards.ensemble`."""

from __future__ import annotations

import hashlib
import math
from dataclasses import fields

import numpy as np
import pytest

from depotopt.errors import InputError, UsageError
from depotopt.hazards.area import Area, AreaConsequence, AreaHazard
from depotopt.hazards.chain import Chained
from depotopt.hazards.closures import Closure, Closures
from depotopt.hazards.earthquake import Earthquake, Seismicity
from depotopt.hazards.ensemble import hazard_faults, sample_ensemble, sites_covered
from depotopt.hazards.flood import Flood, FloodConsequence, FloodEvent, WaterArea
from depotopt.hazards.ground_motion import RuptureShaking
from depotopt.hazards.independent import IndependentFailure
from depotopt.hazards.motion import Rupture
from depotopt.hazards.protocol import Exposure, Hazard
from depotopt.hazards.reports import RoadReport
from depotopt.hazards.shapes import Shape
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.hazards.trigger import Trigger
from depotopt.hazards.zones import Zones
from tests.hazards.towns import exposure, grid, line

EVERYWHERE = Shape.point(10.02, 0.02, 10_000.0)


def hazards() -> tuple[Hazard, ...]:
    return (
        IndependentFailure("wear", street_probability=0.1),
        AreaHazard("fire", (Area(EVERYWHERE, 0.3),), AreaConsequence(site_survival=0.5, power=False)),
        Zones("slides", (Area(EVERYWHERE, 0.5),), Trigger(0.4), consequence=AreaConsequence(need_factor=2.0)),
    )


def world() -> Exposure:
    return exposure(grid())


def same(a: RoadLossEnsemble, b: RoadLossEnsemble, states: int) -> bool:
    return all(
        getattr(a[s].damage, item.name).tobytes() == getattr(b[s].damage, item.name).tobytes()
        for s in range(states)
        for item in fields(a.damage)
    ) and all(
        (getattr(a, name)[:states] == getattr(b, name)[:states]).all()
        for name in ("site_survival", "site_power", "need_factor", "point_flooded")
    )


def test_the_same_seed_gives_the_same_bits_at_any_number_of_workers() -> None:
    one = sample_ensemble(hazards(), world(), 150, 7)
    two = sample_ensemble(hazards(), world(), 150, 7, workers=2)
    assert same(one, two, 150)
    assert one.probability.tobytes() == two.probability.tobytes()


def test_the_same_seed_gives_the_same_bits_on_every_machine() -> None:
    """A fingerprint taken once; a change here means that published ensembles can no longer be redrawn."""
    quake = Earthquake(
        "quake",
        RuptureShaking(Rupture(6.8, 10.05, 0.05), "boore-atkinson-2008"),
        6.8,
        Seismicity(unmapped_bridges_per_km=0.5, need_by_intensity=((5.0, 0.0), (9.0, 1.0))),
    )
    flood = Flood(
        "flood", (FloodEvent(0.5, (WaterArea(EVERYWHERE, 0.4),)),), FloodConsequence(depth_sigma=0.3)
    )
    ensemble = sample_ensemble((*hazards(), quake, flood), world(), 40, 11)
    digest = hashlib.sha256()
    for item in fields(ensemble.damage):
        digest.update(getattr(ensemble.damage, item.name).tobytes())
    for name in ("first", "site_survival", "site_power", "need_factor", "point_flooded"):
        digest.update(getattr(ensemble, name).tobytes())
    assert digest.hexdigest()[:16] == "552bc7eeb8a1075d"


def test_adding_states_keeps_the_earlier_ones() -> None:
    few, many = (sample_ensemble(hazards(), world(), size, 7) for size in (20, 90))
    assert same(few, many, 20)


def test_adding_a_hazard_leaves_the_draws_of_the_others_as_they_were() -> None:
    alone = sample_ensemble(hazards()[:1], world(), 50, 7)
    together = sample_ensemble((hazards()[1], hazards()[0]), world(), 50, 7)
    for s in range(50):
        mine = together[s].damage.cause == 1
        assert (together[s].damage.street[mine] == alone[s].damage.street).all()


def test_states_differ_from_one_another_and_from_seed_to_seed() -> None:
    ensemble, other = (sample_ensemble(hazards()[:1], world(), 30, seed) for seed in (1, 2))
    assert len({ensemble[s].damage.street.tobytes() for s in range(30)}) > 20
    assert not same(ensemble, other, 30)


def test_weights_sum_to_one_and_are_equal_without_importance_sampling() -> None:
    ensemble = sample_ensemble(hazards(), world(), 33, 1)
    assert ensemble.probability.sum() == pytest.approx(1.0)
    assert np.ptp(ensemble.probability) == 0


def test_importance_sampling_keeps_the_probability_of_a_rare_event() -> None:
    rare = Zones("rare", (Area(EVERYWHERE),), Trigger(0.01, sampled=0.5))
    ensemble = sample_ensemble((rare,), world(), 2000, 3)
    hit = np.diff(ensemble.first) > 0
    assert 0.4 < hit.mean() < 0.6
    assert ensemble.probability[hit].sum() == pytest.approx(0.01, rel=0.1)


def test_effects_of_hazards_combine() -> None:
    both = (
        AreaHazard("a", (Area(EVERYWHERE),), AreaConsequence(site_survival=0.5, need_factor=3.0)),
        AreaHazard(
            "b",
            (Area(EVERYWHERE),),
            AreaConsequence(site_survival=0.4, power=False, need_factor=2.0, floods=True),
        ),
    )
    state = sample_ensemble(both, world(), 1, 0)[0]
    assert state.site_survival.tolist() == pytest.approx([0.2])
    assert state.need_factor.tolist() == pytest.approx([6.0])
    assert state.site_power.tolist() == [False]
    assert state.point_flooded.tolist() == [True]
    assert len(state.damage) == 2 * len(world().network.streets)
    assert state.causes == ("a", "b")


def test_without_hazards_every_state_is_intact() -> None:
    ensemble = sample_ensemble((), world(), 3, 0)
    assert len(ensemble) == 3
    assert len(ensemble.damage) == 0
    assert ensemble.site_survival.min() == 1.0


def test_road_reports_are_one_more_hazard() -> None:
    report = RoadReport("r1", street="Old Bridge", until_s=3600.0)
    state = sample_ensemble((), exposure(line()), 1, 0, reports=[report])[0]
    assert state.causes == ("road reports",)
    assert state.damage.street.tolist() == [1]
    assert state.damage.until_s.tolist() == [3600.0]


def test_a_chained_hazard_happens_only_after_its_trigger() -> None:
    first = Zones("quake", (Area(Shape.point(10.0, 0.0, 100.0)),), Trigger(0.5))
    second = Chained(
        AreaHazard("dam", (Area(Shape.point(10.04, 0.04, 100.0)),)),
        ("quake",),
        Trigger(0.5),
        delay_s=7200.0,
    )
    ensemble = sample_ensemble((second, first), world(), 400, 5)
    quake, dam = (np.array([(state.damage.cause == cause).any() for state in ensemble]) for cause in (1, 0))
    assert not (dam & ~quake).any()
    assert dam.sum() / quake.sum() == pytest.approx(0.5, abs=0.1)
    assert set(ensemble.damage.from_s[ensemble.damage.cause == 0]) == {7200.0}


def test_chains_of_unknown_triggers_and_circles_are_refused() -> None:
    area = AreaHazard("a", (Area(EVERYWHERE),))
    with pytest.raises(InputError, match="no such hazard"):
        sample_ensemble((Chained(area, ("b",)),), world(), 1, 0)
    other = AreaHazard("b", (Area(EVERYWHERE),))
    with pytest.raises(InputError, match=r"a after b after a|b after a after b"):
        sample_ensemble((Chained(area, ("b",)), Chained(other, ("a",))), world(), 1, 0)


def test_two_hazards_of_one_name_are_refused() -> None:
    twice = (AreaHazard("a", (Area(EVERYWHERE),)), IndependentFailure("a", street_probability=0.1))
    with pytest.raises(InputError, match="a name used twice"):
        sample_ensemble(twice, world(), 1, 0)


def test_faults_of_all_hazards_come_together() -> None:
    wrong = (
        AreaHazard("far", (Area(Shape.point(50.0, 50.0, 10.0)),)),
        Closures("lost", (Closure(("nowhere",)), Closure(("elsewhere",)))),
    )
    with pytest.raises(InputError) as caught:
        sample_ensemble(wrong, world(), 1, 0)
    assert [fault.kind for fault in caught.value.faults] == [
        "hazard-outside",
        "unknown-street",
        "unknown-street",
    ]


@pytest.mark.parametrize(("size", "seed"), [(0, 1), (-3, 1), (1, -1)])
def test_an_empty_ensemble_or_negative_seed_is_refused(size: int, seed: int) -> None:
    with pytest.raises(UsageError):
        sample_ensemble((), world(), size, seed)


def test_sites_are_covered_by_areas_but_not_by_lists() -> None:
    covered = sites_covered(
        (*hazards(), AreaHazard("near", (Area(Shape.point(10.04, 0.04, 50.0)),))), world()
    )
    assert {name: flags.tolist() for name, flags in covered.items()} == {
        "wear": [False],
        "fire": [True],
        "slides": [True],
        "near": [False],
    }


def test_a_chained_hazard_can_be_asked_about_by_itself() -> None:
    chained = Chained(AreaHazard("slide", (Area(EVERYWHERE),)), ("quake",))
    assert sites_covered((chained,), world())["slide"].tolist() == [True]


def test_a_check_lists_faults_of_hazards_and_reports() -> None:
    wrong = (Closures("lost", (Closure(("nowhere",)),)),)
    faults = hazard_faults(wrong, world(), [RoadReport("r", street="elsewhere")])
    assert [fault.file for fault in faults] == ["scenario.toml", "tables/road_reports.csv"]
    assert hazard_faults(hazards(), world()) == []


def test_until_is_open_end_by_default() -> None:
    ensemble = sample_ensemble((IndependentFailure("wear", street_probability=1.0),), world(), 1, 0)
    assert set(ensemble.damage.until_s) == {math.inf}
