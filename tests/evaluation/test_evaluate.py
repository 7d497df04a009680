"""A layout on the hand-made line of roads, judged by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.evaluation.evaluate import Evaluation, evaluate
from depotopt.evaluation.files import dump_evaluations, read_evaluations
from depotopt.evaluation.judge import coverage_name
from depotopt.hazards.states import RoadLossEnsemble, RoadState
from depotopt.plans import OpenSite, SitingPlan, StockLine
from depotopt.solving import Monitor
from tests.verify.line_case import calm, line_network, line_scenario, without_street

NETWORK = line_network()
SCENARIO = line_scenario()
LAYOUT = SitingPlan(
    (OpenSite("A", "city", "L"), OpenSite("B", "town", "S")),
    (StockLine("A", "tent", 32.0), StockLine("A", "water", 130.0), StockLine("B", "water", 10.0)),
)


def cut_off(street: tuple[int, int], index: int, probability: float) -> RoadState:
    return replace(without_street(NETWORK, *street), index=index, probability=probability)


def judged(monitor: Monitor | None = None, states: int = 4) -> Evaluation:
    """Nothing lost with probability 3/4, the way out of A lost with 1/4."""
    quiet = [replace(calm(), index=s, probability=0.75 / (states - 1)) for s in range(states - 1)]
    ensemble = RoadLossEnsemble.of([*quiet, cut_off((0, 1), states - 1, 0.25)])
    return evaluate(SCENARIO, LAYOUT, NETWORK, ensemble, monitor=monitor)


def test_before_loss_only_the_missing_water_is_unmet() -> None:
    before = judged().before
    # 160 people for one day need 160 water (160 person-days) and 32 tents (160 person-days).
    assert before["need_person_days"] == pytest.approx(320.0)
    assert before["unmet_person_days"] == pytest.approx(20.0)
    assert before["isolated_people"] == 0.0


def test_losing_the_way_out_of_a_leaves_what_b_holds() -> None:
    lost = judged().states[3]
    assert lost["unmet_person_days"] == pytest.approx(320.0 - 10.0)
    assert lost["isolated_people"] == 0.0
    assert lost["response_90_s"] is None
    assert lost["coverage_15_min"] == pytest.approx(1.0)


def test_expected_tail_and_worst_follow_the_weights() -> None:
    one = judged().spread("unmet_person_days")
    assert one.expected == pytest.approx(0.75 * 20 + 0.25 * 310)
    assert one.cvar_95 == pytest.approx(310.0)
    assert one.worst == pytest.approx(310.0)


def test_coverage_gets_worse_downwards() -> None:
    evaluation = judged()
    assert evaluation.spread("coverage_6_h").worst == evaluation.column("coverage_6_h").min()


def test_a_bad_state_is_found_by_its_quantile() -> None:
    assert judged().state_near("unmet_person_days", 0.95) == 3
    assert judged().state_near("unmet_person_days", 0.5) != 3


def test_a_point_behind_a_lost_street_is_isolated() -> None:
    only_a = SitingPlan((LAYOUT.open_sites[0],), LAYOUT.stock[:2])
    evaluation = evaluate(SCENARIO, only_a, NETWORK, [cut_off((3, 4), 0, 1.0)])
    assert evaluation.states[0]["isolated_people"] == pytest.approx(10.0)
    assert [row["probability_isolated"] for row in evaluation.points] == [0.0, 0.0, 1.0]


def test_flooded_and_isolated_are_different_things() -> None:
    only_a = SitingPlan((LAYOUT.open_sites[0],), LAYOUT.stock[:2])
    state = replace(cut_off((3, 4), 0, 1.0), point_flooded=np.array([False, False, True]))
    row = evaluate(SCENARIO, only_a, NETWORK, [state]).states[0]
    assert row["isolated_people"] == 0.0
    assert row["flooded_people"] == pytest.approx(10.0)


def test_lost_stock_covers_nobody() -> None:
    state = replace(calm(), index=0, site_survival=np.zeros(2))
    row = evaluate(SCENARIO, LAYOUT, NETWORK, [state]).states[0]
    assert row["coverage_10_h"] == 0.0
    assert row["unmet_share"] == pytest.approx(1.0)


def test_a_stop_keeps_the_states_judged_so_far() -> None:
    monitor = Monitor(lambda _progress: monitor.stop())
    evaluation = judged(monitor, states=70)
    assert 0 < len(evaluation.states) < 70
    assert evaluation.probability.sum() == pytest.approx(1.0)


def test_names_of_coverage_say_the_time() -> None:
    assert [coverage_name(s) for s in (900.0, 21_600.0)] == ["coverage_15_min", "coverage_6_h"]


def test_evaluations_survive_the_round_trip(tmp_path: Path) -> None:
    evaluation = judged()
    path = tmp_path / "evaluation.json"
    path.write_bytes(dump_evaluations({"layout": evaluation}))
    back = read_evaluations(path)["layout"]
    assert back.states == evaluation.states
    assert back.summary() == evaluation.summary()
    assert math.isnan(back.column("response_90_s")[3])
    # Columns of a report written again stand as they stood.
    for old, new in zip(evaluation.frames().values(), back.frames().values(), strict=True):
        assert list(old.columns) == list(new.columns)


def test_frames_have_a_row_per_state_and_point() -> None:
    frames = judged().frames()
    assert (len(frames["states"]), len(frames["points"]), len(frames["commodities"])) == (4, 3, 2)


@pytest.mark.parametrize("text", ["[1]", "{", '{"layout": {}}'])
def test_a_broken_evaluation_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"evaluation\.json"):
        read_evaluations(path)


def curve(one: Evaluation, name: str) -> list[float]:
    """One column of the coverage curve."""
    return [float(row[name] or 0.0) for row in one.coverage]


def test_the_coverage_curve_rises_to_the_coverage_of_its_last_time() -> None:
    one = judged()
    expected = curve(one, "expected")
    assert expected == sorted(expected)
    assert curve(one, "before")[0] == 0.0
    assert curve(one, "within_s")[-1] == SCENARIO.rules.response_s
    assert curve(one, "before")[-1] == pytest.approx(1.0)


def test_the_coverage_curve_agrees_with_the_coverage_metric() -> None:
    """The share within 15 minutes lies between the curve's points around 15 minutes."""
    one = judged()
    above = int(np.searchsorted(curve(one, "within_s"), 900.0, side="right"))
    expected = curve(one, "expected")
    assert expected[above - 1] <= one.spread("coverage_15_min").expected + 1e-9
    assert expected[above] >= one.spread("coverage_15_min").expected - 1e-9


def test_one_depot_within_reach_of_all_makes_no_overlap_and_two_make_half() -> None:
    both = judged().before
    assert both["backup_15_min"] == pytest.approx(1.0)
    assert both["overlap_15_min"] == pytest.approx(0.5)
    alone = SitingPlan((LAYOUT.open_sites[0],), LAYOUT.stock[:2])
    before = evaluate(SCENARIO, alone, NETWORK, RoadLossEnsemble.of([calm()])).before
    assert before["backup_15_min"] == 0.0
    assert before["overlap_15_min"] == 0.0
