"""Plans survive a round trip through files, and broken files are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from depotopt.errors import InputError
from depotopt.io.plan_files import read_made_from, read_result, write_result
from depotopt.plans import (
    DispatchPlan,
    Load,
    OpenSite,
    PointState,
    Reason,
    SitingPlan,
    StockLine,
    Stop,
    Trip,
    UnmetLine,
)
from depotopt.solving import Limit, SolveResult, Status

LAYOUT = SitingPlan((OpenSite("A", "city", "large"),), (StockLine("A", "water", 12.5),))
STOP = Stop("P1", 100.0, 200.0, (Load("water", "L1", 3.0),), (4, 5), 120.0)
DISPATCH = DispatchPlan(
    road_state=3,
    at_s=0.0,
    trips=(Trip("T-A-1", "T", 1, "A", "A", 0.0, 10.0, 300.0, (STOP,), (6,), 80.0),),
    unmet=(UnmetLine("P2", "water", 2.0, PointState.ISOLATED, Reason.NO_ROAD),),
    point_state={"P1": PointState.SERVED, "P2": PointState.ISOLATED},
)


def result_of(plan: SitingPlan) -> SolveResult[SitingPlan]:
    return SolveResult(Status.FEASIBLE, plan, 10.0, 9.0, "highs", 0.0, Limit.TIME, terms={"fixed": 10.0})


def test_a_layout_survives_the_round_trip(tmp_path: Path) -> None:
    write_result(tmp_path / "layout.json", result_of(LAYOUT), {"seed": 7})
    assert read_result(tmp_path / "layout.json", SitingPlan) == result_of(LAYOUT)
    assert read_made_from(tmp_path / "layout.json") == {"seed": 7}


def test_a_dispatch_plan_survives_the_round_trip(tmp_path: Path) -> None:
    result = SolveResult(Status.OPTIMAL, DISPATCH, 1.0, 1.0, "pyvrp", 0.0)
    write_result(tmp_path / "dispatch.json", result)
    assert read_result(tmp_path / "dispatch.json", DispatchPlan) == result


def test_an_infeasible_result_keeps_its_conflicts(tmp_path: Path) -> None:
    result: SolveResult[SitingPlan] = SolveResult(
        Status.INFEASIBLE, None, None, None, "highs", 0.0, conflicts=("at least 3 of 2 sites",)
    )
    write_result(tmp_path / "layout.json", result)
    assert read_result(tmp_path / "layout.json", SitingPlan) == result


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"layout\.json.*no such file"):
        read_result(tmp_path / "layout.json", SitingPlan)


def test_text_that_is_not_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "layout.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not JSON"):
        read_result(tmp_path / "layout.json", SitingPlan)


def test_another_kind_of_plan_is_refused(tmp_path: Path) -> None:
    write_result(tmp_path / "layout.json", result_of(LAYOUT))
    with pytest.raises(InputError, match="DispatchPlan"):
        read_result(tmp_path / "layout.json", DispatchPlan)


def test_every_broken_value_of_a_plan_is_named(tmp_path: Path) -> None:
    path = tmp_path / "layout.json"
    write_result(path, result_of(LAYOUT))
    document = json.loads(path.read_text(encoding="utf-8"))
    document["plan"]["stock"][0]["quantity"] = "many"
    document["plan"]["open_sites"][0].pop("tier")
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_result(path, SitingPlan)
    assert {fault.where for fault in raised.value.faults} == {
        "plan.stock.0.quantity",
        "plan.open_sites.0.tier",
    }


def test_a_folder_is_not_a_plan_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing readable"):
        read_result(tmp_path, SitingPlan)


@pytest.mark.parametrize(
    ("key", "value"),
    [("limit", "boredom"), ("notes", 3), ("objective", None), ("bound", "low"), ("status", "infeasible")],
)
def test_values_that_do_not_fit_are_bad_input(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "layout.json"
    write_result(path, result_of(LAYOUT))
    document = json.loads(path.read_text(encoding="utf-8"))
    document[key] = value
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"layout\.json"):
        read_result(path, SitingPlan)


def test_an_origin_that_is_not_an_object_is_named(tmp_path: Path) -> None:
    path = tmp_path / "layout.json"
    path.write_text('{"made_from": 3}', encoding="utf-8")
    with pytest.raises(InputError, match="made_from"):
        read_made_from(path)
